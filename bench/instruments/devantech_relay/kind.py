"""Devantech relay module, as a bench file names it."""

from bench.instruments.devantech_relay.driver import DevantechRelay
from bench.instruments.devantech_relay.sim import DevantechRelaySim, attach_devantech
from bench.instruments.kinds import RelayKind, played

_play = played(lambda _: DevantechRelaySim(), attach_devantech)

KIND = RelayKind(
    title="Devantech relay",
    transports=("serial",),
    use="2 or 8 relays",
    lines="USB serial",
    plays="single bytes, nothing acknowledged",
    source="Devantech data sheets",
    drive=lambda link, clock, _: DevantechRelay(link, clock),
    play=_play,
)
