"""Exports are read back with the tools they are for; a stored run is judged again by other rules."""

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import can
import pytest
from evidence import alter_result, finished, result_of

from bench.errors import ConfigError
from bench.record.codable import run_to_dict
from bench.record.folder import verify_run
from bench.running.load import load_rig, load_scenarios
from bench.running.local import Campaign, run_all
from bench.running.results import Collector, open_evidence
from bench.stored.export import export
from bench.stored.rejudge import rejudge_run
from bench.verdict.budgets import load_budgets

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shots of one scenario, finished and sealed."""
    import dataclasses

    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    record = dataclasses.replace(wired.config.record, folder=tmp_path_factory.mktemp("runs"))
    wired = dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))
    prepared, budgets = load_scenarios(wired, None, "weld-plus-at-opening")
    prepared = prepared[:1]  # without its twins
    folder, run_id, started, hashes = open_evidence(wired, prepared, budgets, 1, repeat=2)
    campaign = Campaign(wired=wired, prepared=prepared, run_seed=1, repeat=2, folder=folder, workers=1)
    collector = Collector(campaign=campaign, run_id=run_id, started_utc=started, hashes=hashes)
    run_all(campaign, collector.add)
    folder.finish(run_to_dict(collector.result(None)))
    return folder.path


def test_frames_are_the_same_in_every_format(run: Path, tmp_path: Path) -> None:
    (blf,) = export(run, "blf", tmp_path, None, 0)
    (asc,) = export(run, "asc", tmp_path, None, 0)
    frames, shots = export(run, "csv", tmp_path, None, 0)
    expected = [(m.arbitration_id, bytes(m.data)) for m in can.BLFReader(blf)]
    assert len(expected) > 100
    assert [(m.arbitration_id, bytes(m.data)) for m in can.ASCReader(asc)] == expected
    with frames.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(r["can_id"]), bytes.fromhex(r["data"])) for r in rows] == expected
    with shots.open(newline="") as file:
        assert [r["verdict"] for r in csv.DictReader(file)] == ["PASS", "PASS"]


def test_marks_and_result_are_lines_that_a_person_can_read(run: Path, tmp_path: Path) -> None:
    first, second = export(run, "marks", tmp_path, None, None)
    assert [first.name[-14:], second.name[-14:]] == ["shot-000.jsonl", "shot-001.jsonl"]
    head, *marks, result = map(json.loads, first.read_text(encoding="utf-8").splitlines())
    assert head["format"] == "hil-shot-3" and head["marks"] == len(marks)
    assert marks[-1][2] == "run_ended" and result["judgement"]["verdict"] == "PASS"


def test_mf4_is_decoded_by_asammdf_and_python_can(run: Path, tmp_path: Path) -> None:
    asammdf = pytest.importorskip("asammdf")
    (file,) = export(run, "mf4", tmp_path, None, 1)
    (blf,) = export(run, "blf", tmp_path, None, 1)
    # In a process of its own: where the bench was imported first, python-can takes asammdf as not installed.
    read = (
        "import can, sys\nfor m in can.LogReader(sys.argv[1]): print(m.arbitration_id, bytes(m.data).hex())"
    )
    printed = subprocess.run([sys.executable, "-c", read, file], check=True, capture_output=True, text=True)
    pairs = [line.partition(" ") for line in printed.stdout.splitlines()]
    found = [(int(number), bytes.fromhex(data)) for number, _, data in pairs]
    assert len(found) > 100
    assert sorted(found) == sorted((m.arbitration_id, bytes(m.data)) for m in can.BLFReader(blf))
    with asammdf.MDF(file) as mdf:
        assert sorted(str(a.file_name).partition("-")[2] for a in mdf.attachments) == [
            "bench_io.dbc", "bms.dbc", "vehicle.dbc",
        ]  # fmt: skip
        dbc = [(str(p), 0) for p in (run / "inputs").glob("*bms.dbc")]
        decoded = mdf.extract_bus_logging(database_files={"CAN": dbc})
        weld = decoded.get("CAN1.BMS_Faults.WeldPlus")
        assert set(weld.samples.tolist()) == {0, 1}
        decoded.close()


def test_parquet_holds_the_signals(run: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    written = export(run, "parquet", tmp_path, None, 0)
    signals = parquet.read_table(written[-1]).to_pydict()
    assert {"WeldPlus", "CellVoltage01", "State"} <= set(signals["signal"])
    assert parquet.read_table(written[0]).schema.metadata[b"timebase"] == b"simulated"


def test_results_for_ci_and_for_requirements(run: Path, tmp_path: Path) -> None:
    (junit,) = export(run, "junit", tmp_path, None, None)
    suites = ET.parse(junit).getroot().findall("testsuite")
    assert [int(s.get("tests", "0")) for s in suites] == [1, 2]
    names = {p.get("name") for p in suites[0].iter("property")}
    assert {"FullyVerifies", "TestType", "DerivationTechnique", "attempts_passed"} <= names
    (needs,) = export(run, "needs", tmp_path, None, None)
    content = json.loads(needs.read_text())
    need = content["versions"][content["current_version"]]["needs"]["HIL_WELD_PLUS_AT_OPENING"]
    assert need["result"] == "PASS" and need["verifies"] and need["links"] == need["verifies"]


def test_what_cannot_be_exported_is_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected one of mf4"):
        export(run, "mf5", tmp_path, None, None)
    with pytest.raises(ConfigError, match="no shot that fits"):
        export(run, "csv", tmp_path, "nothing", None)


def test_other_budgets_show_what_would_change(run: Path, tmp_path: Path) -> None:
    assert rejudge_run(run).differences == ()
    file = tmp_path / "budgets.toml"
    shutil.copy(ROOT / "scenarios" / "budgets.toml", file)
    assert rejudge_run(run, load_budgets(file)).differences == ()
    text = file.read_text()
    start = text.index("[SG-WELD]")
    file.write_text(text[:start] + text[start:].replace('fdti = "2000 ms"', 'fdti = "100 ms"', 1))
    changed = rejudge_run(run, load_budgets(file))
    assert len(changed.differences) == 2 and "above the budget 100" in changed.differences[0]
    file.write_text(text.replace("[SG-WELD]", "[SG-OTHER]"))
    with pytest.raises(ConfigError, match="'SG-WELD' is not in the budgets"):
        rejudge_run(run, load_budgets(file))


def test_a_measurement_that_was_edited_is_noticed(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / run.name
    shutil.copytree(run, copy)
    shot = finished(copy)[0]
    content = result_of(shot)
    content["measurement"]["fdti"]["interval"]["high_ns"] -= 1
    alter_result(shot, lambda _: json.dumps(content))
    outcome = rejudge_run(copy)
    assert "another measurement than recorded" in outcome.differences[0]
    (told,) = verify_run(copy)[1]
    assert "shots.hil: changed" in told and "shot-000" in told


def test_parquet_tells_its_units_to_pyarrow(run: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    shots, frames, signals = export(run, "parquet", tmp_path, "weld", 0)
    for file, column in ((shots, "fdti_low_ns"), (frames, "t_ns"), (signals, "t_ns")):
        schema = parquet.read_schema(file)
        assert schema.field(column).metadata == {b"unit": b"ns"} and str(schema.field(column).type) == "int64"
        assert json.loads(schema.metadata[b"units"])[column] == "ns"
        assert int(schema.metadata[b"time_zero_utc_ns"]) > 1.7e18
    units = json.loads(parquet.read_schema(signals).metadata[b"signal_units"])
    assert (
        units["sense.IO_CellVoltages.CellVoltage01"] == "V" and units["sense.IO_Current.PackCurrent"] == "A"
    )
    rows = parquet.read_table(signals).to_pylist()
    told = {f"{one['channel']}.{one['message']}.{one['signal']}": one["unit"] for one in rows}
    assert len(told) > 100 and all(unit == units.get(name, "") for name, unit in told.items())
    dbc = "".join(file.read_text(encoding="latin-1") for file in sorted((run / "inputs").glob("*.dbc")))
    assert dbc.count('"degC"') == sum(unit == "degC" for unit in units.values())


def test_a_parquet_without_rows_has_its_columns_and_their_types(run: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    from bench.stored.export_parquet import write_table
    from bench.stored.export_rows import SHOT_COLUMNS

    write_table(tmp_path / "none.parquet", SHOT_COLUMNS, [], {})
    schema = parquet.read_schema(tmp_path / "none.parquet")
    assert tuple(schema.names) == SHOT_COLUMNS and "null" not in {str(one.type) for one in schema}


def test_bdf_has_a_table_for_each_cell_as_the_bms_was_shown_it(run: Path, tmp_path: Path) -> None:
    """Held against cantools' own decoding of the frames in BLF; in BDF a positive current charges."""
    import cantools

    files = export(run, "bdf", tmp_path, None, 0)
    assert [file.name for file in files] == [
        f"weld-plus-at-opening-shot-000-cell-{cell:03d}.bdf.csv" for cell in range(1, 97)
    ]
    (blf,) = export(run, "blf", tmp_path, None, 0)
    (dbc,) = (cantools.database.load_file(file) for file in (run / "inputs").glob("*bench_io.dbc"))
    voltages: list[tuple[float, float]] = []
    currents: list[tuple[float, float]] = []
    with can.BLFReader(blf) as reader:
        for one in reader:
            if one.arbitration_id == dbc.get_message_by_name("IO_CellVoltages").frame_id:
                told = dbc.decode_message("IO_CellVoltages", one.data)
                if "CellVoltage17" in told:
                    voltages.append((one.timestamp, told["CellVoltage17"]))
            elif one.arbitration_id == dbc.get_message_by_name("IO_Current").frame_id:
                currents.append((one.timestamp, dbc.decode_message("IO_Current", one.data)["PackCurrent"]))
    with files[16].open(newline="") as file:
        rows = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]
    first_s = currents[0][0]
    expected = [one for one in voltages if one[0] > first_s]
    assert len(rows) == len(expected) > 20
    for row, (at_s, voltage_v) in zip(rows, expected):
        assert row["unix_time_second"] == pytest.approx(at_s, abs=1e-6)
        assert row["voltage_volt"] == pytest.approx(voltage_v, abs=1e-6)
        discharge_a = [current for when_s, current in currents if when_s <= at_s][-1]
        assert row["current_ampere"] == pytest.approx(-discharge_a, abs=1e-6)
    assert min(row["current_ampere"] for row in rows) < -1, "it drives"
    times = [row["test_time_second"] for row in rows]
    assert times == sorted(times) and 0 <= times[0] < 10


def test_bdf_needs_cells_and_a_current_among_the_frames(run: Path, tmp_path: Path) -> None:
    from bench.config.profile_file import load_profile
    from bench.record.folder import open_run
    from bench.stored.export_bdf import places_of
    from bench.stored.rejudge import stored_databases

    profile = load_profile(ROOT / "dbc" / "reference_bms.toml")
    databases = stored_databases(open_run(run))
    found = places_of(profile, databases)
    assert sorted(cell for own in found.values() for cell, _ in own.values()) == [*range(97)]
    assert places_of(dataclasses.replace(profile, plays=()), databases) == {}
