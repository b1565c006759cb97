"""Results survive JSON and the database, and the two timebases stay apart."""

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_run import sample_run

from bench.errors import RecordError
from bench.measure.plan import Aim, Plan
from bench.measure.signal_test import SignalTest
from bench.record.codable import plan_from_dict, plan_to_dict, run_from_dict, run_to_dict
from bench.record.database import ResultsDatabase
from bench.stored.trend import trend, trends
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.result import RunResult, Verdict


def on_host(run: RunResult, run_id: str) -> RunResult:
    scenarios = tuple(dataclasses.replace(s, timebase=Timebase.HOST) for s in run.scenarios)
    return dataclasses.replace(run, run_id=run_id, timebase=Timebase.HOST, scenarios=scenarios)


def test_a_run_survives_json() -> None:
    run = sample_run()
    text = json.dumps(run_to_dict(run))
    assert run_from_dict(json.loads(text)) == run
    assert '"verdict": "BLOCKED"' in text


def test_a_plan_survives_json() -> None:
    test = SignalTest(channel="vehicle", message="BMS_State", signal="State", op="==", value=5.0)
    plan = Plan(
        aim=Aim.MUST_TRIP,
        onset=(test,),
        detection=(),
        safe_state=(test, test),
        forbidden=(),
        heard=(("vehicle", "BMS_State", 30), ("sense", "IO", 5)),
        dtc_test=None,
        confirm_by_readback=True,
        hold_ns=1,
        window_ns=2,
        floor_ns=None,
        ceiling_ns=4,
        fdti_budget_ns=None,
        fhti_budget_ns=6,
        ftti_ns=7,
    )
    assert plan_from_dict(json.loads(json.dumps(plan_to_dict(plan)))) == plan


def spoil(content: dict[str, Any], what: str) -> None:
    match what:
        case "verdict":
            content["scenarios"][0]["judgement"]["verdict"] = "GREEN"
        case "interval":
            content["scenarios"][0]["shots"][0]["measurement"]["fdti"]["interval"]["low_ns"] = 10**15
        case "missing":
            del content["seed"]
        case "float":
            content["scenarios"][0]["budget"]["ftti_ns"] = 1.5


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("verdict", r"scenarios\[0\]\.judgement\.verdict: found 'GREEN'; expected one of NONE, PASS"),
        ("interval", r"fdti\.interval: .* upside down"),
        ("missing", r"RunResult: fields missing or unknown: seed"),
        ("float", r"budget\.ftti_ns: found 1\.5; expected int"),
    ],
)
def test_a_wrong_result_file_names_the_place(what: str, message: str) -> None:
    content = json.loads(json.dumps(run_to_dict(sample_run(n=12))))
    spoil(content, what)
    with pytest.raises(RecordError, match=message):
        run_from_dict(content)


def test_history_never_mixes_simulated_and_host_time(results_at: str | Path) -> None:
    database = ResultsDatabase(results_at)
    run = sample_run()
    database.add(dataclasses.replace(run, run_id="second", started_utc="2026-11-24T00:00:00Z"))
    database.add(run)
    database.add(on_host(run, "bench"))
    simulated = database.history("weld-plus", EvidenceClass.SIMULATED)
    assert [past.run_id for past in simulated] == [run.run_id, "second"]
    assert [past.run_id for past in database.history("weld-plus", EvidenceClass.REAL_TIME)] == ["bench"]
    assert simulated[0].verdict is Verdict.FAIL
    assert simulated[0].reasons == run.scenarios[1].judgement.reasons
    assert simulated[0].fdti_max_high_ns == 310_000_000
    assert simulated[0].shots == 59
    assert database.history("hvil-open", EvidenceClass.REAL_TIME)[0].fdti_max_high_ns is None
    assert database.history("nothing", EvidenceClass.REAL_TIME) == ()


def test_a_run_is_stored_once_and_whole(tmp_path: Path) -> None:
    database = ResultsDatabase(f"sqlite:///{tmp_path / 'r.sqlite'}")
    run = sample_run(n=12)
    assert database.add(run) and not database.add(run)
    assert len(ResultsDatabase(tmp_path / "r.sqlite").history("weld-plus", EvidenceClass.SIMULATED)) == 1


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "r.sqlite").write_text("this is no database, but long enough to be read as one " * 20)
    with pytest.raises(RecordError, match="cannot open the results database") as caught:
        ResultsDatabase(tmp_path / "r.sqlite")
    assert "\n" not in str(caught.value)
    with pytest.raises(RecordError, match="cannot open"):
        ResultsDatabase("nosuch://server/x")


def test_a_trend_keeps_unlike_runs_apart_and_says_which(results_at: str | Path) -> None:
    database = ResultsDatabase(results_at)
    run = sample_run(n=12)
    hashes = {"rig": "a" * 64, "scenario.weld-plus": "1" * 64}
    unlike = [{**hashes, "rig": "b" * 64}, {**hashes, "scenario.weld-plus": "2" * 64}, {}]
    for number, own in enumerate([*unlike, hashes, hashes, hashes]):
        stamp = f"2026-01-0{number + 1}T00:00:00+00:00"
        database.add(dataclasses.replace(run, run_id=f"r{number}", started_utc=stamp, hashes=own))
    found = trend(database, "weld-plus", Timebase.SIMULATED, run.chemistry, "fdti")
    assert [point.past.run_id for point in found.points] == ["r3", "r4", "r5"]
    assert found.points[0].baseline_ns is None and found.points[2].baseline_ns is not None
    assert dict(found.apart) == {
        "on another rig (bbbbbbbb)": 1,
        "of another scenario file (22222222)": 1,
        "on another rig (not recorded)": 1,
    }
    assert trend(database, "nothing", Timebase.SIMULATED, run.chemistry, "fdti").points == ()


def test_runs_of_other_counts_stay_on_the_line_and_make_no_baseline(results_at: str | Path) -> None:
    """A quick look with one shot hid all the runs before it."""
    database = ResultsDatabase(results_at)
    for number, count in enumerate([59, 59, 12, 59, 12]):
        run = sample_run(n=count)
        one = run.scenarios[0]
        assert one.fhti is not None
        one = dataclasses.replace(one, fhti=dataclasses.replace(one.fhti, max_high_ns=count))
        run = dataclasses.replace(run, run_id=f"r{number}", scenarios=(one,))
        database.add(dataclasses.replace(run, started_utc=f"2026-01-0{number + 1}T00:00:00+00:00"))
    found = trend(database, "cell-overvoltage", EvidenceClass.SIMULATED, run.chemistry, "fhti")
    assert [point.past.shots for point in found.points] == [59, 59, 12, 59, 12] and not found.apart
    assert [point.value_ns for point in found.points] == [59, 59, 12, 59, 12]
    assert [point.baseline_ns for point in found.points] == [None, 59, None, 59, 12]


@given(st.lists(st.sampled_from([12, 59]), min_size=7, max_size=24), st.integers(2, 4))
@settings(max_examples=15)
def test_the_last_points_keep_their_baselines_whatever_counts_lie_between(
    counts: list[int], last: int
) -> None:
    """The runs of as many shots may lie further back than the runs that are shown."""
    with tempfile.TemporaryDirectory() as folder:
        database = ResultsDatabase(Path(folder) / "r.sqlite")
        made = {count: sample_run(n=count) for count in set(counts)}
        for number, count in enumerate(counts):
            run = made[count]
            one = run.scenarios[0]
            assert one.fhti is not None
            one = dataclasses.replace(one, fhti=dataclasses.replace(one.fhti, max_high_ns=number * 1_000_000))
            stamp = f"2026-01-01T00:00:{number:02d}+00:00"
            database.add(dataclasses.replace(run, run_id=f"r{number}", started_utc=stamp, scenarios=(one,)))
        asked = (database, EvidenceClass.SIMULATED, run.chemistry, "fhti")
        whole, some = trends(*asked), trends(*asked, last=last)
        name = one.scenario_id
        assert some[name].points == whole[name].points[-last:]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12"), st.booleans()), max_size=9),
    st.integers(2, 4),
)
@settings(max_examples=20)
def test_the_last_points_are_the_end_of_the_whole_line(runs: list[tuple[str, str, bool]], last: int) -> None:
    """However the runs lie: other rigs, other files, runs without the scenario."""
    with tempfile.TemporaryDirectory() as folder:
        database = ResultsDatabase(Path(folder) / "r.sqlite")
        made = sample_run(n=12)
        for number, (rig, file, has) in enumerate(runs):
            hashes = {"rig": rig, "scenario.weld-plus": file}
            kept = made.scenarios if has else made.scenarios[:1]
            stamp = f"2026-01-01T00:00:{number:02d}+00:00"
            run = dataclasses.replace(
                made, run_id=f"r{number}", started_utc=stamp, hashes=hashes, scenarios=kept
            )
            database.add(run)
        asked = (database, EvidenceClass.SIMULATED, made.chemistry, "fhti")
        whole, some = trends(*asked), trends(*asked, last=last)
        assert {name: (one.points[-last:], one.apart) for name, one in whole.items()} == {
            name: (one.points, one.apart) for name, one in some.items()
        }
