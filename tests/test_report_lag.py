"""A DUT that reports late: the fact lies before the frame, and the bench's own plant follows it no better."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_measure_trace import DECODERS, ERROR_STATE, FAULT, OPEN, PLAN, shot

from bench.config.lag import Lag
from bench.config.profile import Role
from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.measure.finding.answer import ForbiddenSeen
from bench.measure.finding.base import Since, When
from bench.measure.interval import Interval
from bench.measure.lagging import doubts_of_late_plant
from bench.measure.measure import measure
from bench.measure.plan import Plan
from bench.record.codable import plan_from_dict, plan_to_dict
from bench.record.folder import RunFolder, read_shot
from bench.report.finding_words import joined_words
from bench.running.load import load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.trace.facts import ContactorsFollowed
from bench.trace.timeline import Trace
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
MS = 1_000_000
MEASURED = Lag(low_ns=0, high_ns=110 * MS, source="the maker's own measurement")


def lagging(lag: Lag) -> Plan:
    """The plan of a DUT that tells its contactors late."""
    return replace(PLAN, safe_state=(replace(OPEN, lag=lag),))


def test_the_fact_lies_between_the_longest_and_the_shortest_lag_before_the_report() -> None:
    trace = shot()  # onset 110 ms, flag 210 ms, opening told at 260 ms and denied at 250 ms
    at_once = measure(trace, replace(PLAN, safe_state=(OPEN,)), DECODERS)
    late = measure(trace, lagging(MEASURED), DECODERS)
    assert at_once.fhti is not None and late.fhti is not None and late.frti is not None
    assert (at_once.fhti.interval.low_ns, at_once.fhti.interval.high_ns) == (140 * MS, 150 * MS)
    assert (late.fhti.interval.low_ns, late.fhti.interval.high_ns) == (30 * MS, 150 * MS)
    terms = {term.name: (term.width_ns, term.note) for term in late.fhti.terms}
    assert terms["DUT report lag"] == (110 * MS, "the maker's own measurement")
    assert sum(term.width_ns for term in late.fhti.terms) == late.fhti.interval.width_ns
    assert "DUT report lag" in {term.name for term in late.frti.terms}
    shifted = measure(trace, lagging(Lag(low_ns=40 * MS, high_ns=60 * MS)), DECODERS)
    assert shifted.fhti is not None
    assert (shifted.fhti.interval.low_ns, shifted.fhti.interval.high_ns) == (80 * MS, 110 * MS)
    assert "DUT report lag (assumed)" in {term.name for term in shifted.fhti.terms}, "it names no source"


def test_a_late_report_alone_fails_nobody() -> None:
    plan = replace(lagging(MEASURED), fhti_budget_ns=135 * MS)
    trace = shot()
    without = replace(plan, safe_state=(OPEN,))
    assert judge(measure(trace, without, DECODERS), without).verdict is Verdict.FAIL
    found = measure(trace, plan, DECODERS)
    assert judge(found, plan).verdict is Verdict.INCONCLUSIVE
    assert "'DUT report lag' (110.0 ms) is widest" in joined_words(judge(found, plan))


def test_a_report_that_tells_of_the_time_before_the_fault_is_no_detection() -> None:
    """Told 100 ms after the onset, of a fact at least 120 ms old."""
    old = replace(FAULT, lag=Lag(low_ns=120 * MS, high_ns=150 * MS))
    found = measure(shot(), replace(PLAN, detection=(old,)), DECODERS)
    assert "reported-before-fault" in [one.code for one in found.broken]
    young = replace(FAULT, lag=Lag(low_ns=20 * MS, high_ns=150 * MS))
    found = measure(shot(), replace(PLAN, detection=(young,)), DECODERS)
    assert found.broken == () and found.fdti is not None
    assert (found.fdti.interval.low_ns, found.fdti.interval.high_ns) == (0, 80 * MS), "never before the onset"


def test_a_plan_with_lags_survives_storing() -> None:
    plan = replace(lagging(MEASURED), safe_by_word=True)
    assert plan_from_dict(json.loads(json.dumps(plan_to_dict(plan)))) == plan
    older = plan_to_dict(PLAN)
    del older["safe_by_word"]
    for test in (*older["onset"], *older["detection"], *older["safe_state"]):
        del test["lag"]
    assert plan_from_dict(older) == PLAN, "a run stored before"


def profile_with(folder: Path, new: str) -> Path:
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    old = 'plus_command = "vehicle.BMS_State.ContactorPlusCommand"'
    assert old in text
    path = folder / "profile.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_a_profile_states_the_lag_of_a_role(tmp_path: Path) -> None:
    stated = 'plus_command = { signal = "vehicle.BMS_State.ContactorPlusCommand", lag = ["5 ms", "110 ms"] }'
    profile = load_profile(profile_with(tmp_path, stated))
    role = Role("vehicle", "BMS_State", "ContactorPlusCommand")
    assert profile.roles["plus_command"] == role
    assert profile.lags == {role: Lag(low_ns=5 * MS, high_ns=110 * MS)}
    assert profile.contactor_lag == Lag(low_ns=5 * MS, high_ns=110 * MS)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ('lag = ["110 ms", "5 ms"]', "expected the shortest lag first"),
        ('lag = ["110 ms"]', "output.plus_command.lag"),
        ('lag = "110 ms"', "output.plus_command.lag"),
        ('lag_source = "hearsay"', "found it without 'lag'"),
        ("lagg = 3", "lagg"),
    ],
)
def test_a_mistake_in_a_lag_is_told_where_it_stands(tmp_path: Path, new: str, words: str) -> None:
    stated = f'plus_command = {{ signal = "vehicle.BMS_State.ContactorPlusCommand", {new} }}'
    with pytest.raises(ConfigError) as wrong:
        load_profile(profile_with(tmp_path, stated))
    assert words in str(wrong.value)


def test_one_signal_has_one_lag(tmp_path: Path) -> None:
    stated = (
        'plus_command = { signal = "vehicle.BMS_State.ContactorPlusCommand", lag = ["5 ms", "110 ms"] }\n'
        'plus_again = { signal = "vehicle.BMS_State.ContactorPlusCommand", lag = ["5 ms", "90 ms"] }'
    )
    with pytest.raises(ConfigError, match="found another lag than before"):
        load_profile(profile_with(tmp_path, stated))


def late_bench(wired: Wired) -> Wired:
    """The reference BMS, as if its coil commands were reported up to 60 ms late."""
    roles = wired.profile.roles
    lag = Lag(low_ns=0, high_ns=60 * MS)
    lags = {roles[name]: lag for name in ("plus_command", "minus_command", "precharge_command")}
    return replace(wired, profile=replace(wired.profile, lags=lags))


HVIL = ROOT / "scenarios" / "contactors" / "hvil_open_driving.toml"


def test_what_follows_the_plants_contactors_carries_their_lag(wired: Wired, tmp_path: Path) -> None:
    late = late_bench(wired)
    prepared = load_scenarios(late, [HVIL], None)[0][0]
    lags = {test.signal: test.lag for test in prepared.plan.safe_state}
    assert lags["PlusFeedback"] == lags["ContactorPlusCommand"] == Lag(low_ns=0, high_ns=60 * MS)
    current = next(probe for probe in prepared.plan.probes if probe.name == "current gone")
    assert {test.lag for test in current.tests} == {Lag(low_ns=0, high_ns=60 * MS)}
    assert not any(test.lag for test in prepared.plan.onset), (
        "the stimulus is shown by the bench, not reported"
    )
    runs = RunFolder.create(tmp_path, "late", {})
    result = shoot(late, prepared, 0, 1, 1, runs)
    trace, _ = read_shot(runs.path / result.folder)[:2]
    moved = [mark for mark in trace.of(ContactorsFollowed) if not mark.fact.plus and not mark.fact.minus]
    assert moved and moved[-1].fact.high_ns == moved[-1].t_ns
    assert moved[-1].fact.low_ns == moved[-1].t_ns - 70 * MS, "60 ms, and the plant's own step"
    found = result.measurement
    assert found is not None and found.fhti is not None
    assert "plant-followed-report" in [one.code for one in found.anomalies]
    gone = next(probe.at for probe in found.probes if probe.name == "current gone")
    assert gone is not None and gone.width_ns >= 60 * MS
    assert result.judgement.verdict is Verdict.PASS
    notes = scenario_result(prepared, [result], Timebase.SIMULATED, late.profile).notes
    assert any(
        "ContactorPlusCommand tells a fact 0 ns to 60.0 ms after it, which is assumed" in n for n in notes
    )
    assert not any("word alone" in note for note in notes), "auxiliary contacts are seen"


def test_a_bench_without_lags_says_nothing_of_them(wired: Wired, tmp_path: Path) -> None:
    prepared = load_scenarios(wired, [HVIL], None)[0][0]
    result = shoot(wired, prepared, 0, 1, 1, RunFolder.create(tmp_path, "prompt", {}))
    assert result.measurement is not None and result.measurement.anomalies == ()
    notes = scenario_result(prepared, [result], Timebase.SIMULATED, wired.profile).notes
    assert not any("tells a fact" in note or "word alone" in note for note in notes)


def test_a_safe_state_by_the_duts_word_is_named_so(wired: Wired, prepared: dict[str, Prepared]) -> None:
    assert not load_scenarios(wired, [HVIL], None)[0][0].plan.safe_by_word
    told_only = [
        one
        for one in prepared.values()
        if one.scenario.expect is not None and one.scenario.expect.safe_state == "charge_stop"
    ]
    assert told_only and all(one.plan.safe_by_word for one in told_only)
    notes = scenario_result(told_only[0], [], Timebase.SIMULATED, wired.profile).notes
    assert any("known by the DUT's word alone" in note for note in notes)
    # Where the plant's contactors follow other reports than the coils', its feedback is no witness either.
    by_report = replace(wired, profile=replace(wired.profile, coils_told=False))
    assert load_scenarios(by_report, [HVIL], None)[0][0].plan.safe_by_word


def test_an_input_of_the_bench_is_no_word_of_the_dut(wired: Wired, tmp_path: Path) -> None:
    """A coil that the bench sees in a message: it is a witness by itself, and for the plant that follows it."""
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    coils = """
coil_plus = { signal = "vehicle.BMS_State.ContactorPlusCommand", seen_by = "bench" }
coil_minus = { signal = "vehicle.BMS_State.ContactorMinusCommand", seen_by = "bench" }
"""
    told = """
[contactor]
plus = ["coil_plus == 1"]
minus = ["coil_minus == 1"]
precharge = ["coil_minus == 1"]
"""
    path = tmp_path / "profile.toml"
    path.write_text(text.replace("[output]", f"[output]{coils}", 1) + told, encoding="utf-8")
    profile = load_profile(path)
    assert not profile.coils_told and len(profile.witnesses) == 2
    seen = replace(wired, profile=profile)
    assert not load_scenarios(seen, [HVIL], None)[0][0].plan.safe_by_word
    plain = replace(wired, profile=replace(profile, witnesses=frozenset()))
    assert load_scenarios(plain, [HVIL], None)[0][0].plan.safe_by_word


def test_a_command_that_is_told_late_was_given_earlier() -> None:
    """The onset of a weld is the DUT's own command to open: told at 260 ms, after the request at 100 ms."""
    told = replace(PLAN, onset=(replace(OPEN, lag=MEASURED),), detection=(ERROR_STATE,), onset_step=None)
    found = measure(shot(), told, DECODERS)
    assert found.onset == Interval(low_ns=150 * MS, high_ns=260 * MS)
    assert found.fdti is not None and found.fdti.interval.high_ns == 110 * MS
    assert "DUT report lag" in {term.name for term in found.fdti.terms}
    longer = replace(told, onset=(replace(OPEN, lag=Lag(low_ns=0, high_ns=900 * MS)),))
    assert measure(shot(), longer, DECODERS).onset == Interval(low_ns=100 * MS, high_ns=260 * MS)


def test_what_the_dut_says_of_a_current_that_flowed_too_long_is_doubted() -> None:
    trace = Trace(timebase=Timebase.SIMULATED, stamping={})
    assert doubts_of_late_plant(trace, [], 0) == []
    opened = ContactorsFollowed(plus=False, minus=False, precharge=False, low_ns=900 * MS, high_ns=1000 * MS)
    trace.mark(1000 * MS, opened, "plant")

    def forbidden(t_ms: int) -> ForbiddenSeen:
        return ForbiddenSeen(test=FAULT, when=When(offset_ns=t_ms * MS, since=Since.ONSET))

    assert [one.code for one in doubts_of_late_plant(trace, [forbidden(1050)], 0)] == [
        "plant-followed-report"
    ]
    assert doubts_of_late_plant(trace, [forbidden(800)], 0) == [], "before the contactors moved"
    assert doubts_of_late_plant(trace, [forbidden(1500)], 0) == [], "long after"
    assert doubts_of_late_plant(trace, [forbidden(1050), forbidden(800)], 0) == [], (
        "one of them stands by itself"
    )
