"""What a bench file has to know of a kind of instrument. The kinds bring themselves: none is named here."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, ClassVar, Literal, get_args

from bench.config.options import Option, one_of, text, whole, wholes
from bench.parts import Shelf, modules

Transport = Literal["serial", "tcp", "can"]
CELLS = "cells"  # the name of the instrument that plays the cells
GROUP = "bms_hil.instruments"
FIRST_ID = whole("first_id", "RS-485 id or box number of the unit with cell 1", 0, 0, 31)
OPENS = wholes(
    "opens",
    "cells whose wire relay 1, 2, … breaks when it is energised; a virtual card breaks virtual wires only",
)
ACROSS = {
    name: whole(
        f"across_{name}",
        f"relay that closes across the {name} contactor when it is energised; 0: none",
        0,
        0,
        64,
    )
    for name in ("plus", "minus", "precharge")
}
POLE = text("pole", "pole between which and chassis it sits", "plus", ("plus", "minus"))
_OF_ROLE: Mapping[str, tuple[Option[Any], ...]] = {
    "relays": (OPENS, *ACROSS.values()),
    "leak": (POLE,),
}
RELAYS = one_of("relays", "relays of the board", 8, (1, 2, 4, 8, 16, 32, 64))


@dataclass(frozen=True, slots=True, kw_only=True)
class CardInputs:
    """How a card is asked for one of its own inputs, 0 to count - 1, over its line.

    ask: what is sent, with {index}. until: where its answer ends. high, low: the last word of the answer.
    """

    count: int
    ask: str
    until: str
    high: str = "1"
    low: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentKind:
    """What is known of an instrument before it is opened. What it can do is told in `bench.instruments.kinds`.

    cells: per unit, 0 for as many as the pack has. safe_ns: time-out of `safe`. ids: numbers that its units may
    have, where `first_id` counts them.
    shares_line: its units share one serial line. idle_ns: it closes a TCP connection that was silent for this long,
    0: never.
    measures: units in which its calibration may be uncertain, beside seconds.
    inputs: its own inputs for a contact of `[safety]`; None: it has none, or no public document describes them.
    use, lines, plays, source: its row in docs/instruments.md.
    """

    role: ClassVar[str] = ""
    measures: ClassVar[tuple[str, ...]] = ()

    title: str
    transports: tuple[Transport, ...]
    use: str
    lines: str
    plays: str
    source: str
    baud: int = 115_200
    cells: int = 0
    dead_man: bool = False
    safe_ns: int = 5_000_000_000
    options: tuple[Option[Any], ...] = ()
    ids: tuple[int, int] = (0, 0)
    shares_line: bool = False
    idle_ns: int = 0
    inputs: CardInputs | None = None

    @property
    def on_can(self) -> bool:
        return self.transports == ("can",)

    def units(self, cells: int) -> int:
        """How many it takes for a pack of `cells`."""
        return -(-cells // self.cells) if self.cells else 1

    def first_number(self, first_id: int) -> int:
        """The number of the unit with cell 1: from the file, or the lowest one that the kind has."""
        return max(self.ids[0], first_id)

    @property
    def bench_options(self) -> tuple[Option[Any], ...]:
        """Those that `[instrument.<name>]` takes: the device's own, and what its role is asked on a bench."""
        numbered = (FIRST_ID,) if self.ids != (0, 0) else ()
        return (*numbered, *_OF_ROLE.get(self.role, ()), *self.options)


def _lacks(name: str, kind: InstrumentKind) -> str:
    return next(_gaps(name, kind), "")


def _gaps(name: str, kind: InstrumentKind) -> Iterator[str]:
    if not name.isidentifier():
        yield f"found the name '{name}'; expected letters, digits and _"
    if not kind.role:
        yield "found no role; expected a kind of bench.instruments.kinds, such as SupplyKind"
    for key in ("title", "transports", "use", "lines", "plays", "source"):
        if not getattr(kind, key):
            yield f"found no '{key}'; expected one"
    if not isinstance(kind.transports, tuple) or not set(kind.transports) <= set(get_args(Transport)):
        yield f'found transports {kind.transports!r}; expected some of ("serial", "tcp", "can"), in a tuple'
        return
    for key in ("drive", "play", "play_loaded", "read", "box", "play_boxes"):
        made = getattr(kind, key, None)
        if not callable(made) and (made is not None or key in _needed(type(kind))):
            yield f"found {made!r} as its '{key}'; expected a function"
    if "can" in kind.transports and not kind.on_can:
        yield f'found transports {kind.transports}; expected ("can",) alone, or lines'
    names = [option.name for option in kind.bench_options]
    taken = _TAKEN | (_TAKEN_BY_POWER if kind.role in ("relays", "supply") else frozenset())
    for one in names:
        if names.count(one) > 1 or one in taken:
            yield f"found the option '{one}', a key that is there already; expected another name"


def _needed(kind: type[InstrumentKind]) -> set[str]:
    """The fields that have no default."""
    return {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}


_TAKEN = frozenset(
    (
        "kind",
        "link",
        "port",
        "baud",
        "dead_man",
        "lost_replies",
        "calibrated",
        "calibration_due",
        "certificate",
        "uncertainty",
        "coverage_factor",
    )
)
_TAKEN_BY_POWER = frozenset(
    (
        "on",
        "off",
        "relay",
        "supply",
        "voltage",
        "current",
        "off_below",
        "settle",
        "number",
        "off_time",
        "timeout",
    )
)


@cache
def instruments() -> Shelf[InstrumentKind]:
    """The kinds of instruments that this bench knows."""
    return Shelf(
        what="instrument",
        group=GROUP,
        house=modules("bench.instruments", "*/kind.py"),
        kind=InstrumentKind,
        lacks=_lacks,
    )
