"""Isabellenhütte IVT-S, as a bench file names it."""

from collections.abc import Callable

from bench.instruments.isabellenhuette_ivt_s.driver import IsabellenhuetteIvtS
from bench.instruments.isabellenhuette_ivt_s.sim import IsabellenhuetteIvtSSim
from bench.instruments.kinds import CurrentKind, Quantity
from bench.links.ports import CanLink
from bench.timing.clock import Clock


def _play(link: CanLink, clock: Clock, quantity: Callable[[str], Quantity]) -> IsabellenhuetteIvtSSim:
    """U1 at the pack, U2 at the link; positive current discharges, as the plant counts it."""
    shown = ("pack_current", "stack_voltage", "link_voltage", "link_voltage", "ambient_temperature")
    counted = ("pack_power", "charge_drawn", "energy_drawn")
    values = {number: quantity(name) for number, name in enumerate((*shown, *counted))}
    return IsabellenhuetteIvtSSim(link, clock, values)


KIND = CurrentKind(
    title="Isabellenhütte IVT-S",
    transports=("can",),
    use="current sensor, read or played",
    lines="CAN",
    plays="eight results with counters and error bits, stop, start and periods by command",
    source="DBC in foxBMS 2 v1.11.0",
    read=IsabellenhuetteIvtS,
    play=_play,
)
