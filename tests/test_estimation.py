"""The DUT's estimates against the plant's truth: scored from the trace, judged with their u, rejudged alike."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import ConfigError, ScenarioError
from bench.measure.estimate import EstimateFound, EstimateQuestion
from bench.measure.estimation import DAY_NS
from bench.measure.finding.base import Finding
from bench.measure.finding.plant import EstimateStale, TruthTooFew
from bench.report.finding_words import finding_words, reasons_words
from bench.rig.rig import Rig
from bench.running.load import load_rig, load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import judge_trace, shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.trace.facts import Truth
from bench.trace.timeline import Trace
from bench.units import NS_PER_S
from bench.verdict.estimates import judge_estimate
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]

ASKED = EstimateQuestion(
    name="state of charge", truth="soc", channel="vehicle", message="BMS_PackValues", signal="StateOfCharge",
    gain=0.01, resolution=0.001, cycle_ns=20_000_000, after_ns=0,
)  # fmt: skip

SCENARIO = """
id = "a-rest"
title = "A rest"
safety_goal = "SG-UV"
aim = "must_not_trip"
[start]
mode = "drive"
soc = "60 %"
polarised_by = "30 A"
[[step]]
do = "drive"
current = "0 A"
[[estimate]]
of = "{of}"
asks = ["{asks}"]
[known_gap]
owner = "somebody"
reason = "it is wrong after a drive"
until = 2099-01-01
error_at_most = "{at_most}"
chemistries = ["lfp"]
[quiet]
for = "10 s"
"""


def a_rest(folder: Path, of: str = "state_of_charge", asks: str = "max", at_most: str = "20 %") -> Path:
    (folder / "budgets.toml").write_text((ROOT / "scenarios" / "budgets.toml").read_text())
    path = folder / "a_rest.toml"
    path.write_text(SCENARIO.format(of=of, asks=asks, at_most=at_most))
    return path


def judged(found: EstimateFound) -> tuple[list[str], list[str]]:
    fails: list[Finding] = []
    questions: list[Finding] = []
    judge_estimate(found, fails, questions)
    return [finding_words(one) for one in fails], [finding_words(one) for one in questions]


@pytest.mark.parametrize(
    ("chemistry", "asks", "at_most", "verdict"),
    [
        ("nmc", "max", "20 %", Verdict.FAIL),
        ("lfp", "max", "20 %", Verdict.GAP),
        ("lfp", "max", "4 %", Verdict.FAIL),
        ("lfp", "drift", "20 %", Verdict.INCONCLUSIVE),
    ],
)
def test_a_wrong_start_is_measured_and_a_known_gap_counts_on_its_chemistry_and_up_to_its_bound(
    chemistry: str, asks: str, at_most: str, verdict: Verdict, tmp_path: Path
) -> None:
    """Booted on cells that have not relaxed, the DUT is far off, and ten seconds mend nothing."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", chemistry)
    (one,) = load_scenarios(wired, [a_rest(tmp_path, asks=asks, at_most=at_most)], None)[0]
    traces: list[Trace] = []

    def watch(rig: Rig, _id: str, _index: int) -> None:
        traces.append(rig.trace)

    shot = shoot(wired, one, 0, 1, 1, None, watch)
    assert shot.measurement is not None
    (found,) = shot.measurement.estimates
    assert (found.n, found.problem, found.lacking) == (11, None, None)
    assert 0.05 < found.max_abs < 0.2
    assert found.u == pytest.approx(0.001, abs=2e-4)
    assert shot.judgement.verdict is verdict
    limit = "limit 4.00 %" if at_most == "4 %" else "limit 3.00 %"
    told = any("largest error" in why and limit in why for why in reasons_words(shot.judgement))
    assert told or asks == "drift", "a drift is no part of the gap"
    assert judge_trace(traces[0], one.plan, wired.databases) == (shot.measurement, shot.judgement)
    whole = scenario_result(one, [shot], Timebase.SIMULATED, wired.profile, chemistry)
    assert whole.judgement.verdict is verdict


def test_a_right_start_on_the_road_is_scored_in_the_library(prepared: dict[str, Prepared]) -> None:
    (asked,) = prepared["us06-city"].plan.estimates
    assert (asked.rms, asked.max, asked.converge_ns) == (0.02, 0.03, None)
    assert asked.resolution == pytest.approx(0.001)


def test_what_the_uncertainty_leaves_open_is_open() -> None:
    asked = replace(ASKED, max=0.03)
    assert judged(EstimateFound(question=asked, n=9, max_abs=0.028, u=0.001)) == ([], [])
    fails, questions = judged(EstimateFound(question=asked, n=9, max_abs=0.0295, u=0.001))
    assert not fails
    assert "straddles" in questions[0]
    fails, _ = judged(EstimateFound(question=asked, n=9, max_abs=0.04, u=0.001))
    assert "above the limit 3.00 %" in fails[0]


def test_a_short_drive_cannot_prove_a_drift() -> None:
    """0.1 % of resolution over 10 minutes are 29 % a day."""
    asked = replace(ASKED, drift_per_day=0.15)
    found = EstimateFound(question=asked, n=600, span_ns=600_000_000_000, u=0.001, drift_per_day=0.05)
    fails, questions = judged(found)
    assert not fails
    assert "± 28.80 % a day straddles" in questions[0]


def test_converging_too_late_never_or_perhaps() -> None:
    asked = replace(ASKED, band=0.03, converge_ns=100)
    assert judged(EstimateFound(question=asked, n=9, inside_ns=90, maybe_ns=80)) == ([], [])
    assert "but after 140 ns" in judged(EstimateFound(question=asked, n=9, inside_ns=150, maybe_ns=140))[0][0]
    assert "ended at" in judged(EstimateFound(question=asked, n=9))[0][0]
    assert "perhaps" in judged(EstimateFound(question=asked, n=9, inside_ns=150, maybe_ns=90))[1][0]


def test_nothing_passes_because_nothing_was_seen() -> None:
    assert judged(EstimateFound(question=ASKED, problem=EstimateStale(estimate="x", message="M", age_ns=1)))[
        0
    ]
    assert judged(EstimateFound(question=ASKED, lacking=TruthTooFew(estimate="x", count=0, expected=5)))[1]


@pytest.mark.parametrize(
    ("of", "asks", "told"),
    [
        ("state_of_chrge", "max", "did you mean 'state_of_charge'"),
        ("state_of_health", "drift", "which its profile does not promise"),
        ("state_of_charge", "mean", "expected 'rms', 'max', 'over', 'converges' or 'drift'"),
    ],
)
def test_a_wrong_estimate_is_one_clear_line(
    of: str, asks: str, told: str, wired: Wired, tmp_path: Path
) -> None:
    with pytest.raises((ScenarioError, ConfigError)) as wrong:
        load_scenarios(wired, [a_rest(tmp_path, of, asks)], None)
    (line,) = str(wrong.value).splitlines()
    assert line.startswith(str(tmp_path / "a_rest.toml:"))
    assert told in line


PARKED = SCENARIO.replace('aim = "must_not_trip"', 'aim = "must_not_trip"\nneeds = ["time_lapse"]').replace(
    "[[estimate]]", '[[step]]\ndo = "park"\nfor = "{park}"\n[[step]]\ndo = "wait"\nfor = "4 s"\n[[estimate]]'
)


def parked(folder: Path, park: str = "10 d") -> Path:
    path = a_rest(folder)
    path.write_text(PARKED.format(of="state_of_charge", asks="max", park=park, at_most="20 %"))
    return path


def test_days_pass_for_a_parked_pack_and_its_drift_is_told_by_the_day(wired: Wired, tmp_path: Path) -> None:
    """10 days at 2.5 % a month are 0.8 % that nobody counted; the DUT sees them only in the voltage."""
    (one,) = load_scenarios(wired, [parked(tmp_path)], None)[0]
    rigs: list[Rig] = []
    shot = shoot(wired, one, 0, 1, 1, None, lambda rig, *_: rigs.append(rig))
    truths = list(rigs[0].trace.of(Truth))
    first, last = truths[0].fact.soc, truths[-1].fact.soc
    assert first - last == pytest.approx(0.025 * 10 / 30.4, rel=0.1)
    assert truths[-1].fact.lapsed_ns == 10 * DAY_NS
    assert shot.measurement is not None and shot.simulated_ns < 30 * NS_PER_S
    (found,) = shot.measurement.estimates
    assert found.span_ns > 10 * DAY_NS and abs(found.drift_per_day or 0.0) < 0.005
    assert found.last - found.first == pytest.approx((found.drift_per_day or 0) * found.span_ns / DAY_NS)


def test_real_time_cannot_make_days_shorter_and_says_so(tmp_path: Path) -> None:
    real = load_rig(ROOT / "hil_config.toml", "real", "reference", None)
    (one,) = load_scenarios(real, [parked(tmp_path)], None)[0]
    judgement = shoot(real, one, 0, 1, 1, None).judgement
    assert judgement.verdict is Verdict.BLOCKED and "time_lapse" in reasons_words(judgement)[0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"10 d"', '"2 h"', "step"),
        ('"10 d"', '"10 dd"', "10 dd"),
        ('needs = ["time_lapse"]', "needs = []", "found no 'time_lapse', which a step uses"),
    ],
)
def test_a_wrong_park_is_told_in_one_line(
    wired: Wired, tmp_path: Path, old: str, new: str, told: str
) -> None:
    path = parked(tmp_path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ScenarioError, match=told) as wrong:
        load_scenarios(wired, [path], None)
    assert len(str(wrong.value).splitlines()) == 1
