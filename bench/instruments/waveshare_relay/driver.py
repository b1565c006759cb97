"""Driver of the Waveshare Modbus RTU relay board: 8 relays on RS-485, 9600 bit/s (docs/instruments.md).

It has no identity. V1 boards (before September 2021) answer 8 coils whatever count is asked, so 8 are asked.
"""

from bench.codec import modbus_rtu as rtu
from bench.instruments.frame_exchange import FrameExchange
from bench.instruments.ports import Switched
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS

RELAYS = 8
EVERY = 0x00FF
CONTACT_NS = 15 * NS_PER_MS  # operate or release time of its relays, bounce included
TIMEOUT_NS = 300 * NS_PER_MS
SPACING_NS = 5 * NS_PER_MS  # 3.5 characters of silence at 9600 bit/s end a frame


class WaveshareRelay:
    """A RelayCard."""

    relays = RELAYS

    def __init__(self, link: SerialLink, clock: Clock, *, address: int = 1) -> None:
        self._line = FrameExchange(
            link, clock, "Waveshare relay", timeout_ns=TIMEOUT_NS, spacing_ns=SPACING_NS
        )
        self._clock = clock
        self._address = address

    async def identify(self) -> str:
        """Only that a device of this address answers for 8 coils can be known."""
        await self.states()
        return f"Waveshare Modbus RTU relay, address {self._address}"

    async def switch(self, relay: int, on: bool) -> Switched:
        low_ns = self._clock.now_ns()
        value = rtu.COIL_ON if on else rtu.COIL_OFF
        request = rtu.write_one(self._address, rtu.WRITE_COIL, relay - 1, value)
        await self._line.modbus(request)
        await self._clock.sleep_until(self._clock.now_ns() + CONTACT_NS)
        if (await self.states())[relay - 1] is not on:
            raise self._line.error(
                request, f"relay {relay} {'off' if on else 'on'}", "the relay did not switch"
            )
        return Switched(low_ns=low_ns, high_ns=self._clock.now_ns())

    async def states(self) -> list[bool]:
        request = rtu.read(self._address, rtu.READ_COILS, 0, RELAYS)
        data = await self._line.modbus(request)
        if len(data) != 1:
            raise self._line.error(
                request, f"'{data.hex(' ')}'", "wrong model, expected the 8 coils in one byte"
            )
        return rtu.unpacked(data, RELAYS)

    async def safe(self) -> None:
        request = rtu.write_one(self._address, rtu.WRITE_COIL, EVERY, rtu.COIL_OFF)
        await self._line.modbus(request)
        await self._clock.sleep_until(self._clock.now_ns() + CONTACT_NS)
        states = await self.states()
        if any(states):
            on = [relay for relay, state in enumerate(states, 1) if state]
            raise self._line.error(request, f"relay(s) {on} still on", "expected all off")
