"""What a battery of another layout is shown: sums of all cells, pages that get lost, checksums of its own kind."""

import re
from pathlib import Path

import once_a_second
import pytest
from small_bench import hil_here

from bench import Bench, CanFrame, Verdict
from bench.codec.own_checksum import crc_of
from bench.config.checksum import CrcParameters
from bench.core.choice import CORE, CoreName
from bench.units import NS_PER_S

CHECK = b"123456789"  # what the catalogues of CRCs give the value for


@pytest.mark.parametrize(
    ("parameters", "value"),
    [
        ({"width": 8, "poly": 0x1D, "init": 0xFF, "xor_out": 0xFF}, 0x4B),  # SAE J1850
        ({"width": 8, "poly": 0x2F, "init": 0xFF, "xor_out": 0xFF}, 0xDF),  # AUTOSAR
        ({"width": 8, "poly": 0x31, "reflect_in": True, "reflect_out": True}, 0xA1),  # MAXIM-DOW
        ({"width": 4, "poly": 0x3, "reflect_in": True, "reflect_out": True}, 0x7),  # G-704
        ({"width": 16, "poly": 0x1021, "init": 0xFFFF}, 0x29B1),
        ({"width": 16, "poly": 0x8005, "init": 0xFFFF, "reflect_in": True, "reflect_out": True}, 0x4B37),  # MODBUS
        (
            {"width": 32, "poly": 0x04C11DB7, "init": 0xFFFFFFFF, "xor_out": 0xFFFFFFFF}
            | {"reflect_in": True, "reflect_out": True},
            0xCBF43926,
        ),
    ],
)  # fmt: skip
def test_a_crc_by_its_parameters_is_that_of_the_catalogue(parameters: dict, value: int) -> None:
    assert crc_of(CrcParameters(**parameters))(CHECK) == value


SUMS = """BO_ 513 Cells: 8 BENCH
 SG_ CellMax : 0|16@1+ (0.001,0) [0|65.535] "V" BMS
 SG_ CellMin : 16|16@1+ (0.001,0) [0|65.535] "V" BMS
 SG_ Soc : 32|8@1+ (0.5,0) [0|100] "%" BMS
 SG_ Soh : 40|8@1+ (0.5,0) [0|100] "%" BMS
 SG_ Hottest : 48|8@1+ (1,-40) [-40|215] "degC" BMS
 SG_ Coldest : 56|8@1+ (1,-40) [-40|215] "degC" BMS
"""
PAGES = """BO_ 513 Cells: 8 BENCH
 SG_ Page M : 0|8@1+ (1,0) [0|255] "" BMS
 SG_ Cell1 m0 : 16|16@1+ (0.001,0) [0|65.535] "V" BMS
 SG_ Cell2 m0 : 32|16@1+ (0.001,0) [0|65.535] "V" BMS
 SG_ Cell3 m1 : 16|16@1+ (0.001,0) [0|65.535] "V" BMS
 SG_ Cell4 m1 : 32|16@1+ (0.001,0) [0|65.535] "V" BMS
"""
SUMMED = """[[play]]
message = "can1.Cells"
[play.shows]
CellMax = "cell_voltage_max"
CellMin = "cell_voltage_min"
Soc = "state_of_charge in %"
Soh = "state_of_health in %"
Hottest = "temperature_max"
Coldest = "temperature_min"
"""
SAYS = """[flag.lost]
signal = "can1.State.Hot"
"""
INJECT = """format = 2
id = "asked"
title = "asked"
safety_goal = "SG-HOT"
aim = "must_trip"
requirements = []
needs = ["NEEDS"]
twins = "none: of this test"
[start]
mode = "drive"
soc = "50 %"
[[step]]
do = "inject"
FAULT
[expect]
flag = "overtemperature"
safe_state = "hv_open"
hold = "100 ms"
window = "4 s"
[sweep]
phase = "100 ms"
repeat = 1
"""
HIGH = 'fault = "cell_voltage"\ncells = [3]\nvoltage = "ov_trip + 50 mV"'


class Trips(once_a_second.OnceASecond):
    """Opens for a cell above 4.25 V, or one second after the last frame that it looks for."""

    heard_ns = 0

    def looks_for(self, frame: CanFrame) -> bool:
        return frame.can_id == once_a_second.CELLS_ID

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        super().receive(now_ns, channel, frame)
        if self.looks_for(frame):
            self.heard_ns = now_ns

    def step(self, now_ns: int) -> list:
        self._hot = self._hot or (self.heard_ns > 0 and now_ns - self.heard_ns > NS_PER_S)
        return super().step(now_ns)


class Highest(Trips):
    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        super().receive(now_ns, channel, frame)
        if frame.can_id == once_a_second.CELLS_ID:
            high, low = (int.from_bytes(frame.data[at : at + 2], "little") for at in (0, 2))
            soc, soh, hottest, coldest = frame.data[4:]
            assert high >= low > 0 and (hottest, coldest) == (65, 65), frame
            assert abs(soc - 100) <= 2 and 190 <= soh <= 202, frame  # of cells that are not quite alike
            self._hot = self._hot or high > 4250


class SecondPage(Trips):
    def looks_for(self, frame: CanFrame) -> bool:
        return super().looks_for(frame) and frame.data[0] == 1


class Checks(Trips):
    """Believes only requests whose sum fits and whose counter moves; without one for a second it opens."""

    count = -1

    def looks_for(self, frame: CanFrame) -> bool:
        if frame.can_id != once_a_second.REQUEST_ID:
            return False
        fits = frame.data[3] == (frame.data[0] + frame.data[1] + frame.data[2] + 0x55) & 0xFF
        moved, self.count = frame.data[2] != self.count, frame.data[2]
        return fits and moved


def total(can_id: int, data: bytes) -> int:
    """Of a user: the sum of all bytes, whose own is zero, and a constant."""
    return sum(data) + 0x55


def highest() -> Highest:
    return Highest()


def cells() -> Trips:
    return Trips()


def second_page() -> SecondPage:
    return SecondPage()


def checks() -> Checks:
    return Checks()


def bench(folder: Path, firmware: str, fault: str, needs: str) -> Path:
    config = once_a_second.write_bench(folder, cycle="100 ms", sample_period="1 s")
    config.write_text(config.read_text().replace("once_a_second:build", f"test_played_words:{firmware}"))
    text = INJECT.replace("FAULT", fault).replace("NEEDS", needs)
    (folder / "scenarios/asked.toml").write_text(text)
    return config


def changed(file: Path, *pairs: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in pairs:
        text, count = re.subn(old, new, text, count=1, flags=re.S)
        assert count, old
    file.write_text(text)


def shot(config: Path, core: CoreName, monkeypatch: pytest.MonkeyPatch) -> tuple[Verdict, str]:
    monkeypatch.setenv(CORE, core)
    run = Bench.open(config, seed=1).run(["asked"], repeat=1)
    (one,) = run.result.scenarios[0].shots
    return one.judgement.verdict, one.digest


def on_both(config: Path, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    found = [shot(config, core, monkeypatch) for core in CoreName]
    assert found[0] == found[1], "the two cores differ"
    return found[0][0]


CELLS_OF_DBC = r"BO_ 513 Cells.*?(?=BO_ 514)"
CELLS_OF_PROFILE = r'\[\[play\]\]\nmessage = "can1.Cells".*?(?=\[\[play\]\])'


def test_a_battery_without_single_cells_is_shown_the_largest_and_the_least(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = bench(tmp_path, "highest", HIGH, "cell_voltage")
    changed(tmp_path / "small.dbc", (CELLS_OF_DBC, SUMS))
    changed(tmp_path / "profile.toml", (CELLS_OF_PROFILE, SUMMED))
    assert on_both(config, monkeypatch) is Verdict.PASS


def test_cells_that_nobody_shows_at_all_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = bench(tmp_path, "highest", HIGH, "cell_voltage")
    changed(tmp_path / "profile.toml", (CELLS_OF_PROFILE, ""))
    assert hil_here("check", "--config", str(config)) == 2
    assert "or one that shows cell_voltage_min or cell_voltage_max" in capsys.readouterr().err


@pytest.mark.parametrize("error", ["lost", 'late"\nlate = "1500 ms', "wrong_length", "duplicated"])
def test_what_the_emulator_plays_can_be_disturbed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    config = bench(
        tmp_path, "cells", f'fault = "message"\nmessage = "can1.Cells"\nerror = "{error}"', "message"
    )
    verdict = on_both(config, monkeypatch)
    silent = error.startswith(("lost", "late"))
    assert verdict is (Verdict.PASS if silent else Verdict.FAIL), "only silence is what it looks for"


@pytest.mark.parametrize(("page", "verdict"), [(1, Verdict.PASS), (0, Verdict.FAIL)])
def test_one_page_alone_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int, verdict: Verdict
) -> None:
    """The DUT opens for the second page alone; of the first it says nothing, which is its failure."""
    fault = f'fault = "message"\nmessage = "can1.Cells"\nerror = "lost"\npage = {page}'
    config = bench(tmp_path, "second_page", fault, "message")
    changed(tmp_path / "small.dbc", (CELLS_OF_DBC, PAGES))
    assert on_both(config, monkeypatch) is verdict


def test_a_page_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fault = 'fault = "message"\nmessage = "can1.Cells"\nerror = "lost"\npage = 2'
    config = bench(tmp_path, "second_page", fault, "message")
    changed(tmp_path / "small.dbc", (CELLS_OF_DBC, PAGES))
    assert hil_here("check", "--config", str(config)) == 2
    assert "found 2; expected one of 0, 1" in capsys.readouterr().err


REQUEST = """BO_ 512 Request: 4 BENCH
 SG_ Mode : 0|8@1+ (1,0) [0|255] "" BMS
 SG_ Alive : 16|4@1+ (1,0) [0|15] "" BMS
 SG_ Sum : 24|8@1+ (1,0) [0|255] "" BMS
"""
OWN = """[[checksum]]
message = "can1.Request"
signal = "Sum"
counter = "Alive"
function = "test_played_words:total"
[[play]]
"""


@pytest.mark.parametrize("error", ["wrong_crc", "frozen_counter"])
def test_a_checksum_of_a_function_is_played_and_can_be_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    fault = f'fault = "message"\nmessage = "can1.Request"\nerror = "{error}"'
    config = bench(tmp_path, "checks", fault, "message")
    changed(tmp_path / "small.dbc", (r"BO_ 512 Request.*?(?=BO_ 513)", REQUEST))
    changed(tmp_path / "profile.toml", (r"\[\[play\]\]\n", OWN))
    assert on_both(config, monkeypatch) is Verdict.PASS


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ('function = "test_played_words:total"', 'function = "test_played_words:nothing"'),
            "no attribute 'nothing'",
        ),
        (('function = "test_played_words:total"', ""), "found neither or both of 'crc' and 'function'"),
        (('function = ".*?"', "crc = { width = 16, poly = 0x1021 }"), "found a CRC of 16 bits in 'Sum' of 8"),
        (('counter = "Alive"', 'counter = "Alife"'), "found no signal 'Alife'"),
    ],
)
def test_a_checksum_that_cannot_be_is_told_at_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], told: str
) -> None:
    config = bench(
        tmp_path, "checks", 'fault = "message"\nmessage = "can1.Request"\nerror = "lost"', "message"
    )
    changed(tmp_path / "small.dbc", (r"BO_ 512 Request.*?(?=BO_ 513)", REQUEST))
    changed(tmp_path / "profile.toml", (r"\[\[play\]\]\n", OWN), change)
    assert hil_here("check", "--config", str(config)) == 2
    assert told in capsys.readouterr().err


LOST = 'fault = "message"\nmessage = "can1.{}"\nerror = "lost"'


class NoTemperatures(Trips):
    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        super().receive(now_ns, channel, frame)
        assert frame.can_id != once_a_second.TEMPERATURES_ID, "the fault was not there at the start"


def no_temperatures() -> NoTemperatures:
    return NoTemperatures()


@pytest.mark.parametrize(("before", "verdict"), [("true", Verdict.PASS), ("false", Verdict.FAIL)])
def test_a_latent_fault_is_there_before_the_dut_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, verdict: Verdict
) -> None:
    latent = LOST.format("Temperatures") + f'\nbefore_start = {before}\n[[step]]\ndo = "inject"\n'
    config = bench(tmp_path, "no_temperatures", latent + LOST.format("Cells"), "message")
    assert on_both(config, monkeypatch) is verdict


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (HIGH + "\nbefore_start = true", "found it as the stimulus that is measured"),
        (
            HIGH + '\nbefore_start = true\nduration = "1 s"',
            "found one of a fault that is there before the start",
        ),
        (
            HIGH + '\n[[step]]\ndo = "inject"\n' + HIGH + "\nbefore_start = true",
            "expected it before all of them",
        ),
    ],
)
def test_a_latent_fault_that_cannot_be_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], steps: str, told: str
) -> None:
    assert hil_here("check", "--config", str(bench(tmp_path, "cells", steps, "cell_voltage"))) == 2
    assert told in capsys.readouterr().err
