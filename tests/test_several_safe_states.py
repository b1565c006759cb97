"""Several safe states in one run: the first contactor, the last, whatever else, each with a time of its own."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_measure_trace import DECODERS, ERROR_STATE, OPEN, PLAN, shot

from bench.config.lag import Lag
from bench.config.profile_file import load_profile
from bench.errors import ScenarioError
from bench.measure.interval import Measurement
from bench.measure.measure import measure
from bench.measure.plan import Plan, StateAsked
from bench.record.codable import decode, encode, plan_from_dict, plan_to_dict
from bench.record.folder import RunFolder
from bench.report.finding_words import joined_words
from bench.running.load import load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.timing.clock import Timebase
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
MS = 1_000_000
HVIL = (ROOT / "scenarios" / "contactors" / "hvil_open_driving.toml").read_text(encoding="utf-8")
NEVER = replace(OPEN, value=7)


def asked(*states: StateAsked) -> Plan:
    return replace(PLAN, states=states)


def test_each_state_has_an_interval_of_its_own() -> None:
    first = StateAsked(name="first", tests=(replace(NEVER, either=(OPEN,)),))
    late = StateAsked(name="late", tests=(replace(OPEN, lag=Lag(low_ns=0, high_ns=30 * MS)), ERROR_STATE))
    never = StateAsked(name="never", tests=(OPEN, NEVER))
    found = measure(shot(), asked(first, late, never), DECODERS)
    spans = {
        one.name: one.latency and (one.latency.interval.low_ns, one.latency.interval.high_ns)
        for one in found.states
    }
    assert spans == {"first": (140 * MS, 150 * MS), "late": (140 * MS, 150 * MS), "never": None}
    assert judge(found, asked(first, late, never)).verdict is Verdict.PASS, (
        "without bounds they are only measured"
    )
    alone = measure(shot(), asked(replace(late, tests=late.tests[:1])), DECODERS).states[0].latency
    assert alone is not None and alone.interval.low_ns == 110 * MS, "a lag moves its low end, too"


@pytest.mark.parametrize(
    ("least", "most", "verdict", "words"),
    [
        (None, 150, Verdict.PASS, ""),
        (140, None, Verdict.PASS, ""),
        (
            None,
            145,
            Verdict.INCONCLUSIVE,
            "safe state 'first' [140.0 ms, 150.0 ms] after onset straddles its bound",
        ),
        (None, 139, Verdict.FAIL, "later than 139.0 ms"),
        (151, None, Verdict.FAIL, "earlier than 151.0 ms"),
        (145, None, Verdict.INCONCLUSIVE, "straddles its bound 145.0 ms"),
    ],
)
def test_a_bound_is_judged(least: int | None, most: int | None, verdict: Verdict, words: str) -> None:
    one = StateAsked(
        name="first",
        tests=(OPEN,),
        at_least_ns=None if least is None else least * MS,
        at_most_ns=None if most is None else most * MS,
    )
    judgement = judge(measure(shot(), asked(one), DECODERS), asked(one))
    assert judgement.verdict is verdict
    assert words in joined_words(judgement)


def test_a_state_with_a_bound_has_to_come() -> None:
    one = StateAsked(name="first", tests=(NEVER,), at_most_ns=10_000 * MS)
    judgement = judge(measure(shot(), asked(one), DECODERS), asked(one))
    assert judgement.verdict is Verdict.FAIL
    assert "safe state 'first' not reached within 400.0 ms" in joined_words(judgement)


def test_states_are_stored_with_the_shot() -> None:
    either = replace(OPEN, either=(ERROR_STATE,))
    plan = asked(StateAsked(name="first", tests=(either,), at_most_ns=MS))
    assert plan_from_dict(json.loads(json.dumps(plan_to_dict(plan)))) == plan
    found = measure(shot(), plan, DECODERS)
    assert decode(Measurement, json.loads(json.dumps(encode(found)))) == found


def written(folder: Path, safe_state: str) -> Path:
    old = next(line for line in HVIL.splitlines() if line.startswith("safe_state"))
    path = folder / "hvil_open_driving.toml"
    path.write_text(HVIL.replace(old, f"safe_state = {safe_state}"), encoding="utf-8")
    (folder / "budgets.toml").write_bytes((ROOT / "scenarios" / "budgets.toml").read_bytes())
    return path


def with_first_contactor(wired: Wired, folder: Path) -> Wired:
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    first = 'first_contactor_open = ["plus_feedback == 0 or minus_feedback == 0"]'
    path = folder / "profile.toml"
    path.write_text(text.replace("[safe_state]\n", f"[safe_state]\n{first}\n"), encoding="utf-8")
    return replace(wired, profile=load_profile(path))


def test_first_and_last_contactor_in_one_scenario(wired: Wired, tmp_path: Path) -> None:
    bench = with_first_contactor(wired, tmp_path)
    file = written(tmp_path, '[{ state = "first_contactor_open", at_most = "1 s" }, "hv_open"]')
    prepared = load_scenarios(bench, [file], None)[0][0]
    plain = load_scenarios(wired, [written(tmp_path, '"hv_open"')], None)[0][0]
    assert prepared.plan.safe_state == plain.plan.safe_state, "the last one is the one of the budget"
    (first,) = prepared.plan.states
    assert [one.signal for one in (first.tests[0], *first.tests[0].either)] == [
        "PlusFeedback",
        "MinusFeedback",
    ]
    result = shoot(bench, prepared, 0, 1, 1, RunFolder.create(tmp_path / "runs", "states", {}))
    assert result.judgement.verdict is Verdict.PASS
    found = result.measurement
    assert found is not None and found.fhti is not None and found.states[0].latency is not None
    assert 0 < found.states[0].latency.interval.high_ns <= found.fhti.interval.high_ns
    notes = scenario_result(prepared, [result], Timebase.SIMULATED, bench.profile).notes
    assert any("safe state 'first_contactor_open' reached in 1 of 1 shots, " in note for note in notes)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ('["hv_opne", "hv_open"]', "found unknown safe state 'hv_opne'"),
        ('[{ state = "hv_open", at_most = "-1 s" }, "hv_open"]', "at_most"),
        ('[{ stat = "hv_open" }]', "stat"),
        ("[]", "safe_state"),
        ("7", "safe_state"),
    ],
)
def test_a_mistake_in_the_list_is_told(wired: Wired, tmp_path: Path, states: str, words: str) -> None:
    with pytest.raises(ScenarioError) as wrong:
        load_scenarios(wired, [written(tmp_path, states)], None)
    assert words in str(wrong.value)
    assert len(str(wrong.value).splitlines()) <= 2


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (
            '[{ state = "first_contactor_open", at_least = "3 s", at_most = "2 s" }, "hv_open"]',
            "with at_least 3.000 s; expected at most its at_most, 2.000 s",
        ),
        ('[{ state = "first_contactor_open", at_most = "0 s" }, "hv_open"]', "at_most"),
        ('[{ state = "first_contactor_open", at_least = "1 h" }, "hv_open"]', "after which nobody looks"),
        ('[{ state = "first_contactor_open", at_most = "1 h" }, "hv_open"]', "after which nobody looks"),
        (  # a contactor would have to open after both have
            '[{ state = "first_contactor_open", at_least = "90 ms" }, { state = "hv_open", at_most = "80 ms" }]',
            "found 'hv_open' with at_most 80.0 ms; expected at least the at_least of 'first_contactor_open', 90.0 ms",
        ),
        (
            '[{ state = "hv_open", at_least = "2.5 s" }]',
            "FDTI + FRTI of SG-HVIL, in which 'hv_open' has to be reached",
        ),
    ],
)
def test_bounds_that_no_dut_can_meet_are_told_before_a_run(
    wired: Wired, tmp_path: Path, states: str, words: str
) -> None:
    file = written(tmp_path, states)
    with pytest.raises(ScenarioError) as wrong:
        load_scenarios(with_first_contactor(wired, tmp_path), [file], None)
    (line,) = str(wrong.value).splitlines()
    assert words in line
    at = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if text.startswith("safe_state"))
    assert f"{file}:{at} [expect.safe_state" in line


def test_bounds_in_their_order_are_accepted(wired: Wired, tmp_path: Path) -> None:
    states = """[{ state = "first_contactor_open", at_least = "90 ms", at_most = "800 ms" },
        { state = "hv_open", at_least = "90 ms", at_most = "90 ms" }]"""
    load_scenarios(with_first_contactor(wired, tmp_path), [written(tmp_path, states)], None)
