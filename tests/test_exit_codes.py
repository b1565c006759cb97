"""One table of exit codes for all commands (docs/exit_codes.md): 1 is the DUT that is wrong, and nothing else."""

import dataclasses
import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from evidence import finished
from forked import ForkedPython
from sample_run import sample_run
from small_bench import ONE, QUICK, ROOT, hil_here, run_folders, small_bench

from bench.record.database import ResultsDatabase
from bench.record.folder import verify_run
from bench.running import local
from bench.running.crash import crash_line
from bench.running.load import exit_code

CRASH = re.compile(r"the bench crashed: ZeroDivisionError: division by zero \(\S+:\d+\); traceback in (\S+)")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(small_bench(tmp_path))
    return tmp_path


def started(
    folder: Path, *words: str, before: str = "", new: bool = False, **how: object
) -> "subprocess.Popen[str]":
    """`hil` as a process of its own; `before`: lines run in it first. new: an interpreter of its own, too."""
    line = f"import sys\n{before}\nfrom bench.cli.main import run\nsys.argv = ['hil', *sys.argv[1:]]\nrun()"
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    if new:
        return subprocess.Popen([sys.executable, "-c", line, *words], cwd=folder, text=True, **pipes)  # type: ignore[call-overload,no-any-return]
    return ForkedPython([line, *words], cwd=folder, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def crashing(*_: object, **__: object) -> None:
    _ = 1 / 0


# --- 0, 1, 2, 3 ----------------------------------------------------------------------------------------------


def test_a_run_that_passes_and_one_of_a_dut_that_is_wrong(bench: Path) -> None:
    assert hil_here(*QUICK) == 0
    assert hil_here("run", "-k", "weld-plus", "--repeat", "1", "--firmware", "misses_weld") == 1


def test_neither_what_has_no_verdict_nor_what_the_bench_ended_is_1() -> None:
    run = sample_run(n=12)
    by_name = {one.scenario_id: one for one in run.scenarios}

    def code(*names: str, aborted: str | None = None) -> int:
        chosen = tuple(by_name[name] for name in names)
        return exit_code(dataclasses.replace(run, scenarios=chosen, aborted=aborted))

    assert code("cell-overvoltage") == 0
    assert code("cell-overvoltage", "hvil-open") == code("insulation-lost") == code() == 3
    assert code("cell-overvoltage", "weld-plus", "hvil-open") == 1
    assert code("weld-plus", aborted="the bench crashed") == 3


@pytest.mark.parametrize(
    "words",
    [
        ("report", "runs/nope"),
        ("report", "scenarios"),
        ("verify", "runs/nope"),
        ("rejudge", "runs/nope"),
        ("export", "runs/nope", "--to", "csv", "--out", "out"),
        ("sign", "runs/nope", "--key", "key.pem"),
        ("compare", "runs/nope", "runs/nope"),
        ("trace", "runs/nope"),
        ("store", "runs/nope"),
        ("run", "-k", "no-such-scenario"),
        ("run", "--config", "nope.toml"),
        ("run", "--repeat", "0"),
        ("run", "--no-such-option"),
        ("no-such-command",),
        (*QUICK, "--junit", "scenarios"),
        (*QUICK, "--junit", "hil_config.toml/junit.xml"),
        (*QUICK, "--report", "/proc/nowhere/report.html"),
        (*QUICK, "--out", "hil_config.toml"),
        (*QUICK, "--out", "/proc/nowhere"),
        ("mutants", "-k", ONE, "--out", "/proc/nowhere/found.json"),
        ("hazard", "--out", "/proc/nowhere/hazard.html"),
        ("safety", "--out", "/proc/nowhere/safety.html"),
        (*QUICK, "--firmware", ":x"),
        (*QUICK, "--firmware", "x:"),
        (*QUICK, "--firmware", ".x:y"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_and_nothing_is_driven(
    words: tuple[str, ...], bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert hil_here(*words) == 2
    told = capfd.readouterr().err
    assert told.strip() and "Traceback" not in told
    assert run_folders(bench) == []
    assert "report.html" not in {one.name for one in bench.iterdir()}


def test_a_file_that_cannot_be_written_or_read_is_2_of_a_stored_run_too(
    bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert hil_here(*QUICK) == 0
    (run,) = run_folders(bench)
    (bench / "empty.pem").write_text("")
    for words in (
        ("report", str(run), "--out", "/proc/x.html"),
        ("report", str(run), "--out", "scenarios"),
        ("export", str(run), "--to", "csv", "--out", "/proc/x"),
        ("export", str(run), "--to", "csv", "--out", "hil_config.toml"),
        ("sign", str(run), "--key", "nonexistent.pem"),
        ("sign", str(run), "--key", "empty.pem"),
        ("sign", str(run), "--key", "empty.pem", "--new-key"),
        ("sign", "--key", "/proc/x.pem", "--new-key"),
    ):
        capfd.readouterr()
        if words[0] == "sign":
            pytest.importorskip("cryptography")
        assert hil_here(*words) == 2, words
        told = capfd.readouterr().err
        assert len(told.splitlines()) == 1 and "Traceback" not in told, told
    (run / "footer.json").rename(bench / "footer.json")
    assert hil_here("rejudge", str(run)) == 3  # it has its result: the footer was taken away
    assert capfd.readouterr().out.splitlines()[-1].startswith("ALTERED, ")
    (run / "result.json").rename(bench / "result.json")
    assert hil_here("rejudge", str(run)) == 3  # as one that was aborted
    assert capfd.readouterr().out.splitlines()[-1].startswith("ABORTED, ")
    (bench / "footer.json").rename(run / "footer.json")
    (bench / "result.json").rename(run / "result.json")
    assert hil_here("rejudge", str(run)) == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (":x", "found no module before the colon"),
        ("x:", "found no factory after the colon"),
        (".x:y", "that could be imported; expected module:factory"),
    ],
)
def test_a_firmware_that_names_no_module_is_told_in_plain_words(
    name: str, words: str, bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert hil_here(*QUICK, "--firmware", name) == 2
    told = capfd.readouterr().err
    assert words in told and "importlib" not in told and "ValueError" not in told


def test_what_stands_where_a_file_is_to_go_survives_the_trial(bench: Path) -> None:
    (bench / "junit.xml").write_text("of yesterday")
    assert hil_here("run", "-k", "no-such-scenario", "--junit", "junit.xml") == 2
    assert (bench / "junit.xml").read_text() == "of yesterday"
    assert hil_here(*QUICK, "--junit", "junit.xml", "--report", "new/report.html") == 0
    assert "testsuites" in (bench / "junit.xml").read_text() and (bench / "new" / "report.html").is_file()


# --- a crash -------------------------------------------------------------------------------------------------


def test_a_crash_while_shots_are_fired_is_3_and_keeps_what_had_finished(
    bench: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all = local.run_all
    monkeypatch.setattr("bench.door.fire.run_all", lambda *both: (run_all(*both), crashing()))
    assert hil_here(*QUICK) == 3
    (folder,) = run_folders(bench)
    shown, told = capfd.readouterr()
    found = CRASH.search(told)
    assert found is not None and Path(found[1]).resolve() == (folder / "crash.txt").resolve()
    assert "Traceback" not in told and "Traceback" in (folder / "crash.txt").read_text()
    assert "what had finished is kept" in shown and ONE in shown
    assert (folder / "report.html").is_file() and not (folder / "footer.json").exists()
    assert len(finished(folder)) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_crash_in_a_worker_is_told_from_where_it_struck(
    workers: str, bench: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "shoot", crashing)
    assert hil_here("run", "-k", "weld-plus", "--repeat", "1", "--workers", workers) == 3
    (folder,) = run_folders(bench)
    assert CRASH.search(capfd.readouterr().err)
    assert "in crashing" in (folder / "crash.txt").read_text()


def test_a_crash_of_the_report_costs_neither_footer_nor_database(
    bench: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.stored.finish.gather", crashing)
    assert hil_here(*QUICK) == 3
    (folder,) = run_folders(bench)
    assert CRASH.search(capfd.readouterr().err) and (folder / "crash.txt").is_file()
    footer, altered = verify_run(folder)
    assert footer is not None and altered == ()
    assert hil_here("store", str(folder)) == 0
    assert "stored already" in capfd.readouterr().out


def test_a_crash_before_there_is_a_run_is_in_a_file_of_its_own(
    bench: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("bench.door.run", "bench.running.load"):
        monkeypatch.setattr(f"{room}.whole_library", crashing)
    for words in (QUICK, ("safety",)):
        assert hil_here(*words) == 3
        told = capfd.readouterr().err
        found = CRASH.fullmatch(told.strip())
        assert found is not None, told
        assert "in crashing" in Path(found[1]).read_text()
        Path(found[1]).unlink()


def test_a_crash_by_a_broken_pipe_of_something_else_is_no_closed_output(
    bench: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("bench.door.run.whole_library", broken)
    assert hil_here(*QUICK) == 3
    found = re.search(r"crashed: BrokenPipeError.*traceback in (\S+)", capfd.readouterr().err)
    assert found is not None
    Path(found[1]).unlink()


def test_a_folder_that_vanishes_while_it_is_written_is_never_called_complete(
    bench: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all = local.run_all

    def and_lose(campaign: local.Campaign, on_shot: Callable[..., None]) -> None:
        run_all(campaign, on_shot)
        (folder,) = run_folders(bench)
        (shots,) = folder.glob("scenarios/*")
        shots.rename(bench / "lost")

    monkeypatch.setattr("bench.door.fire.run_all", and_lose)
    assert hil_here(*QUICK) == 3
    assert "1 of 1 shots vanished" in capfd.readouterr().err
    (folder,) = run_folders(bench)
    assert not (folder / "footer.json").exists()
    assert hil_here("store", str(folder)) == 0
    assert "stored as an aborted run, for it had no footer: 0 of 1 shots are whole" in capfd.readouterr().out
    (listed,) = ResultsDatabase(bench / "runs" / "results.sqlite").runs()
    assert listed.aborted and listed.verdict != "PASS"


# --- a closed pipe -------------------------------------------------------------------------------------------


def closed_at_once() -> int:
    """The writing end of a pipe that nobody reads."""
    reads, writes = os.pipe()
    os.close(reads)
    return writes


@pytest.mark.parametrize("both", [False, True], ids=["stdout", "stdout and stderr"])
def test_a_run_whose_output_is_closed_finishes_its_record_and_ends_with_141(
    both: bool, tmp_path: Path
) -> None:
    pipe = closed_at_once()
    small_bench(tmp_path)
    process = started(tmp_path, *QUICK, stdout=pipe, **({"stderr": pipe} if both else {}))
    os.close(pipe)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 141
    assert both or ("BrokenPipe" not in told and "Traceback" not in told)
    (folder,) = run_folders(tmp_path)
    footer, altered = verify_run(folder)
    assert footer is not None and altered == ()


def test_any_other_command_whose_output_is_closed_ends_with_141(tmp_path: Path) -> None:
    small_bench(tmp_path)
    pipe = closed_at_once()
    process = started(tmp_path, "list", new=True, stdout=pipe)
    os.close(pipe)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (141, "")


def test_output_on_a_full_disk_is_3_and_says_so(tmp_path: Path) -> None:
    small_bench(tmp_path)
    with Path("/dev/full").open("w") as full:
        process = started(tmp_path, "list", new=True, stdout=full)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 3
    assert told.strip() == "standard output cannot be written: No space left on device; what it said is lost"


# --- signals -------------------------------------------------------------------------------------------------

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
# As in a shell's foreground, whatever the tests themselves were started from.
LISTENS = """
import signal
for one in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(one, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


@pytest.mark.parametrize("sent", SIGNALS)
def test_a_signal_ends_a_run_in_order_and_keeps_what_had_finished(
    sent: signal.Signals, tmp_path: Path
) -> None:
    small_bench(tmp_path)
    process = started(
        tmp_path, "run", "-k", "weld-plus", "--repeat", "5000", "--workers", "2", before=LISTENS
    )
    until = time.monotonic() + 60
    while not any(map(finished, tmp_path.glob("runs/*"))) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(sent)
    shown, told = process.communicate(timeout=60)
    assert process.returncode == SIGNALS[sent], shown + told
    assert "stopped by the user or by a signal; what had finished is kept" in " ".join(shown.split())
    (folder,) = run_folders(tmp_path)
    assert (folder / "report.html").is_file() and not (folder / "footer.json").exists()


@pytest.mark.parametrize("sent", SIGNALS)
def test_a_signal_to_a_command_that_has_nothing_to_keep(sent: signal.Signals, tmp_path: Path) -> None:
    small_bench(tmp_path)
    slow = (
        f"{LISTENS}\nimport bench.door.checked as one, time\n"
        "one.load_rig = lambda *_: (print('ready', flush=True), time.sleep(60))"
    )
    process = started(tmp_path, "check", before=slow)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(sent)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (SIGNALS[sent], "stopped\n")


def test_signals_that_come_while_the_first_is_told_change_nothing(tmp_path: Path) -> None:
    """A user who holds Ctrl-C down, and a supervisor that sends all it knows."""
    small_bench(tmp_path)
    told_thrice = (
        f"{LISTENS}\nimport bench.door.checked as one, bench.cli.ending as ending, atexit\n"
        "def again(*_):\n    for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.raise_signal(sent)\n"
        "one.load_rig = lambda *_: signal.raise_signal(signal.SIGTERM)\n"
        "ending._say = again\natexit.register(again)"
    )
    process = started(tmp_path, "check", before=told_thrice)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (143, "")


def test_signals_wait_while_the_end_of_a_run_is_written(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import bench.stored.finish as finish

    gather = finish.gather

    def struck(*both: object, **to_run: object) -> object:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        return gather(*both, **to_run)  # type: ignore[arg-type]

    monkeypatch.setattr(finish, "gather", struck)
    before = signal.getsignal(signal.SIGTERM)
    assert hil_here(*QUICK) == 143
    (folder,) = run_folders(bench)
    footer, altered = verify_run(folder)
    assert footer is not None and altered == ()
    assert signal.getsignal(signal.SIGTERM) is before
    assert hil_here("store", str(folder)) == 0


# --- the table itself ----------------------------------------------------------------------------------------


def test_the_documented_codes_are_those_of_the_code() -> None:
    from bench.cli import ending

    lines = (ROOT / "docs" / "exit_codes.md").read_text().splitlines()
    told = {
        int(n) for line in lines if re.match(r"\| \d", line) for n in re.findall(r"\d+", line.split("|")[1])
    }
    codes = {ending.PASS, ending.FAIL, ending.USAGE, ending.BENCH, ending.CLOSED_PIPE, *SIGNALS.values()}
    assert told == codes


def test_a_run_asked_for_json_prints_nothing_else_on_stdout(
    bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (bench / "runs").mkdir()
    (bench / "runs" / "results.sqlite").write_text("no database at all, " * 50)
    assert hil_here(*QUICK, "--json", "--workers", "100000") == 0
    shown, told = capfd.readouterr()
    assert [one["scenario_id"] for one in json.loads(shown)["scenarios"]] == [ONE]
    assert "warning: not in the results database" in told and "--workers 100000: 1 used" in told


def test_a_process_without_room_for_what_it_loads_says_so_before_it_begins(tmp_path: Path) -> None:
    """Below 384 MB of addresses OpenBLAS asks for memory for ever, with shots fired and nothing told."""
    few = "import resource; resource.setrlimit(resource.RLIMIT_AS, (230 << 20, resource.RLIM_INFINITY)); "
    line = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {few}from bench.start import run; run()"
    ended = subprocess.run(
        [sys.executable, "-c", line, "run", "--repeat", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    (said,) = ended.stderr.splitlines()
    assert "230 MB" in said and "expected 384 MB at least" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("most", [4, 8, 15])
def test_a_process_that_may_open_few_files_says_so_before_it_begins(most: int, tmp_path: Path) -> None:
    """At 8 it could not read its own modules while it had others open, nor write down why."""
    few = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, {most})); "
    line = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from bench.start import run; {few}run()"
    ended = subprocess.run(
        [sys.executable, "-c", line, "run", "--repeat", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    (said,) = ended.stderr.splitlines()
    assert f"a limit of {most} open files" in said and "expected 16 at least" in said


def test_a_crash_for_want_of_open_files_is_one_line_without_its_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(tempfile, "mkstemp", none_left)
    monkeypatch.setattr(Path, "open", none_left)
    said = crash_line(OSError(errno.EMFILE, "Too many open files"), tmp_path)
    assert "Traceback" not in said and "raise the limit of open files (ulimit -n)" in said
