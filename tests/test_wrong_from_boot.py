"""What a DUT wrongly tells from its boot on, or to its memory alone, is a wrong report too."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.measure.finding.answer import UnexpectedCode
from bench.measure.finding.standing import CodeHeldBefore, ReportHeldBefore
from bench.record.codable import plan_from_dict
from bench.record.folder import RunFolder, read_shot
from bench.report.finding_words import finding_words, reasons_words
from bench.running.shots import judge_trace, shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import ShotResult, Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware

HVIL, HEALTHY = "hvil-open-driving", "healthy-drive"
FROM_BOOT = {
    "alarms_from_boot": "output thermal_alarm was not expected, and ",
    "warns_from_boot": "flag insulation_warning was not expected, and ",
    "tells_from_its_memory": "trouble code 0x1A9999 was not expected, and ",
}


def fired(wired: Wired, one: Prepared, firmware: str) -> ShotResult:
    return shoot(with_firmware(wired, f"rogue_bms:{firmware}"), one, 0, 1, 1, None)


@pytest.mark.parametrize("firmware", FROM_BOOT)
def test_what_is_wrong_from_boot_on_fails_where_nothing_wrong_is_done(
    wired: Wired, prepared: dict[str, Prepared], firmware: str
) -> None:
    for one in (prepared[HEALTHY], prepared["must-reach-drive"]):
        found = fired(wired, one, firmware).judgement
        assert found.verdict is Verdict.FAIL
        (words,) = reasons_words(found)
        assert words.startswith(FROM_BOOT[firmware] + "came at ") and words.endswith(" before arming")


@pytest.mark.parametrize("firmware", FROM_BOOT)
def test_under_a_fault_it_is_told_and_decides_nothing(
    wired: Wired, prepared: dict[str, Prepared], firmware: str
) -> None:
    result = fired(wired, prepared[HVIL], firmware)
    assert result.judgement.verdict is Verdict.PASS and result.measurement is not None
    told = [one for one in result.measurement.anomalies if isinstance(one, ReportHeldBefore | CodeHeldBefore)]
    assert len(told) == 1 and finding_words(told[0]).startswith(FROM_BOOT[firmware])


def test_the_reference_has_nothing_to_tell_from_its_boot_on(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    for one in (prepared[HVIL], prepared[HEALTHY], prepared["must-reach-charge"]):
        result = shoot(wired, one, 0, 1, 1, None)
        assert result.judgement.verdict is Verdict.PASS and result.measurement is not None
        assert result.measurement.anomalies == ()


def test_a_code_that_only_the_memory_tells_is_unexpected(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    folder = RunFolder.create(tmp_path / "runs", "stores", {})
    result = shoot(with_firmware(wired, "rogue_bms:stores_beside"), prepared[HVIL], 0, 1, 1, folder)
    assert result.judgement.verdict is Verdict.FAIL
    (reason,) = result.judgement.reasons
    assert isinstance(reason.finding, UnexpectedCode) and reason.finding.stored
    assert "0x1A9999 was not expected, and stood in the memory" in reasons_words(result.judgement)[0]
    trace, stored, _ = read_shot(folder.path / result.folder)
    plan = plan_from_dict(stored)
    assert judge_trace(trace, plan, wired.databases)[1] == result.judgement
    assert plan.codes is not None
    also = replace(plan, codes=replace(plan.codes, expected=(*plan.codes.expected, 0x1A9999)))
    assert judge_trace(trace, also, wired.databases)[1].verdict is Verdict.PASS


def test_a_plan_of_before_lets_hold_what_has_held(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    folder = RunFolder.create(tmp_path / "runs", "warns", {})
    result = shoot(with_firmware(wired, "rogue_bms:warns_from_boot"), prepared[HEALTHY], 0, 1, 1, folder)
    trace, stored, _ = read_shot(folder.path / result.folder)
    del stored["standing"]
    assert judge_trace(trace, plan_from_dict(stored), wired.databases)[1].verdict is Verdict.PASS
