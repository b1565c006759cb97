"""The bench against broken firmware: each mutant FAILs where its defect tells; the reference passes."""

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.proof.mutants import Proof, likely_order, prove
from bench.report.finding_words import reasons_words
from bench.running.local import workers_by_default
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import mutant_classes, with_firmware
from firmware_stubs.mutants import MUTANT_CLASSES, MUTANTS

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
        Telling(scenario="ov-step-cell17--inside", reason=r"^CellOvervoltage == 1 at "),
        Telling(scenario="ov-step-cell60", reason=_TOO_EARLY),
    ),
    "ignores_cell_17": (Telling(scenario="ov-step-cell17", reason=_NOT_DETECTED),),
    "recloses_precharge": (
        Telling(scenario="ov-step-cell17", reason=r"^PrechargeCommand == 1 at "),
        Telling(scenario="weld-plus-at-opening", reason=r"^PrechargeCommand == 1 at "),
    ),
    "closes_again": (
        Telling(scenario="ov-step-cell60", reason=r"^safe state was left unasked after the hold: "),
    ),
    "misses_weld": (
        Telling(scenario="weld-plus-at-opening", reason=_NOT_DETECTED),
        Telling(scenario="weld-both-at-opening", reason=_NOT_DETECTED),
    ),
    "misses_symmetric_insulation": (Telling(scenario="insulation-loss-symmetric", reason=_NOT_DETECTED),),
    "trips_on_glitch": (
        Telling(scenario="ov-step-cell17--counter-reset", reason=r"^CellOvervoltage == 1 at "),
        Telling(scenario="ov-step-cell60", reason=_TOO_EARLY),
    ),
    "flag_without_opening": (
        Telling(scenario="ov-step-cell17", reason=r"^safe state not reached within "),
        Telling(scenario="insulation-loss-minus-pole", reason=r"^safe state not reached within "),
    ),
    "insulation_too_sensitive": (
        Telling(scenario="insulation-loss-minus-pole--inside", reason=r"^InsulationFault == 1 at "),
    ),
}


def test_these_are_mutants_and_each_has_a_telling_scenario() -> None:
    assert set(TELLS) <= set(MUTANTS)
    assert all(TELLS.values())


def test_there_are_many_mutants_of_every_class() -> None:
    assert len(MUTANTS) >= 60
    assert all(len(table) >= 8 for table in MUTANT_CLASSES.values())
    assert sum(map(len, MUTANT_CLASSES.values())) == len(MUTANTS), "a name stands in two tables"
    assert len({mutant.description for mutant in MUTANTS.values()}) == len(MUTANTS)


def _proof(wired: Wired, prepared: dict[str, Prepared], names: list[str], **changes: object) -> Proof:
    classes = {
        kind: {name: mutant.description for name, mutant in table.items() if name in names}
        for kind, table in MUTANT_CLASSES.items()
    }
    some = [
        prepared["ov-step-cell17--counter-reset"],
        prepared["ov-step-cell17--inside"],
        prepared["ov-step-cell60"],
    ]
    proof = Proof(
        wired=wired,
        prepared=some,
        classes=classes,
        reference="reference",
        seeds=range(1, 3),
        workers=1,
    )
    return replace(proof, **changes)  # type: ignore[arg-type]


def test_the_score_tells_caught_from_surviving_and_stops_early(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    names = ["never_detects_overvoltage", "misses_weld"]
    found = prove(_proof(wired, prepared, names), lambda *_: None)
    scores = {score.firmware: score for score in found.scores}
    assert scores["never_detects_overvoltage"].caught
    assert scores["never_detects_overvoltage"].by_scenario() == {"ov-step-cell60": 2}
    # On the second seed the scenario that caught it on the first comes first, and nothing after it.
    assert [one.seed for one in scores["never_detects_overvoltage"].outcomes].count(2) == 1
    assert [score.firmware for score in found.survivors] == ["misses_weld"]
    assert found.share == 0.5
    assert (len(found.good), found.false_alarms, found.unclear) == (6, [], [])
    full = prove(_proof(wired, prepared, names[:1], early=False, seeds=range(1, 2)), lambda *_: None)
    assert len(full.scores[0].outcomes) == 3


def test_an_alarm_of_the_good_firmware_is_a_false_one(wired: Wired, prepared: dict[str, Prepared]) -> None:
    proof = _proof(wired, prepared, [], reference="trips_on_glitch", seeds=range(1, 2))
    found = prove(proof, lambda *_: None)
    assert {one.scenario for one in found.false_alarms} == {"ov-step-cell17--counter-reset", "ov-step-cell60"}


def test_what_promises_most_comes_first(prepared: dict[str, Prepared]) -> None:
    order = likely_order("contactors", "misses_weld", "does not see a welded contactor", [*prepared.values()])
    assert order[0].scenario.id.startswith("weld")


@pytest.mark.matrix
@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_library_catches_every_mutant_and_blames_the_reference_for_nothing(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    """Every mutant on each of 20 seeds; the good firmware against the whole library on each of them."""
    found = prove(
        Proof(
            wired=wired,
            prepared=[*prepared.values()],
            classes=mutant_classes(),
            reference="reference",
            seeds=range(1, 21),
            workers=workers_by_default(),
        ),
        lambda *_: None,
    )
    assert [score.firmware for score in found.survivors] == []
    assert (found.false_alarms, found.unclear) == ([], [])


CATCHERS: dict[str, str] = tomllib.loads(
    (Path(__file__).parent / "mutant_catchers.toml").read_text(encoding="utf-8")
)


def test_every_mutant_has_a_scenario_that_is_known_to_catch_it(prepared: dict[str, Prepared]) -> None:
    assert set(CATCHERS) == set(MUTANTS)
    assert set(CATCHERS.values()) <= set(prepared)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_mutant_is_caught_by_its_scenario(wired: Wired, prepared: dict[str, Prepared]) -> None:
    """What the matrix found, asked anew on two other seeds: a minute instead of an hour."""
    survivors = []
    for kind, table in mutant_classes().items():
        for name, text in table.items():
            proof = Proof(
                wired=wired,
                prepared=[prepared[CATCHERS[name]]],
                classes={kind: {name: text}},
                reference="reference",
                seeds=range(101, 103),
                workers=1,
            )
            found = prove(proof, lambda *_: None)
            assert (found.false_alarms, found.unclear) == ([], []), CATCHERS[name]
            survivors += [score.firmware for score in found.survivors]
    assert survivors == []


@pytest.mark.parametrize(
    ("name", "telling"),
    [pytest.param(name, one, id=f"{name}-{one.scenario}") for name, tells in TELLS.items() for one in tells],
)
def test_a_mutant_fails_for_its_own_defect(
    wired: Wired, prepared: dict[str, Prepared], name: str, telling: Telling
) -> None:
    result = shoot(with_firmware(wired, name), prepared[telling.scenario], 0, 1, RUN_SEED, None)
    assert result.judgement.verdict is Verdict.FAIL, reasons_words(result.judgement)
    assert any(re.search(telling.reason, reason) for reason in reasons_words(result.judgement)), (
        reasons_words(result.judgement)
    )


@pytest.mark.parametrize("name", ["ignores_cell_17", "misses_symmetric_insulation"])
def test_a_narrow_defect_passes_next_door(wired: Wired, prepared: dict[str, Prepared], name: str) -> None:
    """So the FAIL above is the defect's own, and not one of everything."""
    next_door = {
        "ignores_cell_17": "ov-step-cell60",
        "misses_symmetric_insulation": "insulation-loss-minus-pole",
    }
    result = shoot(with_firmware(wired, name), prepared[next_door[name]], 0, 1, RUN_SEED, None)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)


@pytest.mark.slow  # `hil run` of .ci/run asks the same of every phase
def test_the_reference_passes_the_whole_library(wired: Wired, prepared: dict[str, Prepared]) -> None:
    """But for what its files say that it cannot: that has to be a GAP, and no PASS."""
    shots = 2
    unhappy = [
        (scenario_id, result.judgement)
        for scenario_id, one in prepared.items()
        for result in (shoot(wired, one, index, shots, RUN_SEED, None) for index in range(shots))
        if result.judgement.verdict is not (Verdict.GAP if one.scenario.known_gap else Verdict.PASS)
    ]
    assert len(prepared) >= 13
    assert unhappy == []


def test_an_interruption_keeps_what_is_finished_and_claims_nothing_of_the_rest(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    def stop(name: str, _: object) -> None:
        if name == "misses_weld":
            raise KeyboardInterrupt

    names = ["late_weld", "misses_weld", "ignores_crash"]
    table = {name: MUTANTS[name].description for name in names}
    proof = Proof(
        wired=wired,
        prepared=[prepared["weld-both-at-opening"]],
        classes={"contactors": table},
        reference="reference",
        seeds=range(1, 2),
        workers=1,
    )
    found = prove(proof, stop)
    assert [score.firmware for score in found.scores] == ["late_weld", "misses_weld"] and len(found.good) == 1
    assert found.unreached == {"ignores_crash": 1}
