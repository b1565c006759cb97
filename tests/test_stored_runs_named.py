"""Yesterday's run is found again: listed, filtered, named by `last` and label; and room is made without a loss."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from small_bench import ONE, QUICK, hil_here, run_folders, small_bench

import bench.report.terminal  # it has the true Console, before any is put in its place
from bench import About, Bench, ConfigError
from bench.cli.the_run import record_folder
from bench.record.database import ResultsDatabase
from bench.stored.clean import fates
from bench.stored.run_list import newest_run, run_list


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs: one that passed, one labelled that failed, one that passed."""
    folder = small_bench(tmp_path_factory.mktemp("bench"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert hil_here(*QUICK) == 0
        words = ("run", "-k", "weld-plus", "--repeat", "1", "--firmware", "misses_weld")
        said = (
            "--label",
            "new supply",
            "--operator",
            "A. Tester",
            "--dut-serial",
            "0815",
            "--note",
            "after repair",
        )
        assert hil_here(*words, *said) == 1
        assert hil_here(*QUICK) == 0
    return folder


@pytest.fixture(autouse=True)
def _there(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bench)


def _ids() -> list[str]:
    return [one.name for one in reversed(run_folders(Path()))]


def _listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    capsys.readouterr()
    assert hil_here("runs", "--json", *words) == 0
    return [one["run_id"] for one in json.loads(capsys.readouterr().out)["runs"]]


def test_runs_are_listed_newest_first_and_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    third, second, first = _ids()
    assert _listed(capsys) == [third, second, first]
    assert _listed(capsys, "-n", "1") == [third]
    assert _listed(capsys, "--verdict", "fail") == [second]
    assert _listed(capsys, "--build", "reference") == [third, first]
    assert _listed(capsys, "--label", "new supply") == [second]
    assert _listed(capsys, "--rig", "another") == []
    assert hil_here("runs", "--verdict", "FIAL") == 2
    assert "did you mean 'FAIL'" in capsys.readouterr().err
    assert hil_here("runs") == 0
    shown = capsys.readouterr().out
    assert all(text in shown for text in (third, "FAIL", "new supply", "A. Tester", "0815", "3 of 3 runs"))


def test_a_narrow_terminal_is_told_what_it_does_not_show(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(width: int) -> str:
        where: dict[str, Any] = {"width": width, "force_terminal": True, "color_system": None}
        monkeypatch.setattr("rich.console.Console", lambda **more: Console(**{**more, **where}))
        capsys.readouterr()
        assert hil_here("runs") == 0
        return capsys.readouterr().out

    assert "left out" not in shown(200)
    for width in (80, 40):
        text = shown(width)
        (left_out,) = [one for one in text.splitlines() if one.startswith("left out for the width: ")]
        assert all(name in left_out for name in ("DUT serial", "note")) and "0815" not in text
        assert all(one in text for one in (*_ids(), "FAIL", "scenarios"))


def test_no_run_is_told_with_the_command_that_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("report", "yesterday"), ("compare", "20261130", "last")):
        assert hil_here(*words) == 2
        assert "expected one that `hil runs` lists" in capsys.readouterr().err


def test_last_before_any_run_says_what_makes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hil_here("report", "last") == 2
    assert (
        capsys.readouterr().err
        == "'last': found no run in runs; `hil run` makes one, `hil runs` lists them\n"
    )


@pytest.mark.parametrize("asked", ["weld-plus-at-opening", ONE])
def test_an_id_in_place_of_a_file_is_told_how_to_ask_for_it(
    asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert hil_here("run", asked) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"{asked}: found no such file; expected ") and f"-k ={asked}" in told
    assert hil_here("run", "nope") == 2
    assert "-k" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--repeat", "0"), "'--repeat': found '0'; expected 1 or more"),
        (("run", "--repeat", "x"), "'--repeat': found 'x'; expected a whole number"),
        (("explain", "too-lte"), "lists; did you mean 'too-late'?\n"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_found_and_what_is_expected(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hil_here(*words) == 2
    assert said in capsys.readouterr().err


def test_a_run_is_named_by_last_id_and_label(capsys: pytest.CaptureFixture[str]) -> None:
    third, second, _ = _ids()
    for name, run in (("last", third), (second, second), ("new supply", second), ("misses_weld", second)):
        assert hil_here("verify", name, "--json") == 0
        assert Path(json.loads(capsys.readouterr().out)["run"]).name == run
    assert hil_here("compare", "reference", "last", "--json") == 0
    compared = json.loads(capsys.readouterr().out)
    assert compared["new"]["run_id"] == third


@pytest.mark.parametrize(
    "words",
    [
        ("report", "NOPE"),
        ("verify", "NOPE"),
        ("rejudge", "NOPE"),
        ("note", "NOPE"),
        ("store", "NOPE"),
        ("trace", "NOPE"),
        ("sign", "NOPE", "--key", "k.pem"),
        ("export", "NOPE", "--to", "csv", "--out", "x"),
    ],
    ids=lambda words: words[0],
)
def test_a_name_of_no_run_is_wrong_usage_in_one_line(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert hil_here(*words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert "'NOPE': no run folder" in line


def test_header_table_and_report_say_who_and_on_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert hil_here("report", "new supply", "--out", str(page)) == 0
    shown = capsys.readouterr().out
    assert (
        "rig: desk bench · operator: A. Tester · DUT serial: 0815 · label: new supply · note: after repair"
        in shown
    )
    assert hil_here("report", "new supply", "--markdown") == 0
    told = capsys.readouterr().out
    for text in ("A. Tester", "0815", "new supply", "after repair"):
        assert text in page.read_text()
        assert text in told
    header = json.loads((Path("runs") / _ids()[1] / "header.json").read_text())
    assert header["label"] == "new supply"
    assert header["dut_serial"] == "0815"


@pytest.mark.parametrize("label", ["last", "a/b", " x", "-x", "x" * 81, "a\nb"])
def test_a_label_that_means_something_else_is_refused_before_anything_is_driven(label: str) -> None:
    before = _ids()
    assert hil_here(*QUICK, f"--label={label}") == 2
    assert _ids() == before


def test_a_run_that_goes_elsewhere_is_no_run_of_this_project(tmp_path: Path) -> None:
    before = ResultsDatabase(Path("runs/results.sqlite")).runs()
    assert hil_here(*QUICK, "--out", str(tmp_path / "away")) == 0
    assert ResultsDatabase(Path("runs/results.sqlite")).runs() == before
    assert len(ResultsDatabase(tmp_path / "away" / "results.sqlite").runs()) == 1
    assert hil_here(*QUICK, "--out", "runs/nightly") == 0
    assert len(ResultsDatabase(Path("runs/results.sqlite")).runs()) == len(before) + 1
    nightly = newest_run(Path("runs"))
    assert nightly is not None
    assert nightly.parent.name == "nightly"
    assert hil_here("clean", "--keep", "0", "--runs", "runs/nightly", "--yes") == 0
    assert not nightly.exists()


def test_where_a_bench_file_records_is_known_whatever_else_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "bench.toml"
    file.write_text('nonsense = 1\n[record]\nfolder = "kept"\n')
    assert record_folder(file) == tmp_path / "kept"
    file.write_text("[[[")
    assert record_folder(file) == tmp_path / "runs"


def test_clean_shows_what_it_would_free_and_takes_nothing_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_bench(tmp_path))
    assert hil_here(*QUICK) == 0
    assert hil_here("run", "-k", "weld-plus", "--repeat", "1", "--firmware", "misses_weld") == 1
    for label in ("kept", "", "", ""):
        assert hil_here(*QUICK, "--label", label) == 0
    newest, altered, third, labelled, failed, first = _ids()
    statement = Path("runs") / altered / "statement.json"
    statement.write_text(statement.read_text().replace("PASSED", "FAILED"))
    capsys.readouterr()
    assert hil_here("clean", "--keep", "1") == 0
    told = capsys.readouterr().out
    assert len(_ids()) == 6, "nothing goes without --yes"
    going = [line.split()[1].rstrip(":") for line in told.splitlines() if line.startswith("goes")]
    assert going == [third, first]
    assert "did not pass (FAIL)" in told
    assert "called 'kept'" in told
    assert "is not as it was written" in told
    assert "would free 2 of 6 runs" in told
    assert hil_here("clean", "--keep", "1", "--failing", "--yes") == 0
    assert _ids() == [newest, altered, labelled]
    listed = {one.run_id for one in ResultsDatabase(Path("runs/results.sqlite")).runs()}
    assert listed == {newest, altered, labelled}
    assert [one.verdict for one in run_list(Path("runs"))] == ["PASS", "ALTERED", "PASS"]
    assert failed not in listed


def test_a_script_says_the_same_of_its_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = About(label="from a script", note="why", operator="A. Tester", dut_serial="0816")
    run = Bench.open().run(ONE, repeat=1, about=said, out=tmp_path)
    header = json.loads((run.folder / "header.json").read_text())
    assert {name: header[name] for name in ("label", "note", "operator", "dut_serial")} == {
        "label": "from a script", "note": "why", "operator": "A. Tester", "dut_serial": "0816",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="--label: found 'last'; expected a name"):
        Bench.open().run(ONE, repeat=1, about=About(label="last"), out=tmp_path)
    assert hil_here("runs", "--runs", str(tmp_path), "--label", "from a script") == 0
    assert run.folder.name in capsys.readouterr().out


def test_a_run_that_was_cut_short_stays_where_a_shot_had_failed(tmp_path: Path) -> None:
    by_verdict = {one.verdict: one.folder for one in run_list(Path("runs"))}
    for name, folder in (("failed", by_verdict["FAIL"]), ("passed", by_verdict["PASS"])):
        cut = tmp_path / f"{folder.name}-{name}"
        shutil.copytree(folder, cut)
        for part in ("footer.json", "result.json", "statement.json"):
            (cut / part).unlink()
        edited = json.loads((cut / "header.json").read_text()) | {"label": ""}
        (cut / "header.json").write_text(json.dumps(edited))
    stays = {fate.run.folder.name.rpartition("-")[2]: fate.stays for fate in fates(run_list(tmp_path), 0)}
    assert stays["passed"] == ""
    assert stays["failed"].startswith("was cut short, and these had not passed: weld-plus")
    assert all(not fate.stays for fate in fates(run_list(tmp_path), 0, failing=True))
    for shots in tmp_path.glob("*/scenarios/*/shots.hil"):
        shots.write_bytes(b"torn")
    assert {fate.stays for fate in fates(run_list(tmp_path), 0)} <= {
        "", "was cut short, and its shots cannot be read: look at it first",
    }  # fmt: skip
