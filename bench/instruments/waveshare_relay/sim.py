"""The Waveshare relay board, played: Modbus RTU frames in pieces, damaged ones unanswered, flashing, V1's habit."""

from functools import partial

from bench.codec import modbus_rtu as rtu
from bench.instruments.ports import DeviceEnd
from bench.instruments.relay_bank import RelayBank
from bench.timing.clock import Clock, Phase
from bench.units import NS_PER_MS

RELAYS = 8
PROCESSING_NS = 3 * NS_PER_MS
SILENCE_NS = 4 * NS_PER_MS  # 3.5 characters at 9600 bit/s: a frame that pauses longer is torn
_FLASH_ON, _FLASH_OFF, _EVERY = 0x0200, 0x0400, 0x00FF
_FLASH_STEP_NS = 100 * NS_PER_MS


class WaveshareRelaySim(RelayBank):
    """One board of eight; `first_version`: it answers for all relays whatever it is asked."""

    def __init__(self, *, address: int = 1, first_version: bool = False) -> None:
        super().__init__(RELAYS)
        self.address = address
        self._first_version = first_version
        self._flash: list[tuple[int, int, bool]] = []  # (instant, relay index, state) of the coils

    def contacts(self, now_ns: int) -> list[bool]:
        self._settle(now_ns)
        return super().contacts(now_ns)

    def handle(self, frame: bytes, now_ns: int) -> bytes:
        """The reply to one whole frame; b"" for another address or a damaged one, as the standard asks."""
        if not rtu.intact(frame) or frame[0] != self.address:
            return b""
        self._settle(now_ns)
        function = frame[1]
        where, value = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if function == rtu.READ_COILS:
            count = RELAYS if self._first_version else value
            if not 1 <= count <= RELAYS - where:
                return self._exception(function, 2)
            data = rtu.packed(self.coils[where : where + count])
            return rtu.framed(bytes((self.address, function, len(data))) + data)
        if function == rtu.WRITE_COIL:
            return frame if self._write(where, value, now_ns) else self._exception(function, 2)
        if function == rtu.WRITE_COILS:
            for relay, state in enumerate(rtu.unpacked(frame[7:-2], value)):
                self._set(where + relay, state, now_ns)
            return rtu.framed(frame[:6])
        return self._exception(function, 1)

    def _write(self, where: int, value: int, now_ns: int) -> bool:
        if where & 0xFF00 in (_FLASH_ON, _FLASH_OFF):
            relay, on = where & 0xFF, where & 0xFF00 == _FLASH_ON
            if relay >= RELAYS:
                return False
            self._set(relay, on, now_ns)
            self._flash.append((now_ns + value * _FLASH_STEP_NS, relay, not on))
            return True
        if where != _EVERY and where >= RELAYS:
            return False
        for relay in range(RELAYS) if where == _EVERY else (where,):
            state = not self.coils[relay] if value == rtu.COIL_TOGGLE else value == rtu.COIL_ON
            self._set(relay, state, now_ns)
        return True

    def _set(self, relay: int, state: bool, now_ns: int) -> None:
        if relay < RELAYS:
            self.set_coil(relay, state, now_ns)

    def _settle(self, now_ns: int) -> None:
        due = sorted(entry for entry in self._flash if entry[0] <= now_ns)
        self._flash = [entry for entry in self._flash if entry[0] > now_ns]
        for at_ns, relay, state in due:
            self._set(relay, state, at_ns)

    def _exception(self, function: int, code: int) -> bytes:
        return rtu.framed(bytes((self.address, function | rtu.EXCEPTION, code)))


def attach_waveshare(sim: WaveshareRelaySim, device: DeviceEnd, clock: Clock) -> None:
    """Let `sim` answer at `device`, whole frames only; silence inside a frame makes it forgotten."""
    pending = bytearray()
    last_ns = 0

    def execute(frame: bytes) -> None:
        reply = sim.handle(frame, clock.now_ns())
        if reply:
            device.write(reply)

    def arrived(now_ns: int, data: bytes) -> None:
        nonlocal last_ns
        if now_ns - last_ns > SILENCE_NS + len(data) * NS_PER_MS:
            pending.clear()
        last_ns = now_ns
        pending.extend(data)
        while len(pending) >= 8:
            rest = rtu.rest_of_request(bytes(pending[:7]))
            if rest is None:
                pending.clear()
                return
            if len(pending) < 7 + rest:
                return
            frame = bytes(pending[: 7 + rest])
            del pending[: 7 + rest]
            clock.call_at(now_ns + PROCESSING_NS, Phase.INSTRUMENT, partial(execute, frame))

    device.subscribe(arrived)
