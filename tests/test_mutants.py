"""The bench against broken firmware: each mutant FAILs where its defect tells; the reference passes."""

import re
from dataclasses import dataclass, replace

import pytest

from bench.campaign.shots import shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from firmware_stubs.mutants import MUTANTS

RUN_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A scenario in which the mutant must fail, and the reason in words."""

    scenario: str
    reason: str


_TOO_EARLY = r"^FDTI \[.*\] is below the floor .*: nuisance trip, too early$"
_NOT_DETECTED = r"^fault not detected within "

TELLS: dict[str, tuple[Telling, ...]] = {
    "late_overvoltage": (
        Telling(scenario="ov-step-cell17", reason=r"^FDTI \[3\..* s, 3\..* s\] is above the budget"),
        Telling(scenario="ov-charger-ignores-limit", reason=r"^FDTI \[.*\] is above the budget"),
    ),
    "never_detects_overvoltage": (Telling(scenario="ov-step-cell60", reason=_NOT_DETECTED),),
    "wrong_overvoltage_dtc": (
        Telling(scenario="ov-step-cell60", reason=r"^the demanded DTC 0x1A0117 was not reported$"),
    ),
    "nuisance_trip": (
        Telling(scenario="healthy-drive", reason=r"^CellOvervoltage == 1 at "),
        Telling(scenario="ov-just-below", reason=r"^CellOvervoltage == 1 at "),
        Telling(scenario="ov-step-cell60", reason=_TOO_EARLY),
    ),
    "ignores_cell_17": (Telling(scenario="ov-step-cell17", reason=_NOT_DETECTED),),
    "recloses_precharge": (
        Telling(scenario="ov-step-cell17", reason=r"^PrechargeCommand == 1 at "),
        Telling(scenario="weld-plus-at-opening", reason=r"^PrechargeCommand == 1 at "),
    ),
    "misses_weld": (
        Telling(scenario="weld-plus-at-opening", reason=_NOT_DETECTED),
        Telling(scenario="weld-both-at-opening", reason=_NOT_DETECTED),
    ),
    "misses_symmetric_insulation": (Telling(scenario="insulation-loss-symmetric", reason=_NOT_DETECTED),),
    "trips_on_glitch": (
        Telling(scenario="ov-glitch", reason=r"^CellOvervoltage == 1 at "),
        Telling(scenario="ov-step-cell60", reason=_TOO_EARLY),
    ),
    "flag_without_opening": (
        Telling(scenario="ov-step-cell17", reason=r"^safe state not reached within "),
        Telling(scenario="insulation-loss-minus-pole", reason=r"^safe state not reached within "),
    ),
    "insulation_too_sensitive": (
        Telling(scenario="insulation-just-above", reason=r"^InsulationFault == 1 at "),
    ),
}


def with_firmware(wired: Wired, name: str) -> Wired:
    config = wired.config
    return replace(wired, config=replace(config, dut=replace(config.dut, firmware=name)))


def test_every_mutant_has_a_telling_scenario() -> None:
    assert set(TELLS) == set(MUTANTS)
    assert all(TELLS.values())


@pytest.mark.parametrize(
    ("name", "telling"),
    [pytest.param(name, one, id=f"{name}-{one.scenario}") for name, tells in TELLS.items() for one in tells],
)
def test_a_mutant_fails_for_its_own_defect(
    wired: Wired, prepared: dict[str, Prepared], name: str, telling: Telling
) -> None:
    result = shoot(with_firmware(wired, name), prepared[telling.scenario], 0, 1, RUN_SEED, None)
    assert result.judgement.verdict is Verdict.FAIL, result.judgement.reasons
    assert any(re.search(telling.reason, reason) for reason in result.judgement.reasons), (
        result.judgement.reasons
    )


@pytest.mark.parametrize("name", ["ignores_cell_17", "misses_symmetric_insulation"])
def test_a_narrow_defect_passes_next_door(wired: Wired, prepared: dict[str, Prepared], name: str) -> None:
    """So the FAIL above is the defect's own, and not one of everything."""
    next_door = {
        "ignores_cell_17": "ov-step-cell60",
        "misses_symmetric_insulation": "insulation-loss-minus-pole",
    }
    result = shoot(with_firmware(wired, name), prepared[next_door[name]], 0, 1, RUN_SEED, None)
    assert result.judgement.verdict is Verdict.PASS, result.judgement.reasons


def test_the_reference_passes_the_whole_library(wired: Wired, prepared: dict[str, Prepared]) -> None:
    shots = 2
    unhappy = [
        (scenario_id, result.judgement)
        for scenario_id, one in prepared.items()
        for result in (shoot(wired, one, index, shots, RUN_SEED, None) for index in range(shots))
        if result.judgement.verdict is not Verdict.PASS
    ]
    assert len(prepared) >= 13
    assert unhappy == []
