"""`--json`: one document on stdout, valid by the schema that `hil schema` prints, under the same exit code."""

import contextlib
import dataclasses
import json
import math
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
import typer
from small_bench import ONE, QUICK, ROOT, hil_here, run_folders, small_bench

from bench.cli.ending import run_command_line
from bench.cli.main import app
from bench.measure.finding.base import Finding
from bench.report.told.document import Document, content_of, text_of
from bench.report.told.every import DOCUMENTS
from bench.report.told.schema import schema_of


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small bench with a run of the good firmware and one of a late one; the folder in which commands run."""
    folder = small_bench(tmp_path_factory.mktemp("bench"))
    with contextlib.chdir(folder):
        assert hil_here("run", "-k", "weld-plus", "--repeat", "1", "--workers", "1") == 0
        assert (
            hil_here("run", "-k", "weld-plus", "--repeat", "1", "--workers", "1", "--firmware", "misses_weld")
            == 1
        )
        yield folder


class Hil:
    """The command line in this process, as its entry point runs it."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["hil", *words])
        self._capsys.readouterr()
        code = run_command_line(app)
        return code, *self._capsys.readouterr()

    def told(self, *words: str, name: str | None = None) -> dict[str, Any]:
        """The one document of a command with --json, held to its schema and to the exit code."""
        code, out, err = self(*words, "--json")
        document = json.loads(out, parse_constant=lambda what: pytest.fail(f"{what} is no JSON"))
        assert isinstance(document, dict), out
        assert document["exit_code"] == code, err
        valid(document, name or words[0])
        return document


@pytest.fixture
def hil(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Hil:
    return Hil(capsys, monkeypatch)


def valid(document: dict[str, Any], name: str) -> None:
    kind = DOCUMENTS[name]
    schema = schema_of(kind)
    assert document["schema"] == schema["$id"]
    jsonschema.Draft202012Validator(schema).validate(document)


def folder_of(bench: Path, firmware: str) -> str:
    return str(next(one for one in run_folders(bench) if one.name.endswith(f"-{firmware}")))


RAISED = {"hazard": 2, "report": 2, "run": 2}  # versions of documents whose fields changed their meaning


# --- the schemas -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_hil_schema_prints_a_schema_that_is_one(name: str, hil: Hil) -> None:
    code, out, _ = hil("schema", name)
    schema = json.loads(out)
    if (
        name != "report"
    ):  # the findings, a second long, are the same in all: held in one of them, and by a name each
        findings = schema_of(DOCUMENTS["report"])["$defs"]
        known = [one for one in schema["$defs"] if one in findings]
        assert all(schema["$defs"][one] == findings[one] for one in known)
        schema["$defs"] = {one: body for one, body in schema["$defs"].items() if one not in known}
    jsonschema.Draft202012Validator.check_schema(schema)
    assert code == 0 and schema["$id"] == f"bms-hil-bench/{name}/{RAISED.get(name, 1)}" and out.isascii()
    assert {"schema", "exit_code"} <= set(schema["required"]) == set(schema["properties"])


def test_hil_schema_lists_them_and_knows_no_other(hil: Hil) -> None:
    assert [line.split()[0] for line in hil("schema")[1].splitlines()] == sorted(DOCUMENTS)
    code, out, err = hil("schema", "rum")
    assert code == 2 and not out and "'run'" in err


def test_a_schema_refuses_what_its_document_never_holds(bench: Path, hil: Hil) -> None:
    """Or else it would vouch for nothing."""
    judge = jsonschema.Draft202012Validator(schema_of(DOCUMENTS["report"]))
    good = hil.told("report", folder_of(bench, "misses_weld"))
    failed = next(one for one in good["scenarios"] if one["judgement"]["verdict"] == "FAIL")
    at = good["scenarios"].index(failed)
    wrong: list[tuple[Any, ...]] = [
        ("verdict", "GOOD"), ("seed", "1"), ("exit_code", None), ("news", 1), ("schema", "bms-hil-bench/run/2"),
        ("scenarios", at, "budget", "fdti_ns", 1.5),
        ("scenarios", at, "judgement", "reasons", 0, "finding", "code", "no-such-code"),
        ("scenarios", at, "judgement", "reasons", 0, "finding", "figure_nobody_knows", 1),
        ("scenarios", at, "shots", 0, "measurement", "fdti", {}),
    ]  # fmt: skip
    for *way, last, value in wrong:
        bad = json.loads(json.dumps(good))
        place = bad
        for step in way:
            place = place[step]
        place[last] = value
        assert not judge.is_valid(bad), (*way, last)
    del good["verdict"]
    assert not judge.is_valid(good)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Odd(Document):
    schema_name: ClassVar[str] = "odd"
    figure: float
    text: str
    found: Finding | None


def test_a_figure_that_is_no_number_and_a_text_of_any_bytes_are_json_all_the_same() -> None:
    odd = _Odd(figure=math.inf, text="µ \udcff \x00 \u2028", found=None)
    told = text_of(odd, 3)
    assert told.isascii() and "\n" not in told
    content = json.loads(told)
    assert content == content_of(odd, 3) and content["figure"] is None and content["text"] == odd.text
    jsonschema.Draft202012Validator(schema_of(_Odd)).validate(content)


# --- what reads a stored run -----------------------------------------------------------------------------------


def test_a_run_tells_its_verdict_and_where_its_parts_are(bench: Path, hil: Hil, tmp_path: Path) -> None:
    """That of a run that passes: tests/test_report_verifies.py."""
    words = ("run", "-k", "weld-plus", "--repeat", "1", "--workers", "1", "--firmware", "misses_weld")
    told = hil.told(*words, "--out", str(tmp_path))
    assert told["verdict"] == "FAIL" and told["exit_code"] == 1 and told["troubles"] == []
    assert ONE in [one["scenario_id"] for one in told["scenarios"]]
    assert Path(told["files"]["JUnit"]).is_file() and Path(told["files"]["evidence"]).is_dir()
    stored = json.loads((Path(told["files"]["evidence"]) / "result.json").read_text())
    assert {name: told[name] for name in stored} == stored


def test_a_stored_run_in_json_is_what_it_is_in_words(bench: Path, hil: Hil, tmp_path: Path) -> None:
    run, late = folder_of(bench, "reference"), folder_of(bench, "misses_weld")
    signed = ("verify", run, "--key", "0" * 64)
    told = {}
    for words in (("report", run), ("verify", run), ("rejudge", run), signed):
        told[words] = hil.told(*words)
        assert hil(*words)[0] == told[words]["exit_code"]
    assert told["report", run]["verdict"] == "PASS"
    assert [one["word"] for one in hil.told("report", late)["goals"]] == ["FAIL"]
    found = told["verify", run]
    assert found["intact"] and found["files"] > 10 and found["altered"] == []
    assert told[signed]["signature"] == "not signed" and told[signed]["exit_code"] == 1
    again = told["rejudge", run]
    assert (again["shots"], again["agreed"], again["differences"]) == (3, 3, [])
    assert hil.told("trace", run)["rows"]
    files = hil.told("export", run, "--to", "csv", "--out", str(tmp_path))["files"]
    assert [Path(one).name for one in files] == ["frames.csv", "shots.csv"]
    assert all(Path(one).is_file() for one in files)
    page = tmp_path / "page.html"
    assert hil.told("report", run, "--out", str(page))["written"] == str(page) and page.is_file()


def test_an_altered_run_is_told_as_such_in_json_too(bench: Path, hil: Hil, tmp_path: Path) -> None:
    run = tmp_path / Path(folder_of(bench, "reference")).name
    shutil.copytree(folder_of(bench, "reference"), run)
    file = run / "result.json"
    file.write_text(file.read_text().replace('"PASS"', '"FAIL"', 1))
    for words, code in ((("report",), 3), (("verify",), 1), (("rejudge",), 3), (("trace",), 3)):
        told = hil.told(*words, str(run))
        assert told["exit_code"] == code and "result.json" in told["altered"][0]
    refused = hil.told("export", str(run), "--to", "csv", "--out", str(tmp_path / "out"), name="error")
    assert refused["exit_code"] == 3 and "ALTERED" in refused["error"]
    file.write_text("{}")
    broken = hil.told("report", str(run), name="error")
    assert broken["exit_code"] == 3 and "result.json" in broken["error"]
    (run / "footer.json").unlink()
    assert hil.told("verify", str(run))["aborted"]


# --- what goes wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--no-such-option"),
        ("run", "--repeat", "0"),
        ("run", "-k", "no-such-scenario"),
        ("run", "--config", "nope.toml"),
        ("report", "runs/nope"),
        ("verify",),
        ("verify", "runs/nope", "--key", "12"),
        ("rejudge", "scenarios"),
        ("export", "runs/nope", "--to", "mf5", "--out", "out"),
        ("compare", "nope", "nope"),
        ("check", "--config", "nope.toml"),
        ("trace", "runs/nope"),
        ("hunt", "nope"),
        ("bisect", "a", "b", "c"),
        ("list", "nope"),
        ("explain", "nope"),
        ("trend", "--metric", "nope"),
        ("qualify", "--time", "nope"),
        ("hazard", "--horizon", "nope"),
        ("safety", "--time", "nope"),
        ("mutants", "-m", "nope"),
        ("doctor", "--config", "nope.toml"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_in_json_too_and_stays_2(words: tuple[str, ...], bench: Path, hil: Hil) -> None:
    told = hil.told(*words, name="error")
    assert told["exit_code"] == 2 and told["error"] in told["lines"]
    code, out, err = hil(*words)
    assert code == 2 and not out
    assert told["error"] in err


@pytest.mark.parametrize(
    "words", [("report", "x", "--markdown"), ("compare", "x", "y", "--markdown"), ("explain", "--page")]
)
def test_two_ways_of_telling_at_once_are_none(words: tuple[str, ...], bench: Path, hil: Hil) -> None:
    assert "and --json; expected one of them" in hil.told(*words, name="error")["error"]


def test_all_mistakes_of_the_files_are_lines_of_the_error(bench: Path, hil: Hil, tmp_path: Path) -> None:
    text = (bench / "hil_config.toml").read_text()
    file = bench / "wrong.toml"
    file.write_text(text.replace("chemistry =", "chemsitry =").replace("firmware =", "firmwear ="))
    told = hil.told("check", "--config", str(file), name="error")
    assert told["exit_code"] == 2 and len(told["lines"]) >= 2
    assert any("chemsitry" in line for line in told["lines"]) and any(
        "firmwear" in line for line in told["lines"]
    )


def test_a_crash_and_a_stop_leave_a_document(bench: Path, hil: Hil, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.record import folder

    def crash(*_: object) -> None:
        _ = 1 / 0

    monkeypatch.setattr(folder, "verify_files", crash)
    told = hil.told("verify", folder_of(bench, "reference"), name="error")
    assert told["exit_code"] == 3 and "ZeroDivisionError" in told["error"]

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "verify_files", stop)
    told = hil.told("verify", folder_of(bench, "reference"), name="error")
    assert told["exit_code"] == 130 and told["error"] == "stopped"


@pytest.mark.slow
def test_as_a_process_of_its_own_under_a_poor_locale(bench: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "verify", "runs/nöpe", "--json"],
        cwd=bench, capture_output=True, env={"PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0"}, timeout=60,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert done.returncode == 2 == told["exit_code"] and "no such folder" in told["error"]
    valid(told, "error")


PRINTS = """
import os
from firmware_stubs import builds


def chatty():
    print("a firmware prints", flush=True)
    os.write(1, b"and writes")
    return builds.build("reference")
"""


@pytest.mark.slow
def test_what_else_writes_to_stdout_does_not_stand_in_the_document(bench: Path, tmp_path: Path) -> None:
    """Nor what workers write, which are processes of their own."""
    (bench / "chatty.py").write_text(PRINTS)
    line = [
        sys.executable,
        "-m",
        "bench",
        *QUICK,
        "--firmware",
        "chatty:chatty",
        "--out",
        str(tmp_path),
        "--json",
    ]
    done = subprocess.run(line, cwd=bench, capture_output=True, text=True, timeout=100)
    told = json.loads(done.stdout)
    valid(told, "run")
    assert told["exit_code"] == done.returncode and "prints" in done.stderr and "and writes" in done.stderr


@pytest.mark.slow
def test_a_run_that_is_stopped_tells_so_in_its_document(bench: Path, tmp_path: Path) -> None:
    words = ("run", "-k", "weld-plus", "--repeat", "2000", "--out", str(tmp_path), "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "bench", *words],
        cwd=bench, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            until = time.monotonic() + 60
            while not list(tmp_path.glob("*/scenarios/*")) and time.monotonic() < until:
                time.sleep(0.1)
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=100)
        finally:
            process.kill()
    told = json.loads(out)
    valid(told, "run")
    assert told["exit_code"] == process.returncode == 130, err
    assert told["aborted"] and told["verdict"] not in ("FAIL", "ERROR")


def test_every_command_with_json_has_a_schema_of_its_name() -> None:
    commands = getattr(typer.main.get_command(app), "commands", {})
    found = {name for name, one in commands.items() if any("--json" in option.opts for option in one.params)}
    assert found | {"error", "faults", "kinds", "chemistries", "status", "machine_mutants"} == set(DOCUMENTS)


def test_help_is_no_document(bench: Path, hil: Hil) -> None:
    code, out, _ = hil("run", "--json", "--help")
    assert code == 0 and "hil run" in out.replace("Usage: ", "") and "{" not in out


# --- builds, files, physics ------------------------------------------------------------------------------------


def test_builds_are_compared_in_json_with_the_same_exit_code(bench: Path, hil: Hil) -> None:
    good, late = folder_of(bench, "reference"), folder_of(bench, "misses_weld")
    told = hil.told("compare", good, late)
    assert (told["base"]["verdict"], told["new"]["verdict"]) == ("PASS", "FAIL")
    assert told["exit_code"] == hil("compare", good, late)[0] == 1
    assert told["absolute"]["weld-plus-at-opening"] == "FAIL" and told["handled"]
    points = hil.told("trend", "-k", "weld-plus-at-opening")["series"]["weld-plus-at-opening"]
    assert [one["verdict"] for one in points[:2]] == ["PASS", "FAIL"]
    assert points[-1]["findings"][0]["finding"]["code"] == "not-detected"


def test_files_and_bench_in_json(bench: Path, hil: Hil) -> None:
    told, (code, words, _) = hil.told("check"), hil("check")
    assert told["exit_code"] == code == 0 and told["scenarios"] >= 3
    assert told["lines"] and all(one["text"] in words for one in told["lines"])
    listed = hil.told("list")
    assert ONE in {one["id"] for one in listed["scenarios"]} and "cell_voltage" in listed["capabilities"]
    kinds = hil.told("list", "kinds", name="kinds")
    assert {"numato_relay"} <= {one["kind"] for one in kinds["kinds"]} and kinds["troubles"] == []
    faults = hil.told("list", "faults", name="faults")["faults"]
    assert {"cell_voltage"} <= {one["fault"] for one in faults}
    (code,) = hil.told("explain", "too-late")["codes"]
    assert code["blame"] == "dut" and code["text"] in hil("explain", "too-late")[1]
    assert len(hil.told("explain")["codes"]) > 100


@pytest.mark.slow
def test_a_hunt_and_a_bisection_in_json(bench: Path, hil: Hil, tmp_path: Path) -> None:
    found = hil.told("hunt", "weld-plus-at-opening", "--firmware", "misses_weld", "--budget", "4", "--workers", "1",
                     "--out", str(tmp_path / "found_weld.toml"))  # fmt: skip
    assert found["exit_code"] == 1 and found["found"]["verdict"] == "FAIL"
    assert Path(found["written"]["file"]).is_file() and found["written"]["shown"] == found["written"]["shots"]
    first = hil.told("bisect", "reference", "misses_weld", "weld-plus-at-opening", "--among", "")
    assert (first["first_bad"], first["last_good"]) == ("misses_weld", "reference")


@pytest.mark.slow
def test_doctor_and_ruler_in_json(bench: Path, hil: Hil) -> None:
    assert hil.told("doctor", "--seconds", "0.2", "--time", "simulated")["findings"]
    series = hil.told("qualify", "--time", "simulated", "--shots", "3")["series"]
    assert [(one["condition"], one["contained"]) for one in series] == [("idle", 3), ("2000 frames/s", 3)]


@pytest.mark.slow
def test_mutants_hazards_and_ratings_in_json(bench: Path, hil: Hil, tmp_path: Path) -> None:
    kept = tmp_path / "found.json"
    told = hil.told("mutants", "-m", "misses_weld", "-k", "weld-plus", "--workers", "1", "--out", str(kept))
    assert told["caught"] == 1 and told["matrix"]["misses_weld"]["class"]
    assert json.loads(kept.read_text()) == told
    words = ("hazard", "--chemistry", "nmc", "--samples", "1", "--workers", "1", "--horizon", "60 s")
    hazards = hil.told(*words)
    assert {one["chemistry"] for one in hazards["results"]} == {"nmc"} and hazards["assumed"]
    assert hil(*words, "--out", str(tmp_path / "hazard.html"))[0] == 0
    assert json.loads((tmp_path / "hazard.json").read_text()) == hazards
    shutil.copy(ROOT / "scenarios" / "fmea.toml", tmp_path)
    ratings = hil.told(
        "safety",
        "--config",
        str(ROOT / "hil_config.toml"),
        "--fmea",
        str(ROOT / "scenarios/fmea.toml"),
        "--runs",
        "runs",
        "--chemistry",
        "nmc",
        "-k",
        "SG-WELD",
        "--hazard",
        str(tmp_path / "hazard.json"),
    )
    assert ratings["cells"] and {one["chemistry"] for one in ratings["cells"]} == {"nmc"}
