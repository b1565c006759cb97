"""A fault that silences one bus excuses the DUT's silence there, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.config.profile import Heartbeat
from bench.running.load import load_scenarios
from bench.scenario.steps import LONGEST_TTL_NS
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
MS = 1_000_000
CUT = (ROOT / "scenarios" / "communication" / "sense_bus_cut.toml").read_text(encoding="utf-8")


def heard(wired: Wired, folder: Path, text: str, name: str) -> dict[str, int]:
    """Longest gap of each heartbeat, where the DUT has one on either bus."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "budgets.toml").write_bytes((ROOT / "scenarios" / "budgets.toml").read_bytes())
    on_sense = Heartbeat(channel="sense", message="IO_Balancing", longest_gap_ns=70 * MS)
    beats = (*wired.profile.heartbeat, on_sense)
    both = replace(wired, profile=replace(wired.profile, heartbeat=beats))
    plan = load_scenarios(both, [path], None)[0][0].plan
    return {message: gap_ns for _, message, gap_ns in plan.heard}


@pytest.mark.parametrize(
    ("fault", "channel", "node", "silent"),
    [
        ("bus_cut", "sense", "bench", {"IO_Balancing"}),
        ("bus_cut", "sense", "dut", {"IO_Balancing"}),
        ("node_silent", "sense", "dut", {"IO_Balancing"}),
        ("bus_off", "vehicle", "dut", {"BMS_State", "BMS_Faults"}),
        ("node_silent", "sense", "bench", set()),
    ],
)
def test_only_the_silenced_bus_is_excused(
    wired: Wired, tmp_path: Path, fault: str, channel: str, node: str, silent: set[str]
) -> None:
    text = CUT.replace("bus_cut", fault)
    text = text.replace('channel = "sense"\nnode = "bench"', f'channel = "{channel}"\nnode = "{node}"')
    gaps = heard(wired, tmp_path, text, "sense_bus_cut")
    own = {"BMS_State": 50 * MS, "BMS_Faults": 100 * MS, "IO_Balancing": 70 * MS}
    assert gaps == own | dict.fromkeys(silent, LONGEST_TTL_NS)


@pytest.mark.parametrize(
    "name", ["controller_hang_driving", "controller_reset_driving", "reset_keeps_the_latch"]
)
def test_a_controller_that_starts_again_is_excused_until_it_is_up_and_no_longer(
    wired: Wired, name: str
) -> None:
    path = ROOT / "scenarios" / "supply" / f"{name}.toml"
    plan = load_scenarios(wired, [path], None)[0][0].plan
    assert {gap_ns for _, _, gap_ns in plan.heard} == {50 * MS, 100 * MS}
    assert plan.silenced_by == ((2 if name == "reset_keeps_the_latch" else 0, True),)
