"""Driver of Devantech's USB-RLY16, RLY16L and RLY02: one byte a command, no frame, no acknowledgement.

Source: Devantech's data sheets (docs/instruments.md). Every write is therefore read back.
"""

from bench.instruments.frame_exchange import FrameExchange
from bench.instruments.ports import Switched
from bench.links.ports import SerialLink
from bench.timing.clock import Clock
from bench.units import NS_PER_MS

TIMEOUT_NS = 200 * NS_PER_MS
CONTACT_NS = 15 * NS_PER_MS
VERSION, STATES, SET_STATES, SUPPLY = 0x5A, 0x5B, 0x5C, 0x5D
ALL_ON, FIRST_ON, ALL_OFF, FIRST_OFF = 0x64, 0x65, 0x6E, 0x6F
MODULES = {9: ("USB-RLY16", 8), 10: ("USB-RLY02", 2), 15: ("USB-RLY16L", 8)}


class DevantechRelay:
    """A RelayCard; how many relays there are is known once it has been identified."""

    relays = 8

    def __init__(self, link: SerialLink, clock: Clock) -> None:
        self._line = FrameExchange(
            link, clock, "Devantech relay", timeout_ns=TIMEOUT_NS, spacing_ns=NS_PER_MS
        )
        self._clock = clock

    async def identify(self) -> str:
        sent = bytes((VERSION,))
        module, firmware = await self._line.raw(sent, 2)
        if module not in MODULES:
            expected = ", ".join(f"{number} ({name})" for number, (name, _) in MODULES.items())
            echoes = "the line echoes, or " if module == VERSION else ""
            raise self._line.error(
                sent, f"'{module:02x} {firmware:02x}'", f"{echoes}wrong model, expected {expected}"
            )
        name, self.relays = MODULES[module]
        return f"Devantech {name}, firmware {firmware}"

    async def switch(self, relay: int, on: bool) -> Switched:
        low_ns = self._clock.now_ns()
        sent = bytes(((FIRST_ON if on else FIRST_OFF) + relay - 1,))
        await self._line.raw(sent, 0)
        await self._clock.sleep_until(self._clock.now_ns() + CONTACT_NS)
        if (await self.states())[relay - 1] is not on:
            raise self._line.error(sent, f"relay {relay} {'off' if on else 'on'}", "the relay did not switch")
        return Switched(low_ns=low_ns, high_ns=self._clock.now_ns())

    async def states(self) -> list[bool]:
        (word,) = await self._line.raw(bytes((STATES,)), 1)
        return [bool(word >> index & 1) for index in range(self.relays)]

    async def safe(self) -> None:
        """Nothing is acknowledged here, and a wrong instrument would answer anything: so it is identified, too."""
        await self.identify()
        sent = bytes((ALL_OFF,))
        await self._line.raw(sent, 0)
        await self._clock.sleep_until(self._clock.now_ns() + CONTACT_NS)
        on = [relay for relay, state in enumerate(await self.states(), 1) if state]
        if on:
            raise self._line.error(sent, f"relay(s) {on} still on", "expected all off")
