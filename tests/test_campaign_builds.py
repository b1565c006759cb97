"""Builds against each other: comparability, exit codes, trend and bisection."""

import dataclasses

import pytest
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot

from bench.errors import DutError, RecordError
from bench.report.comparison import comparison_markdown, headline, run_markdown
from bench.search.bisect import bisect, run_build
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.compare import compare
from bench.verdict.result import RunResult, ScenarioResult, ShotResult, Verdict
from bench.verdict.shift import Change


def passing(n: int = 59) -> RunResult:
    run = sample_run(n)
    return dataclasses.replace(
        run, scenarios=tuple(s for s in run.scenarios if s.judgement.verdict is Verdict.PASS)
    )


def slower(run: RunResult, by_ms: int) -> RunResult:
    def later(one: ShotResult) -> ShotResult:
        m = one.measurement
        if m is None or m.fdti is None or m.fhti is None:
            return one
        fdti, fhti = (
            latency(x.interval.low_ns + by_ms * NS_PER_MS, x.interval.width_ns) for x in (m.fdti, m.fhti)
        )
        return dataclasses.replace(one, measurement=measurement(fdti, fhti))

    def shifted(s: ScenarioResult) -> ScenarioResult:
        return dataclasses.replace(s, shots=tuple(map(later, s.shots)))

    return dataclasses.replace(run, run_id="later", scenarios=tuple(map(shifted, run.scenarios)))


def test_equal_builds_raise_no_alarm_and_a_slow_one_does() -> None:
    base = passing()
    same = compare(base, base)
    assert same.regressions == () and same.exit_code == 0 and "No regression" in headline(same)
    slow = compare(base, slower(base, 80))
    assert slow.exit_code == 1
    assert {m.change for m in slow.metrics} == {Change.SLOWER}
    text = comparison_markdown(slow)
    assert "| cell-overvoltage | FDTI | 59 / 59 | +80.0 ms" in text and "Worse than the base build" in text


def test_what_must_be_equal() -> None:
    base = passing()
    other = dataclasses.replace(
        base, timebase=Timebase.HOST, chemistry="LFP", hashes={**base.hashes, "rig": "1"}
    )
    found = compare(base, other)
    assert found.exit_code == 3 and found.metrics == ()
    for word in ("timebase", "chemistry"):
        assert word in headline(found)
    changed = dataclasses.replace(base, hashes={**base.hashes, "dbc.vehicle.0": "2"})
    assert "dbc.vehicle.0" in headline(compare(base, changed))
    edited = dataclasses.replace(base, hashes={**base.hashes, "scenario.cell-overvoltage": "3"})
    found = compare(base, edited)
    assert found.exit_code == 3 and "scenario file differs" in found.left_out[0]
    assert [h.scenario_id for h in found.handled] == ["noise-below-limit"]
    none = dataclasses.replace(base, scenarios=base.scenarios[:1])
    found = compare(none, dataclasses.replace(none, hashes=edited.hashes))
    assert found.exit_code == 3 and headline(found).startswith("Nothing to compare")
    assert "| scenario |" not in comparison_markdown(found)


def test_more_failures_are_a_regression_even_without_latencies() -> None:
    base = passing()
    bad = [shot(k, Verdict.FAIL, measurement(None, None)) for k in range(20)]
    broken = scenario("noise-below-limit", "x", OVERVOLTAGE, bad, Verdict.FAIL, "trips", aim="must_not_trip")
    new = dataclasses.replace(base, scenarios=(base.scenarios[0], broken))
    found = compare(base, new)
    assert found.exit_code == 1 and "20 of 20 attempts failed" in found.regressions[0]
    assert "**noise-below-limit** FAIL: trips" in run_markdown(new, "1 of 2 goals", None)


def fake(first_bad: int, calls: list[str]):
    def shoot(build: str, index: int) -> ShotResult:
        calls.append(build)
        if build == "broken":
            raise DutError("does not build")
        late = 30 if int(build[1:]) >= first_bad else 0
        found = latency((100 + late + index % 10) * NS_PER_MS, 10 * NS_PER_MS)
        return shot(index, Verdict.PASS, measurement(found, found))

    return shoot


@pytest.mark.parametrize("first_bad", [1, 5, 12, 15])
def test_bisection_finds_the_first_bad_build_with_few_shots(first_bad: int) -> None:
    calls: list[str] = []
    found = bisect([f"b{k}" for k in range(16)], fake(first_bad, calls))
    assert (found.first_bad, found.last_good) == (f"b{first_bad}", f"b{first_bad - 1}")
    assert len(calls) == found.shots <= 16 + 4 * 3


def test_bisection_skips_what_does_not_build_and_refuses_what_is_alike() -> None:
    found = bisect(["b0", "b1", "broken", "b3", "b4"], fake(3, []))
    assert found.candidates == ("broken", "b3") and found.first_bad is None and found.skipped == ["broken"]
    with pytest.raises(RecordError, match="cannot be told apart"):
        bisect(["b0", "b1", "b2"], fake(9, []))


def test_a_build_command_that_fails_is_told() -> None:
    run_build("true {build}", "x")
    with pytest.raises(DutError, match="ended with 1"):
        run_build("false", "x")
    with pytest.raises(DutError, match="no-such-command"):
        run_build("no-such-command {build}", "x")
