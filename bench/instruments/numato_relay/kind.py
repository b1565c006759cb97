"""Numato relay board, as a bench file names it."""

from bench.config.instrument_kinds import RELAYS, CardInputs
from bench.instruments.kinds import RelayKind, played
from bench.instruments.numato_relay.driver import NumatoRelay
from bench.instruments.numato_relay.sim import NumatoRelaySim, attach_numato

_play = played(lambda asked: NumatoRelaySim(relays=asked[RELAYS]), attach_numato)

KIND = RelayKind(
    title="Numato relay",
    transports=("serial",),
    use="1 to 64 relays",
    lines="USB serial",
    plays="echo, answer, prompt; the board's ways of naming relays",
    source="Numato documentation",
    options=(RELAYS,),
    inputs=CardInputs(count=8, ask="gpio read {index}\r", until=">"),
    drive=lambda link, clock, asked: NumatoRelay(link, clock, relays=asked[RELAYS]),
    play=_play,
)
