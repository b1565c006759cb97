"""Several faults on one reading, and scenarios of several faults: each does something, whichever came first."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.cli.options import load_rig
from bench.faults.catalogue.cell_reading import CellReading
from bench.faults.catalogue.current_reading import CurrentReadingFault
from bench.faults.catalogue.sense_wire import SenseWire
from bench.faults.catalogue.temperature import Temperature
from bench.faults.catalogue.temperature_reading import OPEN_C, TemperatureReading
from bench.faults.port import Fault
from bench.faults.readings import Distorted
from bench.rig.capabilities import Distortions, ReadingStage
from bench.rig.senses import Senses
from bench.running.shots import shoot
from bench.scenario.model import Inject
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).parent.parent
SENSOR = 5
TRUE_C = 25.0
HOT = Temperature(quantity="temperature", numbers=(SENSOR,), temperature_c=45.0, limit_c=None, hot=True)


def ntc(error: str, by: float = 0.0) -> TemperatureReading:
    return TemperatureReading(quantity="temperature", numbers=(SENSOR,), error=error, by=by)


def current(error: str) -> CurrentReadingFault:
    return CurrentReadingFault(quantity="pack_current", numbers=(0,), error=error, by=5.0, both=False)


def senses() -> Senses:
    return Senses({}, {"temperature": lambda _: TRUE_C, "cell_voltage": lambda _: 3.7})


class _Now:
    """A clock that stands."""

    def now_ns(self) -> int:
        return 0


def put_on(shown: Senses, *faults: Distorted) -> None:
    for fault in faults:
        fault.put_on(shown, _Now())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("faults", "shown_c"),
    [
        ((ntc("stuck"), HOT), TRUE_C),
        ((HOT, ntc("stuck")), 45.0),
        ((ntc("offset", 20.0), HOT), 65.0),
        ((HOT, ntc("offset", 20.0)), 65.0),
        ((ntc("offset", 20.0), ntc("stuck"), HOT), TRUE_C + 20.0),
        ((ntc("open"), HOT), OPEN_C),
        ((ntc("open"), ntc("stuck"), ntc("offset", 20.0), HOT), OPEN_C),
        ((ntc("lost"), ntc("offset", 20.0)), None),
        ((ntc("offset", 20.0), ntc("offset", 20.0)), TRUE_C + 40.0),
    ],
)
def test_faults_on_one_reading_act_in_the_order_of_the_way_to_the_dut(
    faults: tuple[Distorted, ...], shown_c: float | None
) -> None:
    """First what is there to be measured, then the sensor, then what stands still, then the line."""
    shown = senses()
    put_on(shown, *faults)
    assert shown.read("temperature", SENSOR - 1) == shown_c
    assert shown.read("temperature", SENSOR) == TRUE_C, "of another sensor"


def test_what_is_taken_off_leaves_the_others_on() -> None:
    shown, stuck, offset = senses(), ntc("stuck"), ntc("offset", 20.0)
    put_on(shown, stuck, HOT, offset)
    stuck.take_off(shown)
    assert shown.read("temperature", SENSOR - 1) == 65.0
    HOT.take_off(shown)
    assert shown.read("temperature", SENSOR - 1) == TRUE_C + 20.0
    offset.take_off(shown)
    offset.take_off(shown)  # clearing always works
    assert shown.read("temperature", SENSOR - 1) == TRUE_C and not shown.distort


def test_a_converter_that_stands_still_does_not_show_that_a_wire_opens() -> None:
    shown = senses()
    frozen = CellReading(quantity="cell_voltage", numbers=(2,), error="frozen", by=0.0)
    put_on(shown, frozen)
    assert shown.cells([3.5, 3.6, 3.7]) == [3.5, 3.6, 3.7]
    shown.distort.put("cell_voltage", 1, lambda _: None, by="a wire", stage=ReadingStage.WIRE)
    assert shown.cells([3.5, 3.6, 3.7]) == [3.5, 3.6, 3.7]
    frozen.take_off(shown)
    assert shown.cells([3.5, 3.6, 3.7]) == [3.5, None, 3.7]


def test_an_offset_of_the_converter_is_on_top_of_a_bad_contact() -> None:
    distort = Distortions()
    distort.put("cell_voltage", 0, lambda true: (true or 0.0) + 0.1, by="offset", stage=ReadingStage.SENSOR)
    distort.put("cell_voltage", 0, lambda true: (true or 0.0) * 0.5, by="contact", stage=ReadingStage.WIRE)
    assert distort.shown("cell_voltage", 0, 3.0) == pytest.approx(1.6)


@pytest.mark.parametrize(
    ("fault", "stage"),
    [
        (HOT, ReadingStage.THERE),
        (SenseWire(cells=(1,), wire="open"), ReadingStage.WIRE),
        (ntc("drift", 1.0), ReadingStage.SENSOR),
        (CellReading(quantity="cell_voltage", numbers=(1,), error="noise", by=0.1), ReadingStage.SENSOR),
        (CellReading(quantity="cell_voltage", numbers=(1,), error="stuck", by=0.0), ReadingStage.HELD),
        (current("wrong_sign"), ReadingStage.SENSOR),
        (current("stuck"), ReadingStage.HELD),
        (current("value"), ReadingStage.SHOWN),
        (ntc("short"), ReadingStage.SHOWN),
    ],
)  # fmt: skip
def test_each_fault_says_where_it_acts(fault: Fault, stage: ReadingStage) -> None:
    assert fault.stage is stage


def without(one: Prepared, step: int) -> Prepared:
    """The same questions, and one step is not taken."""
    left = tuple(other for other in one.steps if not (isinstance(other, Inject) and other.step == step))
    assert len(left) == len(one.steps) - 1
    return replace(one, steps=left)


SEVERAL = {
    # What is left without it must not pass: the step makes the fault that is asked for.
    "ntc-stuck": 0,
    "feedback-hides-open-contact": 1,
    "pyro-dead-at-crash": 0,
    "ov-then-insulation": 0,
    "reset-keeps-the-latch": 0,
    "clamp-lost-in-precharge": 3,
    "crash-in-precharge": 3,
    "hvil-open-in-precharge": 3,
    "refuses-after-power-cut": 0,
}
HARDER = {
    # Passes without it, as it only makes things harder: some build fails by it, and by it alone.
    "ov-returns": (0, "debounce_never_resets"),
    "reset-keeps-the-latch": (2, "forgets_latches"),
}
CONDITIONS = {
    # The reference is measured under it, and no build of ours minds it.
    "ov-then-insulation", "insulation-stepped", "insulation-with-y-capacitance", "cooling-lost-under-heat",
}  # fmt: skip


def test_every_scenario_of_several_faults_is_held_below(prepared: dict[str, Prepared]) -> None:
    several = {
        one.scenario.id
        for one in prepared.values()
        if not one.scenario.twin_kind and len([step for step in one.steps if isinstance(step, Inject)]) > 1
    }
    assert several == {*SEVERAL, *HARDER, *CONDITIONS}


@pytest.mark.parametrize("name", SEVERAL)
def test_without_the_fault_that_is_asked_for_nothing_passes(
    name: str, wired: Wired, prepared: dict[str, Prepared]
) -> None:
    whole = prepared[name]
    assert shoot(wired, whole, 0, 1, 1, None).judgement.verdict is Verdict.PASS
    part = without(whole, SEVERAL[name])
    assert shoot(wired, part, 0, 1, 1, None).judgement.verdict is not Verdict.PASS


@pytest.mark.parametrize("name", HARDER)
def test_what_makes_a_scenario_harder_is_what_a_build_fails_by(
    name: str, wired: Wired, prepared: dict[str, Prepared]
) -> None:
    step, build = HARDER[name]
    broken = load_rig(ROOT / "hil_config.toml", "simulated", build, None)
    assert shoot(broken, prepared[name], 0, 1, 1, None).judgement.verdict is Verdict.FAIL
    assert shoot(broken, without(prepared[name], step), 0, 1, 1, None).judgement.verdict is Verdict.PASS
