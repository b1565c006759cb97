"""Devantech relay module, as a bench file names it."""

from bench.config.options import Options
from bench.instruments.devantech_relay.driver import DevantechRelay
from bench.instruments.devantech_relay.sim import DevantechRelaySim, attach_devantech
from bench.instruments.kinds import RelayKind
from bench.instruments.ports import DeviceEnd
from bench.timing.clock import Clock


def _play(device: DeviceEnd, clock: Clock, _: Options) -> DevantechRelaySim:
    sim = DevantechRelaySim()
    attach_devantech(sim, device, clock)
    return sim


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
