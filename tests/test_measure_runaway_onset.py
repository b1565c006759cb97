"""The onset of a runaway: from the plant's own instant to the first frame that shows it, of whichever message."""

from dataclasses import replace
from typing import Any

import pytest

from bench.measure.finding.stimulus import NoRunaway, RunawayUnproven
from bench.measure.frames import Frames
from bench.measure.interval import Interval
from bench.measure.plan import NOTHING, Plan
from bench.measure.plant_stages import runaway_of, runaway_onset
from bench.measure.shot import Shot, Told
from bench.measure.window import Window
from bench.timing.clock import Timebase
from bench.trace.events import CanFrame, PlantStage
from bench.trace.facts import StageReached
from bench.trace.irregular import Irregular, Irregularity
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace

MS = 1_000_000


class Codec:
    extended, length, protection = False, 1, None

    def __init__(self, can_id: int, cycle_ms: int) -> None:
        self.can_id, self.cycle_ns = can_id, cycle_ms * MS

    def reader(self, signal: str) -> Any:
        return lambda data: float(data[0])

    def extract(self, signals: Any) -> Any:
        return bytes

    def mask(self, signals: Any) -> None: ...

    page_mask = mask


DECODERS: Any = {"sense": {"Cells": Codec(0x200, 100), "Temps": Codec(0x210, 1000)}}
CELLS = Irregularity(channel="sense", message="Cells", what=Irregular.NEXT)
TEMPS = Irregularity(channel="sense", message="Temps", what=Irregular.NEXT)


def trace_of(*stages: tuple[PlantStage, int, int, int], frames: tuple[tuple[int, int], ...] = ()) -> Trace:
    """stages: (stage, cell, low, high in ms). frames: (ms, CAN id)."""
    trace = Trace(timebase=Timebase.SIMULATED)
    trace.stamping["sense"] = Stamping(origin=Origin.ADAPTER, source="adapter", u_ns=MS)
    for stage, cell, low, high in stages:
        fact = StageReached(
            stage=stage, cell=cell, low_ns=low * MS, high_ns=high * MS, temp_c=150.0, voltage_v=0.0
        )
        trace.mark(high * MS, fact, "plant")
    for at_ms, can_id in frames:
        trace.frame(at_ms * MS, "sense", CanFrame(can_id, b"\x01"), "afe")
    return trace


def found(trace: Trace, *asked: Irregularity, cells: tuple[int, ...] = (5,)) -> tuple[Any, Told]:

    plan: Plan = replace(NOTHING, onset_runaway=cells, onset_irregular=asked)
    frames = tuple(sorted(trace.frames))
    window = Window(start_ns=0, end_ns=5000 * MS, frames=Frames.of(frames), late_ns=0, faults=())
    told = Told()
    return runaway_onset(Shot(trace=trace, window=window, plan=plan, decoders=DECODERS), told), told


RUNAWAY = (PlantStage.RUNAWAY, 5, 1000, 1500)
FRAMES = ((900, 0x200), (1400, 0x200), (1600, 0x200), (1700, 0x200), (1900, 0x210), (2900, 0x210))


def test_the_onset_lies_between_the_plants_runaway_and_the_first_frame_after_it() -> None:
    onset, told = found(trace_of(RUNAWAY, frames=FRAMES), CELLS)
    assert onset.interval == Interval(low_ns=1000 * MS, high_ns=1601 * MS), (
        "widened by the stamp's half-width"
    )
    assert onset.t_ns == 1600 * MS and not told.faults
    (term,) = onset.terms
    assert (term.name, term.width_ns) == ("onset", 601 * MS)
    assert term.note == "from the plant's runaway to the first Cells that shows it"


@pytest.mark.parametrize("asked", [(CELLS, TEMPS), (TEMPS, CELLS)])
def test_whichever_message_shows_it_first(asked: tuple[Irregularity, ...]) -> None:
    onset, _ = found(trace_of(RUNAWAY, frames=FRAMES), *asked)
    assert onset.interval.high_ns == 1601 * MS
    silent, _ = found(trace_of(RUNAWAY, frames=FRAMES[:2] + FRAMES[4:]), *asked)
    assert silent.interval.high_ns == 1901 * MS, "the other one says nothing after it"
    assert silent.terms[0].note.endswith("the first Temps that shows it")


def test_frames_are_taken_in_the_order_of_their_stamps_and_none_after_the_window() -> None:
    trace = trace_of(RUNAWAY, frames=FRAMES)
    trace.frames = trace.frames[::-1]
    onset, _ = found(trace, CELLS)
    assert onset.interval.high_ns == 1601 * MS
    onset, told = found(trace_of(RUNAWAY, frames=((900, 0x200), (5001, 0x200))), CELLS)
    assert onset is None and told.faults == [RunawayUnproven()]


def test_without_a_runaway_of_the_cells_asked_for_the_bench_has_no_onset() -> None:
    onset, told = found(trace_of((PlantStage.RUNAWAY, 6, 1000, 1500), frames=FRAMES), CELLS, cells=(4, 5))
    assert onset is None and told.faults == [NoRunaway(cells=(4, 5))]
    onset, told = found(trace_of((PlantStage.VENTING, 5, 1000, 1500), frames=FRAMES), CELLS)
    assert onset is None and told.faults == [NoRunaway(cells=(5,))]


def test_its_signature_counts_where_it_came_before() -> None:
    for signature, low_ms in (
        ((400, 900), 400),
        ((1000, 1499), 1000),
        ((1200, 1500), 1000),
        ((1300, 1600), 1000),
    ):
        trace = trace_of((PlantStage.SIGNATURE, 5, *signature), RUNAWAY)
        of = runaway_of(trace, (5,))
        assert of is not None and of.low_ns == low_ms * MS
        assert of.high_ns == min(signature[1], 1500) * MS
    other = trace_of((PlantStage.SIGNATURE, 6, 100, 200), RUNAWAY)
    assert runaway_of(other, (5, 6)) == Interval(low_ns=1000 * MS, high_ns=1500 * MS), "another cell's"
