"""A run that was killed at any instant: `hil store` makes an aborted run of what is whole, and `hil verify` agrees."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from forked import run_forked
from small_bench import ONE, ROOT, hil_here, run_folders, small_bench

from bench.errors import NotARun, RecordError
from bench.record.codable import run_from_dict
from bench.record.database import ResultsDatabase
from bench.record.folder import open_run, verify_run
from bench.record.held import held
from bench.stored.builds import find_run
from bench.stored.cut_short import complete_cut_short
from bench.stored.store import stored_from
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.result import RunResult, Verdict


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two shots that passed."""
    bench = small_bench(tmp_path_factory.mktemp("bench"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(bench)
        assert hil_here("run", "-k", ONE, "--repeat", "2", "--workers", "1") == 0
    (folder,) = run_folders(bench)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of it without its footer."""
    folder = tmp_path / "runs" / finished.name
    shutil.copytree(finished, folder)
    (folder / "footer.json").unlink()
    return folder


def without_result(run: Path) -> None:
    (run / "result.json").unlink()


def in_mid_footer(run: Path) -> None:
    (run / "footer.json.part").write_text('{"format": "hil-run-1", "sha2')


def in_mid_result(run: Path) -> None:
    without_result(run)
    (run / "result.json.part").write_text('{"run_id": ')


def before_its_reports(run: Path) -> None:
    for name in ("result.json", "report.html", "junit.xml", "equipment.json"):
        (run / name).unlink()


def in_its_last_shot(run: Path) -> None:
    before_its_reports(run)
    containers = list(run.glob("scenarios/*/shots.hil"))
    for one in containers:
        one.write_bytes(one.read_bytes()[:-20])
    if not containers:
        (one,) = run.glob("scenarios/*/shot-001/result.json")
        one.unlink()


def before_its_first_shot(run: Path) -> None:
    before_its_reports(run)
    for one in run.glob("scenarios/*"):
        shutil.rmtree(one)


INSTANTS = {
    in_mid_footer: 2, in_mid_result: 2, in_its_last_shot: 1, before_its_first_shot: 0,
}  # fmt: skip


def result_of(run: Path) -> RunResult:
    content = open_run(run).result
    assert content is not None
    return run_from_dict(content)


@pytest.mark.parametrize("instant", INSTANTS)
def test_what_is_whole_is_stored_as_an_aborted_run_that_verifies(
    instant: Callable[[Path], None], run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    instant(run)
    database = run.parent / "results.sqlite"
    ((stored, line),) = stored_from([run], database)
    whole = INSTANTS[instant]
    assert stored and f"stored as an aborted run, for it had no footer: {whole} of 2 shots are whole" in line
    assert hil_here("verify", str(run)) == 0
    assert verify_run(run)[1] == () and not list(run.rglob("*.part"))
    result = result_of(run)
    assert result.aborted is not None and result.aborted.startswith(
        f"cut short; {whole} of 2 shots are whole"
    )
    assert sum(len(one.shots) for one in result.scenarios) == whole
    assert result.verdict is (Verdict.INCONCLUSIVE if whole else Verdict.NONE)
    assert (run / "report.html").is_file() and (run / "junit.xml").is_file()
    assert whole == 0 or hil_here("rejudge", str(run)) == 0  # that shots are missing is told already
    ((again, line),) = stored_from([run], database)
    assert again and line.endswith("stored already as an aborted run")


def test_an_aborted_run_is_listed_and_counts_for_nothing(run: Path) -> None:
    database = run.parent / "results.sqlite"
    list(stored_from([run], database))
    (listed,) = ResultsDatabase(database).runs()
    assert (listed.run_id, listed.aborted, listed.verdict) == (run.name, True, "INCONCLUSIVE")
    assert ResultsDatabase(database).history(ONE, EvidenceClass.SIMULATED) == ()
    with pytest.raises(NotARun):
        find_run("reference", run.parent)


def test_a_row_that_says_pass_gives_way_to_the_aborted_run_of_its_folder(finished: Path, run: Path) -> None:
    database = run.parent / "results.sqlite"
    ResultsDatabase(database).add(result_of(finished))
    ((stored, line),) = stored_from([run], database)
    assert stored and line.endswith("2 of 2 shots are whole, in place of what was listed")
    (listed,) = ResultsDatabase(database).runs()
    assert listed.aborted and listed.verdict == "INCONCLUSIVE"


def test_its_scenarios_are_those_that_the_finished_run_had(finished: Path, run: Path) -> None:
    before_its_reports(run)
    complete_cut_short(run)
    assert result_of(run).scenarios == result_of(finished).scenarios


def test_a_run_that_is_being_written_is_left_alone(run: Path) -> None:
    with held(run) as mine:
        assert mine
        ((stored, line),) = stored_from([run], run.parent / "results.sqlite")
        assert not stored and "is being written just now" in line
        with pytest.raises(RecordError, match="just now"):
            complete_cut_short(run)
    assert not (run / "footer.json").exists()
    ((stored, _),) = stored_from([run], run.parent / "results.sqlite")
    assert stored


def test_a_run_whose_copies_make_no_bench_any_more_is_sealed_all_the_same(run: Path) -> None:
    for one in (run / "inputs").glob("*hil_config.toml"):
        one.write_text("[bench]\n")
    ((stored, line),) = stored_from([run], run.parent / "results.sqlite")
    assert stored and "no verdict of its scenarios" in line
    assert hil_here("verify", str(run)) == 0
    assert result_of(run).verdict is Verdict.NONE


# --- signals while the end is written ------------------------------------------------------------------------------

_HELD = f"""
import os, signal, sqlite3, sys
sys.path.insert(0, {str(ROOT)!r})
from bench.timing.hold import Hold
from bench.timing.stopping import listening, stopped_by
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("create table if not exists t (x)")
other.execute("BEGIN EXCLUSIVE")
def send():
    for name in sys.argv[4:]:
        os.kill(os.getpid(), getattr(signal, name))
with listening():
    hold = Hold(lambda: "hil store RUN", most_s=float(sys.argv[3]))
    hold.on()
    send()
    try:  # C code that runs no handler of Python's
        sqlite3.connect(sys.argv[1], timeout=float(sys.argv[2])).execute("select * from t")
    except sqlite3.OperationalError:
        pass
    hold.off()
    print("whole", stopped_by())
"""


def under_hold(
    tmp_path: Path, locked_s: float, most_s: float, *names: str
) -> "subprocess.CompletedProcess[str]":
    return run_forked(_HELD, str(tmp_path / "r.sqlite"), str(locked_s), str(most_s), *names)


def test_one_or_two_signals_wait_until_the_end_is_written(tmp_path: Path) -> None:
    done = under_hold(tmp_path, 0.3, 30, "SIGTERM", "SIGINT")
    assert (done.returncode, done.stdout, done.stderr) == (0, "whole 15\n", "")


def test_the_third_signal_ends_it_at_once_and_is_told(tmp_path: Path) -> None:
    done = under_hold(tmp_path, 50, 40, "SIGINT", "SIGHUP", "SIGTERM")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "stopped while the end of the run was written: told to end 3 times; hil store RUN\n"


def test_what_takes_too_long_is_not_waited_for(tmp_path: Path) -> None:
    done = under_hold(tmp_path, 50, 0.3, "SIGTERM")
    assert (done.returncode, done.stdout) == (143, "")
    assert "not done 0.3 s after it was told to end; hil store RUN" in done.stderr
