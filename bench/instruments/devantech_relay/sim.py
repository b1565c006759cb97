"""The Devantech USB-RLY16, played: byte by byte, silent on writes, contacts 10 ms behind."""

from functools import partial

from bench.instruments.devantech_relay.driver import (
    ALL_OFF,
    ALL_ON,
    FIRST_OFF,
    FIRST_ON,
    SET_STATES,
    STATES,
    SUPPLY,
    VERSION,
)
from bench.instruments.ports import DeviceEnd
from bench.instruments.relay_bank import RelayBank
from bench.timing.clock import Clock, Phase

RELAYS = 8
PROCESSING_NS = 500_000


class DevantechRelaySim(RelayBank):
    """One board; `module` 9 is the USB-RLY16."""

    def __init__(self, *, module: int = 9, firmware: int = 4) -> None:
        super().__init__(RELAYS)
        self._identity = bytes((module, firmware))
        self._expects_states = False

    def handle(self, byte: int, now_ns: int) -> bytes:
        """The reply to one byte; most have none."""
        if self._expects_states:
            self._expects_states = False
            for relay in range(RELAYS):
                self.set_coil(relay, bool(byte >> relay & 1), now_ns)
        elif byte == VERSION:
            return self._identity
        elif byte == STATES:
            return bytes((sum(1 << relay for relay, state in enumerate(self.coils) if state),))
        elif byte == SET_STATES:
            self._expects_states = True
        elif byte == SUPPLY:
            return bytes((120,))  # 12.0 V
        elif byte in (ALL_ON, ALL_OFF):
            for relay in range(RELAYS):
                self.set_coil(relay, byte == ALL_ON, now_ns)
        elif FIRST_ON <= byte < FIRST_ON + RELAYS:
            self.set_coil(byte - FIRST_ON, True, now_ns)
        elif FIRST_OFF <= byte < FIRST_OFF + RELAYS:
            self.set_coil(byte - FIRST_OFF, False, now_ns)
        return b""


def attach_devantech(sim: DevantechRelaySim, device: DeviceEnd, clock: Clock) -> None:
    """Let `sim` answer at `device`, byte by byte."""

    def execute(byte: int) -> None:
        reply = sim.handle(byte, clock.now_ns())
        if reply:
            device.write(reply)

    def arrived(now_ns: int, data: bytes) -> None:
        for number, byte in enumerate(data, 1):
            clock.call_at(now_ns + number * PROCESSING_NS, Phase.INSTRUMENT, partial(execute, byte))

    device.subscribe(arrived)
