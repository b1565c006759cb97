"""Defects after public reports and by dimension: each builds, names its report, and differs from the reference."""

import re

import pytest

from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import further_mutant_classes, with_firmware
from firmware_stubs.mutants import FURTHER, FURTHER_CLASSES, MUTANTS, RARE, build


def test_each_builds_under_a_name_and_a_description_of_its_own() -> None:
    assert len(FURTHER) == sum(map(len, FURTHER_CLASSES.values())) >= 75
    assert not set(FURTHER) & {*MUTANTS, *RARE}
    every = {**MUTANTS, **RARE, **FURTHER}
    assert len({one.description for one in every.values()}) == len(every)
    for name, mutant in FURTHER.items():
        assert mutant.parts is not None or mutant.calibration
        assert build(name).period_ns > 0
    assert {name for table in further_mutant_classes().values() for name in table} == set(FURTHER)


def test_each_after_a_report_names_it() -> None:
    texts = [one.description for one in FURTHER_CLASSES["reported"].values()]
    assert len(texts) >= 45
    assert all(re.search(r"[(][\w.-]+/[\w.-]+ #\d+", text) for text in texts)


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("permission_is_constant", "refuses-with-low-supply"),
        ("after_latch_in_ram", "refuses-after-power-cut"),
        ("closes_without_modules", "refuses-with-half-the-cells"),
        ("level_supply_ignored", "refuses-with-low-supply"),
        ("mode_crash_only_closed", "refuses-after-crash-pulse"),
    ],
)
def test_the_class_of_refusals_catches_those_that_close(
    wired: Wired, prepared: dict[str, Prepared], name: str, scenario: str
) -> None:
    found = shoot(with_firmware(wired, name), prepared[scenario], 0, 1, 1, None).judgement
    assert found.verdict is Verdict.FAIL
