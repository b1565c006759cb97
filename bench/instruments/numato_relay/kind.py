"""Numato relay board, as a bench file names it."""

from bench.config.instrument_kinds import RELAYS
from bench.config.options import Options
from bench.instruments.kinds import RelayKind
from bench.instruments.numato_relay.driver import NumatoRelay
from bench.instruments.numato_relay.sim import NumatoRelaySim, attach_numato
from bench.instruments.ports import DeviceEnd
from bench.timing.clock import Clock


def _play(device: DeviceEnd, clock: Clock, asked: Options) -> NumatoRelaySim:
    sim = NumatoRelaySim(relays=asked[RELAYS])
    attach_numato(sim, device, clock)
    return sim


KIND = RelayKind(
    title="Numato relay",
    transports=("serial",),
    use="1 to 64 relays",
    lines="USB serial",
    plays="echo, answer, prompt; the board's ways of naming relays",
    source="Numato documentation",
    options=(RELAYS,),
    drive=lambda link, clock, asked: NumatoRelay(link, clock, relays=asked[RELAYS]),
    play=_play,
)
