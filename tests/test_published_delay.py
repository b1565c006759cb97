"""The delay that a DUT publishes between its report and its opening is held from both sides, and so is the floor."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_measure_trace import DECODERS, ERROR_STATE, FAULT, OPEN, PLAN, shot

from bench.config.profile_file import load_profile
from bench.measure.announced import Announced
from bench.measure.finding.times import Time, TooEarly, TooLate
from bench.measure.interval import Interval, Latency, Measurement, Reaction, Term
from bench.measure.measure import measure
from bench.measure.plan import GapBound, Plan
from bench.record.codable import decode, encode, plan_from_dict, plan_to_dict
from bench.record.folder import RunFolder
from bench.report.finding_words import joined_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.verdict.gap import up_to_the_gap
from bench.verdict.judge import judge
from bench.verdict.result import Verdict

ROOT = Path(__file__).resolve().parents[1]
MS = 1_000_000
SENT_EVERY_MS = 20  # the flag; the coil every 10 ms


def published(delay_ms: int) -> Plan:
    """A DUT that announces so long a delay, judged by nothing else."""
    own = Announced(
        tests=(FAULT,),
        floor_ns=(delay_ms - 10) * MS,
        ceiling_ns=(delay_ms + SENT_EVERY_MS + 10 + 2 * 10) * MS,
    )
    free = replace(PLAN, window_ns=20_000 * MS, fdti_budget_ns=None, fhti_budget_ns=None, ftti_ns=None)
    return replace(free, announced=(own,), opening=(OPEN,), dtc_test=None)


@pytest.mark.parametrize(
    ("published_ms", "delay_ms", "verdict"),
    [
        (10_010, 9_000, Verdict.FAIL),
        (10_010, 10_010, Verdict.PASS),
        (10_010, 11_000, Verdict.FAIL),
        (200, 0, Verdict.FAIL),
        (200, 150, Verdict.FAIL),
        (200, 190, Verdict.PASS),
        (200, 210, Verdict.PASS),
        (200, 240, Verdict.INCONCLUSIVE),
        (200, 290, Verdict.FAIL),
    ],
)
def test_the_opening_comes_when_it_was_announced(published_ms: int, delay_ms: int, verdict: Verdict) -> None:
    plan = published(published_ms)
    trace = shot(detect=210, safe=210 + delay_ms, end=delay_ms + 600, silent_from=20_000)
    found = measure(trace, plan, DECODERS)
    (one,) = found.reactions
    interval = one.latency.interval
    assert interval.low_ns <= delay_ms * MS <= interval.high_ns <= (delay_ms + SENT_EVERY_MS) * MS
    judgement = judge(found, plan)
    assert judgement.verdict is verdict, joined_words(judgement)
    if verdict is Verdict.FAIL:
        (reason,) = judgement.reasons
        assert isinstance(reason.finding, TooEarly if delay_ms < published_ms else TooLate)
        assert reason.finding.time is Time.OPENING
        assert "delay to the opening" in joined_words(judgement)


def test_an_opening_before_any_report_is_no_way_out() -> None:
    plan = published(200)
    found = measure(shot(detect=290, safe=180, end=900), plan, DECODERS)
    assert found.reactions[0].latency.interval == Interval(low_ns=0, high_ns=0)
    assert "too-early" in [one.finding.code for one in judge(found, plan).reasons]


def test_contactors_that_were_open_already_react_to_nothing() -> None:
    found = measure(shot(safe=0, end=900), published(200), DECODERS)
    assert found.reactions == ()


def test_a_fault_that_may_come_with_it_and_opens_at_once_excuses_haste() -> None:
    plan = published(200)
    both = replace(plan, announced=(*plan.announced, Announced(tests=(ERROR_STATE,), floor_ns=0)))
    trace = shot(detect=210, safe=220)
    assert judge(measure(trace, plan, DECODERS), plan).verdict is Verdict.FAIL
    found = measure(trace, both, DECODERS)
    assert len(found.reactions) == 2 and judge(found, both).verdict is Verdict.PASS
    # Not where it was not reported; and one that waits as well is no excuse.
    unsaid = replace(
        both, announced=(plan.announced[0], Announced(tests=(replace(FAULT, value=7),), floor_ns=0))
    )
    assert judge(measure(trace, unsaid, DECODERS), unsaid).verdict is Verdict.FAIL
    slow = replace(both, announced=(plan.announced[0], replace(both.announced[1], floor_ns=90 * MS)))
    assert judge(measure(trace, slow, DECODERS), slow).verdict is Verdict.FAIL


def test_where_nothing_shows_the_beginning_the_safe_state_has_the_floor_alone() -> None:
    plan = published(200)
    blind = replace(plan, opening=(), announced=(replace(plan.announced[0], ceiling_ns=None),))
    assert judge(measure(shot(detect=210, safe=260), blind, DECODERS), blind).verdict is Verdict.FAIL
    late = measure(shot(detect=210, safe=900, end=1500), blind, DECODERS)
    assert judge(late, blind).verdict is Verdict.PASS


def test_a_known_late_reaction_may_begin_late_but_not_early() -> None:
    term = Term(name="stamp", width_ns=0)
    late = Latency(interval=Interval(low_ns=900 * MS, high_ns=900 * MS), terms=(term,))
    reaction = Reaction(latency=late, floor_ns=190 * MS, ceiling_ns=250 * MS)
    found = replace(measure(shot(), PLAN, DECODERS), reactions=(reaction,))
    loosened, _ = up_to_the_gap(found, PLAN, GapBound(fhti_at_most_ns=2000 * MS))
    assert loosened.reactions == (replace(reaction, ceiling_ns=None),)
    kept, _ = up_to_the_gap(found, PLAN, GapBound(fdti_at_most_ns=2000 * MS))
    assert kept.reactions == (reaction,)


def test_the_delay_is_stored_with_the_shot() -> None:
    plan = published(200)
    assert plan_from_dict(json.loads(json.dumps(plan_to_dict(plan)))) == plan
    found = measure(shot(), plan, DECODERS)
    assert found.reactions
    assert decode(Measurement, json.loads(json.dumps(encode(found)))) == found


def test_the_plan_takes_the_delay_from_the_profile(prepared: dict[str, Prepared]) -> None:
    plan = prepared["ov-step-cell17"].plan
    assert [test.signal for test in plan.opening] == ["ContactorPlusCommand", "ContactorMinusCommand"]
    (own,) = plan.announced
    assert (own.floor_ns, own.ceiling_ns) == (190 * MS, (200 + 20 + 10 + 20) * MS)
    assert prepared["weld-plus-at-opening"].plan.announced == (), "it opens because the vehicle says so"
    held = [one for one in prepared.values() if one.plan.announced]
    assert len(held) > 50


def test_a_profile_may_say_what_shows_the_beginning(tmp_path: Path) -> None:
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    path = tmp_path / "profile.toml"
    path.write_text(f'{text}\n[contactor]\nopening = ["state == error"]\n', encoding="utf-8")
    profile = load_profile(path)
    assert [(test.role, test.value) for test in profile.opening] == [(profile.roles["state"], 5.0)]
    assert profile.coils_told, "plus and minus are still the coils' commands"


@pytest.mark.parametrize(
    ("firmware", "scenario", "time"),
    [
        ("opens_unannounced", "hvil-open-driving", Time.OPENING),
        ("opens_before_announced", "ov-step-cell17", Time.OPENING),
        ("shorter_overcurrent", "oc-charge-low", Time.FDTI),
        ("shorter_hvil", "hvil-open-driving", Time.FDTI),
    ],
)
def test_a_build_that_does_not_wait_as_published_is_caught(
    tmp_path: Path, firmware: str, scenario: str, time: Time
) -> None:
    """By the floors alone: no twin, no budget."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", firmware, None)
    (file,) = (ROOT / "scenarios").glob(f"*/{scenario.replace('-', '_')}.toml")
    one = load_scenarios(wired, [file], None)[0][0]
    runs = RunFolder.create(tmp_path, firmware, {})
    early = [
        reason.finding
        for index in range(3)
        for reason in shoot(wired, one, index, 3, 1, runs).judgement.reasons
    ]
    assert early and all(isinstance(found, TooEarly) and found.time is time for found in early)
