"""Runs that were stored before marks had types are read, and judged as they were."""

import json
from pathlib import Path

import pytest
from fact_strategies import of_type
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.cli.options import load_rig
from bench.record import version_1
from bench.record.codable import plan_from_dict
from bench.record.marks import FACTS
from bench.record.shot import marks_of, read_shot
from bench.running.shots import judge_trace
from bench.trace.events import Kind
from bench.trace.facts import (
    Fact,
    InstrumentIdentified,
    OutputBeyondRange,
    PhasesDrawn,
    StimulusCleared,
    StimulusConfirmed,
)
from bench.trace.stamping import Origin

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "tests" / "data" / "run_of_version_1"
SHOTS = sorted(path.parent for path in STORED.glob("scenarios/*/shot-*/events.jsonl"))


@pytest.mark.parametrize("folder", SHOTS, ids=lambda path: path.parent.name)
def test_a_stored_shot_of_version_1_gets_the_verdict_and_the_figures_it_had(folder: Path) -> None:
    trace, plan, stored = read_shot(folder)
    assert trace.digest() == stored["digest"]
    measurement, judgement = judge_trace(
        trace, plan_from_dict(plan), load_rig(ROOT / "hil_config.toml", None, None, None).databases
    )
    assert judgement.verdict.name == stored["judgement"]["verdict"]
    for name in ("fdti", "frti", "fhti"):
        found, before = getattr(measurement, name), stored["measurement"][name]
        told = None if found is None else [found.interval.low_ns, found.interval.high_ns]
        assert told == (None if before is None else list(before["interval"].values()))
    assert {one.origin for one in trace.stamping.values()} == {Origin.SIMULATED}


def test_marks_of_a_stored_shot_of_version_1_are_found_by_type() -> None:
    assert next(mark.fact.identity for mark in marks_of(SHOTS[0], InstrumentIdentified)).startswith("BMS-HIL")
    assert all(mark.fact.readback for mark in marks_of(SHOTS[0], StimulusConfirmed))


def as_version_1_said_it(kind: type[Fact]) -> st.SearchStrategy[Fact]:
    """Facts of this type; where version 1 said them in words, with what such words can hold."""
    if kind is OutputBeyondRange:
        return st.builds(
            OutputBeyondRange,
            cell=st.integers(1, 10_000),
            cell_voltage_v=st.floats(-1e5, 1e5, exclude_max=True),
            highest_v=st.floats(1e-4, 9e4),
            beyond_v=st.floats(allow_nan=False),
        )
    if kind is PhasesDrawn:
        names = st.text("ab.", max_size=4)
        phases = st.lists(st.tuples(names, st.integers(0, 2**40)), max_size=3, unique_by=lambda one: one[0])
        at_ns = st.integers(-(2**60), 2**60)
        return st.builds(PhasesDrawn, boot_ns=at_ns, front_end_ns=at_ns, messages_ns=phases.map(tuple))
    return of_type(kind)


@pytest.mark.parametrize("kind", FACTS.values(), ids=FACTS)
@settings(max_examples=20)
@given(data=st.data())
def test_every_fact_survives_the_way_through_version_1(kind: type[Fact], data: st.DataObject) -> None:
    fact = data.draw(as_version_1_said_it(kind))
    line = [5, 7, fact.kind.value, "rig", json.loads(json.dumps(fact.version_1()))]
    mark = version_1.mark_of(line)
    assert (mark.t_ns, mark.u_ns, mark.source, mark.kind) == (5, 7, "rig", fact.kind)
    assert mark.fact.version_1() == fact.version_1()


def test_a_fault_that_its_time_to_live_took_off_is_known_by_its_words_in_version_1_only() -> None:
    pairs = {"fault": "x", "owner": "engine", "why": "its time to live of 50.0 ms ended"}
    fact = version_1.mark_of([0, 0, "stimulus_cleared", "rig", pairs]).fact
    assert isinstance(fact, StimulusCleared) and fact.outlived_ns == 50_000_000


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("kernel receive stamp, udp_multicast", Origin.KERNEL),
        ("hardware, correlated, stamp of reception and echo, socketcan can0", Origin.HARDWARE),
        ("device clock, correlated with the arrival, pcan", Origin.ADAPTER),
        ("read by the bench, slcan", Origin.ARRIVAL),
    ],
)
def test_the_origin_of_a_stamp_of_version_1_is_read_from_its_words(source: str, origin: Origin) -> None:
    assert version_1.stamping_of({"source": source, "u_ns": 1, "clock": "host"}).origin is origin


def test_every_kind_of_mark_has_a_reader_of_version_1() -> None:
    assert {fact.kind for fact in FACTS.values()} == set(Kind)
