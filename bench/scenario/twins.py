"""Must-not-trip twins, made from a must-trip scenario: what a good DUT has to bear, just short of what it must handle.

inside: the same disturbance just inside the limit, for longer than the debounce. counter_reset: a glitch shorter than
the debounce (N - 1 bad), then good, then N - 1 bad again. glitch: the first of the two alone, where the second is left
out. healthy: the same run without the fault.

A twin has no latency to bound, so it takes fewer shots than its scenario: their phases are spread over the same cycle.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.config.profile import DutProfile, Flag
from bench.faults.port import Terminals
from bench.measure.plan import Aim
from bench.scenario.cadence import Cadence
from bench.scenario.known_gap import gap_of_twin
from bench.scenario.model import (
    Also,
    Diagnose,
    Drive,
    Expect,
    FaultReset,
    Inject,
    Quiet,
    Request,
    Scenario,
    Step,
    Wait,
)
from bench.units import NS_PER_MS, NS_PER_S, format_ns

KINDS = ("inside", "glitch", "counter_reset", "healthy")
FEWEST_EVENTS = 3  # a shorter debounce leaves no room for a fault that is seen, and gone in time
# From the command to the first frame that shows it, and from the last bad sample to the last report.
AROUND_NS = 250 * NS_PER_MS
SHOTS_PER_TWIN_SHOT = 10
LONGEST_NS = 8 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A scenario made from another one, with its steps resolved. `kind` is one of KINDS.

    glitch_under_ns: how long the debounce takes to fill, for a twin whose stimulus has to be gone before.
    """

    kind: str
    scenario: Scenario
    steps: tuple[Step, ...]
    glitch_under_ns: int | None = None


def twins_of(
    scenario: Scenario, steps: Iterable[Step], profile: DutProfile, at: Terminals, cadence: Cadence
) -> tuple[list[Twin], str | None]:
    """The twins, and a reason where this bench cannot show a glitch, so that there is no glitch twin.

    cadence: period of the frames that show the fault (ns); a twin has to last that much longer to be seen.
    """
    expect = scenario.expect
    resolved = tuple(steps)
    measured = _measured(resolved, expect)
    if expect is None or measured is None:
        return [], None
    maker = _Maker(scenario, expect, resolved, *measured, profile.flags[expect.flag], cadence)
    maker.tells_mains = "plus_command" in profile.roles
    maker.also = _borne(expect, profile)
    made = [maker.inside(at), maker.counter_reset(), maker.healthy()]
    kept = [twin for twin in made if twin is not None and twin.kind not in scenario.twins_left_out]
    if not any(twin.kind == "counter_reset" for twin in kept):  # which begins with the very glitch
        glitch = maker.glitch()
        kept += [glitch] if glitch is not None and "glitch" not in scenario.twins_left_out else []
    return kept, maker.too_coarse


def _borne(expect: Expect, profile: DutProfile) -> tuple[Also, ...]:
    """What may come with a fault that stays short of its limit: the warnings of `also`, and never a trip."""
    flags = profile.flags
    named = [name for name in expect.also if isinstance(name, str) and name in flags]
    return tuple(name for name in named if not flags[name].trips)


def _measured(steps: tuple[Step, ...], expect: Expect | None) -> tuple[int, Inject] | None:
    """The measured injection, and its place among the steps."""
    wanted = expect.step if expect is not None else None
    injections = ((n, one) for n, one in enumerate(steps) if isinstance(one, Inject))
    return next(((n, one) for n, one in injections if wanted in (None, one.step)), None)


class _Maker:
    """Makes the twins of one scenario around its measured injection."""

    def __init__(
        self,
        scenario: Scenario,
        expect: Expect,
        steps: tuple[Step, ...],
        place: int,
        inject: Inject,
        flag: Flag,
        cadence: Cadence,
    ) -> None:
        self._scenario = scenario
        self._expect = expect
        # What a tester reads after the fault is the fault's own: a twin stores no code.
        after = (step for step in steps[place + 1 :] if not isinstance(step, Diagnose))
        self._before, self._after = steps[:place], tuple(after)
        self._inject = inject
        self._flag = flag
        self._onset_cycle_ns, self._spread_ns = cadence.cycle_ns, cadence.spread_ns
        self.too_coarse: str | None = None
        self.also: tuple[Also, ...] = ()
        self.tells_mains = True  # whether the DUT says what it tells its contactors

    def inside(self, at: Terminals) -> Twin | None:
        inside = self._inject.fault.inside(at)
        if inside is None:
            return None
        step = replace(self._inject, fault=inside, duration_ns=None)
        return self._twin("inside", (*self._before, step, *self._after), self._full_ns())

    def glitch(self) -> Twin | None:
        short_ns = self._short_of_the_debounce()
        if short_ns is None:
            return None
        step = replace(self._inject, duration_ns=short_ns)
        tail_ns = short_ns + self._tail_ns()
        return self._twin("glitch", (*self._before, step, *self._after), tail_ns)

    def counter_reset(self) -> Twin | None:
        short_ns = self._short_of_the_debounce()
        debounce = self._flag.debounce
        if short_ns is None or debounce is None:
            return None
        step = replace(self._inject, duration_ns=short_ns)
        good_ns = 2 * max(debounce.period_ns, self._onset_cycle_ns) + debounce.stages_ns
        window_ns = 2 * short_ns + good_ns + self._tail_ns()
        again = (*self._before, step, Wait(duration_ns=good_ns), step, *self._after)
        return self._twin("counter_reset", again, window_ns)

    def healthy(self) -> Twin:
        """No fault. The load of the start is set again, so that there is a stimulus after which the DUT has to stay
        quiet.
        """
        kept = tuple(step for step in (*self._before, *self._after) if not isinstance(step, Inject))
        unchanged = Drive(current_a=self._scenario.start.current_a, step=-1)
        return self._twin("healthy", (unchanged, *kept), min(self._full_ns(), 2 * NS_PER_S))

    def _debounce_ns(self) -> int:
        debounce = self._flag.debounce
        if debounce is None:
            return LONGEST_NS // 4
        return debounce.full_ns + debounce.delay_ns

    def _full_ns(self) -> int:
        """When the debounce could have fired and been seen, had the fault been there from the command on."""
        return min(LONGEST_NS, self._debounce_ns() + self._onset_cycle_ns + AROUND_NS)

    def _tail_ns(self) -> int:
        debounce = self._flag.debounce
        after_ns = debounce.delay_ns + debounce.stages_ns if debounce is not None else 0
        return after_ns + self._onset_cycle_ns + AROUND_NS

    def _short_of_the_debounce(self) -> int | None:
        """How long the fault may last (ns), at whichever phase of the DUT's sampling and of the bench's sending it
        begins.

        It is two periods shorter than the debounce: so at most n - 1 of the n samples that the debounce needs can
        fall into it.
        """
        debounce = self._flag.debounce
        if debounce is None or debounce.events < FEWEST_EVENTS or not self._inject.fault.passes:
            return None
        fills_ns = debounce.fills_ns
        # What a frame says stands until the next one, and the last page that says it comes so much after the first;
        # the DUT's own stages hold it on top of that.
        shown_ns = self._onset_cycle_ns + self._spread_ns + debounce.stages_ns
        short_ns = fills_ns - max(debounce.period_ns, shown_ns)
        if short_ns < shown_ns and shown_ns > debounce.period_ns:
            self.too_coarse = (
                f"no glitch can be made: what is shown stands for {format_ns(shown_ns)}, and the debounce fills in "
                f"{format_ns(fills_ns)}"
            )
            return None  # it might not be shown at all, or for too long
        return short_ns

    def _twin(self, kind: str, steps: tuple[Step, ...], window_ns: int) -> Twin:
        scenario = self._scenario
        waits_ns = sum(step.duration_ns for step in steps if isinstance(step, Wait | FaultReset))
        opens = scenario.start.mode == "off" or any(
            isinstance(step, Request) and step.mode == "off" for step in steps
        )
        forbidden = [
            "any_trip",
            "state_error",
            self._expect.flag,
            *([] if opens or not self.tells_mains else ["mains_open"]),
        ]
        twin = replace(
            scenario,
            id=f"{scenario.id}--{kind.replace('_', '-')}",
            title=f"{scenario.title}: {_TITLES[kind]}",
            aim=Aim.MUST_NOT_TRIP,
            steps=(),
            expect=None,
            quiet=Quiet(
                window_ns=max(window_ns, waits_ns + AROUND_NS),
                forbidden=tuple(dict.fromkeys(forbidden)),
                also=self.also,
                step=self._inject.step if kind != "healthy" else None,
            ),
            sweep=replace(scenario.sweep, repeat=max(1, scenario.sweep.repeat // SHOTS_PER_TWIN_SHOT)),
            twin_of=scenario.id,
            derivation="boundary-values" if kind != "healthy" else _of_healthy(scenario),
            performs=(),
            standards=(*scenario.performs, *scenario.standards),
            known_gap=gap_of_twin(scenario.known_gap),
            twin_kind=kind,
        )
        debounce = self._flag.debounce if kind in ("glitch", "counter_reset") else None
        may_fill_ns = debounce.may_fill_ns if debounce is not None else None
        return Twin(kind=kind, scenario=twin, steps=steps, glitch_under_ns=may_fill_ns)


def _of_healthy(scenario: Scenario) -> str:
    """Without its fault nothing is left of a limit or an error that somebody has looked for."""
    return "requirements-analysis" if scenario.requirements else scenario.derivation


_TITLES = {
    "inside": "just inside the limit",
    "glitch": "gone before the debounce is full",
    "counter_reset": "gone before the debounce is full, twice",
    "healthy": "without the fault",
}
