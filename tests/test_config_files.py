"""hil_config.toml and the DUT profile: what ships loads; every mistake is one line that says where."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.config.bench_file import load_bench
from bench.config.profile_file import load_profile
from bench.config.toml_file import read_toml
from bench.config.toml_lines import line_numbers
from bench.errors import ConfigError

ROOT = Path(__file__).parent.parent
BENCH = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
PROFILE = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")


def bench_with(tmp_path: Path, old: str, new: str) -> Path:
    assert old in BENCH
    path = tmp_path / "hil_config.toml"
    path.write_text(BENCH.replace(old, new, 1), encoding="utf-8")
    if not (tmp_path / "dbc").exists():
        (tmp_path / "dbc").symlink_to(ROOT / "dbc")
    return path


def profile_with(tmp_path: Path, old: str, new: str) -> Path:
    assert old in PROFILE
    path = tmp_path / "dut.toml"
    path.write_text(PROFILE.replace(old, new, 1), encoding="utf-8")
    return path


def one_line(error: pytest.ExceptionInfo[ConfigError]) -> str:
    text = str(error.value)
    assert "\n" not in text, text
    return text


def test_the_shipped_bench_loads_with_si_values() -> None:
    bench = load_bench(ROOT / "hil_config.toml")
    assert bench.simulated
    assert bench.can["vehicle"].bitrate == 500_000
    assert bench.can["vehicle"].options["port"] != bench.can["sense"].options["port"]
    assert [path.name for path in bench.can["vehicle"].dbc] == ["bms.dbc", "vehicle.dbc"]
    assert all(path.is_file() for bus in bench.can.values() for path in bus.dbc)
    assert bench.instruments["cells"].dead_man_ns == 2_000_000_000
    assert bench.instruments["cells"].virtual
    assert (bench.pack.cells, bench.pack.sensors, bench.pack.soc) == (96, 24, 0.5)
    assert bench.record.database == ROOT / "runs" / "results.sqlite"


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ('bitrate = "500 kbit/s"', 'bitrte = "500 kbit/s"', "can.vehicle.bitrte", "did you mean 'bitrate'?"),
        ('bitrate = "500 kbit/s"', 'bitrate = "500 kbits"', "can.vehicle.bitrate", "unit 'kbits'"),
        ('bitrate = "500 kbit/s"', "bitrate = 500000", "can.vehicle.bitrate", "500000 (number)"),
        ('mode = "simulated"', 'mode = "simulatd"', "time.mode", "did you mean 'simulated'?"),
        ("cells = 96", 'cells = "96"', "pack.cells", "'96'"),
        ("cells = 96", "cells = 0", "pack.cells", "0 (number)"),
        ('soc = "50 %"', 'soc = "150 %"', "pack.soc", "0 % to 100 %"),
        ('dead_man = "2 s"', 'dead_man = "2"', "instrument.cells.dead_man", "no unit"),
        ('link = "emulator"', 'link = "emulatr"', "instrument.cells.link", "did you mean 'emulator'?"),
        ("dbc/vehicle.dbc", "dbc/vehicel.dbc", "can.vehicle.dbc[2]", "no such file"),
        ('profile = "dbc/reference_bms.toml"', 'profile = "dbc/no.toml"', "dut.profile", "no such file"),
        ('chemistry = "nmc"', 'chemistry = "nmc"\ncolour = "red"', "pack.colour", "unknown key 'colour'"),
    ],
)
def test_a_wrong_bench_file_is_one_located_line(
    tmp_path: Path, old: str, new: str, place: str, says: str
) -> None:
    path = bench_with(tmp_path, old, new)
    with pytest.raises(ConfigError) as error:
        load_bench(path)
    line = one_line(error)
    assert re.match(rf"{re.escape(str(path))}:\d+ \[{re.escape(place)}\]: found", line), line
    assert says in line
    assert "; expected" in line


def test_the_line_number_is_that_of_the_mistake(tmp_path: Path) -> None:
    path = bench_with(tmp_path, "cells = 96", "cells = -1")
    with pytest.raises(ConfigError) as error:
        load_bench(path)
    number = int(re.search(r":(\d+) \[", one_line(error))[1])  # type: ignore[index]
    assert path.read_text().splitlines()[number - 1] == "cells = -1"


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = bench_with(tmp_path, "cells = 96\nsensors = 24", "cells = -1\nsensors = -1")
    with pytest.raises(ConfigError) as error:
        load_bench(path)
    assert [("pack.cells" in line, "pack.sensors" in line) for line in str(error.value).splitlines()] == [
        (True, False),
        (False, True),
    ]


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    bench_with(tmp_path, "cells = 96", "cells = 96")
    with pytest.raises(ConfigError) as error:
        load_bench(tmp_path / "hil_confg.toml")
    assert "found no such file" in one_line(error)
    assert "did you mean 'hil_config.toml'?" in one_line(error)


@pytest.mark.parametrize("broken", ["[bench\nname = 1", "a = ", "a = 1\na = 2", "x = 'open", "[a]\n[a]"])
def test_broken_toml_is_one_located_line(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "hil_config.toml"
    path.write_text(broken)
    with pytest.raises(ConfigError) as error:
        load_bench(path)
    assert re.match(rf"{re.escape(str(path))}:\d+: found no valid TOML", one_line(error))


def test_text_that_is_no_utf8_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "hil_config.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(ConfigError) as error:
        read_toml(path)
    assert "expected TOML text in UTF-8" in one_line(error)


def test_the_shipped_profile_loads() -> None:
    profile = load_profile(ROOT / "dbc" / "reference_bms.toml")
    assert str(profile.place("cell_voltage", 7, lambda _: True)[1]) == "sense.IO_CellVoltages.CellVoltage07"
    assert str(profile.roles["plus_command"]) == "vehicle.BMS_State.ContactorPlusCommand"
    assert profile.flags["overvoltage"].dtc == 0x1A0117
    assert [test.value for test in profile.safe_states["hv_open"]] == [0.0] * 4
    error_tests = [t for t in profile.safe_states["inhibit_close_warn"] if t.role == profile.roles["state"]]
    assert [test.value for test in error_tests] == [5.0]
    assert "warn_block_restart" in profile.safe_states_with_flag
    assert "hv_open" not in profile.safe_states_with_flag


def test_the_debounce_predicts_when_detection_may_come() -> None:
    profile = load_profile(ROOT / "dbc" / "reference_bms.toml")
    cells, weld = profile.flags["overvoltage"].debounce, profile.flags["weld_plus"].debounce
    assert cells is not None
    assert weld is not None
    base_ns = profile.base_period_ns
    assert cells.floor_ns(base_ns) == 2_400_000_000 - 10_000_000, "the report's cycle is in the interval"
    assert cells.ceiling_ns(20_000_000, base_ns) == 2_500_000_000 + 40_000_000
    assert weld.floor_ns(base_ns) < 200_000_000 < weld.ceiling_ns(20_000_000, base_ns)


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ('"vehicle.BMS_State.State"', '"vehicle.BMS_State"', "output.state", "channel.Message.Signal"),
        ("CellVoltage{cell:02d}", "CellVoltage01", "play[1].shows.CellVoltage01", "{cell"),
        ("CellVoltage{cell:02d}", "CellVoltage{cel}", "play[1].shows.CellVoltage{cel}", "{cell"),
        ('= "pack_current"', '= "pack_curent"', "play[3].shows.PackCurrent", "did you mean 'pack_current'?"),
        ("plus in kohm", "plus in kV", "play[4].shows.InsulationPlus", "expected ohm"),
        ("no_value = 6.1915,", "", "play[1].shows.CellVoltage{cell:02d}", "without 'no_value'"),
        ('ModeRequest = "mode_request"', "ModeRequest = 0", "output", "found no 'mode_request'"),
        ('"sense.IO_Current"', '"IO_Current"', "play[3].message", "channel.Message"),
        ("plus_command = ", "plus_comand = ", "output", "found no 'plus_command'"),
        ('["restart_inhibit == 0"', '["restart_inhbit == 0"', "test.restart_allowed", "did you mean"),
        ('["restart_inhibit == 0"', '["restart_inhibit = 0"', "test.restart_allowed", "role op value"),
        ("state == error", "state == eror", "safe_state.inhibit_close_warn", "did you mean 'error'?"),
        ("error = 5", "eror = 5", "state", "found no 'error'"),
        ("events = 25", "events = 0", "flag.overvoltage.debounce.events", "0 (number)"),
        ("dtc = 0x1A0117", "dtc = 0x11A0117", "flag.overvoltage.dtc", "expected"),
        ('message = "vehicle.BMS_State"', 'message = "BMS_State"', "heartbeat[1].message", "channel.Message"),
    ],
)
def test_a_wrong_profile_is_a_located_line(tmp_path: Path, old: str, new: str, place: str, says: str) -> None:
    path = profile_with(tmp_path, old, new)
    with pytest.raises(ConfigError) as error:
        load_profile(path)
    lines = str(error.value).splitlines()
    where = re.compile(rf"{re.escape(str(path))}:\d+ \[{re.escape(place)}\]: found")
    assert any(where.match(line) for line in lines), lines
    assert says in str(error.value)


ROWS = ["[a]", "[[s]]", "k = 1", "l = [", "]", "# [x]", 't = "[q]"', "", "m = { n = 1 }"]


@given(st.lists(st.sampled_from(ROWS)))
def test_line_numbers_never_leave_the_text(rows: list[str]) -> None:
    lines = line_numbers("\n".join(rows))
    assert all(1 <= number <= len(rows) for number in lines.values())
    assert sum(1 for place in lines if re.fullmatch(r"s\.\d+", place)) <= rows.count("[[s]]")


def test_lines_of_repeated_tables_are_told_apart() -> None:
    text = '[[step]]\ndo = "wait"\n\n[[step]]\ncells = [\n  1, # ]\n]\nvoltage = "x"\n'
    lines = line_numbers(text)
    assert (lines["step.0.do"], lines["step.1.cells"], lines["step.1.voltage"]) == (2, 5, 8)
