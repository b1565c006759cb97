"""`dtc_status` of a scenario: read by UDS at the end of the window, kept in the trace, judged again from it."""

from pathlib import Path
from typing import Any

import pytest

from bench.errors import ScenarioError
from bench.record.codable import plan_from_dict
from bench.record.folder import RunFolder, read_shot
from bench.report.finding_words import reasons_words
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import judge_trace, shoot
from bench.trace.events import Kind
from bench.trace.facts import DtcRead
from bench.verdict.result import Verdict

ROOT = Path(__file__).resolve().parents[1]


def scenario_with(folder: Path, line: str) -> Path:
    text = (ROOT / "scenarios/cells/ov_step_cell17.toml").read_text(encoding="utf-8")
    path = folder / "ov_step_cell17.toml"
    path.write_text(text.replace("[expect]", f"[expect]\n{line}"), encoding="utf-8")
    return path


def shot_of(tmp_path: Path, firmware: str, line: str) -> tuple[Any, Any]:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", firmware, None)
    prepared = load_scenarios(wired, [scenario_with(tmp_path, line)], None)[0][0]
    folder = RunFolder.create(tmp_path / "runs", firmware, {})
    result = shoot(wired, prepared, 0, 1, 1, folder)
    trace, plan, _ = read_shot(folder.path / result.folder)
    again = judge_trace(trace, plan_from_dict(plan), wired.databases)[1]
    assert again == result.judgement, "a stored shot is judged alike"
    return result, trace


def test_the_bits_that_are_set_are_found_in_the_memory(tmp_path: Path) -> None:
    result, trace = shot_of(tmp_path, "reference", 'dtc_status = ["test_failed", "confirmed"]')
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    marks = list(trace.of(DtcRead))
    assert 0x1A0117 in [mark.fact.code for mark in marks]
    closed = next(trace.of_kind(Kind.WINDOW_CLOSED))
    assert all(mark.t_ns <= closed.t_ns for mark in marks), "while the fault is still there"


def test_a_bit_that_is_not_set_fails_and_says_what_is(tmp_path: Path) -> None:
    result, _ = shot_of(tmp_path, "reference", 'dtc_status = ["warning_indicator_requested"]')
    assert result.judgement.verdict is Verdict.FAIL
    (reason,) = reasons_words(result.judgement)
    assert reason.startswith("DTC 0x1A0117 has status 0x2F (test_failed, ")
    assert reason.endswith("warning_indicator_requested is not set")


def test_a_code_that_is_not_stored_fails(tmp_path: Path) -> None:
    result, _ = shot_of(tmp_path, "wrong_overvoltage_dtc", 'dtc_status = ["confirmed"]')
    assert "DTC 0x1A0117 is not in the DUT's memory" in reasons_words(result.judgement)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('dtc_status = ["confirmd"]', "did you mean 'confirmed'"),
        ('dtc_status = "confirmed"', "expected a list"),
    ],
)
def test_a_strange_bit_is_one_located_line(tmp_path: Path, line: str, says: str) -> None:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    path = scenario_with(tmp_path, line)
    with pytest.raises(ScenarioError) as error:
        load_scenarios(wired, [path], None)
    assert f"{path}:" in str(error.value) and "[expect.dtc_status]" in str(error.value)
    assert says in str(error.value) and "\n" not in str(error.value)
