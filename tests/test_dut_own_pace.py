"""A DUT's own pace and words: how long it may take, how its bus is called, which builds it has, several filters."""

import json
import re
from pathlib import Path

import once_a_second
import pytest
from small_bench import hil_here

from bench import Bench, Verdict
from bench.core.choice import CORE, CoreName
from bench.units import NS_PER_S

HOLD_S = 10


class Holds(once_a_second.OnceASecond):
    """Checks itself for ten seconds before it closes a contactor."""

    def step(self, now_ns: int) -> list:
        sent = super().step(now_ns)
        if now_ns - self._booted_ns < HOLD_S * NS_PER_S and sent[0][1].data[0] == 3:
            ((channel, frame),) = sent
            return [(channel, frame._replace(data=bytes((1, 0, *frame.data[2:]))))]
        return sent


def holds() -> Holds:
    """Held for ten seconds."""
    return Holds()


class LosesCells(once_a_second.OnceASecond):
    """Trips 500 ms after the last frame of cells."""

    heard_ns = 0

    def receive(self, now_ns, channel, frame) -> None:
        super().receive(now_ns, channel, frame)
        if frame.can_id == once_a_second.CELLS_ID:
            self.heard_ns = now_ns

    def step(self, now_ns: int) -> list:
        self._hot = self._hot or (self.heard_ns > 0 and now_ns - self.heard_ns > NS_PER_S // 2)
        return super().step(now_ns)


def loses_cells() -> LosesCells:
    return LosesCells()


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    config = once_a_second.write_bench(tmp_path, cycle="100 ms", sample_period="1 s")
    text = config.read_text()
    config.write_text(re.sub(r'firmware = ".*"', 'firmware = "test_dut_own_pace:holds"', text))
    return config


def must_reach_drive(config: Path) -> Verdict:
    return Bench.open(config, seed=1).run(only="must-reach-drive", repeat=1).result.verdict


def test_a_dut_with_a_hold_of_ten_seconds_starts_where_its_profile_says_so(rig: Path) -> None:
    assert must_reach_drive(rig) is Verdict.FAIL
    profile = rig.parent / "profile.toml"
    text = profile.read_text()
    profile.write_text(text.replace("[[play]]", '[wait]\nclosed = "12 s"\n[[play]]', 1))
    assert must_reach_drive(rig) is Verdict.PASS
    profile.write_text(text.replace("[[play]]", '[wait]\nclosed = "0 s"\n[[play]]', 1))
    assert hil_here("check", "--config", str(rig)) == 2


CUT = """format = 2
id = "cut"
title = "The bench is cut off"
safety_goal = "SG-HOT"
aim = "must_trip"
requirements = []
needs = ["FAULT"]
twins = "none: a bus is cut or not"
[start]
mode = "drive"
soc = "50 %"
[[step]]
do = "inject"
fault = "FAULT"
channel = "CHANNEL"
node = "NODE"
shown_by = "can1.Cells"
[expect]
flag = "overtemperature"
safe_state = "hv_open"
hold = "100 ms"
window = "4 s"
[sweep]
phase = "100 ms"
repeat = 1
"""


def with_cut(rig: Path, fault: str, node: str, channel: str = "can1") -> Path:
    config = rig.read_text().replace(":holds", ":loses_cells")
    rig.write_text(config)
    text = CUT.replace("FAULT", fault).replace("NODE", node).replace("CHANNEL", channel)
    (rig.parent / "scenarios/cut.toml").write_text(text)
    return rig


@pytest.mark.parametrize("core", list(CoreName))
@pytest.mark.parametrize(
    ("node", "verdict"), [("bench", Verdict.PASS), ("afe", Verdict.PASS), ("restbus", Verdict.ERROR)]
)
def test_all_that_the_bench_plays_stops_on_a_bus_of_any_name(
    rig: Path, monkeypatch: pytest.MonkeyPatch, core: CoreName, node: str, verdict: Verdict
) -> None:
    """The cells are played by the front end: with the restbus alone silent they go on."""
    monkeypatch.setenv(CORE, core)
    run = Bench.open(with_cut(rig, "node_silent", node), seed=1).run(["cut"], repeat=1)
    assert run.result.verdict is verdict, run.result


@pytest.mark.parametrize(
    ("node", "channel", "told"),
    [
        (
            "benhc",
            "can1",
            "found 'benhc'; expected one of bench, restbus, afe, dut on 'can1'; did you mean 'bench'?",
        ),
        ("bench", "sense", "found 'sense'; expected one of can1"),
    ],
)
def test_a_node_and_a_bus_that_are_not_there_are_told_at_check(
    rig: Path, capsys: pytest.CaptureFixture[str], node: str, channel: str, told: str
) -> None:
    assert hil_here("check", "--config", str(with_cut(rig, "bus_cut", node, channel))) == 2
    assert told in capsys.readouterr().err


def test_hil_list_shows_the_builds_of_the_dut_and_not_those_of_another(
    rig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hil_here("list", "--config", str(rig), "--json") == 0
    said = capsys.readouterr().out
    assert '"test_dut_own_pace:loses_cells"' in said and "late_overvoltage" not in said


def test_filters_that_are_repeated_all_count(rig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = []
    for asked in (["-k", "drive"], ["-k", "hot"], ["-k", "drive", "-k", "hot"]):
        assert hil_here("check", "--config", str(rig), "--json", *asked) == 0
        counts.append(json.loads(capsys.readouterr().out)["scenarios"])
    assert counts[0] and counts[1] and counts[2] == counts[0] + counts[1]
