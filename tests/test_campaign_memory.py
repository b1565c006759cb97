"""A night of ten thousand shots must not fill the memory."""

import gc
import weakref

from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Clock
from bench.wiring.common import Wired


def test_nothing_of_a_rig_stays_when_its_shot_is_over(wired: Wired, prepared: dict[str, Prepared]) -> None:
    clocks: list[weakref.ref[Clock]] = []

    def watch(rig: Rig, scenario_id: str, index: int) -> None:
        clocks.append(weakref.ref(rig.clock))

    for index in range(2):
        shoot(wired, prepared["ov-step-cell17"], index, 59, 1, None, watch)
    assert [clock() for clock in clocks] == [None, None]
    assert gc.isenabled()
