"""Who measured: what instruments and adapters say of themselves is kept, and what they do not say is said."""

import dataclasses
import hashlib
import struct
from pathlib import Path

import pytest
from shot_folders import write_shot_files

from bench.config.bench_file import CanConfig
from bench.errors import RecordError
from bench.links.can_interface import adapter_identity, driver_fields
from bench.record.folder import OpenedRun
from bench.running.equipment import answered, doubts, equipment
from bench.running.load import load_rig
from bench.stored.rejudge import judged_by
from bench.timing.clock import Timebase
from bench.trace.facts import InstrumentIdentified, RunEnded
from bench.trace.timeline import Trace

ROOT = Path(__file__).parents[1]


def shot_with(folder: Path, **identities: str) -> Path:
    trace = Trace(timebase=Timebase.SIMULATED, stamping={})
    for name, identity in identities.items():
        trace.mark(1, InstrumentIdentified(identity=identity), name)
    trace.mark(2, RunEnded(), "bench")
    folder.mkdir()
    write_shot_files(folder, trace, {}, {})
    return folder


def test_identities_are_read_field_by_field_and_an_exchange_is_told(tmp_path: Path) -> None:
    configured = {"instrument.cells": {"kind": "x"}, "instrument.relays": {}, "instrument.imd": {}}
    shots = [
        shot_with(tmp_path / "0", cells="NGI,N83624,7,V1.00", relays="Devantech RLY08, firmware 3"),
        shot_with(tmp_path / "1", cells="NGI,N83624,8,V1.00", relays="Devantech RLY08, firmware 3"),
    ]
    found = answered(configured, shots)
    cells = found["instrument.cells"]
    assert (cells["kind"], cells["serial"], cells["firmware"]) == ("x", "7", "V1.00")
    assert found["instrument.relays"]["firmware"] == "3"
    assert found["instrument.imd"]["answered"] == "never asked: no shot was driven"
    assert doubts(found, "2026-01-01") == (
        "instrument.cells was exchanged within the run: NGI,N83624,7,V1.00, then NGI,N83624,8,V1.00",
    )
    silent = answered({}, [shot_with(tmp_path / "2", imd="Waveshare Modbus RTU relay, address 1")])
    assert silent["instrument.imd"]["firmware"] == "not given by the instrument"


def test_calibration_that_had_run_out_is_told() -> None:
    found = {"instrument.cells": {"calibration_due": "2026-03-01"}}
    assert doubts(found, "2026-03-01") == ()
    assert doubts(found, "2026-03-02") == ("the calibration of instrument.cells was due on 2026-03-01",)


def test_an_adapter_s_firmware_is_the_kernel_s_word_or_said_to_be_unknown() -> None:
    texts = [b"gs_usb", b"6.1.0", b"N/A", b"3-1:1.0"]
    assert driver_fields(struct.pack("=I32s32s32s32s", 3, *texts)) == ["gs_usb", "6.1.0", "N/A", "3-1:1.0"]
    wired = load_rig(ROOT / "hil_config.toml", "real", "reference", None)
    vehicle = wired.config.can["vehicle"]

    def facts(interface: str, channel: str) -> dict[str, str]:
        can: CanConfig = dataclasses.replace(vehicle, interface=interface, options={"channel": channel})
        return equipment(
            dataclasses.replace(wired, config=dataclasses.replace(wired.config, can={"vehicle": can}))
        )["can.vehicle"]

    assert facts("udp_multicast", "239.0.0.1")["firmware"].startswith("none: no adapter")
    assert facts("pcan", "PCAN_USBBUS1")["firmware"] == "not given by the interface 'pcan'"
    assert "no network interface 'can77'" in facts("socketcan", "can77")["driver"]


@pytest.mark.skipif(not Path("/sys/class/net/lo").exists(), reason="no /sys/class/net on this system")
def test_every_interface_can_be_asked() -> None:
    for folder in Path("/sys/class/net").iterdir():
        if (folder / "flags").exists():
            assert isinstance(adapter_identity(folder.name).driver, str)
    with pytest.raises(OSError, match="can77"):
        adapter_identity("can77")


def test_a_scenario_is_judged_again_by_the_times_that_it_borrows(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "contactors" / "hvil_intermittent.toml").read_bytes()
    own = (ROOT / "scenarios" / "current" / "external_short.toml").read_bytes().replace(b"budget =", b"# =")
    hashes = {}
    (tmp_path / "inputs").mkdir()
    for name, content in (("hvil-intermittent", text), ("own", own)):
        digest = hashlib.sha256(content).hexdigest()
        hashes[f"scenario.{name}"] = digest
        (tmp_path / "inputs" / f"{digest[:12]}-{name}.toml").write_bytes(content)
    opened = OpenedRun(path=tmp_path, header={"hashes": hashes}, result=None, footer=None)
    assert judged_by(opened) == {"hvil-intermittent": "SG-HVIL-LOOSE", "own": "SG-SC"}


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        ('{"instrument.cells": "NGI"}', "NGI"),
        ('{"instrument.cells": {"answered": 7}}', "7"),
        ('{"instrument.cells": null}', "None"),
    ],
)
def test_equipment_that_is_no_table_of_texts_is_one_clear_line(
    stored: str, found: str, tmp_path: Path
) -> None:
    (tmp_path / "equipment.json").write_text(stored)
    with pytest.raises(RecordError, match=f"equipment.json.*instrument.cells.*{found}.*a table of texts"):
        OpenedRun(path=tmp_path, header={}, result=None, footer=None).equipment()


def test_equipment_in_a_header_that_is_no_table_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"header.json.*equipment.*a table"):
        OpenedRun(path=tmp_path, header={"equipment": ["cells"]}, result=None, footer=None).equipment()
