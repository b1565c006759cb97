"""A healthy DUT that does not obey fails a must-reach scenario of its own, and blocks what starts in that mode."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.dut.in_process import InProcessDut
from bench.measure.finding.reach import StartModeMissed
from bench.measure.plan import Aim
from bench.record.codable import plan_from_dict, plan_to_dict
from bench.report.finding_words import joined_words
from bench.report.goals import shown_goals
from bench.rig.rig import Rig
from bench.running.load import load_scenarios, whole_library
from bench.running.reach import with_must_reach
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.scenario.load import load_scenario
from bench.scenario.must_reach import scenarios_of, why_none
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.result import Judgement, ScenarioResult, ShotResult, Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware
from firmware_stubs.mutants import build_hash
from firmware_stubs.reference_bms.bms import Parts, ReferenceBms
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.state_machine import State, StateMachine

ROOT = Path(__file__).resolve().parents[1]
IDS = {"must-reach-drive", "must-reach-charge", "must-reach-off"}


def judged(wired: Wired, one: Prepared, watch: Callable[[Rig, str, int], None] | None = None) -> Judgement:
    return shoot(wired, one, 0, 1, 1, None, watch).judgement


def codes(found: Judgement) -> list[str]:
    return [one.finding.code for one in found.reasons]


# --- what is made --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_whole_library_brings_one_of_each_mode_and_a_part_of_it_none(wired: Wired) -> None:
    def made(paths: list[Path] | None, only: str | None = None) -> set[str]:
        found = load_scenarios(wired, paths, only)[0]
        return {one.scenario.id for one in found if one.plan.aim is Aim.MUST_REACH}

    assert made(None) == made([ROOT / "scenarios"]) == made(None, "must-reach") == IDS
    assert made([ROOT / "scenarios" / "healthy"]) == made(None, "ov-step") == set()


def test_they_are_listed_and_serve_no_safety_goal(wired: Wired) -> None:
    entries = [one for one in whole_library(wired).entries if one.aim == "must_reach"]
    assert {one.scenario_id for one in entries} == IDS
    assert whole_library(wired, [wired.profile.file]).unreadable == ()
    assert not any(one.must_trip for one in entries)


def test_a_mode_that_cannot_be_asked_for_or_known_is_told(wired: Wired) -> None:
    profile = wired.profile
    states = {name: value for name, value in profile.states.items() if name != "charge"}
    without = dataclasses.replace(profile, states=states)
    assert why_none(without, "charge") == "[state] of the profile has no 'charge'"
    assert {one.id for one in scenarios_of(without)} == IDS - {"must-reach-charge"}
    mute = dataclasses.replace(profile, plays=())
    assert why_none(mute, "drive") == "the DUT is never shown a mode_request" and scenarios_of(mute) == []


# --- what is judged ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(IDS))
def test_the_reference_obeys(wired: Wired, prepared: dict[str, Prepared], name: str) -> None:
    found = judged(wired, prepared[name])
    assert found == Judgement(verdict=Verdict.PASS, reasons=())


@pytest.mark.parametrize(
    ("firmware", "expected"),
    [
        ("never_closes", {"drive": Verdict.FAIL, "charge": Verdict.FAIL, "off": Verdict.BLOCKED}),
        ("never_charges", {"drive": Verdict.PASS, "charge": Verdict.FAIL, "off": Verdict.PASS}),
    ],
)
def test_a_dut_that_does_not_obey_fails(
    wired: Wired, prepared: dict[str, Prepared], firmware: str, expected: dict[str, Verdict]
) -> None:
    broken = with_firmware(wired, firmware)
    found = {mode: judged(broken, prepared[f"must-reach-{mode}"]) for mode in expected}
    assert {mode: one.verdict for mode, one in found.items()} == expected
    assert codes(found["charge"]) == ["not-reached"]
    assert "charge was requested and not reached within 5.000 s: it lacks State == 4" in joined_words(
        found["charge"]
    )


def with_states(states: type[StateMachine]) -> Callable[[Rig, str, int], None]:
    def watch(rig: Rig, *_: object) -> None:
        assert isinstance(rig.dut, InProcessDut)
        rig.dut._firmware = ReferenceBms(Limits(), build_hash("reference"), Parts(states=states))

    return watch


class _Leaves(StateMachine):
    """Opens again by itself, 200 ms after it has closed, without a fault."""

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        super().step(now_ns, all_heard=all_heard, mode=mode, link_raw=link_raw, pack_raw=pack_raw)
        if self.state is State.DRIVE and now_ns - self.entered_ns >= 200 * NS_PER_MS:
            self.open_in_order(now_ns)


class _OnlySaysSo(StateMachine):
    """Reports drive with open contactors."""

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        super().step(now_ns, all_heard=all_heard, mode=mode, link_raw=link_raw, pack_raw=pack_raw)
        if mode:
            self.state = State.DRIVE
            self._coils.open()


class _Sulks(StateMachine):
    """Enters error when it is asked for anything."""

    def step(self, now_ns: int, *, all_heard: bool, mode: int, link_raw: int, pack_raw: int) -> None:
        super().step(now_ns, all_heard=all_heard, mode=mode, link_raw=link_raw, pack_raw=pack_raw)
        if mode and self.state is not State.ERROR:
            self.enter_error(now_ns)


@pytest.mark.parametrize(
    ("states", "told"),
    [(_Leaves, {"not-kept"}), (_OnlySaysSo, {"not-reached"}), (_Sulks, {"not-reached", "forbidden-seen"})],
)
def test_neither_passes_who_leaves_at_once_nor_who_only_says_so(
    wired: Wired,
    prepared: dict[str, Prepared],
    monkeypatch: pytest.MonkeyPatch,
    states: type[StateMachine],
    told: set[str],
) -> None:
    monkeypatch.setenv("BMS_HIL_CORE", "python")  # its firmware, in Python, is put in place of the rig's
    found = judged(wired, prepared["must-reach-drive"], with_states(states))
    assert found.verdict is Verdict.FAIL, joined_words(found)
    assert set(codes(found)) == told


def test_a_request_that_no_frame_carries_is_the_benchs_trouble(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    one = prepared["must-reach-drive"]
    other = tuple(dataclasses.replace(test, value=2.0) for test in one.plan.carried)
    found = judged(wired, dataclasses.replace(one, plan=dataclasses.replace(one.plan, carried=other)))
    assert other and found.verdict is Verdict.ERROR and codes(found) == ["stimulus-not-carried"]
    nothing = dataclasses.replace(one, plan=dataclasses.replace(one.plan, reached=()))
    assert judged(wired, nothing).verdict is not Verdict.PASS


# --- what stands on it ---------------------------------------------------------------------------------------


def ended(wired: Wired, one: Prepared, *shots: ShotResult) -> ScenarioResult:
    return scenario_result(one, shots, Timebase.SIMULATED, wired.profile)


def test_what_starts_in_a_mode_that_is_not_reached_is_blocked_by_name(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    broken = with_firmware(wired, "never_closes")
    one, reach = prepared["ov-step-cell17"], prepared["must-reach-drive"]
    blocked = ended(wired, one, shoot(broken, one, 0, 1, 1, None))
    assert blocked.judgement.verdict is Verdict.BLOCKED
    assert codes(blocked.judgement) == ["start-mode-missed"]
    assert "the DUT did not enter drive" in joined_words(blocked.judgement)
    assert "hil run -k must-reach-drive" in joined_words(blocked.judgement)  # where it was not run
    failed = ended(wired, reach, shoot(broken, reach, 0, 1, 1, None))
    told = {one.scenario_id: one for one in with_must_reach([blocked, failed])}["ov-step-cell17"]
    assert told.judgement.verdict is Verdict.BLOCKED
    assert joined_words(told.judgement).endswith("must-reach-drive is FAIL")
    assert isinstance(finding := told.judgement.reasons[0].finding, StartModeMissed)
    assert finding.outcome == "FAIL"


def test_it_is_no_goal_of_a_run(wired: Wired, prepared: dict[str, Prepared]) -> None:
    from sample_run import sample_run

    reach = prepared["must-reach-drive"]
    run = dataclasses.replace(
        sample_run(n=12), scenarios=(ended(wired, reach, shoot(wired, reach, 0, 1, 1, None)),)
    )
    assert shown_goals(run) == {}


# --- bench_must_refuse ---------------------------------------------------------------------------------------


def test_the_old_word_for_a_build_that_the_bench_refuses_is_read_with_a_hint(tmp_path: Path) -> None:
    text = (ROOT / "scenarios/supply/identity_wrong.toml").read_text()
    assert 'aim = "bench_must_refuse"' in text
    file = tmp_path / "identity_wrong.toml"
    file.write_text(text.replace('aim = "bench_must_refuse"', 'aim = "must_refuse"'))
    old = load_scenario(file)
    assert old.aim is Aim.MUST_REFUSE and old.hint.endswith(
        "found 'must_refuse', which is called 'bench_must_refuse' now; it is still read"
    )
    line = 1 + text[: text.index("aim =")].count("\n")
    assert f"{file}:{line} [aim]" in old.hint
    assert load_scenario(ROOT / "scenarios/supply/identity_wrong.toml").hint == ""


def test_a_stored_plan_with_the_old_word_is_read(prepared: dict[str, Prepared]) -> None:
    plan = prepared["identity-wrong"].plan
    stored = plan_to_dict(plan)
    assert stored["aim"] == "bench_must_refuse"
    assert plan_from_dict({**stored, "aim": "must_refuse"}) == plan
