"""What of a rig is switched on and off beside its cells and its DUT."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.errors import LinkError
from bench.rig.guard import Guard
from bench.rig.off_witness import OffWitness
from bench.rig.safety_inputs import SafetyInputs
from bench.rig.steps import Steps
from bench.timing.clock import Clock, Phase, Timer
from bench.units import NS_PER_MS, NS_PER_S

BEAT_NS = 250 * NS_PER_MS


@dataclass(slots=True, kw_only=True)
class Hardware:
    """start, stop: of all that takes a start. health: what is wrong with it, in words; None where nothing is.

    others_off: every output but the cell emulator's, off and read back within others_within_ns. guard: who watches
    over real outputs. patience_ns: with the cells' instrument on the way to safety. safety: the contacts that stop the
    rig when they open. off_witness: who sees the cells' outputs beside their emulator.
    """

    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    health: Callable[[], str | None] = lambda: None
    others_off: Callable[[], Awaitable[None]] | None = None
    others_within_ns: int = 0
    patience_ns: int = 5 * NS_PER_S
    guard: Guard | None = None
    safety: SafetyInputs | None = None
    off_witness: OffWitness | None = None
    _beat: Timer | None = None

    def watch_over(self, clock: Clock) -> None:
        """From now on outputs may be on. BenchError where nobody, or somebody in trouble, watches over them."""
        if self.safety is not None:
            self.safety.refuse_unwatched()
        if self.guard is None:
            return
        if trouble := self.guard.trouble():
            raise LinkError(trouble)
        self.guard.driving()
        self._beat = clock.every(BEAT_NS, Phase.OBSERVE, self.guard.beat, first_ns=clock.now_ns())

    def rest(self, steps: Steps) -> None:
        """All has been stopped, and confirmed where `steps` has no problem."""
        if self._beat is not None:
            steps.do("the guard's beat", self._beat.cancel)
        if self.guard is not None:
            confirmed, guard = not steps.problems, self.guard
            steps.do("the guard was not told", lambda: guard.at_rest(confirmed=confirmed))

    def trouble(self) -> str | None:
        """What keeps the rig from being driven on, in words; None where nothing does."""
        return self.health() or (self.guard.trouble() if self.guard is not None else None)
