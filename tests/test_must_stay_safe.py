"""must_stay_safe: a fault before the request is told, and the DUT stays open. A DUT that never closes earns nothing."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.dut.in_process import InProcessDut
from bench.errors import ScenarioError
from bench.measure.plan import Aim
from bench.measure.refusal_asked import ControlAsked
from bench.record.codable import plan_from_dict, plan_to_dict
from bench.report.finding_words import joined_words
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.load import load_scenario
from bench.scenario.model import Request
from bench.scenario.prepare import Prepared
from bench.verdict.result import Judgement, Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware
from firmware_stubs.mutants import build_hash
from firmware_stubs.reference_bms.bms import Parts, ReferenceBms
from firmware_stubs.reference_bms.faults import FaultMemory
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.state_machine import State, StateMachine

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "scenarios/startup/refuses_with_hvil_open.toml"
NAME = "refuses-with-hvil-open"


@pytest.fixture
def refusal(prepared: dict[str, Prepared]) -> Prepared:
    return prepared[NAME]


def judged(wired: Wired, one: Prepared, watch: Callable[[Rig, str, int], None] | None = None) -> Judgement:
    return shoot(wired, one, 0, 1, 1, None, watch).judgement


def codes(found: Judgement) -> set[str]:
    return {one.finding.code for one in found.reasons}


def with_parts(parts: Parts) -> Callable[[Rig, str, int], None]:
    def watch(rig: Rig, *_: object) -> None:
        assert isinstance(rig.dut, InProcessDut)
        rig.dut._firmware = ReferenceBms(Limits(), build_hash("reference"), parts)

    return watch


# --- what passes and what does not ---------------------------------------------------------------------------


@pytest.mark.parametrize("core", ["python", "native"])
def test_the_reference_refuses_on_both_cores_and_its_time_until_the_flag_is_measured(
    wired: Wired, refusal: Prepared, monkeypatch: pytest.MonkeyPatch, core: str
) -> None:
    monkeypatch.setenv("BMS_HIL_CORE", core)
    shot = shoot(wired, refusal, 0, 1, 1, None)
    assert shot.judgement == Judgement(verdict=Verdict.PASS, reasons=())
    assert shot.measurement is not None
    assert shot.measurement.fdti is not None and shot.measurement.fhti is None


def test_both_cores_make_the_same_shot(
    wired: Wired, refusal: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest(core: str) -> str:
        monkeypatch.setenv("BMS_HIL_CORE", core)
        return shoot(wired, refusal, 3, 2, 1, None).digest

    assert digest("python") == digest("native") != ""


def test_a_dut_that_never_closes_is_blocked_and_does_not_pass(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    broken = with_firmware(wired, "never_closes")
    mine = [one for one in prepared.values() if one.plan.aim is Aim.MUST_STAY_SAFE]
    assert len(mine) >= 20
    found = [judged(broken, one) for one in mine]
    assert {one.verdict for one in found} == {Verdict.BLOCKED}
    assert set().union(*map(codes, found)) == {"start-mode-missed"}


class _ClosesAnyway(StateMachine):
    """Tells the fault, and opens only what it has closed before: a request it obeys."""

    def must_open(self, now_ns: int) -> bool:
        return self.state is not State.STANDBY and super().must_open(now_ns)

    def _may_close(self, mode: int) -> bool:
        return bool(mode)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (Parts(states=_ClosesAnyway), {"forbidden-seen", "safe-state-not-held"}),
        (
            Parts(fault_memory=type("Deaf", (FaultMemory,), {"report": lambda *_: None})),
            {"forbidden-seen", "not-detected", "safe-state-not-reached", "dtc-missing"},
        ),
    ],
)
def test_who_closes_all_the_same_fails(
    wired: Wired,
    refusal: Prepared,
    monkeypatch: pytest.MonkeyPatch,
    parts: Parts,
    told: set[str],
) -> None:
    monkeypatch.setenv("BMS_HIL_CORE", "python")
    found = judged(wired, refusal, with_parts(parts))
    assert found.verdict is Verdict.FAIL, joined_words(found)
    assert "forbidden-seen" in codes(found) and codes(found) & told
    assert "PrechargeCommand == 1" in joined_words(found)


# --- what makes no verdict of the DUT ------------------------------------------------------------------------


def changed(one: Prepared, **values: object) -> Prepared:
    return dataclasses.replace(one, plan=dataclasses.replace(one.plan, **values))  # type: ignore[arg-type]


def test_without_its_control_nothing_is_claimed(wired: Wired, refusal: Prepared) -> None:
    (control,) = refusal.plan.control
    other = ControlAsked(mode="charge", reached=control.reached)
    found = judged(wired, changed(refusal, control=(other,)))
    assert found.verdict is Verdict.ERROR and codes(found) == {"control-missing"}
    assert judged(wired, changed(refusal, control=())).verdict is Verdict.ERROR
    assert judged(wired, changed(refusal, refusal=None)).verdict is Verdict.ERROR


def test_a_request_that_no_frame_carries_to_the_end_was_not_refused(wired: Wired, refusal: Prepared) -> None:
    quiet = tuple(step for step in refusal.steps if not isinstance(step, Request))
    found = judged(wired, dataclasses.replace(refusal, steps=quiet))
    assert found.verdict is Verdict.ERROR and codes(found) == {"request-unseen"}
    taken_back = (*refusal.steps, Request(mode="off", mode_value=0))
    found = judged(wired, dataclasses.replace(refusal, steps=taken_back))
    assert found.verdict is Verdict.ERROR and codes(found) == {"request-unseen"}


def test_a_plan_is_stored_and_read_back(refusal: Prepared) -> None:
    assert refusal.plan.refusal is not None and refusal.plan.refusal.mode == "drive"
    assert plan_from_dict(plan_to_dict(refusal.plan)) == refusal.plan


# --- its file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('mode = "off"\nsoc', 'mode = "drive"\nsoc', "found mode 'drive' under aim 'must_stay_safe'"),
        ('control = "drive"\n', "", "found no control for mode 'drive'"),
        ('control = "drive"\n', 'control = "charge"\n', "found no control for mode 'drive'"),
        ('do = "request"\nmode = "drive"', 'do = "request"\nmode = "off"', "found no request to close after"),
    ],
)
def test_what_a_file_lacks_is_told(tmp_path: Path, was: str, now: str, told: str) -> None:
    text = FILE.read_text()
    assert was in text
    file = tmp_path / FILE.name
    file.write_text(text.replace(was, now))
    with pytest.raises(ScenarioError) as wrong:
        load_scenario(file)
    assert told in str(wrong.value)


def test_a_control_before_another_mode_than_off_is_told(tmp_path: Path) -> None:
    text = (ROOT / "scenarios/contactors/hvil_open_driving.toml").read_text()
    file = tmp_path / "hvil_open_driving.toml"
    file.write_text(text.replace('mode = "drive"', 'mode = "drive"\ncontrol = "drive"', 1))
    with pytest.raises(ScenarioError, match="found a control before mode 'drive'"):
        load_scenario(file)
