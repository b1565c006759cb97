"""Waveshare Modbus RTU relay, as a bench file names it."""

from bench.config.options import whole
from bench.instruments.kinds import RelayKind, played
from bench.instruments.waveshare_relay.driver import WaveshareRelay
from bench.instruments.waveshare_relay.sim import WaveshareRelaySim, attach_waveshare

ADDRESS = whole("address", "Modbus address", 1, 0, 247)
_play = played(lambda asked: WaveshareRelaySim(address=asked[ADDRESS]), attach_waveshare)

KIND = RelayKind(
    title="Waveshare Modbus RTU relay",
    transports=("serial", "tcp"),
    use="8 relays",
    lines="RS-485 9600, TCP gateway",
    plays="RTU framing by silence, flashing, `0x00FF` for all, 8 coils whatever is asked on V1 boards, "
    "contacts 10 ms late",
    source="Waveshare wiki",
    baud=9600,
    options=(ADDRESS,),
    drive=lambda link, clock, asked: WaveshareRelay(link, clock, address=asked[ADDRESS]),
    play=_play,
)
