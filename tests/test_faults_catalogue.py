"""The catalogue: found by its folder, each fault complete, none left on, and what a rig lacks is said."""

import ast
import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.config.profile_file import load_profile
from bench.errors import InstrumentError, RecordError
from bench.faults.asks import put_on, take_off
from bench.faults.find import fault_names, kind, kinds
from bench.faults.port import FAULT_CLASSES
from bench.record.poison import PoisonedRig, lift, marker_of, poison, refuse_if_poisoned, stuck_fault
from bench.report.finding_words import reasons_words
from bench.rig.capabilities import FrontEnd, Sensors
from bench.rig.live_faults import LiveFaults
from bench.running.shots import shoot
from bench.scenario.load import find_scenarios, load_scenario
from bench.scenario.model import Inject, InjectText
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.facts import StimulusCleared
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.verdict.result import Verdict
from bench.wiring.common import Wired, load_wired
from bench.wiring.offers import abilities
from bench.wiring.simulated import build_simulated

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", fault_names())
def test_a_fault_is_one_file_that_says_all_about_itself(name: str) -> None:
    one = kind(name)
    assert one.fault_class in FAULT_CLASSES
    assert one.variants and all(one.variants.values()) and one.onset
    assert {"do", "fault", "duration", "ttl"} <= set(one.shape.model_fields)
    tree = ast.parse((ROOT / f"bench/faults/catalogue/{name}.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "Any" not in names, "its keys have types"
    assert not [
        inner
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef)
        for inner in ast.walk(outer)
        if isinstance(inner, ast.ClassDef | ast.ImportFrom)
    ], "its classes stand where they are read, not inside a function"


def test_every_class_of_fault_is_there_and_every_fault_is_used() -> None:
    """In the long lane too."""
    assert {one.fault_class for one in kinds()} == set(FAULT_CLASSES)
    folders = [ROOT / "scenarios", *sorted((ROOT / "docs/examples").glob("[gs]*/scenarios"))]
    library = [load_scenario(path) for path in find_scenarios(folders)]
    used = {step.kind.name for one in library for step in one.steps if isinstance(step, InjectText)}
    assert set(fault_names()) <= used, "a fault that no scenario uses proves nothing"


def test_every_fault_of_the_library_is_gone_after_it_was_cleared(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    """Applied to a rig at rest and cleared again, it leaves no distortion, no disturbance, no timer behind."""
    faults = {
        repr(step.fault): step.fault
        for one in prepared.values()
        for step in one.steps
        if isinstance(step, Inject)
        and step.kind not in ("contactor_weld", "charger_ignores_limit", "current")
    }
    assert len(faults) > 80

    async def main(clock: SimulatedClock) -> None:
        rig = build_simulated(wired, clock, None, random.Random(1))
        await rig.energise()
        try:
            for fault in faults.values():
                await put_on(fault, rig.provided)
                await take_off(fault, rig.provided)
                assert not rig.provided.give(Sensors).distort, fault
                assert not rig.outputs.overrides_v, fault
                assert len(rig.timers.running) == 1, f"{fault}: beside the plant's"
                assert all(message.disturbance is None for message in rig.restbus), fault
                assert not rig.provided.give(FrontEnd).afe.lost_pages, fault
        finally:
            await rig.safe()

    run_simulated(main)


def test_what_the_rig_cannot_do_in_real_time_is_said(wired: Wired) -> None:
    real = abilities(wired.profile, replace(wired.config, simulated=False))
    simulated = abilities(wired.profile, wired.config)
    # The bench of this project has single cells, none of which could part from its neighbours.
    assert [one for one, why in simulated.items() if why is not None] == ["cell_open"]
    assert real["bus_off"] is not None and "simulated" in real["bus_off"]
    assert real["cell_voltage"] is None


def test_a_scenario_is_blocked_with_what_the_rig_lacks(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    profile = wired.config.dut.profile
    dull = tmp_path / profile.name
    dull.write_text(
        re.sub(r"(?m)^HvilClosed = .*\n", "", profile.read_text(encoding="utf-8")), encoding="utf-8"
    )
    config = replace(wired.config, dut=replace(wired.config.dut, profile=dull))
    shot = shoot(load_wired(config, load_profile(dull)), prepared["hvil-open-driving"], 0, 1, 1, None)
    assert shot.judgement.verdict is Verdict.BLOCKED
    assert reasons_words(shot.judgement) == [
        "the rig cannot do: hvil_open (the DUT is never shown hvil_closed: no [[play]] of its profile has it)"
    ]
    shot = shoot(load_wired(config, load_profile(dull)), prepared["ov-step-cell17"], 0, 1, 1, None)
    assert shot.judgement.verdict is Verdict.BLOCKED
    assert "its last state was error, and it reports hvil_open" in reasons_words(shot.judgement)[0], (
        "why not ready"
    )


def live(trace: Trace, clock: SimulatedClock) -> LiveFaults:
    return LiveFaults(clock, trace, before=lambda: None)


def test_a_fault_that_outlives_its_time_is_taken_off_by_the_rig() -> None:
    trace = Trace(timebase=Timebase.SIMULATED)
    cleared: list[int] = []

    async def main(clock: SimulatedClock) -> None:
        faults = live(trace, clock)

        async def clear() -> None:
            cleared.append(clock.now_ns())

        faults.admit("leak", "a test", 50 * NS_PER_MS, clear)
        await faults.expire()
        assert not cleared and len(faults) == 1
        await clock.sleep_until(clock.now_ns() + 60 * NS_PER_MS)
        await faults.expire()
        assert len(cleared) == 1 and not len(faults)

    run_simulated(main)
    (mark,) = trace.of(StimulusCleared)
    assert mark.fact.owner == "a test" and "time to live of 50.0 ms" in mark.fact.why
    assert mark.fact.outlived_ns == 50_000_000


def test_a_fault_that_cannot_be_cleared_poisons_the_rig_until_its_safe_state_is_confirmed(
    tmp_path: Path,
) -> None:
    trace = Trace(timebase=Timebase.SIMULATED)

    async def main(clock: SimulatedClock) -> None:
        faults = live(trace, clock)

        async def clear() -> None:
            raise InstrumentError("relay 3 does not let go")

        faults.admit("sense_wire", "a test", 50 * NS_PER_MS, clear)
        problems = await faults.take_all_off()
        assert problems == ["sense_wire cannot be cleared: relay 3 does not let go"]

    run_simulated(main)
    why = stuck_fault(trace)
    assert why is not None and "relay 3" in why
    folder = tmp_path / "runs"
    refuse_if_poisoned(folder)
    poison(folder, why, {"shot": "x, shot 0"})
    poison(folder, "something later", {})
    assert json.loads(marker_of(folder).read_text())["why"] == why, "the first cause is the one to mend"
    with pytest.raises(PoisonedRig, match=r"relay 3 does not let go.*hil doctor"):
        refuse_if_poisoned(folder)
    marker_of(folder).write_text("torn")
    with pytest.raises(PoisonedRig, match="cannot be read"):
        refuse_if_poisoned(folder)
    assert lift(folder) and not lift(folder)
    refuse_if_poisoned(folder)
    marker_of(folder).symlink_to(tmp_path / "gone")
    poison(folder, why, {})
    with pytest.raises(PoisonedRig, match="cannot be read"):
        refuse_if_poisoned(folder)
    assert lift(folder) and not lift(folder)
    (tmp_path / "data").symlink_to(tmp_path / "gone")
    with pytest.raises(RecordError, match="the rig is poisoned all the same"):
        poison(tmp_path / "data" / "runs", why, {})
