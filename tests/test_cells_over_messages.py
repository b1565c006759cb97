"""Cell voltages in many messages, the usual layout: described, checked as one pack, and tested to a verdict."""

import re
from pathlib import Path

import pytest

from bench.codec.database import Database
from bench.config.profile import DutProfile
from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.model import Inject
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.emulator_shown import emulator_shows
from bench.wiring.virtual_signals import bind_plays

ROOT = Path(__file__).resolve().parents[1]
FIRST_ID = 0x400


def messages(literal: int) -> str:
    """24 messages of 4 cells, one cell behind the other; the last `literal` messages name theirs by a letter."""
    text = ""
    for group in range(24):
        text += f"\nBO_ {FIRST_ID + group} Cells_{group + 1:02d}: 8 BENCH\n"
        for place in range(4):
            cell = 4 * group + place + 1
            name = f"Cell{cell:02d}" if group < 24 - literal else f"Zelle_{group}_{'abcd'[place]}"
            text += f' SG_ {name} : {16 * place}|16@1+ (0.0001,0) [0|6.5] "V" BMS\n'
    return text


def tables(literal: int, leave_out: int | None = None, twice: int | None = None) -> str:
    text = ""
    for group in range(24):
        if group == leave_out:
            continue
        text += f'[[play]]\nmessage = "sense.Cells_{group + 1:02d}"\nby = "emulator"\ncycle = "100 ms"\n[play.shows]\n'
        if group < 24 - literal:
            text += '"Cell{cell:02d}" = "cell_voltage"\n'
            continue
        for place in range(4):
            cell = 4 * group + place + 1
            bound = twice if twice is not None and place == 0 else cell
            text += f'Zelle_{group}_{"abcd"[place]} = {{ of = "cell_voltage in V", cell = {bound} }}\n'
    return text


def bench_in(folder: Path, shows: str, literal: int) -> Path:
    """The repository's bench with its cells in 24 messages, and a DUT that takes them from there."""
    for name in ("bms.dbc", "vehicle.dbc", "bench_io.dbc", "reference_bms.toml"):
        text = (ROOT / "dbc" / name).read_text(encoding="utf-8")
        if name == "bench_io.dbc":
            text = re.sub(r"(?m)^BO_ 768 (?:.*\n)+?\n", messages(literal).lstrip() + "\n", text, count=1)
            text = re.sub(r"(?m)^CM_ BO_ 768 .*\n|^BA_ .* BO_ 768 .*\n", "", text)
        if name == "reference_bms.toml":
            text = re.sub(
                r'(?s)\[\[play\]\]\nmessage = "sense.IO_CellVoltages".*?\n\n', shows + "\n", text, count=1
            )
            text = text.replace('SweepCrc = "afe_sweep_crc"', "SweepCrc = 0")
        (folder / name).write_text(text, encoding="utf-8")
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8").replace('"dbc/', '"')
    text = text.replace(
        'firmware = "reference"', 'firmware = "cells_gateway:build"\nidentity = { by = "can" }'
    )
    path = folder / "hil_config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def prepared_in(wired: Wired, scenario: str, folder: str = "cells") -> dict[str, Prepared]:
    found = load_scenarios(wired, [ROOT / "scenarios" / folder / f"{scenario}.toml"], None)[0]
    return {one.scenario.id: one for one in found}


@pytest.mark.parametrize("literal", [0, 1, 24])
def test_a_fault_of_cells_in_several_messages_is_measured_and_its_twins_pass(
    tmp_path: Path, literal: int
) -> None:
    wired = load_rig(bench_in(tmp_path, tables(literal), literal), "simulated", None, None)
    found = prepared_in(wired, "ov_few_cells_charging")
    plan = found["ov-few-cells-charging"].plan
    assert {test.message for test in plan.onset} == {"Cells_02", "Cells_10", "Cells_24"}, "cells 5, 40 and 96"
    for name, one in found.items():
        result = shoot(wired, one, 0, 59, 1, None)
        assert result.judgement.verdict is Verdict.PASS, (name, reasons_words(result.judgement))


def test_the_onset_is_the_first_of_the_messages_and_what_no_value_shows_is_asked_of_each(
    tmp_path: Path,
) -> None:
    wired = load_rig(bench_in(tmp_path, tables(1), 1), "simulated", None, None)
    (one,) = (
        one
        for one in prepared_in(wired, "cell_offset_few", "measurement").values()
        if not one.scenario.twin_of
    )
    fault = next(step.fault for step in one.steps if isinstance(step, Inject))
    asked = {(one.message, one.signal) for one in one.plan.onset_irregular}
    groups = {(cell - 1) // 4 for cell in fault.numbers}  # type: ignore[attr-defined]
    assert {message for message, _ in asked} == {f"Cells_{group + 1:02d}" for group in groups}
    assert len(asked) == len(groups) > 1
    assert shoot(wired, one, 0, 59, 1, None).judgement.verdict is Verdict.PASS


def profile_of(folder: Path) -> DutProfile:
    return load_profile(folder / "reference_bms.toml")


def refused(folder: Path, shows: str, literal: int) -> str:
    path = bench_in(folder, shows, literal)
    with pytest.raises(ConfigError) as told:
        load_rig(path, "simulated", None, None)
    return str(told.value)


def test_a_cell_that_no_message_carries_or_two_do_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, tables(1, leave_out=2), 1)
    assert "no signal for cell 9, 10, 11, 12" in said and "each of 96 cells" in said
    assert len(said.splitlines()) == 1, "one mistake, one line"
    said = refused(tmp_path, tables(1, twice=1), 1)
    assert "cell 1 shown twice, by 'Cell01' and 'Zelle_23_a'" in said and "no signal for cell 93" in said


def test_what_the_emulator_shows_is_one_sweep(tmp_path: Path) -> None:
    shows = tables(1).replace('cycle = "100 ms"', 'cycle = "200 ms"', 1)
    assert "found cycle 100.0 ms; expected 200.0 ms as for Cells_01" in refused(tmp_path, shows, 1)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (
            'Z = { of = "temperature", cell = 3 }',
            "found 'cell' beside 'temperature'; expected it beside 'cell_voltage'",
        ),
        ('"Z{cell}" = { of = "cell_voltage", cell = 3 }', "found 'cell' for a numbered signal"),
        ('Z = { of = "cell_voltage", cell = 0 }', "cell"),
        ('Z = "cell_voltage"', 'or { of = "cell_voltage", cell = 1 }'),
    ],
)
def test_a_binding_that_makes_no_sense_is_refused(tmp_path: Path, entry: str, says: str) -> None:
    path = tmp_path / "profile.toml"
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("[play.shows]\n", f"[play.shows]\n{entry}\n", 1), encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load_profile(path)
    assert says in str(told.value)


def test_a_sensor_may_have_a_literal_name_and_a_sign_of_its_own(tmp_path: Path) -> None:
    dbc = tmp_path / "io.dbc"
    dbc.write_text(
        'VERSION ""\nNS_ :\nBS_:\nBU_: A B\nBO_ 512 Halle: 4 A\n SG_ NTC_Links : 0|16@1- (0.1,0) [-60|200] "C" B\n'
        ' SG_ NTC_Rechts : 16|16@1- (0.1,0) [-60|200] "C" B\n',
        encoding="utf-8",
    )
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    table = (
        '[[play]]\nmessage = "sense.Halle"\ncycle = "1 s"\n[play.shows]\n'
        'NTC_Links = { of = "temperature", sensor = 2 }\nNTC_Rechts = { of = "temperature", sensor = 1 }\n\n'
    )
    text = re.sub(r'(?s)\[\[play\]\]\nmessage = "sense.IO_Temperatures".*?\n\n', table, text, count=1)
    (tmp_path / "reference_bms.toml").write_text(text, encoding="utf-8")
    databases = {
        "vehicle": Database.load(ROOT / "dbc/bms.dbc", ROOT / "dbc/vehicle.dbc"),
        "sense": Database.load(ROOT / "dbc/bench_io.dbc", dbc),
    }
    played = bind_plays(profile_of(tmp_path), databases, 96, 2)
    (halle,) = (one for one in played if one.message.name == "Halle")
    assert halle.pages.payload(0, lambda _, sensor: 10.0 * (sensor + 1)) == bytes([200, 0, 100, 0])


def test_the_example_of_the_handbook_shows_ten_cells_in_three_messages(tmp_path: Path) -> None:
    handbook = (ROOT / "docs" / "bring_your_own_bms.md").read_text(encoding="utf-8")
    (example,) = (block for block in re.findall(r"(?s)```toml\n(.*?)```", handbook) if "CMU_Ends" in block)
    dbc = tmp_path / "cmu.dbc"
    text = 'VERSION ""\nNS_ :\nBS_:\nBU_: A B\n'
    for number in (1, 2):
        text += f"BO_ {1500 + number} CMU_Cells_{number}: 8 A\n"
        for place in range(4):
            cell = 4 * (number - 1) + place + 1
            text += f' SG_ Cell_{cell} : {16 * place}|16@1+ (0.001,0) [0|6] "V" B\n'
    text += "BO_ 1503 CMU_Ends: 4 A\n"
    for place, name in enumerate(("LowestTap", "HighestTap")):
        text += f' SG_ {name} : {16 * place}|16@1+ (1,0) [0|6000] "mV" B\n'
    dbc.write_text(text, encoding="utf-8")
    profile = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    first = r'(?s)\[\[play\]\]\nmessage = "sense.IO_CellVoltages".*?\n\n'
    profile = re.sub(first, example.replace("can1.", "sense.") + "\n", profile, count=1)
    (tmp_path / "reference_bms.toml").write_text(profile, encoding="utf-8")
    databases = {
        "vehicle": Database.load(ROOT / "dbc/bms.dbc", ROOT / "dbc/vehicle.dbc"),
        "sense": Database.load(ROOT / "dbc/bench_io.dbc", dbc),
    }
    shown = emulator_shows(bind_plays(profile_of(tmp_path), databases, 10, 2))
    sent = b"".join(one.payload(0, lambda _, cell: 3.0 + 0.1 * cell) for one in shown.messages)
    assert sent == b"".join((3000 + 100 * cell).to_bytes(2, "little") for cell in range(10))
