"""Units and cells: DuckDB reads the units of Parquet, and the Battery Data Alliance's own validator holds BDF."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.stored.export import export

SCENARIO = "weld-plus-at-opening"


def test_duckdb_reads_the_units_and_converts_by_them(run: Path, tmp_path: Path) -> None:
    import duckdb
    import pyarrow.parquet

    export(run, "parquet", tmp_path, SCENARIO, 0)
    frames, signals = tmp_path / "frames.parquet", tmp_path / f"signals-{SCENARIO}-shot-000.parquet"
    kept = dict(
        duckdb.sql(f"select decode(key), decode(value) from parquet_kv_metadata('{signals}')").fetchall()
    )
    assert json.loads(kept["units"]) == {"t_ns": "ns"}
    assert json.loads(kept["signal_units"])["sense.IO_Current.PackCurrent"] == "A"
    query = f"select distinct unit from '{signals}' where message = 'IO_CellVoltages' and signal like 'CellVoltage%'"
    assert duckdb.sql(query).fetchall() == [("V",)]
    types = dict(
        duckdb.sql(f"select column_name, column_type from (describe select * from '{frames}')").fetchall()
    )
    assert (types["t_ns"], types["can_id"], types["data"], types["fd"]) == (
        "BIGINT",
        "UINTEGER",
        "BLOB",
        "BOOLEAN",
    )
    ((count,),) = duckdb.sql(
        f"select count(*) from '{frames}' where t_ns / 1e9 between 0 and 3600"
    ).fetchall()
    assert count == pyarrow.parquet.read_metadata(frames).num_rows


def test_bdf_is_held_by_the_validator_of_the_battery_data_alliance(run: Path, tmp_path: Path) -> None:
    export(run, "bdf", tmp_path, SCENARIO, 0)
    file = tmp_path / f"{SCENARIO}-shot-000-cell-017.bdf.csv"

    def validated(path: Path) -> tuple[int, dict[str, Any]]:
        line = [
            sys.executable,
            "-c",
            "from bdf.cli import app; app()",
            "validate",
            "--strict",
            "--json",
            str(path),
        ]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120)
        return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}

    code, report = validated(file)
    assert (
        code == 0 and report["ok"] and report["missing"] == report["extras"] == report["legacy_labels"] == []
    )
    assert report["time_stats"]["monotonic"] and report["n_cols"] == 4
    read = "import sys; from bdf.io import load; one = load(sys.argv[1]); print(list(one.columns))"
    done = subprocess.run(
        [sys.executable, "-c", read, str(file)], capture_output=True, text=True, timeout=120
    )
    assert "'Test Time / s', 'Voltage / V', 'Current / A', 'Unix Time / s'" in done.stdout, done.stderr
    wrong = tmp_path / "wrong.bdf.csv"
    wrong.write_text(file.read_text().replace("voltage_volt", "tension", 1))
    assert validated(wrong)[0] != 0, "the validator would take anything"
