"""Simulated time with two timelines in one order: Python's own entries, and the core's between them."""

import heapq
import struct
from collections.abc import Callable
from pathlib import Path

from bench.core.frames import LoggedFrames
from bench.core.library import GENERATION, INDEX, MOST_CYCLIC, MOVED, NEVER, NOW_NS, SEQUENCE, Core, Stop
from bench.timing.clock import Phase, Timer, grid_point_ns
from bench.timing.looking import Still
from bench.timing.simulated import SimulatedClock, TimelineEntry
from bench.trace.events import CanFrame, made

_HEARD = struct.Struct("<16xIBB64s2x")
_FLAGS = [(bool(bits & 1), bool(bits & 2), bool(bits & 4)) for bits in range(8)]


class CoreClock(SimulatedClock):
    """A SimulatedClock beside whose entries those of a core run, ordered by (time, phase, sequence) all together.

    hears, sends, tells: what the core stops for, by its numbers. frames: whose log the core's is, once there is one.
    """

    def __init__(self, library: Path) -> None:
        super().__init__()
        self.core = Core(library)
        self.frames: LoggedFrames | None = None
        self.hears: list[Callable[[int, CanFrame], None]] = []
        self.sends: list[Callable[[], None]] = []
        self.tells_off: list[Callable[[int], None]] = []  # that a node went bus-off, by node
        self.sweeps: Callable[[], None] = _nothing
        self.stepped: Callable[[], None] = _nothing
        self.plant: Callable[[], None] | None = None  # whose grid is the core's
        answers = {
            Stop.LIMIT: _nothing,
            Stop.HEARD: self._deliver,
            Stop.CYCLIC: self._send_cyclic,
            Stop.SWEEP: lambda: self.sweeps(),
            Stop.STEPPED: lambda: self.stepped(),
            Stop.BUS_OFF: self._go_off,
            Stop.LOG: self._take_log,
            Stop.ROOM: self._give_room,
            Stop.PLANT: self._step_plant,
            Stop.TURN: _nothing,
        }
        self._answers = [answers[stop] for stop in Stop]

    def call_at(self, when_ns: int, phase: Phase, callback: Callable[[], None]) -> TimelineEntry:
        words = self.core.words
        if when_ns < self.now:
            when_ns = self.now
        words[SEQUENCE] = sequence = words[SEQUENCE] + 1  # one count orders the entries of both timelines
        entry = TimelineEntry((when_ns << 3 | phase, sequence, callback, 0))
        heapq.heappush(self._heap, entry)
        return entry

    def every(self, period_ns: int, phase: Phase, callback: Callable[[], None], *, first_ns: int) -> Timer:
        if callback != self.plant:
            return super().every(period_ns, phase, callback, first_ns=first_ns)
        self.core.words[NOW_NS] = self.now
        self.core.call("plant_start", grid_point_ns(first_ns, period_ns, self.now), period_ns)
        return _PlantTimer(self.core)

    def skip_to(self, when_ns: int, phase: Phase) -> bool:  # noqa: ARG002
        """Never: the core may have something before it."""
        return False

    def hears_too(
        self, listener: Callable[[int, CanFrame], None], node: int, only: tuple[int, bool] | None = None
    ) -> None:
        """Call `listener` for what this node of the core's hears. only: of one (can_id, extended)."""
        can_id, extended = only or (0, False)
        number = self.core.made("a listener", "listen", node, False, only is not None, can_id, extended)
        while len(self.hears) <= number:  # the DUT in C listens, too, and is not called
            self.hears.append(listener)

    @property
    def has_room_for_a_message(self) -> bool:
        """Whether the core can send one more cyclic message; beyond that Python sends them."""
        return len(self.sends) < MOST_CYCLIC

    def touched(self) -> None:
        """Whatever the bench shows on its buses may have changed: the core has to ask again."""
        self.core.words[GENERATION] += 1

    def moved(self) -> None:
        """The plant has moved, and nothing else has changed."""
        self.core.words[MOVED] += 1

    def advance_until_woken(self) -> None:
        """As of SimulatedClock; the core's entries run in their places among Python's."""
        heap, core = self._heap, self.core
        words, run, at, answers = core.words, core.run, core.at, self._answers
        self.woken = False
        if self.interrupted:
            self.interrupted = False
            return
        words[NOW_NS] = self.now
        words[GENERATION] += 1
        while True:
            while heap and heap[0][2] is None:
                heapq.heappop(heap)
            order, sequence = heap[0][:2] if heap else (NEVER, NEVER)
            reason = run(at, order, sequence)
            self.now = words[NOW_NS]
            try:
                if reason:
                    answers[reason]()
                elif heap:
                    self._call_first()
                else:
                    break
            except BaseException as error:
                core.call("abandon")
                if not self.failures.add(error):
                    raise
            if self.woken:
                return
        self.stall()

    def _call_first(self) -> None:
        heap, words = self._heap, self.core.words
        entry = heap[0]
        order, _, callback, period = entry
        self.now = words[NOW_NS] = order >> 3
        if not isinstance(callback, Still):
            words[GENERATION] += 1
        if period:
            entry[0] = order + period
            words[SEQUENCE] = entry[1] = words[SEQUENCE] + 1
            heapq.heapreplace(heap, entry)
        else:
            heapq.heappop(heap)
        callback()

    def _send_cyclic(self) -> None:
        self.sends[self.core.words[INDEX]]()

    def _step_plant(self) -> None:
        if self.plant is not None:
            self.plant()

    def _go_off(self) -> None:
        self.tells_off[self.core.words[INDEX]](self.now)
        self.touched()  # whoever hears of a mark may do anything

    def _take_log(self) -> None:
        if self.frames is not None:
            self.frames.take()
            self.frames.shorten()  # nobody else may look for an hour

    def _give_room(self) -> None:
        self.core.more_room(self.core.words[INDEX])

    def _deliver(self) -> None:
        """To every listener before anything else happens, as on a bus in Python."""
        core = self.core
        words = core.words
        words[GENERATION] += 1
        can_id, flags, length, data = _HEARD.unpack(core.heard)
        frame = made(CanFrame, (can_id, data[:length], *_FLAGS[flags]))
        while True:
            self.hears[words[INDEX]](self.now, frame)
            if core.go_on(core.at) != Stop.HEARD:
                return


class _PlantTimer:
    def __init__(self, core: Core) -> None:
        self._core = core

    def cancel(self) -> None:
        self._core.call("plant_stop")


def _nothing() -> None:
    return None
