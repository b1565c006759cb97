"""The chamber, played: it moves at its gradient while it runs, drifts back to the room else, and refuses with codes."""

from functools import partial

from bench.instruments.ports import DeviceEnd
from bench.instruments.weiss_simserv import driver
from bench.instruments.weiss_simserv.driver import END, GAP, REPLY_END
from bench.timing.clock import Clock, Phase
from bench.units import NS_PER_MS, NS_PER_S

PROCESSING_NS = 5 * NS_PER_MS
ROOM_C = 25.0
LEAST_C, MOST_C = -75.0, 180.0
UNKNOWN, WRONG = "-5", "-6"
_INFO = {"1": "VT 4002 (played)", "2": "24", "3": "00000000"}


class WeissSimservSim:
    """Temperatures in degC, gradients in K/min; `door_input` is the digital input of the door's contact."""

    def __init__(self, *, door_input: int = 0) -> None:
        self.running = False
        self.door_open = False
        self.stuck = False  # it takes no start and no stop
        self.set_c = ROOM_C
        self._door = door_input
        self._up = self._down = 3.0
        self._now_c, self._at_ns = ROOM_C, 0

    def value_c(self, now_ns: int) -> float:
        """Brought to the present first."""
        minutes = (now_ns - self._at_ns) / NS_PER_S / 60
        self._at_ns = now_ns
        goal_c = self.set_c if self.running else ROOM_C
        rise_c = min(self._up * minutes, goal_c - self._now_c)
        self._now_c += rise_c if goal_c > self._now_c else max(-self._down * minutes, goal_c - self._now_c)
        return self._now_c

    def handle(self, words: list[str], now_ns: int) -> list[str]:
        """The words of an answer."""
        self.value_c(now_ns)
        try:
            number, _, *arguments = (int(words[0]), *words[1:])
            return ["1", *self._did(number, arguments)]
        except (ValueError, IndexError):
            return [WRONG]
        except KeyError:
            return [UNKNOWN]

    def _did(self, number: int, arguments: list[str]) -> list[str]:
        match number:
            case driver.INFO:
                return [_INFO[arguments[0]]]
            case driver.SET_POINT:
                self.set_c = _within(float(arguments[1]))
            case driver.READ_SET_POINT:
                return [f"{self.set_c:.1f}"]
            case driver.READ_VALUE:
                return [f"{self._now_c:.1f}"]
            case driver.GRADIENT_UP:
                self._up = abs(float(arguments[1]))
            case driver.GRADIENT_DOWN:
                self._down = abs(float(arguments[1]))
            case driver.START:
                self.running = self.running if self.stuck else arguments[1] == "1"
            case driver.RUNNING:
                return [str(int(self.running))]
            case driver.DIGITAL_INPUT:
                return [str(int(self.door_open and int(arguments[0]) == self._door))]
            case _:
                raise KeyError(number)
        return []


def _within(temperature_c: float) -> float:
    if not LEAST_C <= temperature_c <= MOST_C:
        raise ValueError(temperature_c)
    return temperature_c


def attach_simserv(sim: WeissSimservSim, device: DeviceEnd, clock: Clock) -> None:
    """Let `sim` answer at `device`, line by line."""
    pending = bytearray()

    def execute(words: list[str]) -> None:
        said = sim.handle(words, clock.now_ns())
        device.write(GAP.join(word.encode("ascii") for word in said) + REPLY_END)

    def arrived(now_ns: int, data: bytes) -> None:
        pending.extend(data)
        while (end := pending.find(END)) >= 0:
            words = bytes(pending[:end]).strip().split(GAP)
            del pending[: end + 1]
            told = [word.decode("ascii", "replace") for word in words]
            clock.call_at(now_ns + PROCESSING_NS, Phase.INSTRUMENT, partial(execute, told))

    device.subscribe(arrived)
