"""Three classes of evidence: decided from what the bench drives, told everywhere, and never in one figure."""

import contextlib
import dataclasses
import json
import os
import pty
import re
import socket
import xml.etree.ElementTree as ET
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from sample_run import sample_run

from bench.config.bench_file import load_bench
from bench.config.profile_file import load_profile
from bench.record.codable import run_to_dict
from bench.record.database import ResultsDatabase
from bench.record.evidence import completed, evidence_of, of_header
from bench.record.folder import RunFolder, open_run
from bench.record.port_facts import PSEUDO_TERMINAL
from bench.report.comparison import comparison_markdown, run_markdown
from bench.report.html import render_html
from bench.report.junit import write_junit
from bench.report.needs import write_needs
from bench.report.status import class_ground
from bench.report.terminal import summary_table
from bench.running import behind_ports
from bench.running.behind_ports import behind_interface, behind_port
from bench.running.results import evidence_class
from bench.safety.failure_modes import newest_runs
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.compare import compare
from bench.verdict.result import RunResult
from bench.wiring.common import load_wired

REPOSITORY = Path(__file__).parents[1]
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


PROCESSES = (
    "socket://LOCALHOST:6001", "tcp://LOCALHOST:5999", "tcp://localhost.:5999", "tcp://0.0.0.0:5025",
    "tcp://ip6-localhost:5025", "tcp://[0:0:0:0:0:0:0:1]:5025", "tcp://[::ffff:127.0.0.1]:5025", "tcp://127.1:5025",
    "tcp://2130706433:5025", "rfc2217://[::]:5025", "TCP://127.0.0.1:5025", "spy:///dev/pts/3", "spy:///dev/ttyUSB0",
    "alt:///dev/ttyUSB0?class=PosixPollSerial", "hwgrep://.*", "loop://", "tcp://", "tcp://[", "/tmp/fifo", "",
    "ttyUSB0", "/dev/null", "/dev/ttys001", "/dev/tty1", "/dev/serial/by-id/../../pts/3",
)  # fmt: skip


@pytest.mark.parametrize("place", PROCESSES)
def test_a_place_that_a_process_may_play_is_no_hardware(place: str) -> None:
    """By its name alone, as of an older release; by what the system says here; and whatever is stored of it."""
    for facts in ({}, {"device": behind_port(place)}):
        for driven in (
            {**BOARD, "instrument.psu": {"kind": "ea_psb", "ports": repr((place,)), **facts}},
            {**BOARD, "can.sense": {"interface": "serial", "channel": place, **facts}},
            {**BOARD, "can.sense": {"interface": "slcan", "channel": place, **facts}},
        ):
            found = evidence_of("host", "external", driven)
            assert (found.evidence, len(found.why)) == (EvidenceClass.REAL_TIME, 1), facts


@pytest.mark.parametrize(
    "driver", ["vcan", "vxcan", "dummy_can", "dummy", "can", "slcan", "can327", "virtual"]
)
def test_a_driver_without_an_adapter_is_no_hardware(driver: str) -> None:
    for facts in ({}, {"device": "adapter (usb)"}):
        driven = {**BOARD, "can.sense": {**VCAN, "driver": driver, **facts}}
        assert evidence_of("host", "external", driven).evidence is EvidenceClass.REAL_TIME
    unseen = {**USB, "device": behind_interface("no_such_interface")}
    assert evidence_of("host", "external", {**BOARD, "can.sense": unseen}).evidence is EvidenceClass.REAL_TIME


def own_addresses() -> list[str]:
    """Of this machine, as its name and the way to another host give them."""
    found = {str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), 9)}
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        ask.connect(("198.51.100.7", 9))
        found.add(ask.getsockname()[0])
    return sorted(found)


def test_a_name_or_an_address_of_this_machine_is_known_before_the_first_shot() -> None:
    for host in (socket.gethostname(), socket.gethostname().upper(), *own_addresses()):
        place = f"tcp://[{host}]:5025" if ":" in host else f"tcp://{host}:5025"
        facts = {"kind": "ea_psb", "ports": repr((place,)), "device": behind_port(place)}
        found = evidence_of("host", "external", {**BOARD, "instrument.psu": facts})
        assert found.why == (f"instrument.psu: {place} is a service of this machine",)


@pytest.mark.parametrize(
    ("ports", "device"),
    [
        (("tcp://198.51.100.7:5025",), None),
        (("tcp://198.51.100.7:5025",), "asked"),
        (("tcp://psu.lab:5025",), "another host (198.51.100.7)"),
        (("/dev/ttyUSB0", "/dev/ttyACM1"), None),
        (("/dev/ttyUSB0", "/dev/ttyACM1"), "serial line (ftdi_sio); serial line (cdc_acm)"),
        (("/dev/psu",), "serial line (ftdi_sio)"),
        (("COM3",), None),
        ((r"\\.\COM12",), "serial line"),
        (("/dev/serial/by-id/usb-FTDI_FT232R-if00-port0",), None),
        (("/dev/cu.usbserial-1410",), None),
    ],
)
def test_devices_stay_hardware(ports: tuple[str, ...], device: str | None) -> None:
    stored = {} if device is None else {"device": behind_port(ports[0]) if device == "asked" else device}
    facts = {"kind": "ea_psb", "ports": repr(ports), **stored}
    assert evidence_of("host", "external", {**BOARD, "instrument.psu": facts}).why == ()


def test_what_was_stored_decides_wherever_it_is_judged() -> None:
    """A name that leads to a device here led to a process there, or to as many things as there are ports."""
    for device in ("not known, no character device", "serial line", "a service of this machine (127.0.0.1)"):
        facts = {"ports": "('/dev/ttyUSB0', '/dev/ttyUSB1')", "device": f"serial line; {device}"}
        if device == "serial line":
            facts["device"] = device
        found = evidence_of("host", "external", {**BOARD, "instrument.cells": facts})
        assert found.evidence is EvidenceClass.REAL_TIME


def test_a_fifo_and_a_device_that_the_kernel_plays_are_no_serial_lines(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert behind_port(str(tmp_path / "fifo")) == "not known, no character device"
    for place in ("/dev/null", "/dev/tty", str(tmp_path / "none")):
        assert behind_port(place).startswith("not known")


def a_device(sysfs: Path, numbers: str, place: str, subsystem: str, driver: str) -> None:
    """As the kernel shows a character device in its tree."""
    made = sysfs / "devices" / place
    made.mkdir(parents=True)
    (sysfs / "class" / subsystem).mkdir(parents=True, exist_ok=True)
    (sysfs / "dev/char").mkdir(parents=True, exist_ok=True)
    (made / "subsystem").symlink_to(sysfs / "class" / subsystem)
    (sysfs / "dev/char" / numbers).symlink_to(made)
    if driver:
        (sysfs / "drivers" / driver).mkdir(parents=True)
        (made / "device").mkdir()
        (made / "device/driver").symlink_to(sysfs / "drivers" / driver)


@pytest.mark.parametrize(
    ("place", "subsystem", "driver", "said"),
    [
        ("pci0000:00/usb1/1-1/ttyUSB0/tty/ttyUSB0", "tty", "ftdi_sio", "serial line (ftdi_sio)"),
        ("pci0000:00/usb1/1-1/tty/ttyACM0", "tty", "", "serial line"),
        ("virtual/tty/tnt0", "tty", "", "not known, the kernel has no hardware behind it"),
        (
            "platform/dummy_hcd.0/usb2/tty/ttyACM0",
            "tty",
            "",
            "not known, the kernel has no hardware behind it",
        ),
        ("virtual/cuse/ttyPLAYED", "cuse", "", "not known, the kernel has it as 'cuse'"),
    ],
)
def test_a_character_device_is_what_the_kernel_has_it_as(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, subsystem: str, driver: str, said: str
) -> None:
    device = Path("/dev/null").stat().st_rdev  # any that opens here: the tree says what it is
    a_device(tmp_path, f"{os.major(device)}:{os.minor(device)}", place, subsystem, driver)
    monkeypatch.setattr(behind_ports, "_SYSFS", tmp_path)
    assert behind_port("/dev/null") == said


def test_a_bench_of_processes_is_none_from_its_file_to_its_class(tmp_path: Path) -> None:
    """As a bench file names them; and the class stays, whatever is plugged in or out before the run's end."""
    line = tmp_path / "line"
    os.mkfifo(line)
    text = (REPOSITORY / "docs/benches/slcan.toml").read_text().replace('"../../', f'"{REPOSITORY}/')
    text = re.sub(r"^interface = .*$", 'interface = "serial"', text, flags=re.M)
    text = re.sub(r"^options = .*$", 'options = { channel = "socket://LOCALHOST:6001" }', text, flags=re.M)
    text = re.sub(r"^port = .*$", f'port = "{line}"', text, flags=re.M)
    text = re.sub(r"^start = .*$", 'start = "external"\nidentity = { by = "can" }', text, flags=re.M)
    file = tmp_path / "hil_config.toml"
    file.write_text(text)
    config = load_bench(file)
    wired = load_wired(config, load_profile(config.dut.profile))
    found = evidence_class(wired)
    assert found.evidence is EvidenceClass.REAL_TIME
    assert found.why == (
        "can.vehicle: socket://LOCALHOST:6001 is a service of this machine",
        "can.sense: socket://LOCALHOST:6001 is a service of this machine",
        f"instrument.cells: {line} is no serial line: not known, no character device",
    )
    line.unlink()
    assert evidence_class(wired) == found


def test_nothing_known_is_no_hardware() -> None:
    assert evidence_of("host", "external", {}).evidence is EvidenceClass.REAL_TIME
    assert evidence_of("simulated", "external", BOARD).evidence is EvidenceClass.SIMULATED


def test_a_pseudo_terminal_is_known_by_whatever_name_leads_to_it(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    try:
        link = tmp_path / "ttyUSB0"
        link.symlink_to(os.ttyname(slave))
        assert behind_port(str(link)) == PSEUDO_TERMINAL
        assert behind_port("/dev/null") != PSEUDO_TERMINAL != behind_port(str(tmp_path / "none"))
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


def test_the_database_answers_of_one_class_only(results_at: str | Path) -> None:
    database = ResultsDatabase(results_at)
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
    assert sum(database.counts(EvidenceClass.REAL_TIME, None)[name].values()) == 2


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


def test_a_stored_class_that_its_facts_do_not_make_is_no_ground() -> None:
    """As a release stored it that took a service of this machine for a device."""
    run = of_class(EvidenceClass.HARDWARE)
    assert class_ground(run, evidence_of("host", "external", BOARD)).no == ""
    psu = {"kind": "ea_psb", "ports": "('tcp://LOCALHOST:5025',)"}
    told = class_ground(run, evidence_of("host", "external", {**BOARD, "instrument.psu": psu})).no
    assert told.startswith("what it drove makes real time without a board (instrument.psu: tcp://LOCALHOST")
