"""The evidence file on the tool itself: it can fail, it covers what it was made for, and it goes stale."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.main import app
from bench.confidence.covered_again import why_not_covered
from bench.confidence.qualified import FORMAT, NEGATIVE, of_shots
from bench.confidence.tool_facts import malfunctions, requirements, strangers
from bench.errors import ConfigError, RecordError
from bench.measure.finding.answer import NotDetected
from bench.proof.mutant_matrix import FORMAT as MATRIX
from bench.proof.mutant_matrix import _hash, _kept, keep_matrix, mutant_matrix
from bench.proof.mutants import MatrixFound, MutantOutcome, Proof, Score
from bench.proof.qualification import (
    find_covering,
    identity,
    load_usage,
    markdown,
    method_words,
    qualify_fully,
    reference_words,
    write_qualification,
)
from bench.proof.qualify_simulated import SIMULATED_LOAD, qualify_simulated
from bench.record.chain import FOOTER, seal
from bench.record.folder import OpenedRun, verify_run
from bench.record.shot import write_json
from bench.running.load import load_rig, load_scenarios
from bench.running.sources import SHOWING
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.verdict.result import Reason, Verdict
from bench.wiring.common import Wired
from bench.wiring.core import chosen_core
from bench.wiring.mutants import mutant_classes

ROOT = Path(__file__).parents[1]
USAGE = ROOT / "scenarios" / "tool_usage.toml"


def told_of(content: dict) -> list[str]:
    return [f"{one['name']}: {one['why']}" for one in content["parts"] if not one["shown"]]


LATE = Reason(finding=NotDetected(window_ns=1))


@pytest.fixture(scope="module")
def wired() -> Wired:
    return load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)


@pytest.fixture(scope="module")
def overvoltage(wired: Wired) -> list[Prepared]:
    return load_scenarios(wired, None, "ov-step-cell60")[0]


@pytest.mark.slow
def test_a_mutant_that_passes_disqualifies_the_bench(wired: Wired, overvoltage: list[Prepared]) -> None:
    """One overvoltage scenario cannot see a missed weld, and the matrix says so."""
    some = {"voltage": {"late_overvoltage": "late"}, "contactors": {"misses_weld": "blind"}}
    matrix = {row["firmware"]: row for row in mutant_matrix(wired, overvoltage, 1, classes=some)}
    assert matrix["reference"]["as_expected"] and matrix["reference"]["failed_in"] is None
    assert matrix["late_overvoltage"]["failed_in"] == "ov-step-cell60"
    assert not matrix["misses_weld"]["as_expected"]
    content = qualify_fully(wired, overvoltage, load_usage(USAGE), [qualify_simulated(3, 1)], 1, classes=some)
    assert content["complete"] is False and "NOT AS EXPECTED" in markdown(content)
    assert content["ruler"][0]["contained"] == 3


@pytest.mark.slow
def test_a_ruler_of_one_shot_qualifies_nothing(wired: Wired, overvoltage: list[Prepared]) -> None:
    some = {"voltage": {"late_overvoltage": "late"}}
    for shots, good in ((1, False), (199, False), (200, True)):
        series = qualify_simulated(shots, 1)
        assert series.sound and series.enough is good
        both = [series, qualify_simulated(200, 1, 2_000)]
        content = qualify_fully(wired, overvoltage, load_usage(USAGE), both, 1, classes=some)
        assert content["complete"] is good, "as its rows say, and as anybody can count again"
        told = told_of(content)
        counted = "1 shot" if shots == 1 else f"{shots} shots"
        assert told == ([] if good else [f"ruler, idle: {counted}, at least 200"])
        page = markdown(content)
        assert ("# Tool: evidence for a qualification" in page) is good
        assert ("**NOT SHOWN**" in page) is not good and (f"{counted}, at least 200" in page) is not good


@pytest.mark.real_time
@pytest.mark.slow
def test_a_file_for_real_time_says_what_ran_in_simulated_time(
    wired: Wired, overvoltage: list[Prepared], tmp_path: Path
) -> None:
    real = load_rig(ROOT / "hil_config.toml", "real", "reference", None)
    simulated = [qualify_simulated(200, 1), qualify_simulated(200, 1, 2_000)]
    series = [dataclasses.replace(one, timebase=Timebase.HOST) for one in simulated]
    usage, some = load_usage(USAGE), {"voltage": {"late_overvoltage": "late"}}
    for _ in ("run", "taken over"):
        content = qualify_fully(
            real, overvoltage, usage, series, 1, classes=some, kept_in=tmp_path, virtual=wired
        )
        assert content["identity"]["timebase"] == "host" and content["complete"]
        assert {row["timebase"] for row in content["ruler"]} == {"host"}
        assert {row["timebase"] for row in content["mutants"]} == {"simulated"}
        timed = {row["test"] for row in content["negative_tests"] if row["timebase"] == "host"}
        assert timed == {"a clock step", "a late loop"}
    text = markdown(content)
    assert "for runs in real time" in text and "- real time, idle: 200 of 200" in text
    assert "late_overvoltage (simulated time): ov-step-cell60" in text
    assert "a budget of 1 ns (simulated time): FAIL" in text
    other = qualify_fully(wired, overvoltage, usage, series, 1, classes=some, kept_in=tmp_path)
    assert not other["complete"] and told_of(other) == [
        f"ruler, {condition}: it was not tried in simulated time" for condition in ("idle", "loaded")
    ]


@pytest.mark.slow
def test_a_clean_matrix_is_taken_over_until_something_it_rests_on_changes(
    wired: Wired, overvoltage: list[Prepared], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = {"voltage": {"late_overvoltage": "late"}}
    blind = {"contactors": {"misses_weld": "blind"}}
    first = mutant_matrix(wired, overvoltage, 1, classes=some, kept_in=tmp_path)
    mutant_matrix(wired, overvoltage, 1, classes=blind, kept_in=tmp_path)
    (file,) = tmp_path.glob("mutants-*.json")  # a matrix with a survivor is not kept

    def refuse(*_: object) -> None:
        raise AssertionError("run again")

    monkeypatch.setattr("bench.proof.mutant_matrix.prove", refuse)
    told: list[str] = []
    assert mutant_matrix(wired, overvoltage, 1, told.append, some, tmp_path) == first
    assert "taken over" in told[0]
    for prepared, seed in ((overvoltage[:1], 1), (overvoltage, 2)):
        with pytest.raises(AssertionError, match="run again"):
            mutant_matrix(wired, prepared, seed, classes=some, kept_in=tmp_path)
    file.write_text(file.read_text().replace('"created_utc": "2', '"created_utc": "1'))
    with pytest.raises(AssertionError, match="run again"):
        mutant_matrix(wired, overvoltage, 1, classes=some, kept_in=tmp_path)


def test_a_kept_matrix_that_was_altered_or_is_of_the_future_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.proof.mutant_matrix.wall_now_ns", lambda: 1_767_225_600 * 10**9)
    file = tmp_path / "mutants.json"
    content = {"format": MATRIX, "created_utc": "2026-01-01T00:00:00+00:00", "seeds": [1], "rows": []}
    write_json(file, {**content, "sha256": _hash(content)})
    assert _kept(file) is not None
    write_json(file, {**content, "rows": [{"as_expected": True}], "sha256": _hash(content)})
    assert _kept(file) is None
    future = {**content, "created_utc": "2099-01-01T00:00:00+00:00"}
    write_json(file, {**future, "sha256": _hash(future)})
    assert _kept(file) is None


@pytest.mark.slow
def test_what_hil_mutants_found_is_taken_over_only_where_it_was_complete_and_clean(
    wired: Wired, overvoltage: list[Prepared], tmp_path: Path
) -> None:
    some = {"voltage": {"late_overvoltage": "late"}, "contactors": {"misses_weld": "blind"}}
    proof = Proof(
        wired=wired, prepared=overvoltage, classes=some, reference="reference", seeds=range(1, 4), workers=1
    )

    def caught(firmware: str, kind: str, seeds: range = proof.seeds) -> Score:
        outcomes = tuple(
            MutantOutcome(firmware=firmware, scenario="x", seed=seed, verdict=Verdict.FAIL, reason=LATE)
            for seed in seeds
        )
        return Score(firmware=firmware, kind=kind, description="", seeds=3, outcomes=outcomes)

    late, weld = caught("late_overvoltage", "voltage"), caught("misses_weld", "contactors")
    good = [MutantOutcome(firmware="reference", scenario="x", seed=1, verdict=Verdict.PASS, reason=None)]
    alarm = [dataclasses.replace(good[0], verdict=Verdict.INCONCLUSIVE)]
    for bad in (
        MatrixFound(scores=[late], good=good, unreached={"misses_weld": 1}),
        MatrixFound(scores=[late, caught("misses_weld", "contactors", range(2))], good=good),
        MatrixFound(scores=[late, weld], good=alarm),
    ):
        assert keep_matrix(proof, bad, tmp_path) is None
    part = dataclasses.replace(proof, classes={"voltage": some["voltage"]})
    assert keep_matrix(part, MatrixFound(scores=[late], good=good), tmp_path) is not None
    rows = mutant_matrix(wired, overvoltage, 1, classes=some, kept_in=tmp_path)
    assert not rows[-1]["as_expected"]  # run again: a matrix of fewer mutants is not one of these
    assert keep_matrix(proof, MatrixFound(scores=[late, weld], good=good), tmp_path) is not None
    told: list[str] = []
    rows = mutant_matrix(wired, overvoltage, 1, told.append, some, tmp_path)
    assert [row["failed_in"] for row in rows] == [None, "x", "x"] and "taken over" in told[0]


def test_no_room_that_only_shows_is_imported_for_a_shot() -> None:
    code = (
        "import sys\nfrom bench.running.load import load_rig, load_scenarios\n"
        "from bench.proof.mutants import _shot\n"
        "wired = load_rig(__import__('pathlib').Path('hil_config.toml'), 'simulated', 'reference', None)\n"
        "one = load_scenarios(wired, None, 'ov-step-cell60')[0][0]\n"
        "print(_shot(wired, 'reference', one, 1).verdict.name)\n"
        "print(*{name.split('.')[1] for name in sys.modules if name.startswith('bench.')})"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    verdict, rooms = told.stdout.splitlines()
    assert verdict == "PASS" and "measure" in rooms.split()
    assert not SHOWING & set(rooms.split())


MEASURED = [[2_000, 1_900, 2_100, n * 6_180_339] for n in range(200)]  # truth, low, high, stimulus


def resealed(folder: Path, content: dict) -> None:
    """Other rows under a header and a footer that fit them, as far as rows can."""
    write_json(folder / "qualification.json", content)
    header = json.loads((folder / "header.json").read_text(encoding="utf-8"))
    told = {key: content.get(key, header[key]) for key in ("created_utc", "identity")}
    write_json(folder / "header.json", {**header, **told})
    write_json(folder / FOOTER, seal(folder, folder.name))


def evidence(wired: Wired, **changes: object) -> dict:
    now = "2000-01-01T00:00:00+00:00"
    mutants = [name for table in mutant_classes().values() for name in table]
    made = {
        "format": FORMAT,
        "created_utc": now,
        "identity": identity(wired),
        "equipment": {},
        "usage": load_usage(USAGE),
        "requirements": requirements(),
        "malfunctions": malfunctions(),
        "strangers": strangers(),
        "ruler": [
            {
                "timebase": "simulated",
                "condition": condition,
                "load_per_s": load,
                "shots": 200,
                "contained": 200,
                "spread_p": of_shots(MEASURED)[2],
                "measured": MEASURED,
                "u_ns": 100,
                "error_max_ns": 0,
                "reference": "none",
                "by_reference": [None] * 200,
                "errors": [],
            }
            for condition, load in (("idle", 0.0), ("2000 frames/s", 1_990.0))
        ],
        "parts": [],
        "mutants": [
            {
                "firmware": "reference",
                "timebase": "simulated",
                "failed_in": None,
                "as_expected": True,
                "reason": "",
            },
            *(
                {
                    "firmware": name,
                    "timebase": "simulated",
                    "failed_in": "x",
                    "as_expected": True,
                    "reason": "late",
                }
                for name in mutants
            ),
        ],
        "negative_tests": [
            {
                "test": name,
                "timebase": "simulated",
                "demanded": found,
                "found": found,
                "as_expected": True,
            }
            for name, found in NEGATIVE.items()
        ],
        "complete": True,
    }
    return {**made, **changes}


def without(content: dict, key: str, n: int) -> dict:
    return {**content, key: [row for k, row in enumerate(content[key]) if k != n]}


def with_row(content: dict, key: str, n: int, **changes: object) -> dict:
    return {**content, key: [{**row, **changes} if k == n else row for k, row in enumerate(content[key])]}


def with_use(content: dict, **changes: object) -> dict:
    first, *others = content["usage"]["use_case"]
    return {**content, "usage": {**content["usage"], "use_case": [{**first, **changes}, *others]}}


NOT_QUALIFIED = {
    "three keys": lambda c: {key: c[key] for key in ("created_utc", "identity", "complete")},
    "only its word": lambda c: {**c, "mutants": [], "negative_tests": [], "ruler": []},
    "its word": lambda c: {**c, "complete": "yes"},
    "the format of an older release": lambda c: {**c, "format": "hil-qualification-2"},
    "no load": lambda c: without(c, "ruler", 1),
    "never idle": lambda c: without(c, "ruler", 0),
    "a load that nobody saw": lambda c: with_row(c, "ruler", 1, load_per_s=0.0),
    "199 shots under load": lambda c: with_row(c, "ruler", 1, shots=199, contained=199),
    "a late loop of another timebase": lambda c: with_row(c, "negative_tests", 8, timebase="host"),
    "no second node": lambda c: without(c, "negative_tests", 9),
    "a negative test twice": lambda c: {**c, "negative_tests": [*c["negative_tests"], c["negative_tests"][1]]},
    "another format": lambda c: {**c, "format": "x"},
    "a mutant is missing": lambda c: without(c, "mutants", 5),
    "the reference is missing": lambda c: without(c, "mutants", 0),
    "the reference failed": lambda c: with_row(c, "mutants", 0, failed_in="x"),
    "a mutant survived": lambda c: with_row(c, "mutants", 3, failed_in=None),
    "a mutant was not as expected": lambda c: with_row(c, "mutants", 3, as_expected=False),
    "a mutant twice": lambda c: {**c, "mutants": [*c["mutants"], c["mutants"][1]]},
    "no negative test of the budget": lambda c: without(c, "negative_tests", 1),
    "a negative test passed": lambda c: with_row(c, "negative_tests", 1, found="PASS"),
    "a negative test that demands PASS": lambda c: with_row(c, "negative_tests", 1, found="PASS", demanded="PASS"),
    "a better row than its shots": lambda c: with_row(c, "ruler", 0, measured=[[1, 2, 3, 0], *MEASURED[1:]]),
    "fewer shots than its row": lambda c: with_row(c, "ruler", 0, measured=MEASURED[1:]),
    "no shots": lambda c: with_row(c, "ruler", 0, measured=[]),
    "shots that are none": lambda c: with_row(c, "ruler", 0, measured=[[1, 2, 3]] * 200),
    "one shot": lambda c: with_row(c, "ruler", 0, shots=1, contained=1),
    "199 shots": lambda c: with_row(c, "ruler", 0, shots=199, contained=199),
    "shots that are no number": lambda c: with_row(c, "ruler", 0, shots=True, contained=True),
    "a shot that missed the truth": lambda c: with_row(c, "ruler", 0, contained=199),
    "bunched phases": lambda c: with_row(c, "ruler", 0, spread_p=0.0009),
    "phases that nobody kept": lambda c: with_row(c, "ruler", 0, spread_p=None),
    "an error of the ruler": lambda c: with_row(c, "ruler", 0, errors=["lost"]),
    "another timebase": lambda c: with_row(c, "ruler", 0, timebase="host"),
    "no use": lambda c: {**c, "usage": {**c["usage"], "use_case": []}},
    "a better level": lambda c: {**c, "usage": {**c["usage"], "use_case": [
        {**c["usage"]["use_case"][0], "impact": "TI2", "detection": "TD3", "tcl": "TCL1"}]}},
    "a use by validation alone": lambda c: with_use(c, measures=[]),
    "a use by a measure that is none": lambda c: with_use(c, measures=["VA-1"]),
    "a use without a reason": lambda c: with_use(c, impact_reason=""),
    "no method": lambda c: {**c, "usage": {**c["usage"], "method": ""}},
    "a method without a reason": lambda c: {**c, "usage": {**c["usage"], "method_reason": ""}},
    "no requirement": lambda c: {**c, "requirements": []},
    "a requirement that nothing shows": lambda c: with_row(c, "requirements", 0, tests=[]),
    "a requirement for which nothing was planted": lambda c: with_row(c, "requirements", 0, judge=[], negative=[]),
    "a requirement by a test that was not run": lambda c: with_row(c, "requirements", 0, negative=["x"]),
    "no malfunction": lambda c: {**c, "malfunctions": []},
    "a malfunction without a consequence": lambda c: with_row(c, "malfunctions", 0, consequence=""),
    "no strangers": lambda c: {**c, "strangers": []},
    "more caught than planted": lambda c: with_row(c, "strangers", 0, caught=82),
    "a second clock that says otherwise": lambda c: with_row(c, "ruler", 0, by_reference=[9_999] * 200),
    "of 2099": lambda c: {**c, "created_utc": "2099-01-01T00:00:00+00:00"},
    "of tomorrow": lambda c: {**c, "created_utc": "2026-01-02T00:00:01+00:00"},
    "without a time zone": lambda c: {**c, "created_utc": "2026-01-01T00:00:00"},
    "tables that are none": lambda c: {**c, "mutants": 7},
    "rows that are none": lambda c: {**c, "ruler": ["fine"]},
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_QUALIFIED)
def test_a_file_qualifies_by_its_rows_and_not_by_its_word(
    name: str, wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.confidence.sealed.wall_now_ns", lambda: 1_767_225_600 * 10**9)
    good = evidence(wired, created_utc="2025-12-31T12:00:00+00:00")
    path = write_qualification(good, tmp_path)
    assert find_covering(wired, tmp_path).trouble is None
    resealed(path, NOT_QUALIFIED[name](good))
    assert verify_run(path)[1] == ()
    told = find_covering(wired, tmp_path).trouble
    assert told is not None and "ALTERED" not in told


def test_coverage_and_staleness(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = "bench.confidence.sealed.wall_now_ns"
    assert "no qualification" in str(find_covering(wired, tmp_path).trouble)
    path = write_qualification(evidence(wired), tmp_path, [USAGE])
    with pytest.raises(RecordError, match="never written twice"):
        write_qualification(evidence(wired), tmp_path)
    assert "days old" in str(find_covering(wired, tmp_path).trouble)
    monkeypatch.setattr(clock, lambda: 946_684_800 * 10**9)  # its own day
    found = find_covering(wired, tmp_path)
    assert (found.trouble, found.path) == (None, path)
    stated = evidence(wired)
    resealed(path, {**stated, "complete": False})
    assert "it says complete = False" in str(find_covering(wired, tmp_path).trouble)
    resealed(path, {**stated, "identity": {**stated["identity"], "numpy": "0.1"}})
    assert "changed since: numpy" in str(find_covering(wired, tmp_path).trouble)
    resealed(path, {**stated, "created_utc": "1999-12-31T00:00:00+00:00"})
    assert "another time than its folder" in str(find_covering(wired, tmp_path).trouble)
    resealed(path, stated)
    monkeypatch.setattr(clock, lambda: 946_684_799 * 10**9)
    assert "in the future" in str(find_covering(wired, tmp_path).trouble)
    (tmp_path / "qualifications" / "20250101T000000Z-simulated.json").write_text(json.dumps(stated))
    shutil.rmtree(path)
    assert "of older releases were not sealed" in str(find_covering(wired, tmp_path).trouble)


def test_a_qualification_is_sealed_verified_and_signed_like_a_run(
    wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.confidence.sealed.wall_now_ns", lambda: 946_684_800 * 10**9)
    path = write_qualification(evidence(wired), tmp_path, [USAGE])
    done = CliRunner().invoke(app, ["verify", str(path)])
    assert (
        done.exit_code == 0 and "evidence for a qualification, by its rows; reviewed by nobody" in done.output
    ), done.output
    for alter in (
        lambda: (path / "qualification.md").write_text("# Tool: QUALIFIED\n"),
        lambda: next((path / "inputs").iterdir()).unlink(),
        lambda: (path / FOOTER).unlink(),
    ):
        alter()
        told = str(find_covering(wired, tmp_path).trouble)
        assert "ALTERED" in told or "never finished" in told
    write_json(path / FOOTER, seal(path, path.name))
    resealed(path, with_row(evidence(wired), "mutants", 3, failed_in=None))
    done = CliRunner().invoke(app, ["verify", str(path)])
    assert done.exit_code == 1 and "NOT SHOWN: mutants: not as expected" in done.output
    assert "a qualification, no run" in str(CliRunner().invoke(app, ["report", str(path)]).exception)


def test_the_rig_is_part_of_the_identity_but_firmware_and_chemistry_are_not(wired: Wired) -> None:
    config = wired.config
    can = {**config.can, "sense": dataclasses.replace(config.can["sense"], bitrate=250_000)}
    slow = dataclasses.replace(wired, config=dataclasses.replace(config, can=can))
    assert identity(slow)["rig"] != identity(wired)["rig"]
    dut = dataclasses.replace(config.dut, firmware="late_overvoltage")
    other = dataclasses.replace(wired, config=dataclasses.replace(config, dut=dut))
    assert identity(other) == identity(wired)


@pytest.mark.parametrize("load", [0, SIMULATED_LOAD])
def test_the_ruler_measures_the_core_that_a_run_would_take(
    monkeypatch: pytest.MonkeyPatch, wired: Wired, load: int
) -> None:
    if chosen_core().file is None:
        pytest.skip(f"no native core here: {chosen_core().why_python}")
    series = []
    for core in ("python", "native"):
        monkeypatch.setenv("BMS_HIL_CORE", core)
        assert identity(wired)["core"] == core
        series.append(qualify_simulated(20, 3, load))
    assert series[0] == series[1] and len(series[0].shots) == 20


def test_uses_of_the_tool_are_checked(tmp_path: Path) -> None:
    usage = load_usage(USAGE)
    assert {u["id"]: u["tcl"] for u in usage["use_case"]}["UC-1"] == "TCL2"
    bad = tmp_path / "usage.toml"
    bad.write_text(USAGE.read_text().replace('"TI2"', '"TI3"', 1))
    with pytest.raises(ConfigError, match="TI3"):
        load_usage(bad)


def test_a_run_is_covered_by_the_rows_of_its_copy_and_not_by_its_header(wired: Wired, tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()

    core = evidence(wired)["identity"]["core"]

    def told(content: dict, started_utc: str = "2000-01-02T00:00:00+00:00", **more: object) -> str:
        write_json(tmp_path / "inputs" / f"{'0' * 12}-qualification.json", content)
        stated = content["identity"]
        header = {
            "qualification": {"trouble": None},
            "hashes": {"qualification": "0" * 64, "rig": evidence(wired)["identity"]["rig"]},
            "bench_source": stated["bench source"] + "0" * 48,
            "timebase": stated["timebase"],
            "core": {"name": core},
            "started_utc": started_utc,
            **more,
        }
        opened = OpenedRun(path=tmp_path, header=header, result=None, footer=None)
        return str(why_not_covered(opened))

    good = evidence(wired)
    assert told(good) == "None"
    assert "its row is not what its shots make" in told(with_row(good, "ruler", 0, measured=MEASURED[1:]))
    assert "of another rig" in told({**good, "identity": {**good["identity"], "rig": "1"}})
    assert "of another core" in told(good, core={"name": "python" if core == "native" else "native"})
    assert "of another core" in told(good, core=None)
    brought = {**good, "identity": {**good["identity"], "plug-ins": "fault x: acme 1.2 0123"}}
    assert told(brought, plug_ins="fault x: acme 1.2 0123") == "None"
    for installed in ({"plug_ins": "fault x: acme 1.2 4567"}, {}):
        assert "of another plug-ins" in told(brought, **installed)
    assert "of another plug-ins" in told(good, plug_ins="fault x: acme 1.2 0123")
    assert "in the future" in told(good, "1999-12-31T00:00:00+00:00")
    assert "days old" in told(good, "2001-01-01T00:00:00+00:00")


def test_a_second_clock_is_named_where_it_stood_beside_the_host_s() -> None:
    simulated = qualify_simulated(1, 1)
    real = dataclasses.replace(simulated, timebase=Timebase.HOST)
    assert "none is needed" in reference_words([simulated], "simulated")
    assert reference_words([real], "host") == reference_words([], "host") == "none"
    raw = [dataclasses.replace(real, reference="CLOCK_MONOTONIC_RAW"), real]
    assert reference_words(raw, "host") == "CLOCK_MONOTONIC_RAW; none", "not under every load"
    assert method_words(load_usage(USAGE)) == "1c (TCL2 ++ at ASIL D)"
