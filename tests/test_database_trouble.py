"""Whatever is wrong with the results database, the run is complete in its folder, and `hil store` adds it later."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from evidence import alter_result, finished
from sample_run import sample_run
from small_bench import ONE, QUICK, ROOT, hil_here, records_in, run_folders, small_bench

from bench.errors import RecordError
from bench.record.database import ResultsDatabase
from bench.record.folder import open_run, verify_run
from bench.record.schema import VERSION
from bench.running import local
from bench.timing.evidence_class import EvidenceClass

USUAL = "runs/results.sqlite"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(small_bench(tmp_path))
    monkeypatch.setattr("bench.record.database.WAIT_S", 0.1)
    monkeypatch.setattr("bench.stored.finish._TRIAL_S", 0.1)
    (tmp_path / "runs").mkdir()
    return tmp_path


def stored(bench: Path) -> int:
    return len(ResultsDatabase(bench / USUAL).history(ONE, EvidenceClass.SIMULATED))


def filled(file: Path) -> None:
    """As of an earlier run."""
    ResultsDatabase(file).add(sample_run(n=12))


def sql(file: Path, *lines: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for line in lines:
            connection.execute(line)


# --- each makes a trouble with the bench's database, and mends it when the run is over -----------------------


@contextmanager
def a_text(bench: Path) -> Iterator[None]:
    (bench / USUAL).write_text("this is no database, but long enough to be read as one " * 20)
    yield
    (bench / USUAL).unlink()


@contextmanager
def cut_in_half(bench: Path) -> Iterator[None]:
    file = bench / USUAL
    filled(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    yield
    file.write_bytes(whole)


@contextmanager
def overwritten_pages(bench: Path) -> Iterator[None]:
    file = bench / USUAL
    filled(file)
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + bytes(range(256)) * (len(whole) // 256))
    yield
    file.write_bytes(whole)


@contextmanager
def locked(bench: Path, how: str) -> Iterator[None]:
    filled(bench / USUAL)
    with closing(sqlite3.connect(bench / USUAL, isolation_level=None)) as other:
        other.execute(f"BEGIN {how}")
        yield
        other.execute("ROLLBACK")


def locked_whole(bench: Path) -> object:
    return locked(bench, "EXCLUSIVE")


def locked_for_writing(bench: Path) -> object:
    return locked(bench, "IMMEDIATE")


@contextmanager
def read_only(bench: Path) -> Iterator[None]:
    filled(bench / USUAL)
    records_in(bench, f"sqlite:///file:{bench / USUAL}?mode=ro&uri=true")
    yield
    records_in(bench, USUAL)


@contextmanager
def of_a_newer_release(bench: Path) -> Iterator[None]:
    filled(bench / USUAL)
    sql(bench / USUAL, f"update hil_schema set version = {VERSION + 1}")
    yield
    sql(bench / USUAL, f"update hil_schema set version = {VERSION}")


@contextmanager
def of_another_program(bench: Path) -> Iterator[None]:
    sql(bench / USUAL, "create table runs (name text)")
    yield
    sql(bench / USUAL, "drop table runs")


@contextmanager
def a_table_gone(bench: Path) -> Iterator[None]:
    filled(bench / USUAL)
    sql(bench / USUAL, "alter table shots rename to shots_away")
    yield
    sql(bench / USUAL, "alter table shots_away rename to shots")


@contextmanager
def full(bench: Path) -> Iterator[None]:
    filled(bench / USUAL)
    refused = "begin select raise(abort, 'database or disk is full'); end"
    sql(bench / USUAL, f"create trigger quota before insert on shots {refused}")
    yield
    sql(bench / USUAL, "drop trigger quota")


@contextmanager
def a_folder(bench: Path) -> Iterator[None]:
    (bench / USUAL).mkdir()
    yield
    (bench / USUAL).rmdir()


@contextmanager
def a_pipe(bench: Path) -> Iterator[None]:
    os.mkfifo(bench / USUAL)
    yield
    (bench / USUAL).unlink()


@contextmanager
def below_a_file(bench: Path) -> Iterator[None]:
    (bench / "file").touch()
    records_in(bench, "file/results.sqlite")
    yield
    records_in(bench, USUAL)


@contextmanager
def where_no_folder_can_be_made(bench: Path) -> Iterator[None]:
    records_in(bench, "/proc/nowhere/results.sqlite")
    yield
    records_in(bench, USUAL)


@contextmanager
def a_device(bench: Path) -> Iterator[None]:
    records_in(bench, "/dev/full")
    yield
    records_in(bench, USUAL)


@contextmanager
def a_link_to_nowhere(bench: Path) -> Iterator[None]:
    (bench / USUAL).symlink_to(bench / "away" / "results.sqlite")
    yield
    (bench / "away").mkdir()


@contextmanager
def a_link_to_itself(bench: Path) -> Iterator[None]:
    (bench / USUAL).symlink_to(bench / USUAL)
    yield
    (bench / USUAL).unlink()


@contextmanager
def a_name_too_long(bench: Path) -> Iterator[None]:
    records_in(bench, f"runs/{'x' * 300}.sqlite")
    yield
    records_in(bench, USUAL)


FROM_THE_START = (
    a_text, cut_in_half, overwritten_pages, locked_whole, locked_for_writing, read_only, of_a_newer_release,
    of_another_program, a_table_gone, full, a_folder, a_pipe, below_a_file, where_no_folder_can_be_made, a_device,
    a_link_to_nowhere, a_link_to_itself, a_name_too_long,
)  # fmt: skip


@contextmanager
def its_folder_vanishes(bench: Path) -> Iterator[None]:
    (bench / "lab" / "results.sqlite").unlink()
    (bench / "lab").rmdir()
    (bench / "lab").touch()
    yield
    (bench / "lab").unlink()


@contextmanager
def it_is_written_over(bench: Path) -> Iterator[None]:
    (bench / "lab" / "results.sqlite").write_bytes(b"no longer a database" * 100)
    yield
    (bench / "lab" / "results.sqlite").unlink()


@contextmanager
def another_run_has_its_name(bench: Path) -> Iterator[None]:
    (folder,) = run_folders(bench)
    filled(bench / "lab" / "results.sqlite")
    sql(bench / "lab" / "results.sqlite", f"update runs set run_id = '{folder.name}'")
    yield
    (bench / "lab" / "results.sqlite").unlink()


WHILE_IT_RUNS = (its_folder_vanishes, it_is_written_over, another_run_has_its_name)


def check_complete(bench: Path, told: str) -> Path:
    (folder,) = run_folders(bench)
    footer, altered = verify_run(folder)
    assert footer is not None and altered == ()
    opened = open_run(folder)
    assert opened.result is not None and opened.result["aborted"] is None
    (scenario,) = opened.result["scenarios"]
    assert scenario["judgement"]["verdict"] == "PASS"
    last = told.strip().splitlines()[-1]
    assert (
        last.startswith("warning: not in the results database: ")
        and f"hil store {folder.relative_to(bench)}" in last
    )
    assert "Traceback" not in told
    return folder


def test_a_name_that_no_file_can_have_is_refused_before_anything_is_driven(
    bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    records_in(bench, "runs/\\u0000.sqlite")
    assert hil_here(*QUICK) == 2
    assert "[record.database]: found the character" in capfd.readouterr().err
    records_in(bench, USUAL)


@pytest.mark.parametrize("trouble", FROM_THE_START)
def test_a_database_in_trouble_costs_a_warning_and_the_run_is_stored_later(
    trouble: Callable[[Path], object], bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with trouble(bench):  # type: ignore[attr-defined]
        assert hil_here(*QUICK) == 0
        shown, told = capfd.readouterr()
        assert "PASS" in shown and "results  " not in shown
        folder = check_complete(bench, told)
        early = told.strip().splitlines()[0]
        assert early.startswith("warning: ") is (trouble is not full), told  # that shows itself to rows only
        assert hil_here("store", str(folder)) == 3
        assert len(capfd.readouterr().err.strip().splitlines()) == 1
    assert hil_here("store", str(folder)) == 0 and stored(bench) == 1
    assert hil_here("store", str(folder)) == 0 and stored(bench) == 1
    assert "stored already" in capfd.readouterr().out


@pytest.mark.parametrize("trouble", WHILE_IT_RUNS)
def test_so_does_one_that_comes_while_the_run_goes_on(
    trouble: Callable[[Path], object],
    bench: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records_in(bench, "lab/results.sqlite")
    run_all, made = local.run_all, trouble(bench)

    def and_then(campaign: local.Campaign, on_shot: local.OnShot) -> None:
        run_all(campaign, on_shot)
        made.__enter__()  # type: ignore[attr-defined]

    monkeypatch.setattr("bench.door.fire.run_all", and_then)
    assert hil_here(*QUICK) == 0
    folder = check_complete(bench, capfd.readouterr().err)
    made.__exit__(None, None, None)  # type: ignore[attr-defined]
    assert hil_here("store", str(folder)) == 0
    found = ResultsDatabase(bench / "lab" / "results.sqlite").history(ONE, EvidenceClass.SIMULATED)
    assert [one.run_id for one in found] == [folder.name]


def test_a_failed_run_stays_a_failed_run(bench: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ("run", "-k", "weld-plus", "--repeat", "1", "--firmware", "misses_weld", "--workers", "1")
    with a_text(bench):
        assert hil_here(*words) == 1
    assert "warning: not in the results database" in capfd.readouterr().err
    (folder,) = run_folders(bench)
    assert hil_here("store", str(folder)) == 0


def test_a_database_that_is_gone_at_the_end_is_made_anew(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all = local.run_all
    monkeypatch.setattr("bench.door.fire.run_all", lambda *both: (run_all(*both), (bench / USUAL).unlink()))
    assert hil_here(*QUICK) == 0 and stored(bench) == 1


@pytest.mark.parametrize(
    "url", ["postgresql+nosuchdriver://lab/results", "nosuch://server/x", "://", "sqlite://lab:port/x"]
)
def test_a_url_that_nothing_here_can_open_is_refused_before_anything_is_driven(
    url: str, bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    records_in(bench, url)
    assert hil_here(*QUICK) == 2
    told = capfd.readouterr().err.strip().splitlines()
    assert len(told) == 1 and "cannot open the results database" in told[0]
    assert told[0].startswith("hil_config.toml:") and " [record.database]: " in told[0]
    assert hil_here("check") == 2
    assert capfd.readouterr().err.strip().splitlines() == told
    assert run_folders(bench) == [] and {one.name for one in bench.iterdir()} == {
        "dbc", "scenarios", "hil_config.toml", "runs",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("database", "what"),
    [("", "a folder"), ("runs", "a folder"), ("/dev/full", "a device"), ("runs/pipe", "a FIFO")],
)
def test_a_check_tells_what_no_run_can_be_listed_in(
    database: str, what: str, bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run only warns, for it is complete without."""
    os.mkfifo(bench / "runs" / "pipe")
    records_in(bench, database)
    assert hil_here("check") == 2
    told = capfd.readouterr().err.strip()
    assert told.startswith("hil_config.toml:") and f" [record.database]: found {what}" in told
    assert len(told.splitlines()) == 1
    records_in(bench, "runs/none_yet.sqlite")
    assert hil_here("check") == 0 and not (bench / "runs" / "none_yet.sqlite").exists()


def test_the_url_of_an_sqlite_file_is_relative_to_the_bench_file_as_a_path_is(bench: Path) -> None:
    records_in(bench, "sqlite:///lab/results.sqlite")
    assert hil_here(*QUICK) == 0
    assert len(ResultsDatabase(bench / "lab" / "results.sqlite").history(ONE, EvidenceClass.SIMULATED)) == 1


def test_an_altered_folder_is_not_stored_and_an_unfinished_one_as_aborted(
    bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        assert hil_here(*QUICK) == 0
    unfinished, altered, whole = run_folders(bench)
    (bench / USUAL).unlink()
    (unfinished / "footer.json").unlink()
    (shot,) = finished(altered)
    alter_result(shot, lambda text: text.replace("PASS", "FAIL"))
    capfd.readouterr()
    assert hil_here("store", *map(str, (unfinished, altered, whole))) == 3
    first, second, third = capfd.readouterr().out.strip().splitlines()
    assert first.startswith(
        f"{unfinished}: stored as an aborted run, for it had no footer: 1 of 1 shots are whole"
    )
    assert "not stored: altered" in second and "shot-000" in second
    assert third == f"{whole}: stored"
    assert [one.run_id for one in ResultsDatabase(bench / USUAL).history(ONE, EvidenceClass.SIMULATED)] == [
        whole.name
    ]
    assert hil_here("store", str(whole), "runs/nope") == 2


def test_a_stopped_run_is_not_in_the_database(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder has no footer: nobody could hold what the database says against it."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.door.fire.run_all", stopped)
    assert hil_here(*QUICK) == 3  # no signal was there to name
    (folder,) = run_folders(bench)
    assert not (folder / "footer.json").exists() and (folder / "report.html").is_file()
    assert stored(bench) == 0


def test_the_database_of_an_older_release_is_brought_up_to_date_and_keeps_its_runs(bench: Path) -> None:
    filled(bench / USUAL)
    sql(bench / USUAL, "drop table hil_schema", "alter table scenarios drop column fhti_max_low_ns")
    assert hil_here(*QUICK) == 0 and stored(bench) == 1
    assert len(ResultsDatabase(bench / USUAL).history("weld-plus", EvidenceClass.SIMULATED)) == 1
    with closing(sqlite3.connect(bench / USUAL)) as connection:
        assert connection.execute("select version from hil_schema").fetchall() == [(VERSION,)]


def test_reasons_that_an_older_release_stored_in_words_are_found_by_code_too(bench: Path) -> None:
    filled(bench / USUAL)
    words = json.dumps(["fault not detected within 6.000 s", "safe state not reached"])
    sql(
        bench / USUAL,
        "drop table findings",
        "update hil_schema set version = 2",
        f"update scenarios set reasons = '{words}' where id = 1",
        "update scenarios set reasons = '[]' where id > 1",
        f"update shots set reasons = '{words}' where id = 1",
        "update shots set reasons = '[]' where id > 1",
    )
    ResultsDatabase(bench / USUAL)
    with closing(sqlite3.connect(bench / USUAL)) as connection:
        found = connection.execute(
            "select shot is null, reason, code, figures from findings order by id"
        ).fetchall()
    said = [json.loads(figures)["said"] for *_, figures in found]
    assert [(own, place) for own, place, *_ in found] == [(1, 0), (1, 1), (0, 0), (0, 1)]
    assert {code for _, _, code, _ in found} == {"words-of-version-1"} and said == 2 * json.loads(words)


def test_a_newer_schema_is_told_as_such(tmp_path: Path) -> None:
    filled(tmp_path / "r.sqlite")
    newer = VERSION + 1
    sql(tmp_path / "r.sqlite", f"update hil_schema set version = {newer}")
    with pytest.raises(
        RecordError,
        match=f"schema is version {newer}, of a newer release of the bench; expected {VERSION} at most",
    ):
        ResultsDatabase(tmp_path / "r.sqlite")


_TEN_RUNS_AT_ONCE = """
import dataclasses, multiprocessing, os, sys
sys.path.insert(0, sys.argv[1])
from bench.record.database import ResultsDatabase
from sample_run import sample_run
from small_bench import QUICK, hil_here

RUN = sample_run(n=12)

def begin(together):
    together.wait()
    code = hil_here(*QUICK, "--json")
    together.wait()
    database = ResultsDatabase("runs/results.sqlite")
    for number in range(3):
        database.add(dataclasses.replace(RUN, run_id=f"{os.getpid()}-{number}"))
    sys.exit(code)

here = multiprocessing.get_context("fork")
together = here.Barrier(10, timeout=60)
runs = [here.Process(target=begin, args=(together,)) for _ in range(10)]
for run in runs:
    run.start()
for run in runs:
    run.join()
sys.exit(any(run.exitcode for run in runs))
"""


@pytest.mark.slow
def test_ten_first_runs_at_once_are_all_stored(tmp_path: Path) -> None:
    """They make the tables at the same time; then each stores three more, at the same time again."""
    done = subprocess.run(
        [sys.executable, "-c", _TEN_RUNS_AT_ONCE, str(ROOT / "tests")],
        cwd=small_bench(tmp_path), capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert len(run_folders(tmp_path)) == 10 and stored(tmp_path) == 10
    others = ResultsDatabase(tmp_path / USUAL).history("weld-plus", EvidenceClass.SIMULATED)
    assert len({one.run_id for one in others}) == 30
