"""A clock may be slewed: its rate is a term of every interval in real time, and the header says what kept the time."""

import dataclasses
import os
import platform
import random
import stat
from pathlib import Path

import pytest
from sample_run import sample_run
from stored_run import a_run_of

from bench.measure.clock_rate import rate_ppb, widened, with_rate
from bench.measure.finding.times import Straddles
from bench.measure.interval import CLOCK_RATE, Interval, Latency
from bench.measure.plan import Plan
from bench.record.codable import plan_from_dict
from bench.record.folder import open_run, read_shot
from bench.report.extras import ReportExtras
from bench.report.html import render_html
from bench.running.shots import judge_trace
from bench.stored.rejudge import stored_databases
from bench.timing.clock import Timebase
from bench.timing.correlation import ForeignClock
from bench.timing.host import HostClock, run_on_host
from bench.timing.keeping import NOT_TOLD, timekeeping
from bench.timing.rate import BOUND_PPB, OSCILLATOR_PPB, ClockPair, SlewWatch, read_both
from bench.timing.reference import ClockBound, Tracking, by_adapter, by_chrony
from bench.trace.facts import ClockRate
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.result import Verdict
from bench.wiring.clock_rate import watch_rate

PPM = 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_run_of("reference", tmp_path_factory.mktemp("runs"))


def a_shot(folder: Path, *marks: ClockRate) -> tuple[Trace, Plan]:
    """A stored shot as if its stamps were of the host's clock, which may run wrong as `marks` say."""
    trace, stored, _ = read_shot(folder / "scenarios/ov-step-cell17/shot-000")
    trace = dataclasses.replace(trace, timebase=Timebase.HOST)
    for one in marks:
        trace.mark(0, one, "host clock")
    return trace, plan_from_dict(stored)


@pytest.mark.parametrize("true_ns", [0, 1, 999, 10 * NS_PER_MS, 2_400_000_123, 3_600 * NS_PER_S])
@pytest.mark.parametrize("error_ppb", [-500_000, -499_999, -1, 0, 1, 77_777, 500_000])
def test_the_truth_lies_within_whatever_a_clock_within_the_bound_has_shown(
    true_ns: int, error_ppb: int
) -> None:
    by = NS_PER_S + error_ppb
    shown = Interval(low_ns=true_ns * by // NS_PER_S, high_ns=-(-true_ns * by // NS_PER_S))
    found = widened(shown, 500_000)
    assert found.low_ns <= true_ns <= found.high_ns
    assert (
        found.width_ns <= shown.width_ns + 2 * true_ns * 501 // 1_000_000 + 4
    )  # and not by much more than that


def test_the_rate_is_a_term_of_each_latency_in_real_time_and_none_in_simulated_time(folder: Path) -> None:
    databases = stored_databases(open_run(folder))
    mark = ClockRate(bound_ppb=500 * PPM, why="bound")
    bare, plan = a_shot(folder)
    slewed, _ = a_shot(folder, ClockRate(bound_ppb=600 * PPM, why="what was known before"), mark)
    before, _ = judge_trace(bare, plan, databases)
    after, _ = judge_trace(slewed, plan, databases)
    assert (before.rate_ppb, after.rate_ppb) == (
        0,
        500 * PPM,
    )  # what an older release has recorded stays as it was
    for was, now in ((before.fdti, after.fdti), (before.frti, after.frti), (before.fhti, after.fhti)):
        assert was is not None and now is not None
        assert now == with_rate(was, 500 * PPM)
        (term,) = (one for one in now.terms if one.name == CLOCK_RATE)
        assert term.width_ns == now.interval.width_ns - was.interval.width_ns
        assert term.width_ns == pytest.approx(1e-3 * was.interval.high_ns, rel=0.1)
    simulated = dataclasses.replace(slewed, timebase=Timebase.SIMULATED)
    assert rate_ppb(simulated) == 0


def test_a_budget_that_only_a_clock_that_runs_right_would_keep_is_inconclusive_and_the_rate_is_named(
    folder: Path,
) -> None:
    databases = stored_databases(open_run(folder))
    bare, plan = a_shot(folder)
    before, _ = judge_trace(bare, plan, databases)
    assert before.fdti is not None
    tight = dataclasses.replace(plan, fdti_budget_ns=before.fdti.interval.high_ns + 100_000, ceiling_ns=None)
    assert judge_trace(bare, tight, databases)[1].verdict is Verdict.PASS
    slewed, _ = a_shot(folder, ClockRate(bound_ppb=500 * PPM, why="bound"))
    _, judgement = judge_trace(slewed, tight, databases)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    straddled = [one.finding for one in judgement.reasons if isinstance(one.finding, Straddles)]
    assert [one.bound_ns for one in straddled] == [tight.fdti_budget_ns]
    assert straddled[0].all_terms_ns > 2 * NS_PER_MS


def slew(*steps: tuple[int, int, int]) -> SlewWatch:
    """steps: what passed on the host's clock, on the raw one, and ± of the reading."""
    host_ns = raw_ns = 0
    readings = []
    for passed_ns, raw_passed_ns, u_ns in steps:
        host_ns, raw_ns = host_ns + passed_ns, raw_ns + raw_passed_ns
        readings.append(ClockPair(host_ns, raw_ns, u_ns))
    watch = SlewWatch(iter(readings).__next__)
    for _ in steps:
        watch.look()
    return watch


def test_a_slew_of_a_tenth_of_a_second_counts_and_a_read_that_was_interrupted_does_not() -> None:
    tenth = 100 * NS_PER_MS
    steady = slew((0, 0, 0), *[(tenth, tenth, 0)] * 50)
    assert (steady.worst_ppb, steady.bound(()).ppb) == (0, BOUND_PPB)
    burst = slew(
        (0, 0, 0), *[(tenth, tenth, 0)] * 50, (tenth + NS_PER_MS, tenth, 0), *[(tenth, tenth, 0)] * 50
    )
    assert burst.worst_ppb == 10_000_000  # 1 ms in 100 ms, and 100 ppm over the whole shot
    assert burst.bound(()).ppb == 10_000_000 + OSCILLATOR_PPB
    assert burst.bound([ClockBound(40_000, "a second clock")]).ppb == pytest.approx(40_000 + 9_900_990, abs=2)
    cut_short = slew((0, 0, 0), (tenth + NS_PER_MS, tenth, NS_PER_MS), (tenth - NS_PER_MS, tenth, 0))
    assert (cut_short.worst_ppb, cut_short.bound(()).ppb) == (0, BOUND_PPB)
    without = SlewWatch(lambda: None)
    without.look()
    assert (without.worst_ppb, without.bound(()).ppb) == (None, BOUND_PPB)
    assert (
        without.bound([ClockBound(40_000, "a second clock")]).ppb == BOUND_PPB
    )  # a slew may come in a burst, unseen
    assert without.bound([ClockBound(900_000, "a second clock")]).ppb == 900_000


@pytest.mark.real_time
def test_a_trace_in_real_time_says_the_rate_from_its_start_and_the_slew_at_its_end() -> None:
    trace = Trace(timebase=Timebase.HOST)

    async def main(clock: HostClock) -> None:
        tell = watch_rate(clock, trace, {})
        assert rate_ppb(trace) == BOUND_PPB  # also of a shot that ends before anybody tells
        await clock.sleep_until(clock.now_ns() + 350 * NS_PER_MS)
        tell()

    run_on_host(main)
    _, last = trace.of(ClockRate)
    assert last.fact.bound_ppb > 0
    if read_both() is not None:
        assert last.fact.slewed_ppb is not None


def test_timekeeping_is_told_where_it_is_known_and_fails_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"clock source", "kernel's time", "time daemon", "kernel", "governor", "load", "machine is"}
    assert timekeeping().keys() == names
    monkeypatch.delattr(os, "getloadavg", raising=False)  # Windows
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setenv("PATH", str(tmp_path))
    bare = timekeeping(tmp_path)
    assert bare.keys() == names
    assert bare["load"].startswith(NOT_TOLD)
    assert (bare["kernel's time"], bare["governor"], bare["time daemon"]) == (NOT_TOLD, NOT_TOLD, "none seen")
    for cpu in (0, 1):
        governor = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"
        governor.parent.mkdir(parents=True)
        governor.write_text("powersave\n")
    (tmp_path / ".dockerenv").touch()
    told = timekeeping(tmp_path)
    assert (told["governor"], told["machine is"]) == ("powersave on 2 processors", "a container")


def test_chrony_is_asked_and_one_that_does_not_answer_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "chronyc"
    tracking = (
        "47505300,PPS0,1,1700000000.1,0.000002,0.000001,0.000003,-12.345,0.002,0.031,0.0,0.0001,16.0,Normal"
    )
    program.write_text(f"#!/bin/sh\necho '{tracking}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    told = timekeeping(tmp_path)["time daemon"]
    assert "reference PPS0 (stratum 1), 2.0 µs off" in told
    assert "residual 0.002 ppm, skew 0.031 ppm" in told
    program.write_text("#!/bin/sh\nexit 1\n")
    assert timekeeping(tmp_path)["time daemon"] == "none seen"


def test_the_header_and_the_report_say_what_kept_the_time(folder: Path) -> None:
    assert open_run(folder).header["timekeeping"]["clock"].startswith("simulated")
    page = render_html(sample_run(), extras=ReportExtras(timekeeping={"clock source": "tsc, of this test"}))
    assert "tsc, of this test" in page


def test_a_second_clock_makes_the_bound_smaller_and_says_so() -> None:
    tenth = 100 * NS_PER_MS
    # The system corrects its oscillator by 12 ppm, as chrony says it must; every read is known to 0.1 µs.
    steady = slew((0, 0, 100), *[(tenth + 1_200, tenth, 100)] * 30)
    assert steady.mean_ppb == 12_000
    tracking = Tracking("PPS0", 1, "Normal", 2.0, 12_345, 2, 31)
    held = by_chrony(tracking, steady.mean_ppb)
    assert held is not None and held.ppb == 2 + 31 + 345 + 1_000
    found = steady.bound([held])
    assert found.ppb == held.ppb + 2_000 and "PPS0 (stratum 1)" in found.why
    for said in (
        tracking._replace(rate_ppb=55_000),  # another correction than the clock shows: it is being slewed
        tracking._replace(leap="Not synchronised"),
        tracking._replace(stratum=0),
        tracking._replace(reference="127.127.1.1"),  # its own clock is no second one
        None,
    ):
        assert by_chrony(said, steady.mean_ppb) is None
    assert by_chrony(tracking, None) is None
    assert steady.bound(()).ppb == BOUND_PPB


@pytest.mark.parametrize("wrong_ppm", [-300, 0, 40, 700])
def test_an_adapters_clock_shows_how_wrong_the_hosts_runs(wrong_ppm: int) -> None:
    clock = ForeignClock()
    chance = random.Random(3)
    for k in range(1_000):  # 100 frames a second, which reach the host after 100 µs, some later
        adapter_ns = k * 10 * NS_PER_MS
        arrived_ns = adapter_ns * (1_000_000 + wrong_ppm) // 1_000_000 + 100_000 + chance.randrange(400_000)
        clock.host_ns(adapter_ns, arrived_ns)
        assert clock.rate() is None or k > 256
    apart = clock.rate()
    assert apart is not None
    # Within each window the shortest way is found where the drift favours it, so the slope may come out steeper.
    assert abs(apart[0]) >= abs(wrong_ppm) * 1000 - apart[1]
    assert abs(apart[0]) <= abs(wrong_ppm) * 1500 + apart[1]
    bound = by_adapter("vehicle", apart)
    assert bound is not None and bound.ppb >= abs(wrong_ppm) * 1000 + 100_000 - apart[1]
    assert by_adapter("vehicle", None) is None


def test_a_leap_of_the_adapters_clock_begins_anew() -> None:
    clock = ForeignClock()
    for k in range(1_000):
        clock.host_ns(k * 10 * NS_PER_MS, k * 10 * NS_PER_MS)
    assert clock.rate() is not None
    for k in range(1_000, 1_020):
        clock.host_ns(k * 10 * NS_PER_MS - NS_PER_S, k * 10 * NS_PER_MS)
    assert clock.leaps == 1
    assert clock.rate() is None


def test_no_rate_is_no_term() -> None:
    latency = Latency(interval=Interval(low_ns=5, high_ns=7), terms=())
    assert with_rate(latency, 0) is latency
