"""Where a command may not write: into a run's folder, twice the same file, or anything but a plain file."""

import hashlib
import os
from pathlib import Path

import pytest
from small_bench import QUICK, hil_here, run_folders, small_bench

from bench.errors import ConfigError
from bench.record.folder import verify_run
from bench.record.targets import keep_out_of_runs, try_file, try_files


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(a bench, its only run)."""
    bench = small_bench(tmp_path_factory.mktemp("bench"))
    with pytest.MonkeyPatch.context() as here:
        here.chdir(bench)
        assert hil_here(*QUICK) == 0
    (run,) = run_folders(bench)
    return bench, run


def content_of(run: Path) -> dict[str, str]:
    return {
        one.relative_to(run).as_posix(): hashlib.sha256(one.read_bytes()).hexdigest() if one.is_file() else ""
        for one in run.rglob("*")
    }


def refused(words: tuple[str, ...], bench: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """Exit 2, one line on stderr, nothing driven."""
    before = run_folders(bench)
    capfd.readouterr()
    assert hil_here(*words) == 2, words
    told = capfd.readouterr().err
    assert len(told.splitlines()) == 1 and "Traceback" not in told, told
    assert run_folders(bench) == before
    return told


@pytest.mark.parametrize(
    "words",
    [
        ("report", "RUN", "--out", "RUN/result.json"),
        ("report", "RUN", "--out", "RUN/new-name.html"),
        ("report", "RUN", "--out", "RUN/scenarios/report.html"),
        ("report", "RUN", "--out", "link/header.json"),
        ("report", "RUN", "--out", "plain-name.html"),
        ("export", "RUN", "--to", "csv", "--out", "RUN"),
        ("export", "RUN", "--to", "csv", "--out", "RUN/scenarios"),
        ("export", "RUN", "--to", "junit", "--out", "RUN/new/deep"),
        (*QUICK, "--junit", "RUN/junit.xml"),
        (*QUICK, "--report", "RUN/report.html"),
        (*QUICK, "--out", "RUN"),
        (*QUICK, "--out", "RUN/scenarios"),
        ("safety", "--out", "RUN/safety.html"),
        ("hunt", "scenarios/contactors/weld_plus_at_opening.toml", "--out", "RUN/found_ov.toml"),
    ],
    ids=" ".join,
)
def test_nothing_is_written_into_a_run(
    words: tuple[str, ...],
    stored: tuple[Path, Path],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, run = stored
    monkeypatch.chdir(bench)
    for name, target in (("link", run), ("plain-name.html", run / "result.json")):
        if not (bench / name).is_symlink():
            (bench / name).symlink_to(target)
    before = content_of(run)
    told = refused(tuple(one.replace("RUN", str(run)) for one in words), bench, capfd)
    assert "whose files are evidence; expected a place outside of it" in told
    assert content_of(run) == before
    assert verify_run(run)[1] == ()


def test_a_key_is_not_made_in_a_run(
    stored: tuple[Path, Path], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    bench, run = stored
    monkeypatch.chdir(bench)
    refused(("sign", "--new-key", "--key", str(run / "key.pem")), bench, capfd)
    assert verify_run(run)[1] == ()


def test_the_own_page_of_a_run_is_made_again_only_as_it_was(
    stored: tuple[Path, Path], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, run = stored
    monkeypatch.chdir(bench)
    before = content_of(run)
    page = ("report", str(run), "--out", str(run / "report.html"))
    assert hil_here(*page) == 0
    assert content_of(run) == before
    monkeypatch.setattr("bench.stored.gather.gather", _with_an_alert)
    assert "is sealed, and the report made now differs" in refused_last(page, capfd)
    assert content_of(run) == before


def _with_an_alert(*_: object) -> object:
    from bench.report.extras import ReportExtras

    return ReportExtras(alerts=("another bench is beside it now",))


def refused_last(words: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    assert hil_here(*words) == 2
    return capfd.readouterr().err


@pytest.mark.parametrize(
    ("junit", "report"),
    [("same", "same"), ("same", "./new/../same"), ("one", "hard"), ("new", "new/report.html"), ("a/b", "a")],
)
def test_two_outputs_are_two_files(
    junit: str,
    report: str,
    stored: tuple[Path, Path],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, _ = stored
    monkeypatch.chdir(bench)
    if report == "hard":
        (bench / "one").write_text("of yesterday")
        os.link(bench / "one", bench / "hard")
    told = refused((*QUICK, "--junit", junit, "--report", report), bench, capfd)
    assert told.startswith("--junit and --report: ")
    assert not (bench / "same").exists() and not (bench / "new").exists()


@pytest.mark.parametrize("option", ["--junit", "--report"])
@pytest.mark.parametrize("kind", ["FIFO", "/dev/full", "/dev/null"])
def test_an_output_is_a_plain_file(
    option: str,
    kind: str,
    stored: tuple[Path, Path],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, _ = stored
    monkeypatch.chdir(bench)
    path = bench / "pipe"
    if not path.exists():
        os.mkfifo(path)
    told = refused((*QUICK, option, str(path) if kind == "FIFO" else kind), bench, capfd)
    assert "no plain file; expected one, or none yet" in told


def test_a_header_of_somebody_else_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "header.json").write_text("{}")
    (tmp_path / "out").mkdir()
    try_file("--out", tmp_path / "out" / "report.html")
    try_files({"--junit": tmp_path / "a.xml", "--report": None})
    assert not (tmp_path / "a.xml").exists()
    (tmp_path / "inputs").mkdir()
    with pytest.raises(ConfigError, match="whose files are evidence"):
        try_file("--out", tmp_path / "out" / "report.html")
    with pytest.raises(ConfigError, match="cannot be written"):
        keep_out_of_runs("--out", Path("a\0b"))


@pytest.mark.parametrize(
    "words", [("--shot", "99"), ("-k", "zzz"), ("-k", "zzz", "--shot", "0")], ids=" ".join
)
def test_an_export_of_no_shot_is_wrong_usage(
    words: tuple[str, ...],
    stored: tuple[Path, Path],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, run = stored
    monkeypatch.chdir(bench)
    told = refused(("export", str(run), "--to", "csv", "--out", "exported", *words), bench, capfd)
    assert "found no shot that fits" in told and not (bench / "exported").exists()
