"""The results database on a server answers as the file does, and its troubles cost no run."""

import dataclasses
import sys
from concurrent.futures import ThreadPoolExecutor
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from postgres import new_database
from sample_run import sample_run
from small_bench import ONE, QUICK, hil_here, records_in, run_folders, small_bench
from sqlalchemy import inspect, select, text

from bench.errors import RecordError, UnusableUrl
from bench.record.database import RUNS, ResultsDatabase
from bench.record.engine import WRITES, engine_of
from bench.record.json_column import FiniteJson
from bench.record.schema import SCENARIOS, VERSION
from bench.timing.evidence_class import EvidenceClass

SIMULATED = EvidenceClass.SIMULATED
HASHES = {"rig": "a" * 64, "scenario.weld-plus": "1" * 64}


def asked(where: str | Path, *lines: str) -> None:
    with engine_of(where, 5).connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        for line in lines:
            connection.execute(text(line))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str) -> tuple[Path, str]:
    """A small bench whose results go to a database of its own on the server."""
    monkeypatch.chdir(small_bench(tmp_path))
    url = new_database(postgres)
    records_in(tmp_path, url)
    return tmp_path, url


def test_a_run_is_listed_on_the_server_with_lab_and_label(bench: tuple[Path, str]) -> None:
    folder, url = bench
    file = folder / "hil_config.toml"
    file.write_text(file.read_text().replace("[bench]\n", '[bench]\nplace = "Lab 3"\n', 1))
    assert hil_here(*QUICK, "--label", "morning") == 0
    (row,) = ResultsDatabase(url).rows(select(RUNS.c.lab, RUNS.c.label, RUNS.c.verdict, RUNS.c.rig))
    assert (row.lab, row.label, row.verdict) == ("Lab 3", "morning", "PASS") and len(row.rig) == 64
    (past,) = ResultsDatabase(url).history(ONE, SIMULATED)
    assert len(past.scenario_hash) == 64 and past.rig == row.rig


def test_trend_store_and_doctor_work_on_the_server(
    bench: tuple[Path, str], capfd: pytest.CaptureFixture[str]
) -> None:
    folder, url = bench
    words = ("run", "-k", "=weld-plus-at-opening", "--repeat", "1")
    assert hil_here(*words) == 0 and hil_here(*words) == 0
    for asked in ("weld", "=weld-plus-at-opening", "not cells and weld"):
        capfd.readouterr()
        assert hil_here("trend", "-k", asked) == 0
        assert "weld-plus-at-opening" in capfd.readouterr().out
    runs = [one.name for one in run_folders(folder)]
    assert ResultsDatabase(url).remove(runs[0])
    assert hil_here("store", f"runs/{runs[0]}") == 0
    assert ResultsDatabase(url).remove(runs[1])
    assert hil_here("doctor") in (0, 3)
    assert f"{runs[1]}: 1 run was complete and not listed; added" in " ".join(capfd.readouterr().out.split())
    assert [one.run_id for one in ResultsDatabase(url).runs()] == runs


def test_a_server_that_is_away_costs_a_warning_and_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_bench(tmp_path))
    pytest.importorskip("psycopg")
    records_in(tmp_path, "postgresql://hil:secret@/results?host=/nowhere/at/all")
    assert hil_here(*QUICK) == 0
    told = capfd.readouterr().err
    assert "warning: " in told and "cannot open the results database" in told and "secret" not in told
    (folder,) = run_folders(tmp_path)
    assert (folder / "footer.json").is_file() and f"hil store {folder.relative_to(tmp_path)}" in told


def test_a_driver_that_is_missing_is_told_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UnusableUrl, match=r"pip install 'bms-hil\[postgres\]'"):
        ResultsDatabase("postgresql://hil@server/results")


def test_runs_that_are_stored_at_once_wait_for_each_other(results_at: str | Path) -> None:
    """They make the tables at the same time, too."""
    run = sample_run(n=12)

    def store(number: int) -> bool:
        return ResultsDatabase(results_at).add(dataclasses.replace(run, run_id=f"r{number % 6}"))

    with ThreadPoolExecutor(8) as together:
        stored = list(together.map(store, range(12)))
    assert sum(stored) == 6
    assert [one.run_id for one in ResultsDatabase(results_at).runs()] == [f"r{n}" for n in range(6)]


def test_a_database_of_the_release_before_gets_rig_and_scenario_file_as_columns(
    results_at: str | Path,
) -> None:
    ResultsDatabase(results_at).add(dataclasses.replace(sample_run(n=12), hashes=HASHES))
    drops = ["DROP INDEX IF EXISTS ix_runs_asked_of_all", "DROP INDEX ix_scenarios_of_runs"]
    drops += [f"DROP INDEX ix_runs_{one}" for one in ("rig", "lab", "label", "firmware_identity")]
    drops += [f"ALTER TABLE runs DROP COLUMN {one}" for one in ("rig", "lab", "label")]
    drops += ["DROP INDEX ix_scenarios_scenario_hash", "ALTER TABLE scenarios DROP COLUMN scenario_hash"]
    asked(results_at, *drops, "UPDATE hil_schema SET version = 8")
    database = ResultsDatabase(results_at)
    assert database.brought_from == 8
    (past,) = database.history("weld-plus", SIMULATED)
    assert (past.rig, past.scenario_hash) == ("a" * 64, "1" * 64)
    with engine_of(results_at, 5).connect() as connection:
        names = {one["name"] for one in inspect(connection).get_indexes("runs")}
        lite = connection.dialect.name == "sqlite"
    assert ("ix_runs_asked_of_all" in names) is lite  # a server has limits for the rows of an index
    assert {"ix_runs_rig", "ix_runs_lab", "ix_runs_label", "ix_runs_firmware_identity"} <= names
    assert database.add(dataclasses.replace(sample_run(n=12), hashes=HASHES)) is False


def test_a_newer_schema_is_refused(results_at: str | Path) -> None:
    ResultsDatabase(results_at)
    asked(results_at, f"UPDATE hil_schema SET version = {VERSION + 1}")
    with pytest.raises(RecordError, match="of a newer release"):
        ResultsDatabase(results_at)


def test_a_figure_that_is_no_number_is_stored_and_read(results_at: str | Path) -> None:
    run = sample_run(n=12)
    odd = dataclasses.replace(run.scenarios[0], requirements=(nan, inf, "REQ-1"))  # type: ignore[arg-type]
    database = ResultsDatabase(results_at)
    database.add(dataclasses.replace(run, scenarios=(odd,)))
    ((found,),) = database.rows(select(SCENARIOS.c.requirements))
    assert isnan(found[0]) and found[1:] == [inf, "REQ-1"]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(JSON_VALUES)
def test_every_value_is_what_it_was_behind_the_column(value: Any) -> None:
    from sqlalchemy.dialects import sqlite

    column, dialect = FiniteJson(), sqlite.dialect()
    assert column.process_result_value(column.process_bind_param(value, dialect), dialect) == value
