"""Three classes of evidence: decided from what the bench drives, told everywhere, and never in one figure."""

import dataclasses
import json
import os
import pty
import xml.etree.ElementTree as ET
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from sample_run import sample_run

from bench.campaign.safety import newest_runs
from bench.record.codable import run_to_dict
from bench.record.database import ResultsDatabase
from bench.record.evidence import completed, evidence_of, is_pseudo_terminal, of_header
from bench.record.folder import RunFolder, open_run
from bench.report.comparison import comparison_markdown, run_markdown
from bench.report.html import render_html
from bench.report.junit import write_junit
from bench.report.needs import write_needs
from bench.report.terminal import summary_table
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.compare import compare
from bench.verdict.result import RunResult

VCAN = {"interface": "socketcan", "channel": "vcan0", "driver": "vcan"}
USB = {"interface": "socketcan", "channel": "can0", "driver": "gs_usb", "serial": "12"}
CELLS = {"kind": "ngi_n83624", "ports": "('/dev/ttyUSB0', 'tcp://10.0.0.7:7000')"}
BOARD = {"can.vehicle": USB, "can.sense": USB, "instrument.cells": CELLS}

Change = Callable[[dict[str, dict[str, str]]], None]


def with_part(name: str, **facts: str) -> Change:
    def change(found: dict[str, dict[str, str]]) -> None:
        found[name] = facts

    return change


def test_a_board_on_adapters_with_real_instruments_is_hardware() -> None:
    found = evidence_of("host", "external", BOARD)
    assert (found.evidence, found.why) == (EvidenceClass.HARDWARE, ())


@pytest.mark.parametrize(
    ("start", "change", "why"),
    [
        ("in_process", None, "the DUT is a process of this project"),
        ("subprocess", None, "the DUT is a process"),
        ("not known", None, "how the DUT is started is not known"),
        ("external", with_part("can.sense", **VCAN), "can.sense: vcan, a virtual interface"),
        (
            "external",
            with_part("can.sense", interface="udp_multicast"),
            "can.sense: udp_multicast, frames go over the host's network",
        ),
        (
            "external",
            with_part("can.sense", interface="virtual"),
            "can.sense: virtual, a bus within one process",
        ),
        ("external", with_part("can.sense", interface="made_up"), "'made_up' is no kind of adapter"),
        (
            "external",
            with_part("can.sense", interface="socketcan", driver="not given by the kernel"),
            "can.sense: the kernel names no driver",
        ),
        ("external", with_part("can.sense", interface="slcan", channel="/dev/pts/3"), "is a pseudo-terminal"),
        (
            "external",
            with_part("instrument.cells", kind="ngi_n83624", ports="('virtual',)", simulated="by this bench"),
            "instrument.cells: virtual, played by this bench",
        ),
        (
            "external",
            with_part("instrument.psu", kind="ea_psb", ports="('tcp://127.0.0.1:5025',)"),
            "instrument.psu: tcp://127.0.0.1:5025 is a service of this machine",
        ),
        (
            "external",
            with_part("instrument.psu", kind="ea_psb", ports="('lab',)", device="pseudo-terminal"),
            "instrument.psu: lab is a pseudo-terminal",
        ),
    ],
)
def test_one_part_that_is_no_hardware_makes_the_whole_bench_none(
    start: str, change: Change | None, why: str
) -> None:
    driven = {name: dict(facts) for name, facts in BOARD.items()}
    if change is not None:
        change(driven)
    found = evidence_of("host", start, driven)
    assert found.evidence is EvidenceClass.REAL_TIME
    assert len(found.why) == 1 and why in found.why[0]


def test_nothing_known_is_no_hardware() -> None:
    assert evidence_of("host", "external", {}).evidence is EvidenceClass.REAL_TIME
    assert evidence_of("simulated", "external", BOARD).evidence is EvidenceClass.SIMULATED


def test_a_pseudo_terminal_is_known_by_whatever_name_leads_to_it(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    try:
        link = tmp_path / "ttyUSB0"
        link.symlink_to(os.ttyname(slave))
        assert is_pseudo_terminal(str(link))
        assert not is_pseudo_terminal("/dev/null") and not is_pseudo_terminal(str(tmp_path / "none"))
    finally:
        os.close(master)
        os.close(slave)


def header_of(folder: Path, start: str, **more: object) -> dict[str, object]:
    """As releases wrote it that kept no class: the DUT's start stands in the copy of the bench file only."""
    (folder / "inputs").mkdir(parents=True)
    (folder / "inputs" / f"{'a' * 12}-hil_config.toml").write_text(f'[dut]\nstart = "{start}"\n')
    return {"timebase": "host", "equipment": BOARD, "hashes": {"config": "a" * 64}, **more}


@pytest.mark.parametrize(("start", "evidence"), [("external", "hardware"), ("subprocess", "real_time")])
def test_an_older_run_is_derived_from_what_its_folder_holds(
    tmp_path: Path, start: str, evidence: str
) -> None:
    header = header_of(tmp_path, start)
    assert of_header(header, tmp_path).evidence == evidence
    assert completed({"timebase": "host"}, header, tmp_path)["evidence"] == evidence
    assert of_header({**header, "hashes": {}}, tmp_path).evidence is EvidenceClass.REAL_TIME


def of_class(evidence: EvidenceClass) -> RunResult:
    run = sample_run()
    scenarios = tuple(dataclasses.replace(one, timebase=evidence.timebase) for one in run.scenarios)
    return dataclasses.replace(
        run, run_id=f"r-{evidence}", timebase=evidence.timebase, scenarios=scenarios, evidence=evidence
    )


NO_BOARD = "may not discharge a board's timing"


@pytest.mark.parametrize("evidence", list(EvidenceClass))
def test_every_report_names_the_class_and_what_it_cannot_show(
    evidence: EvidenceClass, tmp_path: Path
) -> None:
    run = of_class(evidence)
    out = StringIO()
    Console(file=out, width=200).print(summary_table(run))
    texts = [out.getvalue(), run_markdown(run, "1", None), render_html(run).replace("&#39;", "'")]
    words = {"simulated": "simulated time", "real_time": "real time without a board", "hardware": "hardware"}
    for text in texts:
        assert words[evidence] in text
        assert (NO_BOARD in text) is (evidence is not EvidenceClass.HARDWARE)
    write_junit(run, tmp_path / "junit.xml")
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    said = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert said["evidence"] == evidence
    assert said["timing_of_a_board"] == ("shown" if evidence == "hardware" else "not shown")
    assert words[evidence] in str(suite.get("name"))
    assert {str(one.get("classname")).split(".")[1] for one in suite.iter("testcase")} == {evidence.value}
    write_needs(run, tmp_path / "needs.json")
    needs = json.loads((tmp_path / "needs.json").read_text())["versions"][run.firmware_identity]["needs"]
    assert all(evidence in one["tags"] for one in needs.values())


def test_two_classes_are_not_compared() -> None:
    found = compare(of_class(EvidenceClass.REAL_TIME), of_class(EvidenceClass.HARDWARE))
    assert found.refused == ("class of evidence: real time without a board against hardware",)
    assert found.exit_code == 3 and not found.metrics
    assert "hardware" in comparison_markdown(found)


def test_the_database_answers_of_one_class_only(tmp_path: Path) -> None:
    database = ResultsDatabase(tmp_path / "r.sqlite")
    for evidence in EvidenceClass:
        database.add(of_class(evidence))
    older = dataclasses.replace(of_class(EvidenceClass.REAL_TIME), run_id="older", evidence=None)
    database.add(older)
    name = older.scenarios[0].scenario_id
    found = {one: [past.run_id for past in database.history(name, one)] for one in EvidenceClass}
    assert found == {
        EvidenceClass.SIMULATED: ["r-simulated"],
        EvidenceClass.REAL_TIME: ["r-real_time", "older"],
        EvidenceClass.HARDWARE: ["r-hardware"],
    }
    assert name in database.scenario_ids(EvidenceClass.HARDWARE)


def test_ratings_are_earned_by_one_class_only(tmp_path: Path) -> None:
    """Each run is found by what its header's facts make, whatever it calls itself."""
    for evidence, start in ((EvidenceClass.REAL_TIME, "in_process"), (EvidenceClass.HARDWARE, "external")):
        run = of_class(evidence)
        facts = {
            "started_utc": run.started_utc, "timebase": "host", "equipment": BOARD, "dut_start": start,
            "evidence": "hardware", "firmware": run.firmware, "chemistry": run.chemistry, "hashes": run.hashes,
        }  # fmt: skip
        folder = RunFolder.create(tmp_path, run.run_id, facts)
        folder.finish(run_to_dict(run))
    for evidence in EvidenceClass:
        runs = newest_runs(tmp_path, run.firmware, evidence).by_chemistry
        named = [one.run_id for ones in runs.values() for one in ones]
        assert named == ([] if evidence is EvidenceClass.SIMULATED else [f"r-{evidence}"])
    assert open_run(tmp_path / "r-hardware").result["evidence"] == "hardware"  # type: ignore[index]


def test_a_result_that_says_no_class_is_no_hardware() -> None:
    run = dataclasses.replace(sample_run(), timebase=Timebase.HOST)
    assert run.evidence is None and run.evidence_class is EvidenceClass.REAL_TIME
