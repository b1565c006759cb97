"""Frames and figures of a run in python-can, asammdf, canmatrix and DuckDB: all of them say the same."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sample_run import OVERVOLTAGE, measurement, scenario, shot
from test_report_junit_readers import one_of_each

from bench.lean_can import can
from bench.record.folder import open_run
from bench.stored.export import EXPORTERS, export
from bench.stored.export_rows import Export
from bench.stored.rejudge import stored_databases
from bench.verdict.result import RunResult, Verdict

SCENARIO = "weld-plus-at-opening"
Frame = tuple[int, bytes]


@pytest.fixture(scope="module")
def frames(run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    """By python-can's reader of BLF."""
    (blf,) = [
        one for one in export(run, "blf", tmp_path_factory.mktemp("blf"), SCENARIO, 0) if "--" not in one.name
    ]
    found = [(message.arbitration_id, bytes(message.data)) for message in can.BLFReader(blf)]
    assert len(found) > 100
    return found


@pytest.mark.parametrize("kind", ["asc", "mf4"])
def test_python_can_reads_the_same_frames_from_every_format(
    kind: str, run: Path, frames: list[Frame], tmp_path: Path
) -> None:
    (file,) = [one for one in export(run, kind, tmp_path, SCENARIO, 0) if "--" not in one.name]
    # In a process of its own: where the bench was imported first, python-can takes asammdf as not installed.
    read = (
        "import can, sys\nfor m in can.LogReader(sys.argv[1]): print(m.arbitration_id, bytes(m.data).hex())"
    )
    done = subprocess.run([sys.executable, "-c", read, file], check=True, capture_output=True, text=True)
    pairs = [line.partition(" ") for line in done.stdout.splitlines()]
    assert sorted((int(number), bytes.fromhex(data)) for number, _, data in pairs) == sorted(frames)


def asked(query: str, values: list[str]) -> list[Any]:
    """Of DuckDB."""
    import duckdb

    with duckdb.connect() as connection:
        return connection.execute(query, values).fetchall()


def decoded_by_canmatrix(run: Path, frames: list[Frame], message: str, signal: str) -> list[float]:
    import canmatrix.formats

    (dbc,) = (run / "inputs").glob("*-bms.dbc")
    matrix = canmatrix.formats.loadp_flat(str(dbc))
    frame = matrix.frame_by_name(message)
    return [
        float(frame.decode(data)[signal].phys_value)
        for number, data in frames
        if number == frame.arbitration_id.id
    ]


@pytest.mark.parametrize(
    ("message", "signal"), [("BMS_PackValues", "PackCurrent"), ("BMS_Faults", "WeldPlus")]
)
def test_canmatrix_asammdf_and_duckdb_agree_on_a_signal(
    message: str, signal: str, run: Path, frames: list[Frame], tmp_path: Path
) -> None:
    import asammdf

    by_canmatrix = decoded_by_canmatrix(run, frames, message, signal)
    assert len(set(by_canmatrix)) > 1, "a signal that never changes shows nothing"
    export(run, "parquet", tmp_path, SCENARIO, 0)
    query = "select value from read_parquet(?) where message = ? and signal = ? order by t_ns"
    file = str(tmp_path / f"signals-{SCENARIO}-shot-000.parquet")
    assert [row[0] for row in asked(query, [file, message, signal])] == pytest.approx(by_canmatrix)
    (mf4,) = [one for one in export(run, "mf4", tmp_path, SCENARIO, 0) if "--" not in one.name]
    dbc = [(str(path), 0) for path in (run / "inputs").glob("*-bms.dbc")]
    with asammdf.MDF(mf4) as mdf:
        decoded = mdf.extract_bus_logging(database_files={"CAN": dbc})
        values = decoded.get(f"CAN1.{message}.{signal}").samples.tolist()
        decoded.close()
    assert [float(value) for value in values] == pytest.approx(by_canmatrix)


def only_shot(run: Path, result: RunResult, out: Path) -> Export:
    opened = open_run(run)
    shots = tuple(one for one in opened.shots() if one.parent.name == SCENARIO and one.name == "shot-000")
    return Export(
        opened=opened, result=result, databases=stored_databases(opened), dbc_files={}, shots=shots, out=out
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "reader"), [("csv", "read_csv"), ("parquet", "read_parquet")])
def test_duckdb_reads_back_whatever_a_dut_says(kind: str, reader: str, run: Path, tmp_path: Path) -> None:
    said = {0: 'a "b", c\n-- ; d\r\n', 1: "\x00 \x1b[31m", 2: "\ud800 \udc80", 3: "=1+1", 4: "NULL", 5: "  x"}
    shots = [shot(k, Verdict.FAIL, measurement(None, None), text) for k, text in said.items()]
    one = scenario("x", "A title", OVERVOLTAGE, shots, Verdict.FAIL, "why")
    job = only_shot(run, dataclasses.replace(one_of_each(), scenarios=(one,)), tmp_path)
    EXPORTERS[kind](job)
    rows = asked(
        f"select shot, verdict, reasons from {reader}(?) order by shot", [str(tmp_path / f"shots.{kind}")]
    )
    assert [row[:2] for row in rows] == [(k, "FAIL") for k in said]
    assert [rows[k][2] for k in (0, 3, 4, 5)] == [said[k] for k in (0, 3, 4, 5)]


@pytest.mark.parametrize(("kind", "reader"), [("csv", "read_csv"), ("parquet", "read_parquet")])
def test_duckdb_counts_every_verdict_and_every_frame(
    kind: str, reader: str, run: Path, frames: list[Frame], tmp_path: Path
) -> None:
    EXPORTERS[kind](only_shot(run, one_of_each(), tmp_path))
    counted = asked(
        f"select verdict, count(*) from {reader}(?) group by verdict", [str(tmp_path / f"shots.{kind}")]
    )
    assert dict(counted) == {verdict.name: 1 for verdict in Verdict}
    ((reason,),) = asked(
        f"select reasons from {reader}(?) where verdict = 'GAP'", [str(tmp_path / f"shots.{kind}")]
    )
    assert reason == "because GAP"
    ((total,),) = asked(f"select count(*) from {reader}(?)", [str(tmp_path / f"frames.{kind}")])
    assert total == len(frames)


def test_duckdb_reads_the_marks_line_by_line(run: Path, tmp_path: Path) -> None:
    (file,) = [one for one in export(run, "marks", tmp_path, SCENARIO, 0) if "--" not in one.name]
    ((count, verdicts),) = asked(
        "select count(*), count(json ->> '$.judgement.verdict') from read_json_objects(?)", [str(file)]
    )
    assert count == len(file.read_text(encoding="utf-8").splitlines()) > 10
    assert verdicts == 1, "the result, in the last line"
    query = "select max(json ->> '$.judgement.verdict') from read_json_objects(?)"
    assert asked(query, [str(file)]) == [("PASS",)]
