"""Onset by the plant's own runaway: told by marks, shown by the next frame, and never proven by absence."""

import random

from bench.measure.finding.answer import SpreadBeforeAlarm
from bench.measure.interval import Interval
from bench.measure.plant_stages import runaway_of, spread_before
from bench.plant.chemistry import Chemistry
from bench.plant.pack import Load, Pack
from bench.rig.stages import LOOK_NS, CellStages
from bench.timing.clock import Timebase
from bench.trace.events import PlantStage
from bench.trace.facts import StageReached
from bench.trace.timeline import Trace
from bench.units import NS_PER_S


def pack_of(chemistry: str) -> Pack:
    return Pack(Chemistry.load(chemistry), rng=random.Random(1), cells=8, sensors=2, soc=0.95)


def watched(pack: Pack, seconds: int, trace: Trace) -> CellStages:
    stages = CellStages(pack, trace, 0)
    for n in range(1, seconds * NS_PER_S // LOOK_NS + 1):
        for _ in range(5):
            pack.step(0.1, Load())
        stages.look(n * LOOK_NS)
    return stages


def test_a_shorted_cell_goes_through_signature_venting_and_runaway_in_that_order() -> None:
    trace, pack = (
        Trace(timebase=Timebase.SIMULATED),
        Pack(Chemistry.load("nmc"), rng=random.Random(1), cells=8, sensors=2, soc=0.95),
    )
    pack.cells.short_ohm[4] = 5e-3
    watched(pack, 100, trace)  # limited by what the cell can give, it takes 89 s
    marks = list(trace.of(StageReached))
    assert [(mark.fact.stage, mark.fact.cell) for mark in marks] == [
        (PlantStage.SIGNATURE, 5),
        (PlantStage.VENTING, 5),
        (PlantStage.RUNAWAY, 5),
    ]
    onset = runaway_of(trace, (5,))
    # the signature began when the cell, rising since the short, came to its highest working temperature
    assert onset == Interval(low_ns=marks[0].fact.low_ns, high_ns=marks[0].fact.high_ns)
    assert onset.width_ns == LOOK_NS
    assert marks[0].t_ns - onset.low_ns > 3 * NS_PER_S
    assert runaway_of(trace, (4,)) is None


def test_heat_without_a_runaway_is_none() -> None:
    trace, pack = (
        Trace(timebase=Timebase.SIMULATED),
        Pack(Chemistry.load("nmc"), rng=random.Random(1), cells=8, sensors=2, soc=0.95),
    )
    pack.cells.heat_w[4] = 2000.0
    stages = watched(pack, 40, trace)
    assert stages.reached == {(PlantStage.SIGNATURE, 5)}
    assert runaway_of(trace, (5,)) is None


def test_a_runaway_that_spread_before_the_alarm_is_told() -> None:
    trace = Trace(timebase=Timebase.SIMULATED)
    for cell, t_s in ((9, 10), (10, 60)):
        fact = StageReached(
            stage=PlantStage.RUNAWAY,
            cell=cell,
            low_ns=t_s * NS_PER_S - LOOK_NS,
            high_ns=t_s * NS_PER_S,
            temp_c=200.0,
            voltage_v=0.0,
        )
        trace.mark(t_s * NS_PER_S, fact, "plant")
    at = {s: Interval(low_ns=s * NS_PER_S, high_ns=s * NS_PER_S + 1000) for s in (30, 70)}
    assert spread_before(trace, (9,), at[30]) == []
    assert spread_before(trace, (9,), at[70]) == [SpreadBeforeAlarm(cell=10)]
    assert spread_before(trace, (9,), None) == [SpreadBeforeAlarm(cell=10)]
