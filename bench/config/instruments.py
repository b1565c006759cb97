"""`[instrument.<name>]` of hil_config.toml: read, and checked against what is known of each kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.config.instrument_kinds import CELLS, KINDS, InstrumentKind
from bench.errors import nearest

if TYPE_CHECKING:
    from bench.config.bench_shape import BenchShape, InstrumentTable
    from bench.config.toml_file import TomlFile

Mistake = Callable[[str, str], None]
VIRTUAL = "virtual"
TCP = "tcp://"
OPTIONS = {option for kind in KINDS.values() for option in kind.options}
NOMINAL = (500.0, 90.0, 15_000.0)  # of the virtual supply


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentConfig:
    """One instrument, or the units of one stack.

    ports: "virtual", devices, or tcp://host:port, one per unit or one line for all. link: of CAN kinds the channel.
    dead_man_ns: tolerated silence of the bench, 0 where the instrument has no dead-man. lost_replies: 0..1,
    of a virtual instrument. opens: cells whose sense wire relay 1, 2, … breaks. nominal: V, A and W of a type plate.
    calibrated, calibration_due: ISO dates, empty where the file gives none.
    """

    name: str
    kind: str
    link: str
    ports: tuple[str, ...]
    baud: int
    dead_man_ns: int
    first_id: int = 0
    lost_replies: float = 0.0
    address: int = 1
    relays: int = 8
    opens: tuple[int, ...] = ()
    nominal: tuple[float, float, float] = NOMINAL
    calibrated: str = ""
    calibration_due: str = ""

    @property
    def port(self) -> str:
        return self.ports[0]

    @property
    def virtual(self) -> bool:
        return self.port == VIRTUAL

    @property
    def facts(self) -> InstrumentKind:
        return KINDS[self.kind]

    def units(self, cells: int) -> int:
        """How many units it takes for a pack of `cells`."""
        return -(-cells // self.facts.cells) if self.facts.cells else 1


def read_instruments(file: "TomlFile", shape: "BenchShape") -> dict[str, InstrumentConfig]:
    """Every instrument that is right; a mistake is noted in `file` for every other."""
    found: dict[str, InstrumentConfig] = {}
    for name, table in shape.instrument.items():
        before = len(file.mistakes)
        if table.kind not in KINDS:
            file.mistake(
                ("instrument", name, "kind"),
                f"found '{table.kind}'; expected one of {', '.join(KINDS)}{nearest(table.kind, KINDS)}",
            )
            continue
        _check(file, shape, name, table)
        if len(file.mistakes) == before:
            found[name] = _config(shape, name, table)
    if CELLS not in shape.instrument:
        near = nearest(CELLS, shape.instrument)
        file.mistake(("instrument",), f"found no [instrument.{CELLS}]; expected the cell emulator{near}")
    return found


def _ports(table: "InstrumentTable") -> tuple[str, ...]:
    return (table.port,) if isinstance(table.port, str) else tuple(table.port)


def _config(shape: "BenchShape", name: str, table: "InstrumentTable") -> InstrumentConfig:
    kind = KINDS[table.kind]
    line = shape.serial.get(table.link or "")
    volts, amps, watts = table.nominal_voltage, table.nominal_current, table.nominal_power
    nominal = (volts, amps, watts) if volts and amps and watts else NOMINAL
    return InstrumentConfig(
        name=name,
        kind=table.kind,
        link=table.link or "",
        ports=_ports(table),
        baud=table.baud or (line.baud if line is not None else kind.baud),
        dead_man_ns=table.dead_man or 0,
        first_id=table.first_id,
        lost_replies=table.lost_replies,
        address=table.address,
        relays=table.relays,
        opens=tuple(table.opens),
        nominal=nominal,
        calibrated=str(table.calibrated or ""),
        calibration_due=str(table.calibration_due or ""),
    )


def _check(file: "TomlFile", shape: "BenchShape", name: str, table: "InstrumentTable") -> None:
    kind = KINDS[table.kind]

    def mistake(key: str, text: str) -> None:
        file.mistake(("instrument", name, key), text)

    if (name == CELLS) != (kind.role == "cells"):
        role = f"the name '{CELLS}'" if kind.role == "cells" else "a cell emulator under this name"
        mistake("kind", f"found {kind.title}, which plays {kind.role}; expected {role}")
    if kind.dead_man and table.dead_man is None:
        mistake("dead_man", 'found none; expected how long the bench may be silent, such as "2 s"')
    if not kind.dead_man and table.dead_man is not None:
        mistake("dead_man", f"found one; {kind.title} has no dead-man, expected none (docs/instruments.md)")
    _check_link(shape, table, kind, mistake)
    _check_ports(shape, table, kind, mistake)
    _check_ids(shape, table, kind, mistake)
    for option in sorted(table.model_fields_set & OPTIONS - set(kind.options)):
        mistake(option, f"found it for {kind.title}; expected it for {_having(option)} only")
    if table.opens and (
        len(table.opens) > table.relays or not all(1 <= c <= shape.pack.cells for c in table.opens)
    ):
        mistake(
            "opens", f"found {table.opens}; expected up to {table.relays} cells from 1 to {shape.pack.cells}"
        )


def _check_ids(shape: "BenchShape", table: "InstrumentTable", kind: InstrumentKind, mistake: Mistake) -> None:
    if "first_id" not in kind.options or _ports(table)[0].startswith(TCP):
        return
    lowest, highest = kind.ids
    first = max(lowest, table.first_id)
    units = -(-shape.pack.cells // kind.cells)
    if first + units - 1 > highest:
        mistake(
            "first_id",
            f"found {table.first_id} for {units} units of {kind.title} ({shape.pack.cells} cells); expected numbers "
            f"from {lowest} to {highest}",
        )


def _having(option: str) -> str:
    return ", ".join(kind.title for kind in KINDS.values() if option in kind.options)


def _check_link(
    shape: "BenchShape", table: "InstrumentTable", kind: InstrumentKind, mistake: Mistake
) -> None:
    if "can" in kind.transports:
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
    if VIRTUAL in ports or kind.transports == ("can",):
        return
    needed = -(-shape.pack.cells // kind.cells) if kind.cells else 1
    shared = table.kind == "bloomy_abs" and not tcp
    if len(ports) != (1 if shared else needed):
        each = "one RS-485 line" if shared else f"{needed} ports, {kind.cells or shape.pack.cells} cells each"
        mistake("port", f"found {len(ports)} port(s) for {shape.pack.cells} cells; expected {each}")
