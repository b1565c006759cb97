"""Shots without a run folder: one for a look, all of a scenario for a test in Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.door.choosing import chosen
from bench.errors import CalledWrongly
from bench.running.firing import firing_order, place_of
from bench.running.results import scenario_result, timebase_of
from bench.running.shots import shoot, watched_over
from bench.timing.stopping import listening_if_nobody_does

if TYPE_CHECKING:
    from bench.scenario.prepare import Prepared
    from bench.verdict.result import ScenarioResult, ShotResult
    from bench.wiring.common import Wired


def scenario_of(wired: Wired, scenario: str | Path) -> Prepared:
    """The scenario of an id or a file; of a file with twins, the one that the twins are made of."""
    found = chosen(wired, scenario, None, long=True).prepared
    if len(found) > 1 and not all(one.scenario.file == found[0].scenario.file for one in found):
        raise CalledWrongly(f"{scenario}: found {len(found)} scenarios; expected the id or the file of one")
    return found[0]


def shoot_one(wired: Wired, prepared: Prepared, index: int, repeat: int | None, seed: int) -> ShotResult:
    """Fire shot `index` (from 0) of `repeat` shots and judge it. Raises CalledWrongly for an index out of range."""
    own = prepared.scenario.sweep.repeat
    if repeat is None:
        repeat = own if wired.config.simulated else max(own, index + 1)
    if not isinstance(index, int) or not 0 <= index < repeat:
        raise CalledWrongly(
            f"shoot: found index {index!r}; expected 0 to {repeat - 1}, for '{prepared.scenario.id}' has {repeat} "
            "shots (repeat= gives it more)"
        )
    place = place_of(seed, prepared.scenario.id, index, repeat)
    with listening_if_nobody_does():
        return shoot(wired, prepared, index, repeat, seed, None, place=place)


def shots_of(wired: Wired, prepared: Prepared, repeat: int | None, seed: int) -> ScenarioResult:
    """Fire all shots of one scenario, one after the other, and judge them together."""
    if repeat is None:
        repeat = prepared.scenario.sweep.repeat if wired.config.simulated else 1
    with listening_if_nobody_does(), watched_over(wired, None) as own:
        shots = [
            shoot(own, prepared, index, repeat, seed, None, place=place)
            for place, index in enumerate(firing_order(seed, prepared.scenario.id, repeat))
        ]
    return scenario_result(prepared, shots, timebase_of(wired), wired.profile, wired.chemistry.id)
