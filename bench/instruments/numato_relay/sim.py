"""The Numato relay board, played: it echoes, answers, and ends with its prompt; contacts follow 10 ms later."""

from functools import partial

from bench.instruments.numato_relay.driver import index_of
from bench.instruments.ports import DeviceEnd
from bench.instruments.relay_bank import RelayBank
from bench.timing.clock import Clock, Phase
from bench.units import NS_PER_MS

PROCESSING_NS = NS_PER_MS
VERSION = "00000008"


class NumatoRelaySim(RelayBank):
    """One board of `relays` relays."""

    def __init__(self, *, relays: int = 8) -> None:
        super().__init__(relays)
        self.relays = relays
        self.inputs = [False] * 8
        self._id = "00000000"
        self._index = {index_of(relay, relays): relay - 1 for relay in range(1, relays + 1)}

    def handle(self, command: str, now_ns: int) -> str:
        """The answer without echo and prompt."""
        words = command.split()
        match words:
            case ["ver"]:
                return VERSION
            case ["id", "get"]:
                return self._id
            case ["id", "set", text] if len(text) == 8:
                self._id = text
            case ["relay", ("on" | "off") as verb, index] if index in self._index:
                self.set_coil(self._index[index], verb == "on", now_ns)
            case ["relay", "read", index] if index in self._index:
                return "on" if self.coils[self._index[index]] else "off"
            case ["gpio", "read", index] if index in "01234567":
                return str(int(self.inputs[int(index)]))
            case ["relay", "readall"] if self.relays >= 8:
                word = sum(1 << relay for relay, state in enumerate(self.coils) if state)
                return f"{word:0{self.relays // 4}x}"
            case ["relay", "writeall", text] if self.relays >= 8 and len(text) == self.relays // 4:
                self._write_all(text, now_ns)
            case ["reset"]:
                for relay in range(self.relays):
                    self.set_coil(relay, False, now_ns)
        return ""

    def _write_all(self, text: str, now_ns: int) -> None:
        if all(letter in "0123456789abcdefABCDEF" for letter in text):
            word = int(text, 16)
            for relay in range(self.relays):
                self.set_coil(relay, bool(word >> relay & 1), now_ns)


def attach_numato(sim: NumatoRelaySim, device: DeviceEnd, clock: Clock) -> None:
    """Let `sim` answer at `device`: echo, answer, `\\n\\r>`."""
    pending = bytearray()

    def execute(command: str) -> None:
        answer = sim.handle(command, clock.now_ns())
        text = f"{command}\n\r{answer}\n\r>" if answer else f"{command}\n\r>"
        device.write(text.encode("ascii", "replace"))

    def arrived(now_ns: int, data: bytes) -> None:
        pending.extend(data)
        while (end := pending.find(b"\r")) >= 0:
            command = bytes(pending[:end]).decode("ascii", "replace").strip()
            del pending[: end + 1]
            clock.call_at(now_ns + PROCESSING_NS, Phase.INSTRUMENT, partial(execute, command))

    device.subscribe(arrived)
