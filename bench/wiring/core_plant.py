"""The closed loop's plant on a native core, which leaves out the steps in which only time would pass."""

from dataclasses import dataclass

from bench.core.clock import CoreClock
from bench.core.library import FRAMES, GENERATION, LEFT_OUT, QUIET_AS_OF, QUIET_STEPS, SEEN, TOLD
from bench.rig.plant_loop import PlantLoop
from bench.rig.vehicle import PLANT_PERIOD_NS
from bench.rig.view import TraceView
from bench.timing.clock import Clock
from bench.trace.events import BENCH, FrameSeen
from bench.trace.timeline import Trace
from bench.wiring.common import Wired, own_ids

_CLASSIC = 8
Heeded = dict[tuple[str, str], list[str]]
"""(channel, message) and the signals of it that move the plant."""


class CoreView(TraceView):
    """A TraceView that takes in later what it would have taken in at steps of the plant that were left out."""

    def __init__(self, clock: CoreClock, trace: Trace, own: list[tuple[str, int]]) -> None:
        super().__init__(trace, own)
        self._words = clock.core.words

    def latest(self, key: tuple[str, int]) -> FrameSeen | None:
        self.take_until(self._words[SEEN])
        return super().latest(key)


@dataclass(slots=True, kw_only=True)
class CorePlantLoop(PlantLoop):
    """Asks what the DUT says only where it says something else, and lets the core leave out what only coasts."""

    native: CoreClock
    _limit_a: float | None = None
    _fires_pyro: bool = False

    def settle(self) -> None:
        """Bring the plant to the present, the steps that were left out among it."""
        self._take_left_out()
        if self._coasting.settle():
            self.native.touched()

    def step(self) -> None:
        words = self.native.core.words
        self._take_left_out()
        if words[TOLD]:
            words[TOLD] = 0
            self.native.touched()  # whoever hears of a mark about it may do anything
            self.view.update()
            self._limit_a, self._fires_pyro = self.charge_limit_a(), self.pyro_command()
            commands = self.contactor_commands() or self._commands
        else:
            commands = self._commands
        words[SEEN] = words[FRAMES]
        if self._move(commands, self._limit_a, self._fires_pyro):
            self.native.moved()
        words[QUIET_AS_OF] = words[GENERATION]
        words[QUIET_STEPS] = 0 if self._fires_pyro else self._quiet_steps()

    def _quiet_steps(self) -> int:
        held, looks = self._coasting.quiet_steps(PLANT_PERIOD_NS), self.fit.quiet_steps()
        return held if looks is None else min(held, looks)

    def _take_left_out(self) -> None:
        words = self.native.core.words
        count = words[LEFT_OUT]
        if count:
            words[LEFT_OUT] = 0
            self._coasting.hold(count * PLANT_PERIOD_NS)
            self.fit.left_out(count)


def view_on(wired: Wired, clock: Clock, trace: Trace) -> TraceView:
    """What follows the frames of this clock's buses."""
    own = own_ids(wired)
    return CoreView(clock, trace, own) if isinstance(clock, CoreClock) else TraceView(trace, own)


def grid_in_core(wired: Wired, clock: CoreClock, trace: Trace) -> bool:
    """Let the core watch what moves the plant. False where it cannot: a message of CAN FD."""
    channels = list(wired.config.can)
    own = set(own_ids(wired))
    heeded = [
        (channel, wired.databases[channel][name], signals)
        for (channel, name), signals in _heeded(wired).items()
    ]
    if any(message.length > _CLASSIC for _, message, _ in heeded):
        return False
    for channel, message, signals in heeded:
        ignored = trace.frames.end(channel, BENCH) if (channel, message.can_id) in own else -1
        clock.core.made(
            f"what is read of {message.name}",
            "watch",
            -1,
            channels.index(channel),
            message.can_id,
            -1,
            message.length,
            message.mask(signals),
            ignored,
        )
    clock.core.made("a second plant", "plant")
    return True


def _heeded(wired: Wired) -> Heeded:
    profile = wired.profile
    roles = [test.role for tests in profile.contactors.values() for test in tests]
    roles += [
        profile.roles[name] for name in ("pyro_command", "charge_current_limit") if name in profile.roles
    ]
    found: Heeded = {}
    for role in roles:
        found.setdefault((role.channel, role.message), []).append(role.signal)
    return found
