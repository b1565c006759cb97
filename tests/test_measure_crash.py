"""A DUT that ends by itself fails its shot, with signal and exit code; one that is killed does not."""

import signal
from dataclasses import replace

import pytest

from bench.measure.crash import killed_or_not_up
from bench.measure.measure import measure
from bench.measure.plan import NOTHING, REFUSAL, Aim, GapBound, Plan
from bench.report.finding_words import joined_words
from bench.timing.clock import Timebase
from bench.trace import facts
from bench.trace.facts import Fact
from bench.trace.timeline import Trace
from bench.verdict.judge import judge
from bench.verdict.result import Judgement, Verdict

MS = 1_000_000
TRIP = replace(NOTHING, aim=Aim.MUST_TRIP, window_ns=400 * MS)
BEFORE = (facts.RunStarted(phase_ns=0), facts.DutStarted())
HEARD = (*BEFORE, facts.DutHeard(state="standby"))
ARMED = (*HEARD, facts.PreconditionMet(mode="drive"), facts.ObserversArmed())
SHOWN = (*ARMED, facts.StimulusCommanded(fault="x", step=0))


def crash(status: int | None = None, *, raised: str = "", stopped: bool = False) -> facts.DutCrashed:
    return facts.DutCrashed(reason="gone", status=status, raised=raised, stopped=stopped)


def judged(*told: Fact, plan: Plan = TRIP) -> Judgement:
    trace = Trace(timebase=Timebase.HOST)
    for n, fact in enumerate((*told, facts.WindowClosed(), facts.SafeStateReached(readback=True))):
        trace.mark(n * 100 * MS, fact, "engine")
    return judge(measure(trace, plan, {}), plan)


@pytest.mark.parametrize("before", [HEARD, ARMED, SHOWN])
@pytest.mark.parametrize(
    ("status", "figures"),
    [
        (0, (0, None)),
        (3, (3, None)),
        (134, (134, None)),  # an abort under a shell
        (-signal.SIGSEGV, (None, signal.SIGSEGV)),
        (-signal.SIGABRT, (None, signal.SIGABRT)),
        (-signal.SIGFPE, (None, signal.SIGFPE)),
    ],
)
def test_its_own_end_fails_with_signal_and_exit_code(
    before: tuple[Fact, ...], status: int, figures: tuple[int | None, int | None]
) -> None:
    found = judged(*before, crash(status))
    (reason,) = found.reasons
    assert found.verdict is Verdict.FAIL and reason.finding.code == "dut-crashed"
    shown = reason.finding.figures()
    assert (shown["exit_code"], shown["signal"]) == figures


@pytest.mark.parametrize("before", [BEFORE, HEARD, SHOWN])
@pytest.mark.parametrize(
    "status",
    [
        -signal.SIGKILL,
        -signal.SIGTERM,
        -signal.SIGINT,
        -signal.SIGHUP,
        128 + signal.SIGKILL,
        128 + signal.SIGTERM,
    ],
)
def test_one_that_the_machine_or_somebody_has_killed_is_an_error(
    before: tuple[Fact, ...], status: int
) -> None:
    found = judged(*before, crash(status))
    assert found.verdict is Verdict.ERROR and found.reasons[0].finding.code == "dut-killed"


def test_so_is_one_that_ends_while_the_run_is_being_stopped() -> None:
    found = judged(*SHOWN, crash(1, stopped=True), facts.Aborted(reason="stopped by the user"))
    assert found.verdict is Verdict.ERROR
    assert [one.finding.code for one in found.reasons] == ["dut-killed", "aborted"]


def test_before_it_was_heard_an_exit_code_blames_its_start_and_a_fault_of_its_own_the_dut() -> None:
    assert judged(*BEFORE, crash(1)).reasons[0].finding.code == "dut-not-up"
    assert judged(*BEFORE, crash(1)).verdict is Verdict.ERROR
    assert judged(*BEFORE, crash(-signal.SIGSEGV)).verdict is Verdict.FAIL
    assert judged(*BEFORE, crash(raised="ZeroDivisionError")).verdict is Verdict.FAIL


def test_the_instant_is_told_from_the_command_on_and_from_the_arming_before() -> None:
    assert "+100.0 ms after the command: gone" in joined_words(judged(*SHOWN, crash(1)))
    assert "+100.0 ms after arming: gone" in joined_words(judged(*ARMED, crash(1)))
    assert joined_words(judged(*HEARD, crash(1))) == "the DUT crashed: gone"


def test_trouble_of_the_bench_in_the_same_shot_outranks_it() -> None:
    found = judged(*SHOWN, facts.BenchBroke(reason="port gone"), crash(1))
    assert found.verdict is Verdict.ERROR and found.reasons[0].finding.code == "bench-error"


@pytest.mark.parametrize("plan", [replace(NOTHING, aim=Aim.MUST_NOT_TRIP), REFUSAL])
def test_it_fails_under_every_aim(plan: Plan) -> None:
    assert judged(*SHOWN, crash(1), plan=plan).verdict is Verdict.FAIL


def test_no_known_gap_and_no_lateness_of_the_bench_excuses_it() -> None:
    known = replace(TRIP, gap=GapBound(never=True))
    late = facts.BenchLate(late_ns=900 * MS)
    assert judged(*SHOWN, late, crash(1), plan=known).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("status", "verdict"), [(0, Verdict.ERROR), (1, Verdict.ERROR), (-11, Verdict.FAIL), (134, Verdict.FAIL)]
)
def test_one_that_ends_right_before_the_run_is_stopped_may_have_been_told_to(
    status: int, verdict: Verdict
) -> None:
    """Who stops all processes of a bench reaches one after the other. A fault of its own stays one."""
    trace = Trace(timebase=Timebase.HOST)
    for t_ms, fact in ((0, SHOWN), (600, (crash(status),)), (900, (facts.Aborted(reason="stopped"),))):
        for one in fact:
            trace.mark(t_ms * MS, one, "engine")
    trace.mark(1000 * MS, facts.SafeStateReached(readback=True), "engine")
    assert killed_or_not_up(trace) is None or verdict is Verdict.ERROR
    shot = judge(measure(trace, TRIP, {}), TRIP)
    codes = [one.finding.code for one in shot.reasons]
    assert ("dut-killed" in codes) is (verdict is Verdict.ERROR)


def test_a_stop_long_after_its_end_excuses_nothing() -> None:
    trace = Trace(timebase=Timebase.HOST)
    for t_ms, fact in ((0, crash(1)), (1001, facts.Aborted(reason="stopped"))):
        trace.mark(t_ms * MS, facts.DutHeard(state="standby"), "engine")
        trace.mark(t_ms * MS, fact, "engine")
    assert killed_or_not_up(trace) is None
