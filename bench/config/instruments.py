"""`[instrument.<name>]` of hil_config.toml: read, and checked against what is known of each kind."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.config.instrument_kinds import ACROSS, CELLS, FIRST_ID, OPENS, RELAYS, InstrumentKind, instruments
from bench.config.options import NO_OPTIONS, Options
from bench.errors import ConfigError, choices, nearest
from bench.units import NS_PER_S, parse_duration_ns, parse_quantity

if TYPE_CHECKING:
    from bench.config.bench_shape import BenchShape, InstrumentTable
    from bench.config.toml_file import TomlFile

Mistake = Callable[[str, str], None]
VIRTUAL = "virtual"
TCP = "tcp://"
_MEASURED = ("V", "A", "ohm", "degC", "W", "%")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentConfig:
    """One instrument, or the units of one stack.

    ports: "virtual", devices, or tcp://host:port, one per unit or one line for all. link: of CAN kinds the channel.
    dead_man_ns: tolerated silence of the bench, 0 where the instrument has no dead-man. lost_replies: 0..1,
    of a virtual instrument. options: what the file says for those that the kind has.
    calibrated, calibration_due: ISO dates, empty where the file gives none. certificate: its number. uncertainty: the
    expanded one with its unit and coverage factor, such as "1 mV (k = 2)"; expanded: the same in SI, with its unit.
    """

    name: str
    kind: str
    link: str
    ports: tuple[str, ...]
    baud: int
    dead_man_ns: int
    lost_replies: float = 0.0
    options: Options = NO_OPTIONS
    calibrated: str = ""
    calibration_due: str = ""
    certificate: str = ""
    uncertainty: str = ""
    expanded: tuple[float, str] | None = None

    @property
    def port(self) -> str:
        return self.ports[0]

    @property
    def virtual(self) -> bool:
        return self.port == VIRTUAL

    @property
    def facts(self) -> InstrumentKind:
        return instruments().get(self.kind)

    @property
    def first_id(self) -> int:
        return self.facts.first_number(self.options[FIRST_ID])

    @property
    def opens(self) -> tuple[int, ...]:
        """Cells whose sense wire relay 1, 2, … breaks."""
        return self.options[OPENS]

    @property
    def across(self) -> dict[str, int]:
        """Contactors, and the relay that lies across each."""
        found = {name: self.options[option] for name, option in ACROSS.items()}
        return {name: relay for name, relay in found.items() if relay}

    def units(self, cells: int) -> int:
        """How many units it takes for a pack of `cells`."""
        return self.facts.units(cells)


def read_instruments(file: "TomlFile", shape: "BenchShape") -> dict[str, InstrumentConfig]:
    """Every instrument that is right; a mistake is noted in `file` for every other."""
    found: dict[str, InstrumentConfig] = {}
    for name, raw in shape.instrument.items():
        before = len(file.mistakes)
        table = _table(file, name, raw)
        if table is not None:
            _check(file, shape, name, table)
        if table is not None and len(file.mistakes) == before:
            found[name] = _config(shape, name, table)
    _check_bridges(file, found)
    if CELLS not in shape.instrument:
        near = nearest(CELLS, shape.instrument)
        file.mistake(("instrument",), f"found no [instrument.{CELLS}]; expected the cell emulator{near}")
    return found


def _table(file: "TomlFile", name: str, raw: dict[str, Any]) -> "InstrumentTable | None":
    """With the options of its kind, once the kind is known."""
    from bench.config.bench_shape import InstrumentTable
    from bench.config.option_shape import table_of, without_foreign

    place, known, kind = ("instrument", name), instruments(), raw.get("kind")
    if not isinstance(kind, str):
        raw = {key: value for key, value in raw.items() if key in InstrumentTable.model_fields}
        return file.check(InstrumentTable, raw, *place)
    if kind not in known:
        names = known.names()
        file.mistake(
            (*place, "kind"),
            f"found '{kind}'; expected one of {choices(kind, names)}{nearest(kind, names)}",
        )
        return None
    try:
        facts = known.get(kind)
    except ConfigError as broken:
        file.mistake((*place, "kind"), f"found '{kind}', which cannot be used: {broken}")
        return None
    raw = without_foreign(file, raw, place, InstrumentTable, facts.bench_options, facts.title)
    return file.check(table_of(InstrumentTable, facts.bench_options), raw, *place)


def _options(table: "InstrumentTable", kind: InstrumentKind) -> Options:
    from bench.config.option_shape import given

    return Options(given(table, kind.bench_options))


def _ports(table: "InstrumentTable") -> tuple[str, ...]:
    return (table.port,) if isinstance(table.port, str) else tuple(table.port)


def _config(shape: "BenchShape", name: str, table: "InstrumentTable") -> InstrumentConfig:
    kind = instruments().get(table.kind)
    line = shape.serial.get(table.link or "")
    return InstrumentConfig(
        name=name,
        kind=table.kind,
        link=table.link or "",
        ports=_ports(table),
        baud=table.baud or (line.baud if line is not None else kind.baud),
        dead_man_ns=table.dead_man or 0,
        lost_replies=table.lost_replies,
        options=_options(table, kind),
        calibrated=str(table.calibrated or ""),
        calibration_due=str(table.calibration_due or ""),
        certificate=table.certificate,
        uncertainty=f"{table.uncertainty} (k = {table.coverage_factor:g})" if table.uncertainty else "",
        expanded=_expanded(table.uncertainty),
    )


def _check(file: "TomlFile", shape: "BenchShape", name: str, table: "InstrumentTable") -> None:
    kind = instruments().get(table.kind)

    def mistake(key: str, text: str) -> None:
        file.mistake(("instrument", name, key), text)

    if (name == CELLS) != (kind.role == "cells"):
        role = f"the name '{CELLS}'" if kind.role == "cells" else "a cell emulator under this name"
        mistake("kind", f"found {kind.title}, which plays {kind.role}; expected {role}")
    if kind.dead_man and table.dead_man is None:
        mistake("dead_man", 'found none; expected how long the bench may be silent, such as "2 s"')
    if not kind.dead_man and table.dead_man is not None:
        mistake("dead_man", f"found one; {kind.title} has no dead-man, expected none (docs/instruments.md)")
    _check_uncertainty(table, kind, mistake)
    if table.calibrated and table.calibration_due and table.calibration_due <= table.calibrated:
        mistake(
            "calibration_due", f"found {table.calibration_due}; expected a date after that of `calibrated`"
        )
    _check_link(shape, table, kind, mistake)
    _check_ports(shape, table, kind, mistake)
    _check_options(shape, table, kind, mistake)
    _check_across(_options(table, kind), mistake)


def _check_uncertainty(table: "InstrumentTable", kind: InstrumentKind, mistake: Mistake) -> None:
    if not table.uncertainty:
        return
    found = f"found '{table.uncertainty}'"
    expanded = _expanded(table.uncertainty)
    if expanded is None:
        mistake("uncertainty", f'{found}; expected a number with its unit, such as "1 mV"')
    elif expanded[1] not in (*kind.measures, "s"):
        units = " or ".join((*kind.measures, "s"))
        mistake("uncertainty", f"{found}; expected it in {units}: {kind.title} is told in no other unit")


def _expanded(text: str) -> tuple[float, str] | None:
    """In SI, with its unit; None where it is no quantity above 0."""
    with contextlib.suppress(ValueError):
        seconds = parse_duration_ns(text) / NS_PER_S
        return (seconds, "s") if seconds > 0 else None
    for dimension in _MEASURED:
        with contextlib.suppress(ValueError):
            found = parse_quantity(text, dimension)
            return (found, dimension) if found > 0 else None
    return None


def _check_options(
    shape: "BenchShape", table: "InstrumentTable", kind: InstrumentKind, mistake: Mistake
) -> None:
    from bench.config.option_shape import lacking

    options = _options(table, kind)
    if _ports(table)[:1] != (VIRTUAL,):
        for one in lacking(table, kind.options):
            mistake(one.name, f"found none; expected it for a real {kind.title}: {one.meaning}")
    opens, relays = options[OPENS], options[RELAYS]
    if len(opens) > relays or not all(1 <= cell <= shape.pack.all_cells for cell in opens):
        mistake(
            "opens", f"found {list(opens)}; expected up to {relays} cells from 1 to {shape.pack.all_cells}"
        )
    if kind.ids == (0, 0) or "".join(_ports(table)[:1]).startswith(TCP):
        return
    lowest, highest = kind.ids
    first = kind.first_number(options[FIRST_ID])
    cells = shape.pack.all_cells
    units = kind.units(cells)
    if first + units - 1 > highest:
        mistake(
            "first_id",
            f"found {options[FIRST_ID]} for {units} units of {kind.title} ({cells} cells); expected numbers "
            f"from {lowest} to {highest}",
        )


def _check_bridges(file: "TomlFile", found: Mapping[str, InstrumentConfig]) -> None:
    """One relay across a contactor is enough, and two would each be released by itself."""
    taken: dict[str, str] = {}
    for name, one in found.items():
        for contactor in one.across:
            if contactor in taken:
                key = ACROSS[contactor].name
                text = f"found a second relay across it, beside that of '{taken[contactor]}'; expected one"
                file.mistake(("instrument", name, key), text)
            taken.setdefault(contactor, name)


def _check_across(options: Options, mistake: Mistake) -> None:
    """A relay does one thing."""
    wires, relays = len(options[OPENS]), options[RELAYS]
    taken: dict[int, str] = {}
    for option in ACROSS.values():
        relay = options[option]
        if relay and (relay > relays or relay <= wires or relay in taken):
            has = f"which is in `{taken[relay]}`" if relay in taken else "whose relay is in a cell's wire"
            found = f"{relay} of {relays} relays" if relay > relays else f"{relay}, {has}"
            mistake(option.name, f"found {found}; expected a relay of the card that does nothing else")
        taken.setdefault(relay, option.name)


def _check_link(
    shape: "BenchShape", table: "InstrumentTable", kind: InstrumentKind, mistake: Mistake
) -> None:
    if kind.on_can:
        if table.link not in shape.can:
            near = nearest(table.link or "", shape.can)
            mistake(
                "link", f"found '{table.link or ''}'; expected a [can] channel: {', '.join(shape.can)}{near}"
            )
    elif table.link is not None and table.link not in shape.serial:
        near = nearest(table.link, shape.serial)
        known = ", ".join(shape.serial) or "there is none"
        mistake("link", f"found '{table.link}'; expected a [serial] line: {known}{near}")


def _check_ports(
    shape: "BenchShape", table: "InstrumentTable", kind: InstrumentKind, mistake: Mistake
) -> None:
    ports = _ports(table)
    if not ports or (VIRTUAL in ports and len(ports) > 1):
        mistake("port", f'found {list(ports)}; expected one port for each unit, or "{VIRTUAL}" alone')
        return
    if table.lost_replies and VIRTUAL not in ports:
        mistake("lost_replies", 'found it for a real port; expected it with port = "virtual" only')
    tcp = [port for port in ports if port.startswith(TCP)]
    if tcp and "tcp" not in kind.transports:
        mistake("port", f"found '{tcp[0]}'; {kind.title} has no network port, expected a serial one")
    if VIRTUAL in ports or kind.on_can:
        return
    needed = kind.units(shape.pack.all_cells)
    shared = kind.shares_line and not tcp
    if len(ports) != (1 if shared else needed):
        each = (
            "one RS-485 line"
            if shared
            else f"{needed} ports, {kind.cells or shape.pack.all_cells} cells each"
        )
        mistake("port", f"found {len(ports)} port(s) for {shape.pack.all_cells} cells; expected {each}")
