"""The Bloomy BS1200, played: HIL mode with float16, direct set points of 0.1 mV, readback on a period of its own."""

import random
import struct
from contextlib import suppress

from bench.errors import LinkError
from bench.instruments.cell_outputs import CellOutputs, OutputTraits
from bench.links.ports import CanLink
from bench.timing.clock import Clock, Phase, Timer
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS, NS_PER_S

CHANNELS = 12
HIGHEST_V = 5.0
DELIVERED_PERIOD_NS = 5 * NS_PER_S
HIL_PERIOD_NS = 10 * NS_PER_MS
FANS_OK = 16
HIL_MODE, HIL_VOLTS = 0x080, (0x0A0, 0x0B0, 0x0C0)
SET_ALL, SET_ONE, ENABLE_ALL, ENABLE_ONE = 0x500, 0x510, 0x540, 0x550
STATUS, READ_VOLTS, READ_AMPS = 0x100, (0x120, 0x130, 0x140), (0x180, 0x190, 0x1A0)

TRAITS = OutputTraits(
    rise_tau_ns=NS_PER_MS, fall_tau_ns=NS_PER_MS, set_step_v=1e-4, read_step_v=1e-4, noise_v=5e-5
)


class BloomyBs1200Sim:
    """One box on a CAN link. `period_ns` is how often it publishes each readback (5 s as delivered)."""

    def __init__(
        self, link: CanLink, clock: Clock, *, box: int, period_ns: int = HIL_PERIOD_NS, seed: int = 0
    ) -> None:
        self.channels = CHANNELS
        self.outputs = CellOutputs(CHANNELS, TRAITS, random.Random(f"BS1200 {seed} {box}"))
        self.hil = False
        self.fans = FANS_OK
        self._link = link
        self._clock = clock
        self._box = box
        self._timer: Timer | None = None
        self.period_ns = period_ns
        link.subscribe(self._heard)

    def start(self, first_ns: int) -> None:
        self._timer = self._clock.every(self.period_ns, Phase.INSTRUMENT, self._publish, first_ns=first_ns)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def output_v(self, now_ns: int) -> list[float]:
        """True outputs in V at the DUT, cell 1 first."""
        return self.outputs.all_v(now_ns)

    def stick(self, number: int, now_ns: int) -> None:
        """Cell `number` (from 1) stays at the voltage that it has; what is asked of it is acknowledged."""
        self.outputs.stick(number - 1, now_ns)

    def _heard(self, t_ns: int, frame: CanFrame) -> None:
        base, data = frame.can_id - self._box, frame.data
        if frame.extended:
            return
        if base == HIL_MODE and len(data) == 1:
            self.hil = data[0] != 0
        elif base in HIL_VOLTS and len(data) == 8:
            if self.hil:  # ignored outside HIL mode
                first = 4 * HIL_VOLTS.index(base)
                for offset, volt in enumerate(struct.unpack("<4e", data)):
                    self._set(first + offset, volt, t_ns)
        elif base == SET_ALL and len(data) == 2:
            for channel in range(CHANNELS):
                self._set(channel, int.from_bytes(data, "little") * 1e-4, t_ns)
        elif base == SET_ONE and len(data) == 3 and data[0] < CHANNELS:
            self._set(data[0], int.from_bytes(data[1:], "little") * 1e-4, t_ns)
        elif base == ENABLE_ALL and len(data) == 1:
            for channel in range(CHANNELS):
                self.outputs.switch(channel, data[0] != 0, t_ns)
        elif base == ENABLE_ONE and len(data) == 2 and data[0] < CHANNELS:
            self.outputs.switch(data[0], data[1] != 0, t_ns)

    def _set(self, channel: int, voltage_v: float, now_ns: int) -> None:
        if 0 <= voltage_v <= HIGHEST_V:
            self.outputs.set(channel, voltage_v, now_ns)

    def _publish(self) -> None:
        now_ns = self._clock.now_ns()
        frames = [CanFrame(STATUS + self._box, bytes((self.fans, 25, 25, 25)))]
        for group, base in enumerate(READ_VOLTS):
            raws = [
                max(0, min(0xFFFF, round(self.outputs.read_v(4 * group + k, now_ns) / 1e-4)))
                for k in range(4)
            ]
            frames.append(CanFrame(base + self._box, struct.pack("<4H", *raws)))
        # Offset binary: raw 32768 is 0 mA.
        frames += [CanFrame(base + self._box, struct.pack("<4H", *[32768] * 4)) for base in READ_AMPS]
        with suppress(LinkError):  # a box does not fall over because the bench has left the bus
            for frame in frames:
                self._link.send(frame)
