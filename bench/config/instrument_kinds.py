"""Which instruments a bench file may name, and what has to be known of each before it is opened."""

from dataclasses import dataclass
from typing import Literal

Transport = Literal["serial", "tcp", "can"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentKind:
    """role: what it is used for. cells: per unit, 0 for as many as the pack has. safe_ns: patience for `safe`."""

    title: str
    role: Literal["cells", "supply", "relays", "insulation", "current"]
    transports: tuple[Transport, ...]
    baud: int = 115_200
    cells: int = 0
    dead_man: bool = False
    safe_ns: int = 5_000_000_000
    options: tuple[str, ...] = ()
    ids: tuple[int, int] = (0, 0)  # numbers that its units may have, where `first_id` counts them
    idle_ns: int = 0  # it closes a TCP connection that is silent for so long; 0: never


KINDS: dict[str, InstrumentKind] = {
    "scpi_cell_emulator": InstrumentKind(
        title="open reference cell emulator", role="cells", transports=("serial", "tcp"), baud=921_600, dead_man=True
    ),
    "ngi_n83624": InstrumentKind(
        title="NGI N83624", role="cells", transports=("serial", "tcp"), cells=24, safe_ns=30_000_000_000
    ),
    "bloomy_abs": InstrumentKind(
        title="Bloomy ABS", role="cells", transports=("serial", "tcp"), cells=8, options=("first_id",), ids=(0, 31)
    ),
    "bloomy_bs1200": InstrumentKind(
        title="Bloomy BS1200", role="cells", transports=("can",), cells=12, safe_ns=20_000_000_000,
        options=("first_id",), ids=(1, 15),
    ),
    "atopile_cell_sim": InstrumentKind(title="atopile cell-sim", role="cells", transports=("serial",), cells=16),
    "ea_psb": InstrumentKind(title="EA PSB", role="supply", transports=("serial", "tcp"), idle_ns=5_000_000_000),
    "ea_psb_modbus": InstrumentKind(
        title="EA PSB in Modbus RTU", role="supply", transports=("serial",),  # TCP 502 would be Modbus/TCP
        options=("nominal_voltage", "nominal_current", "nominal_power", "address"),
    ),
    "waveshare_relay": InstrumentKind(
        title="Waveshare Modbus RTU relay", role="relays", transports=("serial", "tcp"), baud=9600,
        options=("opens", "address"),
    ),
    "numato_relay": InstrumentKind(
        title="Numato relay", role="relays", transports=("serial",), options=("opens", "relays")
    ),
    "devantech_relay": InstrumentKind(
        title="Devantech relay", role="relays", transports=("serial",), options=("opens",)
    ),
    "bender_iso165c": InstrumentKind(title="Bender iso165C", role="insulation", transports=("can",)),
    "isabellenhuette_ivt_s": InstrumentKind(title="Isabellenhütte IVT-S", role="current", transports=("can",)),
}  # fmt: skip
CELLS = "cells"  # the name of the instrument that plays the cells
