"""Bender iso165C, as a bench file names it."""

from bench.instruments.bender_iso165c.driver import BenderIso165c
from bench.instruments.bender_iso165c.sim import BenderIso165cSim
from bench.instruments.kinds import InsulationKind

KIND = InsulationKind(
    title="Bender iso165C",
    transports=("can",),
    use="insulation monitor, read or played",
    lines="CAN",
    plays="report every second, commands answered in 20 ms, lock, limits, error frames, self-test, averaging",
    source="DBC and driver in foxBMS 2 v1.11.0",
    read=BenderIso165c,
    play=lambda link, clock, quantity: BenderIso165cSim(
        link, clock, quantity("insulation"), pack_voltage_v=quantity("stack_voltage")
    ),
)
