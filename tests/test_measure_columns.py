"""What is measured over columns is what a look at every frame, one by one, measures: on stored and made up traces."""

import dataclasses
import random
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import judged_corpus
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_frames import PlainFrames, measure_plainly

from bench.codec.database import Database
from bench.codec.e2e import Checker, DataIdMode, Profile1, Profile2, Profile5, Protection, Status
from bench.codec.e2e_columns import flawless
from bench.measure.excused import _outside, longest_silence
from bench.measure.held_stimulus import AGAIN, lost_again
from bench.measure.measure import measure
from bench.measure.plan import Plan
from bench.measure.questions import Question
from bench.measure.shot import Shot
from bench.measure.window import armed_window
from bench.record.codable import plan_from_dict
from bench.record.folder import open_run, read_shot
from bench.scenario.prepare import Prepared
from bench.trace.events import CanFrame, FrameSeen
from bench.trace.facts import StimulusCommanded
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.wiring.common import Wired

RUNS = Path(__file__).parent / "data" / "runs_of_rules_1"
SCENARIOS = ("ov-step-cell17", "vcu-wrong-crc", "must-reach-drive", "afe-frozen-sweep")
ASKED = ("detection", "safe_state", "forbidden", "onset", "carried", "held", "unexpected")


def measured(trace: Trace, plan: Plan, decoders: Mapping[str, Any]) -> object:
    """What always holds is read from columns only: tests/test_always.py holds it."""
    try:
        found = measure(trace, plan, decoders)
    except Exception as error:  # noqa: BLE001 - a type of error is an answer too
        return type(error)
    return dataclasses.replace(found, always=(), always_unjudged=())


def same(trace: Trace, plan: Plan, decoders: Mapping[str, Any]) -> None:
    over_columns = measured(trace, plan, decoders)
    with pytest.MonkeyPatch.context() as patch:
        measure_plainly(patch)
        assert over_columns == measured(trace, plan, decoders)


def test_of_stored_shots(wired: Wired) -> None:
    shots = [shot for run in sorted(RUNS.iterdir()) for shot in open_run(run).shots()]
    for shot in shots:
        trace, plan, _ = read_shot(shot)
        same(trace, plan_from_dict(plan), wired.databases)
    assert len(shots) > 1


@pytest.mark.parametrize("scenario", SCENARIOS)
@settings(max_examples=6)
@given(seed=st.integers(0, 2**32))
def test_of_altered_shots(wired: Wired, prepared: dict[str, Prepared], scenario: str, seed: int) -> None:
    whole, plan = judged_corpus.shot_of(wired, prepared[scenario])
    trace, plan, _ = judged_corpus.altered(whole, plan, random.Random(seed))
    same(trace, plan, wired.databases)


@st.composite
def scrambles(draw: st.DrawFn, decoders: Mapping[str, Database], plan: Plan, whole: Trace) -> list[FrameSeen]:
    """Few frames of what the plan asks about, of any length and sender, in any order, between the marks of a shot."""
    asked = sorted({(one.channel, one.message) for name in ASKED for one in getattr(plan, name)})
    asked = draw(st.lists(st.sampled_from(asked), min_size=1, max_size=3))
    contents = draw(
        st.lists(st.sampled_from([0, 1, 2**16 - 1]) | st.integers(0, 2**64 - 1), min_size=1, max_size=3)
    )
    odd = draw(st.booleans())
    stamps = sorted(mark.t_ns + at * NS_PER_MS for mark in whole.marks for at in (-10, 0, 10, 300))
    seen = []
    for _ in range(draw(st.integers(0, 40))):
        channel, name = draw(st.sampled_from(asked))
        message = decoders[channel][name]
        length = (
            draw(st.sampled_from([message.length] * 9 + [0, message.length - 1])) if odd else message.length
        )
        data = draw(st.sampled_from(contents)).to_bytes(8, "little")[:length]
        frame = CanFrame(message.can_id, data, message.extended)
        sender = draw(st.sampled_from(["dut"] * 9 + ["bench"])) if odd else "dut"
        seen.append(FrameSeen(draw(st.sampled_from(stamps)), channel, frame, sender))
    return seen if draw(st.booleans()) else sorted(seen, key=lambda one: one.t_ns)


@settings(max_examples=100)
@given(data=st.data())
def test_of_scrambled_frames(wired: Wired, prepared: dict[str, Prepared], data: st.DataObject) -> None:
    one = prepared[data.draw(st.sampled_from(SCENARIOS[:3]))]
    whole, plan = judged_corpus.shot_of(wired, one)
    plan = dataclasses.replace(
        plan, held=data.draw(st.sampled_from([plan.held, plan.detection, plan.safe_state]))
    )
    frames = data.draw(scrambles(wired.databases, plan, whole))
    same(dataclasses.replace(whole, frames=frames), plan, wired.databases)


PROTECTIONS = (
    Profile1(0x1234),
    Profile1(0x1234, DataIdMode.NIBBLE),
    Profile1(0x1234, DataIdMode.ALT),
    Profile2(tuple(range(16))),
    Profile5(0xABCD),
)


@given(st.sampled_from(PROTECTIONS), st.lists(st.sampled_from([1] * 9 + [0, 2]), max_size=40), st.data())
def test_flawless_is_what_a_checker_finds_no_fault_with(
    protection: Protection, steps: list[int], data: st.DataObject
) -> None:
    rows, counter = [], data.draw(st.integers(0, 255))
    for step in steps:
        counter += step
        row = bytearray(data.draw(st.sampled_from([bytes(8), bytes(range(8)), b"\xff" * 8])))
        protection.protect(row, counter)
        if not data.draw(st.integers(0, 30)):
            row[data.draw(st.integers(0, 7))] ^= 1 << data.draw(st.integers(0, 7))
        rows.append(bytes(row))
    checker = Checker(protection)
    said = [checker.check(row) for row in rows]
    packed = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), 8)
    assert flawless(protection, packed) == all(one in (Status.OK, Status.INITIAL) for one in said)


def test_a_plain_list_leaves_nothing_out() -> None:
    """Else it would be no measure for the other."""
    seen = [FrameSeen(at, "vehicle", CanFrame(at % 2, b"\x00"), "dut") for at in range(6)]
    plain = PlainFrames(seen)
    assert plain.news([("vehicle", 1, False)]) == [(1, seen[1]), (3, seen[3]), (5, seen[5])]


@given(
    st.lists(st.integers(0, 30), max_size=8).map(sorted), st.lists(st.integers(0, 30), max_size=4).map(sorted)
)
def test_the_longest_silence_is_the_first_of_the_longest(stamps: list[int], edges: list[int]) -> None:
    excused = list(zip(edges[::2], edges[1::2]))
    longest = (0, 0)
    for start, end in _outside((0, 30), excused):
        for before, after in pairwise([start, *(at for at in stamps if start < at < end), end]):
            longest = max(longest, (after - before, before), key=lambda one: one[0])
    assert longest_silence(stamps, (0, 30), excused) == longest


def _lost_plainly(shot: Shot, from_ns: int, until_ns: int) -> list[tuple[float, int]]:
    """(what was found, how long after it had first stood) of each, frame by frame."""
    questions = [Question(test, shot.decoders) for test in shot.plan.held]
    since: dict[int, int] = {}
    denied: dict[int, int] = {}
    found = []
    for t_ns, channel, frame, _ in shot.window.frames:
        for question in questions:
            if question.address != (channel, frame.can_id, frame.extended) or not from_ns <= t_ns < until_ns:
                continue
            key, answer = id(question), question.hear(t_ns, frame.data)
            if answer:
                since.setdefault(key, t_ns)
                denied[key] = 0
            elif answer is False and key in since:
                denied[key] += 1
                if denied[key] == AGAIN:
                    found.append((question.value(frame.data) or 0.0, t_ns - since[key]))
                    questions = [one for one in questions if one is not question]
    return found


@settings(max_examples=40)
@given(data=st.data())
def test_a_stimulus_is_lost_where_frame_by_frame_it_is(
    wired: Wired, prepared: dict[str, Prepared], data: st.DataObject
) -> None:
    """Over pages of cells: most of them say nothing of those that are held."""
    whole, plan = judged_corpus.shot_of(wired, prepared["ov-step-cell17--inside"])
    channel, name = plan.held[0].channel, plan.held[0].message
    shown = whole.frames.since(0, {wired.databases[channel][name].can_id})
    read = wired.databases[channel][name].reader(plan.held[0].signal)
    carrying = [one for one in shown if read(one.frame.data) is not None]
    pool = [carrying[0], carrying[0], carrying[-1], carrying[-1], shown[0], shown[1]]
    commanded = next(whole.of(StimulusCommanded)).t_ns
    frames = [
        one._replace(t_ns=commanded + 10 * NS_PER_MS * at)
        for at, one in enumerate(data.draw(st.lists(st.sampled_from(pool), max_size=14)))
    ]
    trace = dataclasses.replace(whole, frames=frames)
    shot = Shot(trace=trace, window=armed_window(trace), plan=plan, decoders=wired.databases)
    until_ns = commanded + data.draw(st.integers(0, 15)) * 10 * NS_PER_MS
    lost = [(one.found, one.after_ns) for one in lost_again(shot, until_ns)]
    assert lost == _lost_plainly(shot, shot.forced_from_ns() or 0, until_ns)
