"""A known gap that names findings by their codes: it excuses exactly those, whatever else fails is a FAIL."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_known_gap import LATE, NEVER, with_gap
from test_scenario_dtc_status import ROOT

from bench.errors import ScenarioError
from bench.measure.finding.answer import DtcNotReported, NotDetected
from bench.measure.finding.closed_set import FINDINGS
from bench.measure.finding.life import FrameMisfit, Mistake, ProtectionBroken
from bench.measure.finding.times import Bound, Time, TooLate
from bench.measure.interval import Measurement
from bench.measure.plan import GapBound, Plan
from bench.record.codable import plan_from_dict, plan_to_dict
from bench.report.finding_advice import explain
from bench.report.finding_words import reasons_words
from bench.running.known_gap import with_known_gap
from bench.running.load import load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.scenario.model import KnownGap
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.verdict.gap import BOUNDED, NAMEABLE, not_known
from bench.verdict.judge import judge
from bench.verdict.result import Judgement, Reason, Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware

WRONG_CODE = "wrong_overvoltage_dtc"
BROKEN = ProtectionBroken(message="BMS_State", mistake=Mistake.WRONG_CRC, count=3)


@pytest.mark.parametrize(
    ("firmware", "lines", "verdict", "says"),
    [
        (
            WRONG_CODE,
            ['finding = ["dtc-not-reported", "unexpected-code"]'],
            Verdict.GAP,
            "next sample (dtc-not-reported, unexpected-code)",
        ),
        (WRONG_CODE, ['finding = "dtc-not-reported"'], Verdict.FAIL, "is not the known gap"),
        (
            WRONG_CODE,
            ['finding = ["dtc-not-reported", "unexpected-code", "protection-broken"]'],
            Verdict.GAP,
            "protection-broken was not found any more",
        ),
        (WRONG_CODE, ['finding = "protection-broken"'], Verdict.FAIL, "is not the known gap"),
        (LATE, ['finding = "dtc-not-reported"'], Verdict.FAIL, "above the ceiling"),
        (NEVER, ['finding = "not-detected"'], Verdict.FAIL, "safe state not reached"),
        ("reference", ['finding = "dtc-not-reported"'], Verdict.FAIL, "has closed"),
    ],
)
def test_a_gap_by_code_excuses_that_finding_and_nothing_else(
    firmware: str, lines: list[str], verdict: Verdict, says: str, wired: Wired, tmp_path: Path
) -> None:
    one = load_scenarios(wired, [with_gap(tmp_path, *lines)], None)[0][0]
    rig = with_firmware(wired, firmware)
    shot = shoot(rig, one, 0, 1, 1, None)
    assert shot.measurement is not None
    stored = plan_from_dict(json.loads(json.dumps(plan_to_dict(one.plan))))
    assert judge(shot.measurement, stored) == shot.judgement, "a stored run is judged alike"
    whole = scenario_result(one, [shot], Timebase.SIMULATED, rig.profile, "nmc").judgement
    assert whole.verdict is verdict, whole
    assert any(says in reason for reason in reasons_words(whole)), reasons_words(whole)


def test_a_gap_by_code_ends_with_its_date() -> None:
    gap = KnownGap(
        owner="A. Owner", reason="why", until="2001-01-01", bound=GapBound(findings=("protection-broken",))
    )
    shown = Judgement(verdict=Verdict.GAP, reasons=(Reason(finding=BROKEN),))
    assert with_known_gap(gap, shown, "nmc").verdict is Verdict.FAIL
    still = with_known_gap(replace(gap, until="2999-01-01"), shown, "nmc")
    assert still.verdict is Verdict.GAP and len(still.reasons) == 2


@pytest.fixture(scope="module")
def passed(wired: Wired, tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, Measurement]:
    """A good DUT's shot under a plan that knows of two findings."""
    codes = 'finding = ["protection-broken", "frame-misfit"]'
    one = load_scenarios(wired, [with_gap(tmp_path_factory.mktemp("gap"), codes)], None)[0][0]
    shot = shoot(wired, one, 0, 1, 1, None)
    assert shot.measurement is not None and shot.judgement.verdict is Verdict.PASS
    return one, shot.measurement


def test_every_kind_of_failure_is_left_out_by_its_code_only(passed: tuple[Prepared, Measurement]) -> None:
    one, found = passed
    misfit = FrameMisfit(message="BMS_Cells", length=4, expected_length=8, count=1)

    def verdict(measurement: Measurement, plan: Plan = one.plan) -> Verdict:
        return judge(measurement, plan).verdict

    assert verdict(replace(found, broken=(BROKEN,))) is Verdict.GAP
    assert verdict(replace(found, misfits=(misfit,))) is Verdict.GAP
    assert verdict(replace(found, misfits=(misfit,), broken=(BROKEN,))) is Verdict.GAP
    assert verdict(replace(found, broken=(BROKEN, NotDetected(window_ns=1)))) is Verdict.FAIL
    assert verdict(replace(found, broken=(BROKEN,), dtc_seen=False)) is Verdict.FAIL
    assert verdict(replace(found, not_begun=True, misfits=(misfit,))) is Verdict.GAP
    unnamed = replace(one.plan, gap=GapBound(findings=("frame-misfit",)))
    assert verdict(replace(found, broken=(BROKEN,)), unnamed) is Verdict.FAIL
    assert (
        verdict(replace(found, not_begun=True, misfits=(misfit,), broken=(BROKEN,)), unnamed) is Verdict.FAIL
    )
    late = TooLate(time=Time.FDTI, bound=Bound.BUDGET, low_ns=2, high_ns=3, bound_ns=1)
    assert not_known((late, BROKEN, DtcNotReported(dtc=1)), ("too-late",)) == [BROKEN, DtcNotReported(dtc=1)]


def test_a_twin_may_show_what_frames_show_by_themselves_and_nothing_of_the_answer(
    wired: Wired, tmp_path: Path
) -> None:
    file = with_gap(tmp_path, 'finding = ["protection-broken", "forbidden-seen"]')
    _, *twins = load_scenarios(wired, [file], None)[0]
    assert twins
    for twin in twins:
        assert twin.plan.gap == GapBound(findings=("protection-broken",))
        quiet = scenario_result(
            twin, [shoot(wired, twin, 0, 1, 1, None)], Timebase.SIMULATED, wired.profile, "nmc"
        )
        assert (quiet.judgement.verdict, reasons_words(quiet.judgement)) == (Verdict.PASS, [])


def test_a_code_that_is_none_is_refused_with_the_nearest(wired: Wired, tmp_path: Path) -> None:
    lines = 'finding = ["protection-brokn", "bench-late", "gap-open"]'
    with pytest.raises(ScenarioError) as wrong:
        load_scenarios(wired, [with_gap(tmp_path, lines)], None)
    told = str(wrong.value).splitlines()
    assert len(told) == 3
    assert "found unknown finding 'protection-brokn'" in told[0]
    assert told[0].endswith("did you mean 'protection-broken'?")
    assert all("which no shot holds against the DUT" in line for line in told[1:])
    at = (tmp_path / "ov_step_cell17.toml").read_text(encoding="utf-8").splitlines().index(lines) + 1
    assert all("[known_gap.finding[" in line and f".toml:{at} " in line for line in told)


def test_a_code_that_would_make_a_bound_boundless_is_refused(wired: Wired, tmp_path: Path) -> None:
    alone = with_gap(tmp_path, 'finding = "too-late"')
    with pytest.raises(
        ScenarioError, match="found 'too-late', which allows any of it; expected fdti_at_most"
    ):
        load_scenarios(wired, [alone], None)
    both = with_gap(tmp_path, 'finding = "too-late"', 'fdti_at_most = "3.5 s"')
    with pytest.raises(ScenarioError, match="found 'too-late' beside fdti_at_most"):
        load_scenarios(wired, [both], None)


def test_explain_says_which_codes_a_gap_may_name() -> None:
    for code in FINDINGS:
        told = explain(code)
        assert (f'finding = "{code}"' in told) is (code in NAMEABLE - BOUNDED.keys())
        assert all(key in told for key in BOUNDED.get(code, ()))
    assert {"protection-broken", "forbidden-seen"} <= NAMEABLE
    assert not NAMEABLE & {"gap-open", "bench-late", "near-ftti"}
    assert (ROOT / "docs" / "estimation.md").read_text(encoding="utf-8").count("`finding =") == 1
