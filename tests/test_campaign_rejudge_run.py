"""A run that was forged and sealed anew: no hash shows it, but what the run says of itself no longer follows."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stored_run import FILE, ROOT, a_run_of

from bench.errors import RecordError
from bench.record.chain import FOOTER, seal
from bench.record.codable import run_from_dict
from bench.record.folder import RunFolder, open_run, read_shot, verify_run
from bench.record.shot import write_json
from bench.record.statement import STATEMENT, statement
from bench.report.junit import write_junit
from bench.report.junit_style import JUnitStyle
from bench.running.load import load_rig, load_scenarios
from bench.running.results import open_evidence
from bench.stored.rejudge import rejudge_run
from bench.stored.replan import replan

FAILS = "ov-step-cell17"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_run_of("late_overvoltage", tmp_path_factory.mktemp("made"))


@pytest.fixture
def run(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / written.name))


def edited(file: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    write_json(file, content)


def sealed(run: Path) -> Path:
    """As a forger does who knows of the hashes, of the chain and of the statement."""
    (run / FOOTER).unlink()
    (run / STATEMENT).unlink()
    found = seal(run, run.name)
    write_json(run / STATEMENT, statement(json.loads((run / "result.json").read_bytes()), found["sha256"]))
    write_json(run / FOOTER, seal(run, run.name))
    assert verify_run(run)[1] == ()
    return run


def scenarios(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """A change of the failing scenario in the run's result."""

    def of_result(content: Any) -> None:
        for one in content["scenarios"]:
            if one["scenario_id"] == FAILS:
                change(one)

    return lambda run: edited(run / "result.json", of_result)


def without_the_failing_scenario(run: Path, names: tuple[str, ...] = (FAILS,)) -> None:
    for name in names:
        shutil.rmtree(run / "scenarios" / name)
    edited(
        run / "result.json",
        lambda content: content.update(
            scenarios=[one for one in content["scenarios"] if one["scenario_id"] not in names]
        ),
    )


def without_any_word_of_it(run: Path) -> None:
    """Also in the header: its file is still there, and makes the scenario."""
    without_the_failing_scenario(run)

    def of_header(content: Any) -> None:
        content["scenarios"].remove(FAILS)
        del content["shots"][FAILS], content["hashes"][f"scenario.{FAILS}"]

    edited(run / "header.json", of_header)
    hashes = json.loads((run / "header.json").read_text())["hashes"]
    edited(run / "result.json", lambda content: content.update(hashes=hashes))


def rewritten(
    run: Path, change: Callable[[int, dict[str, Any], dict[str, Any]], object], numbers: dict[int, int]
) -> None:
    """The shots of the failing scenario stored anew, as the bench stores them: by new number the old one."""
    stored = {
        int(shot.name.removeprefix("shot-")): read_shot(shot)
        for shot in open_run(run).shots()
        if shot.parent.name == FAILS
    }
    shutil.rmtree(run / "scenarios" / FAILS)
    for new, old in numbers.items():
        trace, plan, result = stored[old]
        change(new, plan, result)
        RunFolder(run).write_shot(FAILS, new, trace, plan, result)


BOTH = {0: 0, 1: 1}


def without_its_failing_shots(run: Path) -> None:
    """Only the first is left, under a table that says so."""
    rewritten(run, lambda *_: None, {0: 0})
    scenarios(lambda one: one.update(shots=one["shots"][:1]))(run)


def blocked_in_its_place(run: Path) -> None:
    """An ERROR or BLOCKED of the bench is nobody's fault."""
    shutil.rmtree(run / "scenarios" / FAILS)

    def block(one: dict[str, Any]) -> None:
        why = {"verdict": "BLOCKED", "reasons": []}
        one["judgement"] = why
        for shot in one["shots"]:
            shot.update(folder="", digest="", measurement=None, judgement=why, identity="")
        one.update(fdti=None, fhti=None)

    scenarios(block)(run)


def verdict_of_the_scenario(run: Path) -> None:
    scenarios(lambda one: one.update(judgement={"verdict": "PASS", "reasons": []}))(run)


def its_statistics(run: Path) -> None:
    scenarios(lambda one: one["fdti"].update(max_high_ns=one["fdti"]["max_high_ns"] - 1))(run)


def its_budget(run: Path) -> None:
    scenarios(lambda one: one["budget"].update(ftti_ns=10**10))(run)


def its_aim(run: Path) -> None:
    scenarios(lambda one: one.update(fully_verifies=False, requirements=["BMS-XX-1"]))(run)


def plans_of(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    rewritten(run, lambda _, plan, __: change(plan), BOTH)


def budgets_in_the_plan(run: Path) -> None:
    """And everything that follows from it: each shot would PASS by its own plan."""
    passed = {"verdict": "PASS", "reasons": []}

    def raised(_: int, plan: dict[str, Any], result: dict[str, Any]) -> None:
        plan.update(fdti_budget_ns=10**10, fhti_budget_ns=10**10, ceiling_ns=None)
        result.update(judgement=passed)

    rewritten(run, raised, BOTH)

    def forged(one: dict[str, Any]) -> None:
        one["judgement"] = passed
        for shot in one["shots"]:
            shot["judgement"] = passed

    scenarios(forged)(run)


def budgets_in_the_inputs(run: Path) -> None:
    """The copy changed under its old name: the header's hash is another."""
    (file,) = (run / "inputs").glob("*-budgets.toml")
    file.write_text(file.read_text().replace('fdti = "2700 ms"', 'fdti = "2900 ms"'))


def an_input_more(run: Path) -> None:
    shutil.copy(FILE, run / "inputs" / "0123456789ab-other.toml")


@pytest.mark.slow
def test_a_run_without_a_dbc_file_cannot_be_judged(run: Path) -> None:
    next((run / "inputs").glob("*-vehicle.dbc")).unlink()
    with pytest.raises(RecordError, match=r"vehicle\.dbc"):
        rejudge_run(sealed(run))


def an_input_less(run: Path) -> None:
    next((run / "inputs").glob("*-budgets.toml")).unlink()


def header(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda run: edited(run / "header.json", change)


def shots_of(other: Path, run: Path) -> None:
    """The shots of another run as they are, and a table that fits them."""
    theirs = {one["scenario_id"]: one for one in json.loads((other / "result.json").read_text())["scenarios"]}
    shutil.rmtree(run / "scenarios" / FAILS)
    shutil.copytree(other / "scenarios" / FAILS, run / "scenarios" / FAILS)
    scenarios(lambda one: one.update(theirs[FAILS]))(run)


def seeds_too(run: Path) -> None:
    """The seeds of the run's own shots in place of the others'."""
    from bench.running.shots import shot_seed

    rewritten(run, lambda index, _, result: result.update(seed=shot_seed(1, FAILS, index)), BOTH)

    def of_result(one: dict[str, Any]) -> None:
        for shot in one["shots"]:
            shot["seed"] = shot_seed(1, FAILS, shot["index"])

    scenarios(of_result)(run)


def shots_the_other_way_round(run: Path) -> None:
    rewritten(run, lambda *_: None, {0: 1, 1: 0})


def fired_in_order(run: Path) -> None:
    """As if each shot's turn had been its number."""
    rewritten(run, lambda index, _, result: result.update(place=1 - result["place"]), BOTH)

    def of_result(one: dict[str, Any]) -> None:
        for shot in one["shots"]:
            shot["place"] = 1 - shot["place"]

    scenarios(of_result)(run)


def one_shot_everywhere(run: Path) -> None:
    """As if only the good half had been asked for: shots, table, header and turns agree."""

    def turn(_: int, plan: dict[str, Any], result: dict[str, Any]) -> None:
        result.update(place=0, stratum=0)

    rewritten(run, turn, {0: 0})
    scenarios(lambda one: one.update(shots=[{**one["shots"][0], "place": 0, "stratum": 0}]))(run)
    header(lambda content: content["shots"].update({FAILS: 1}))(run)


def a_shot_without_its_record(run: Path) -> None:
    rewritten(run, lambda *_: None, {0: 0})


def one_shot_twice(run: Path) -> None:
    """The better one of two stands in for the other, under its number."""
    rewritten(run, lambda index, _, result: result.update(index=index), {0: 0, 1: 0})

    def of_result(one: dict[str, Any]) -> None:
        first = one["shots"][0]
        one["shots"][1] = {**first, "index": 1, "folder": one["shots"][1]["folder"]}

    scenarios(of_result)(run)


FORGERIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "scenario deleted": (without_the_failing_scenario, "in header.json, and result.json has no such scenario"),
    "scenario deleted everywhere": (without_any_word_of_it, "made by its file in inputs/"),
    "shots deleted": (without_its_failing_shots, "1 shots; header.json says 2"),
    "blocked instead": (blocked_in_its_place, "has no evidence, and this bench could have driven it"),
    "verdict of a scenario": (verdict_of_the_scenario, "PASS [] → FAIL"),
    "statistics": (its_statistics, "its fdti is"),
    "budget in the table": (its_budget, "its budget is"),
    "requirements": (its_aim, "its requirements is"),
    "budgets in the plan": (budgets_in_the_plan, "fdti_budget_ns 10000000000, not 2700000000"),
    "budgets in inputs": (budgets_in_the_inputs, "-budgets.toml: not what header.json names"),
    "an input more": (an_input_more, "other.toml: not what header.json names"),
    "an input less": (an_input_less, "of budgets, which header.json names"),
    "another build": (header(lambda h: h.update(firmware="reference")), "firmware is late_overvoltage; header"),
    "another expected": (header(lambda h: h.update(firmware_expected="00112233")), "header.json says '00112233'"),
    "another seed": (header(lambda h: h.update(seed=7)), "its seed is"),
    "another rig": (header(lambda h: h["hashes"].update(rig="0" * 64)), "its rig is not that"),
    "fewer asked": (header(lambda h: h["shots"].update({FAILS: 1})), "2 shots; header.json says 1"),
    "all asked": (header(lambda h: h.update(selection="")), "all of which was asked for, and not in header.json"),
    "real time": (header(lambda h: h.update(timebase="host")), "its trace is of simulated time, the run of host"),
    "hardware": (header(lambda h: h.update(evidence="hardware")), "evidence is hardware; what it names makes simul"),
    "a board": (header(lambda h: h.update(dut_start="external")), "is started as external; its copy of the bench"),
    "qualified by nothing": (
        header(lambda h: h.update(qualification={"file": "x", "sha256": None, "trouble": None})),
        "says that a qualification covers the run, and inputs/ has none",
    ),
    "another order": (fired_in_order, "its stratum and place in the firing order are"),
    "asked for one": (one_shot_everywhere, "its phase is"),
    "no record": (a_shot_without_its_record, "shot-001: missing"),
    "one shot twice": (one_shot_twice, "its seed is"),
    "shots exchanged": (shots_the_other_way_round, "not what result.json of the run says of it"),
}  # fmt: skip
QUICK = {"scenario deleted everywhere", "budgets in the plan", "blocked instead", "statistics"}


@pytest.mark.parametrize(
    "name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in FORGERIES]
)
def test_what_was_forged_and_sealed_anew_is_told(name: str, run: Path) -> None:
    forge, said = FORGERIES[name]
    forge(run)
    found = rejudge_run(sealed(run))
    told = (*found.differences, *found.of_run)
    assert any(said in line for line in told), told


def test_a_shot_that_is_stored_twice_is_no_evidence(run: Path) -> None:
    """Which of the two was judged nobody could say."""
    file = run / "scenarios" / FAILS / "shots.hil"
    file.write_bytes(file.read_bytes() * 2)
    with pytest.raises(RecordError, match="shot 0 twice"):
        rejudge_run(sealed(run))


@pytest.mark.slow
def test_shots_of_another_build_or_seed_are_told(run: Path, tmp_path: Path) -> None:
    shots_of(a_run_of("reference", tmp_path / "good"), run)
    found = rejudge_run(sealed(run))
    told = " ".join((*found.differences, *found.of_run))
    assert "of a run that expected the build" in told and "firmware_identity" in told
    assert found.agreed == found.shots - 2, "of the others nothing is said"
    shots_of(a_run_of("late_overvoltage", tmp_path / "seed", seed=2), run)
    assert "its seed is" in " ".join(rejudge_run(sealed(run)).differences)
    seeds_too(run)
    assert "its trace was drawn from another seed" in " ".join(rejudge_run(sealed(run)).differences)


def test_an_honest_run_is_judged_as_recorded_on_any_number_of_workers(written: Path) -> None:
    one = rejudge_run(written, workers=1)
    assert (one.differences, one.of_run, one.unchecked, one.note) == ((), (), None, None)
    assert one.agreed == one.shots == 2 * one.scenarios and one.scenarios_agreed == one.scenarios


@pytest.mark.slow
def test_workers_change_nothing(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.stored.rejudge._CHUNK", 1)
    assert rejudge_run(written, workers=2) == rejudge_run(written, workers=1)


def test_a_run_of_another_release_is_judged_by_todays_questions(run: Path) -> None:
    """What that release did not ask is no forgery; what it is judged by is the same all the same."""
    plans_of(run, lambda plan: plan.update(reports=[], builds=[]))
    edited(run / "header.json", lambda content: content.update(bench_source="0" * 64))
    found = rejudge_run(sealed(run))
    assert found.differences == () and found.note is not None and "of another release" in found.note
    plans_of(run, lambda plan: plan.update(fdti_budget_ns=10**10))
    assert any("fdti_budget_ns" in line for line in rejudge_run(sealed(run)).differences)


def test_copies_that_make_no_bench_leave_it_open(run: Path) -> None:
    def broken(content: dict[str, Any]) -> None:
        content["chemistry"] = "unobtainium"

    edited(run / "header.json", broken)
    edited(run / "result.json", broken)
    found = rejudge_run(sealed(run))
    assert found.unchecked is not None and "unobtainium" in found.unchecked
    assert found.scenarios_agreed == 0, "nothing shows that they add up"


@pytest.mark.slow
@pytest.mark.parametrize(
    "file", sorted((ROOT / "docs" / "benches").glob("*.toml")), ids=lambda file: file.stem
)
def test_the_copies_of_every_bench_make_it_again(file: Path, tmp_path: Path) -> None:
    config = file
    if "image" in file.read_text():
        config = tmp_path / "bench.toml"
        text = (
            file.read_text()
            .replace("../../dbc", str(ROOT / "dbc"))
            .replace("../../build/board.elf", "board.elf")
        )
        config.write_text(text)
        (tmp_path / "board.elf").write_bytes(b"elf")
    wired = load_rig(config, None, None, None)
    record = dataclasses.replace(wired.config.record, folder=tmp_path / "runs")
    wired = dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))
    prepared, budgets = load_scenarios(wired, [ROOT / "scenarios"], None, long=True, mismatches=True)
    folder, *_ = open_evidence(wired, prepared, budgets, 1)
    again = replan(open_run(folder.path))
    assert {one.scenario.id for one in prepared} <= set(again.prepared)
    for one in prepared:
        assert again.prepared[one.scenario.id].plan == one.plan, one.scenario.id


def test_a_statement_that_says_otherwise_than_the_result_is_told(run: Path) -> None:
    def passed(content: Any) -> None:
        content["predicate"] |= {"result": "PASSED", "failedTests": []}

    edited(run / STATEMENT, passed)
    (run / FOOTER).unlink()
    write_json(run / FOOTER, seal(run, run.name))
    assert verify_run(run)[1] == (f"{STATEMENT}: is not what result.json and the hashes in footer.json make",)
    assert f"{STATEMENT}: not what result.json and the hashes in {FOOTER} make" in rejudge_run(run).of_run


def test_a_junit_file_that_says_otherwise_than_the_result_is_told(run: Path) -> None:
    result = run_from_dict(json.loads((run / "result.json").read_bytes()))
    write_junit(result, run / "junit.xml", style=JUnitStyle.JENKINS_XUNIT)
    assert rejudge_run(sealed(run)).of_run == ()
    text = (run / "junit.xml").read_text()
    assert "<failure" in text
    (run / "junit.xml").write_text(
        text.replace("<failure", "<system-err").replace("</failure", "</system-err")
    )
    assert rejudge_run(sealed(run)).of_run == ("junit.xml: not what result.json makes",)
