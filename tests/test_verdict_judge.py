"""Judging: every way to PASS, FAIL, ERROR and INCONCLUSIVE, and that more budget never hurts."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import RecordError
from bench.measure.finding.answer import ForbiddenSeen
from bench.measure.finding.base import Blame, Since, When
from bench.measure.finding.bench import FramesLost
from bench.measure.finding.life import SilentInHold
from bench.measure.finding.stimulus import StimulusUnproven
from bench.measure.interval import Interval, Latency, Measurement, Term
from bench.measure.plan import Aim, Plan
from bench.measure.signal_test import SignalTest
from bench.record.codable import decode, encode
from bench.report.finding_words import joined_words, reasons_words
from bench.verdict.judge import judge
from bench.verdict.result import Judgement, Verdict

MS = 1_000_000
FAULT = SignalTest(channel="vehicle", message="BMS_Faults", signal="CellOvervoltage", op="==", value=1)
PLAN = Plan(
    aim=Aim.MUST_TRIP,
    onset=(FAULT,),
    detection=(FAULT,),
    safe_state=(FAULT,),
    forbidden=(),
    heard=(("vehicle", "BMS_State", 50 * MS),),
    dtc_test=replace(FAULT, message="BMS_Dtc", signal="DtcCode", value=0x1A0117),
    confirm_by_readback=True,
    hold_ns=100 * MS,
    window_ns=1000 * MS,
    floor_ns=50 * MS,
    ceiling_ns=130 * MS,
    fdti_budget_ns=150 * MS,
    fhti_budget_ns=300 * MS,
    ftti_ns=500 * MS,
)
LOST = FramesLost(source="can0", count=7)
SILENT = SilentInHold(message="BMS_State")
FORBIDDEN = ForbiddenSeen(test=FAULT, when=When(offset_ns=MS, since=Since.ONSET))
QUIET = replace(PLAN, aim=Aim.MUST_NOT_TRIP, dtc_test=None)


def latency(low: int, high: int) -> Latency:
    terms = (
        Term(name="stamp", width_ns=1),
        Term(name="DUT reporting cycle", width_ns=(high - low) * MS),
    )
    return Latency(interval=Interval(low_ns=low * MS, high_ns=high * MS), terms=terms)


GOOD = Measurement(
    onset=Interval(low_ns=0, high_ns=0),
    detected=Interval(low_ns=100 * MS, high_ns=120 * MS),
    safe=Interval(low_ns=200 * MS, high_ns=220 * MS),
    fdti=latency(100, 120),
    frti=latency(80, 120),
    fhti=latency(200, 220),
    dtc_seen=True,
    held=True,
    broken=(),
    silent=(),
    bench_faults=(),
    anomalies=(),
    observable_ns=20 * MS,
)
CALM = replace(
    GOOD,
    detected=None,
    safe=None,
    fdti=None,
    frti=None,
    fhti=None,
    dtc_seen=None,
    held=None,
    observable_ns=None,
)


def test_all_facts_present_and_in_budget_pass_without_a_word() -> None:
    assert judge(GOOD, PLAN) == Judgement(verdict=Verdict.PASS, reasons=())
    assert judge(CALM, QUIET) == Judgement(verdict=Verdict.PASS, reasons=())


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        ({"bench_faults": (LOST,)}, Verdict.ERROR, "7 frames were lost"),
        ({"bench_faults": (LOST,), "broken": (FORBIDDEN,)}, Verdict.ERROR, "7 frames were lost"),
        ({"onset": None}, Verdict.ERROR, "no onset was seen"),
        ({"held": None}, Verdict.ERROR, "nothing shows whether the safe state was held"),
        ({"held": None, "silent": (SILENT,)}, Verdict.FAIL, "fell silent"),
        ({"detected": None, "fdti": None, "frti": None}, Verdict.FAIL, "not detected within 1.000 s"),
        ({"safe": None, "fhti": None, "held": None}, Verdict.FAIL, "safe state not reached within 1.000 s"),
        ({"held": False}, Verdict.FAIL, "safe state was not held for 100.0 ms"),
        ({"dtc_seen": False}, Verdict.FAIL, "DTC 0x1A0117 was not reported"),
        ({"dtc_seen": None}, Verdict.FAIL, "DTC 0x1A0117 was not reported"),
        ({"broken": (FORBIDDEN,)}, Verdict.FAIL, "CellOvervoltage == 1 at +1.0 ms after onset"),
        ({"silent": (SILENT,)}, Verdict.FAIL, "fell silent"),
        ({"fdti": latency(151, 160)}, Verdict.FAIL, "FDTI [151.0 ms, 160.0 ms] is above the budget 150.0 ms"),
        ({"fdti": latency(131, 150)}, Verdict.FAIL, "published debounce"),
        ({"fdti": latency(130, 150)}, Verdict.INCONCLUSIVE, "straddles the ceiling"),
        ({"fdti": latency(30, 49)}, Verdict.FAIL, "too early"),
        ({"fdti": latency(30, 50)}, Verdict.PASS, ""),
        ({"fdti": latency(50, 130)}, Verdict.PASS, ""),
        ({"fhti": latency(301, 302)}, Verdict.FAIL, "FHTI [301.0 ms, 302.0 ms] is above"),
        ({"fhti": latency(290, 310)}, Verdict.INCONCLUSIVE, "'DUT reporting cycle' (20.0 ms) is widest"),
        ({"fhti": latency(280, 300)}, Verdict.PASS, ""),
        ({"detected": Interval(low_ns=1001 * MS, high_ns=1020 * MS)}, Verdict.FAIL, "only after the window"),
    ],
)
def test_must_trip(change: dict[str, Any], verdict: Verdict, words: str) -> None:
    judgement = judge(replace(GOOD, **change), PLAN)
    assert judgement.verdict is verdict
    assert words in joined_words(judgement)
    assert bool(judgement.reasons) is (verdict is not Verdict.PASS)


@pytest.mark.parametrize(
    ("change", "plan", "verdict", "code"),
    [
        ({"detected": GOOD.detected}, {}, Verdict.FAIL, "nuisance-trip"),
        ({"broken": (FORBIDDEN,)}, {}, Verdict.FAIL, "forbidden-seen"),
        ({"dtc_seen": True}, {"dtc_test": PLAN.dtc_test}, Verdict.FAIL, "nuisance-dtc"),
        ({"dtc_seen": False}, {"dtc_test": PLAN.dtc_test}, Verdict.PASS, None),
        ({"silent": (SILENT,)}, {}, Verdict.FAIL, "silent-in-hold"),
        ({"bench_faults": (StimulusUnproven(),)}, {}, Verdict.ERROR, "stimulus-unproven"),
        ({}, {"heard": ()}, Verdict.ERROR, "no-proof-of-life"),
        ({}, {"detection": (), "forbidden": ()}, Verdict.ERROR, "nothing-forbidden"),
        ({"onset": None}, {}, Verdict.PASS, None),
    ],
)
def test_must_not_trip(
    change: dict[str, Any], plan: dict[str, Any], verdict: Verdict, code: str | None
) -> None:
    judgement = judge(replace(CALM, **change), replace(QUIET, **plan))
    assert judgement.verdict is verdict
    assert [one.finding.code for one in judgement.reasons] == ([] if code is None else [code])


def test_whoever_is_blamed_fits_the_verdict() -> None:
    """FAIL is for findings that blame the DUT, ERROR for those that blame the bench."""
    for change, plan in (
        ({"detected": GOOD.detected}, {}),
        ({}, {"heard": ()}),
        ({"dtc_seen": True}, {"dtc_test": PLAN.dtc_test}),
    ):
        judgement = judge(replace(CALM, **change), replace(QUIET, **plan))
        blamed = {Verdict.FAIL: Blame.DUT, Verdict.ERROR: Blame.BENCH}[judgement.verdict]
        assert {one.finding.blame for one in judgement.reasons} == {blamed}


def test_ftti_is_strict_and_its_last_fifth_warns() -> None:
    plan = replace(PLAN, fhti_budget_ns=None)
    for low, high, verdict, words in (
        (390, 400, Verdict.PASS, ()),
        (390, 401, Verdict.PASS, ("warning: FHTI may be 401.0 ms, 80 % of the FTTI 500.0 ms",)),
    ):
        judgement = judge(replace(GOOD, fhti=latency(low, high)), plan)
        assert (judgement.verdict, tuple(reasons_words(judgement))) == (verdict, words)
    assert judge(replace(GOOD, fhti=latency(490, 500)), plan).verdict is Verdict.INCONCLUSIVE
    assert judge(replace(GOOD, fhti=latency(500, 510)), plan).verdict is Verdict.FAIL


def test_nothing_asked_is_nothing_passed() -> None:
    for change in ({"detection": ()}, {"safe_state": ()}):
        assert judge(GOOD, replace(PLAN, **change)).verdict is Verdict.ERROR  # type: ignore[arg-type]


@given(
    low=st.integers(0, 400), width=st.integers(0, 200), budget=st.integers(0, 600), more=st.integers(0, 300)
)
def test_more_budget_never_worsens_the_verdict(low: int, width: int, budget: int, more: int) -> None:
    found = replace(GOOD, fdti=latency(low, low + width))
    plan = replace(PLAN, floor_ns=None, ceiling_ns=None, fdti_budget_ns=budget * MS)
    tight = judge(found, plan).verdict
    loose = judge(found, replace(plan, fdti_budget_ns=(budget + more) * MS)).verdict
    assert loose <= tight
    assert (tight is Verdict.PASS) == (low + width <= budget)
    assert (tight is Verdict.FAIL) == (low > budget)


@given(low=st.integers(0, 400), width=st.integers(1, 200), shrink=st.data())
def test_a_finer_measurement_never_turns_pass_into_fail(low: int, width: int, shrink: st.DataObject) -> None:
    inner_low = shrink.draw(st.integers(low, low + width))
    inner_high = shrink.draw(st.integers(inner_low, low + width))
    wide = judge(replace(GOOD, fdti=latency(low, low + width)), PLAN).verdict
    fine = judge(replace(GOOD, fdti=latency(inner_low, inner_high)), PLAN).verdict
    assert PLAN.floor_ns is not None
    # What hides below a floor is forgiven, until a finer measurement shows it.
    hidden = wide is Verdict.PASS and low * MS < PLAN.floor_ns
    assert fine is wide or wide is Verdict.INCONCLUSIVE or (hidden and inner_high * MS < PLAN.floor_ns)


def test_judgements_survive_storing() -> None:
    judgement = judge(replace(GOOD, fdti=latency(140, 160), held=False), PLAN)
    assert decode(Judgement, json.loads(json.dumps(encode(judgement)))) == judgement
    with pytest.raises(RecordError, match="GREEN"):
        decode(Judgement, {"verdict": "GREEN", "reasons": []})
