"""`hil doctor` makes the results database say what the run folders say, and tells what it cannot mend."""

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from small_bench import ONE, hil_here, run_folders, small_bench

from bench.cli.ending import run_command_line
from bench.cli.main import app
from bench.errors import UnusableUrl
from bench.record.database import ResultsDatabase
from bench.record.folder import open_run, verify_run
from bench.record.held import held
from bench.stored.listed import Difference, examine_listed, forget
from bench.timing.evidence_class import EvidenceClass


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bench with one finished run."""
    bench = small_bench(tmp_path_factory.mktemp("bench"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(bench)
        assert hil_here("run", "-k", ONE, "--repeat", "2", "--workers", "1") == 0
    return bench


@pytest.fixture
def bench(made: Path, tmp_path: Path) -> Path:
    """A copy of its runs, as if they had been made here."""
    shutil.copytree(made / "runs", tmp_path / "runs")
    (run,) = run_folders(tmp_path)
    with closing(sqlite3.connect(tmp_path / "runs" / "results.sqlite")) as connection, connection:
        connection.execute("update runs set folder = ?", (str(run),))
    return tmp_path


def database_of(bench: Path) -> Path:
    return bench / "runs" / "results.sqlite"


def examined(bench: Path) -> list[Difference]:
    return list(examine_listed(database_of(bench), bench / "runs"))


def only(bench: Path) -> Path:
    (run,) = run_folders(bench)
    return run


def passed(bench: Path) -> int:
    return len(ResultsDatabase(database_of(bench)).history(ONE, EvidenceClass.SIMULATED))


def test_where_both_agree_it_says_so_and_changes_nothing(bench: Path) -> None:
    before = ResultsDatabase(database_of(bench)).runs()
    assert examined(bench) == [Difference(good=True, text="1 run listed")]
    assert ResultsDatabase(database_of(bench)).runs() == before


def test_a_bench_that_has_not_run_gets_no_database(tmp_path: Path) -> None:
    assert list(examine_listed(tmp_path / "runs" / "r.sqlite", tmp_path / "runs")) == [
        Difference(good=True, text="no run yet")
    ]
    assert not (tmp_path / "runs").exists()


def test_a_finished_run_that_is_not_listed_is_added(bench: Path) -> None:
    database_of(bench).unlink()
    added, _ = examined(bench)
    assert added.good and added.text == f"{only(bench).name}: 1 run was complete and not listed; added"
    assert passed(bench) == 1 and examined(bench)[0].text == "1 run listed"


def test_a_pass_in_the_database_beside_a_folder_without_footer_becomes_an_aborted_run(bench: Path) -> None:
    run = only(bench)
    (run / "footer.json").unlink()
    replaced, _ = examined(bench)
    assert (
        replaced.good
        and f"{run.name} (PASS): 1 run was listed otherwise than the folder says" in replaced.text
    )
    (row,) = ResultsDatabase(database_of(bench)).runs()
    assert (row.aborted, row.verdict) == (True, "INCONCLUSIVE") and passed(bench) == 0
    footer, altered = verify_run(run)
    assert footer is not None and not altered
    assert [one.text for one in examined(bench)] == ["1 run listed"]


def test_a_run_that_is_being_written_is_left_alone(bench: Path) -> None:
    (only(bench) / "footer.json").unlink()
    with held(only(bench)):
        assert [one.text for one in examined(bench)] == ["1 run listed"]
    assert not (only(bench) / "footer.json").exists()


def test_a_listed_run_whose_folder_is_gone_is_told_and_kept_until_it_is_told_to_be_forgotten(
    bench: Path,
) -> None:
    run = only(bench)
    ((off, line),) = forget(database_of(bench), bench / "runs", [run.name])
    assert not off and "its folder is there" in line
    shutil.rmtree(run)
    gone, _ = examined(bench)
    assert not gone.good and f"{run.name}: 1 run was listed, and the folder is gone" in gone.text
    assert f"hil doctor --forget {run.name}" in gone.mend and passed(bench) == 1
    (first, second) = forget(database_of(bench), bench / "runs", [run.name, "no-such-run"])
    assert first == (True, f"{run.name}: taken off the results database (PASS)")
    assert second == (False, "no-such-run: is not in the results database")
    with closing(sqlite3.connect(database_of(bench))) as connection:
        for table in ("runs", "scenarios", "shots", "findings"):
            assert connection.execute(f"select count(*) from {table}").fetchone() == (0,)


def test_a_run_of_another_machine_is_not_missed_here(bench: Path) -> None:
    shutil.rmtree(only(bench))
    with closing(sqlite3.connect(database_of(bench))) as connection, connection:
        connection.execute("update runs set host = 'another'")
    assert examined(bench) == [Difference(good=True, text="1 run listed; of 1 the folder is not known here")]


def test_a_run_that_was_cut_short_is_told_with_its_mend(bench: Path) -> None:
    run = only(bench)
    database_of(bench).unlink()
    (run / "footer.json").unlink()
    cut_short, _ = examined(bench)
    assert not cut_short.good and cut_short.mend.startswith(f"hil store {run}:")
    assert not (run / "footer.json").exists()


def test_an_altered_folder_is_not_listed_for_what_it_says(bench: Path) -> None:
    database_of(bench).unlink()
    result = only(bench) / "result.json"
    result.write_text(result.read_text().replace("PASS", "FAIL"))
    told, _ = examined(bench)
    assert not told.good and "not stored: altered since it was written: result.json" in told.text


def test_a_row_of_another_footer_is_replaced_by_what_the_folder_says(bench: Path) -> None:
    with closing(sqlite3.connect(database_of(bench))) as connection, connection:
        connection.execute("update runs set chain = 'another', verdict = 'FAIL'")
    replaced, _ = examined(bench)
    assert replaced.good and "(FAIL)" in replaced.text
    (row,) = ResultsDatabase(database_of(bench)).runs()
    assert row.verdict == "PASS"


FORGERIES = {
    "verdict of the run": "update runs set verdict = 'FAIL'",
    "verdict of a scenario": "update scenarios set verdict = 'FAIL'",
    "a figure of a scenario": "update scenarios set fhti_max_high_ns = 1",
    "its identity": "update runs set firmware_identity = 'another@1'",
    "a verdict of a shot": "update shots set verdict = 'FAIL' where shot = 1",
    "a figure of a shot": "update shots set fdti_high_ns = 1 where shot = 1",
    "a shot less": "delete from shots where shot = 1",
    "a finding": "insert into findings (scenario, reason, code, blame, held, figures) "
    "select id, 0, 'too-late', 'dut', 'against', '{}' from scenarios",
    "a scenario hidden": "update scenarios set timebase = 'host'",
}


QUICK = ("verdict of the run", "a figure of a scenario", "a verdict of a shot", "a finding")


@pytest.mark.parametrize(
    "name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in FORGERIES]
)
def test_a_row_that_says_otherwise_than_its_folder_is_replaced(
    name: str, bench: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = ResultsDatabase(database_of(bench)).rows_of(only(bench).name)
    with closing(sqlite3.connect(database_of(bench))) as connection, connection:
        connection.execute(FORGERIES[name])
    config = bench_file_beside(bench, made)
    assert hil_here("store", str(only(bench)), "--config", config) == 3
    assert "hil doctor" in "".join(capsys.readouterr())
    replaced, _ = examined(bench)
    assert replaced.good and "1 run was listed otherwise than the folder says" in replaced.text
    after = ResultsDatabase(database_of(bench)).rows_of(only(bench).name)
    without = [[{k: v for k, v in row.items() if k not in ("id", "scenario")} for row in table]
               for rows in (before, after) for table in rows]  # fmt: skip
    assert without[:4] == without[4:]
    assert [one.text for one in examined(bench)] == ["1 run listed"]
    assert hil_here("store", str(only(bench)), "--config", config) == 0


def bench_file_beside(bench: Path, made: Path) -> str:
    """The bench file of the bench that made the runs, for their copies."""
    shutil.copytree(made / "dbc", bench / "dbc")
    shutil.copytree(made / "scenarios", bench / "scenarios")
    shutil.copy(made / "hil_config.toml", bench)
    return str(bench / "hil_config.toml")


def test_a_listed_run_whose_folder_was_altered_is_told(bench: Path) -> None:
    result = only(bench) / "result.json"
    result.write_text(result.read_text().replace("PASS", "FAIL"))
    told, _ = examined(bench)
    assert not told.good and "is listed, and its folder is ALTERED: result.json: changed" in told.text


def test_a_trend_shows_what_the_folder_says_and_not_what_a_row_was_made_to_say(
    bench: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("trend", "--config", bench_file_beside(bench, made), "--json")
    assert hil_here(*words) == 0
    before = json.loads(capsys.readouterr().out)
    with closing(sqlite3.connect(database_of(bench))) as connection, connection:
        connection.execute("update scenarios set verdict = 'FAIL', fhti_max_high_ns = 7, reasons = '[]'")
        connection.execute("update runs set firmware_identity = 'another@1', verdict = 'FAIL'")
    assert hil_here(*words) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == before and before["series"] == {}, "it passed, and has no latency"
    assert only(bench).name in shown.err and "hil doctor" in shown.err
    with closing(sqlite3.connect(database_of(bench))) as connection, connection:
        connection.execute("update scenarios set scenario_id = 'never-ran', verdict = 'FAIL'")
    assert hil_here(*words) == 0
    assert json.loads(capsys.readouterr().out)["series"] == {}


def test_a_database_in_trouble_is_a_note_and_one_that_no_driver_opens_is_not(bench: Path) -> None:
    database_of(bench).write_text("no database " * 100)
    (told,) = examined(bench)
    assert not told.good and "cannot open the results database" in told.text
    with pytest.raises(UnusableUrl):
        list(examine_listed("nosuch://server/x", bench / "runs"))


def test_the_command_mends_and_forgets(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made, tmp_path / "bench")
    monkeypatch.chdir(tmp_path / "bench")
    database = database_of(tmp_path / "bench")
    database.unlink()
    assert hil_here("doctor", "--seconds", "0.2") in (0, 3)
    assert "results database: " in capfd.readouterr().out
    run = only(tmp_path / "bench")
    assert [row.run_id for row in ResultsDatabase(database).runs()] == [run.name]
    assert open_run(run).footer is not None
    shutil.rmtree(run)
    assert hil_here("doctor", "--forget", run.name) == 0
    assert ResultsDatabase(database).runs() == ()
    capfd.readouterr()
    assert run_command_line_with(monkeypatch, "doctor", "--forget", run.name, "--json") == 3
    told = json.loads(capfd.readouterr().out)
    assert (told["schema"], told["exit_code"], told["usable"]) == ("bms-hil-bench/doctor/1", 3, False)
    assert told["findings"][0]["text"] == f"{run.name}: is not in the results database"


def run_command_line_with(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["hil", *words])
    return run_command_line(app)
