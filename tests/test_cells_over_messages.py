"""Cell voltages in many messages, the usual layout: described, checked as one pack, and tested to a verdict."""

import re
from pathlib import Path
from typing import Any

import pytest

from bench.codec.database import Database
from bench.codec.pages import Pages
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
STEPPED = ("highest-cell", "lowest-cell", "mean-cell", "highest-cell-named", "lowest-cell-named")


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
            # Its gateway hands the cells on in steps of 0.5 mV, which no signal of the bus tells.
            for statement in STEPPED:
                text += f'\n[[always]]\nstatement = "{statement}"\ntolerance = "0.5 mV"\n'
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
    assert "no signal for cell 9 to 12" in said and "each other message that has them: Cells_03" in said
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
        (
            'Z = { of = "cell_voltage", cell = { first = 3, step = 2 } }',
            "found a step of 'cell' for a literal name",
        ),
        ('Z = { of = "cell_voltage", cell = 3, names = 101 }', "found 'names' for a literal name"),
        ('"Z{cell}" = { of = "cell_voltage", cell = { first = 3, step = 0 } }', "found 0; expected how many"),
        ('"Z{cell}" = { of = "cell_voltage", names = { first = 1, step = 0 } }', "step"),
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


def bound(folder: Path, dbc: str, shows: str, cells: int, sensors: int = 24) -> list[Pages]:
    """The pages of `shows`, tables that stand in place of the reference profile's cells, on a bus with `dbc`."""
    path = folder / "gateway.dbc"
    path.write_text(f'VERSION ""\nNS_ :\nBS_:\nBU_: A B\n{dbc}', encoding="utf-8")
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    for known in ("sense.IO_CellVoltages", *(("sense.IO_Temperatures",) if "temperature" in shows else ())):
        text = re.sub(rf'(?s)\[\[play\]\]\nmessage = "{known}".*?\n\n', shows + "\n", text, count=1)
        shows = ""
    (folder / "reference_bms.toml").write_text(text, encoding="utf-8")
    databases = {
        "vehicle": Database.load(ROOT / "dbc/bms.dbc", ROOT / "dbc/vehicle.dbc"),
        "sense": Database.load(ROOT / "dbc/bench_io.dbc", path),
    }
    ours = Database.load(path)
    played = bind_plays(profile_of(folder), databases, cells, sensors)
    return [one.pages for one in played if one.message.name in ours]


def plain(can_id: int, name: str, signals: list[str]) -> str:
    lines = [f' SG_ {signal} : {16 * at}|16@1+ (0.001,0) [0|6] "V" B' for at, signal in enumerate(signals)]
    return "\n".join([f"BO_ {can_id} {name}: 8 A", *lines, ""])


def table(message: str, shows: str, by: str = "emulator") -> str:
    return f'[[play]]\nmessage = "sense.{message}"\nby = "{by}"\ncycle = "100 ms"\n[play.shows]\n{shows}\n\n'


def cells_sent(pages: list[Pages]) -> list[int]:
    """Which cell (from 1) each 16-bit word on the bus shows, message after message."""
    sent = b"".join(one.payload(0, lambda _, cell: 3.0 + 0.001 * (cell + 1)) for one in pages)
    return [int.from_bytes(sent[at : at + 2], "little") - 3000 for at in range(0, len(sent), 2)]


@pytest.mark.parametrize(
    ("names", "shows", "cells"),
    [
        # Each module counts its own from 1 again: the first name of the second is cell 5.
        (
            [["V1", "V2", "V3", "V4"]] * 2,
            ['"V{cell}" = { of = "cell_voltage", cell = %d }', 1, 5],
            [*range(1, 9)],
        ),
        # Every second cell: odd ones in the first message, even ones in the other.
        (
            [["V1", "V2", "V3", "V4"]] * 2,
            ['"V{cell}" = { of = "cell_voltage", cell = { first = %d, step = 2 } }', 1, 2],
            [1, 3, 5, 7, 2, 4, 6, 8],
        ),
        # Names that begin anywhere and go on by ten: module 1 has C110, C120, …
        (
            [["C110", "C120", "C130", "C140"], ["C210", "C220", "C230", "C240"]],
            [
                '"C{cell:03d}" = { of = "cell_voltage", cell = %d, names = { first = %d, step = 10 } }',
                (1, 110),
                (5, 210),
            ],
            [*range(1, 9)],
        ),
        # Wired from the top downwards.
        (
            [["T0", "T1", "T2", "T3"]] * 2,
            ['"T{cell0}" = { of = "cell_voltage", cell = { first = %d, step = -1 } }', 8, 4],
            [8, 7, 6, 5, 4, 3, 2, 1],
        ),
        # By letters, without any number.
        (
            [["CellU_A", "CellU_B", "CellU_C", "CellU_D"]] * 2,
            [
                "\n".join(
                    f'CellU_{c} = {{ of = "cell_voltage", cell = {n} }}' for c, n in zip("ABCD", ("%d",) * 4)
                ),
                (1, 2, 3, 4),
                (8, 7, 6, 5),
            ],
            [1, 2, 3, 4, 8, 7, 6, 5],
        ),
    ],
)
def test_names_count_from_any_number_by_any_step(
    tmp_path: Path, names: list[list[str]], shows: list[Any], cells: list[int]
) -> None:
    dbc = "".join(plain(0x480 + at, f"Mod_{at}", one) for at, one in enumerate(names))
    pattern, *numbers = shows
    tables_ = "".join(table(f"Mod_{at}", pattern % one) for at, one in enumerate(numbers))
    assert cells_sent(bound(tmp_path, dbc, tables_, 8)) == cells


def test_a_message_may_hold_several_sensors_of_any_number(tmp_path: Path) -> None:
    dbc = plain(0x480, "Mod_0", ["U1", "U2"]) + plain(0x481, "Mod_1", ["U1", "U2"])
    for at in range(2):
        dbc += plain(0x490 + at, f"Heat_{at}", ["T_0", "T_1", "T_2"])
    shows = "".join(
        table(f"Mod_{at}", f'"U{{cell}}" = {{ of = "cell_voltage", cell = {2 * at + 1} }}') for at in range(2)
    )
    for at in range(2):
        entry = f'"T_{{sensor0}}" = {{ of = "temperature", sensor = {3 * at + 1} }}'
        shows += table(f"Heat_{at}", entry, "bench")
    pages = bound(tmp_path, dbc, shows, 4, 6)
    nothing = -3000
    assert cells_sent(pages[:2]) == [1, 2, nothing, nothing, 3, 4, nothing, nothing]
    heat = b"".join(one.payload(0, lambda _, sensor: 0.01 * (sensor + 1)) for one in pages[2:])
    raw = [int.from_bytes(heat[at : at + 2], "little") for at in range(0, len(heat), 2)]
    assert raw == [10, 20, 30, 0, 40, 50, 60, 0]


def test_no_line_denies_a_signal_that_another_message_of_the_bus_has(tmp_path: Path) -> None:
    dbc = "".join(
        plain(0x480 + at, f"Cells_{at}", [f"Cell_{4 * at + place + 1}" for place in range(4)])
        for at in range(3)
    )
    with pytest.raises(ConfigError) as told:
        bound(tmp_path, dbc, table("Cells_0", '"Cell_{cell}" = "cell_voltage"'), 12)
    said = str(told.value)
    assert (
        "no signal for cell 5 to 12" in said and "each other message that has them: Cells_1, Cells_2" in said
    )
    with pytest.raises(ConfigError) as told:
        bound(tmp_path, dbc, table("Cells_0", '"Cell_{cell}" = "cell_voltage"'), 13)
    assert "Cells_1, Cells_2" in str(told.value), "what is there is said, though no message has cell 13"
    with pytest.raises(ConfigError) as told:
        bound(tmp_path, dbc, table("Cells_0", '"Zelle_{cell}" = "cell_voltage"'), 12)
    assert "found no signal 'Zelle_1' nor any other of 'Zelle_{cell}' in this message" in str(told.value)
