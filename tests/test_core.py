"""The native core is bit for bit the bench in Python: its buses, messages and sweeps, and whole shots on both."""

import hashlib
import itertools
import json
import math
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_bench import hil_here, run_folders, small_bench

from bench import c_library
from bench.c_library import NotBuilt, made
from bench.cli.options import load_rig, load_scenarios
from bench.codec.e2e import DataIdMode, Profile1, Profile2, Profile5
from bench.codec.pages import VALUE, Page, Pages, Slot
from bench.core import library
from bench.core.bus import CoreCanNode
from bench.core.choice import CORE, CoreName
from bench.core.clock import CoreClock
from bench.core.cyclic import CoreCyclicMessage, core_sends
from bench.core.dut import CoreDut
from bench.core.front_end import CoreFrontEnd, core_sweeps
from bench.core.library import FRAMES, SEEN, TOLD
from bench.dut.in_process import InProcessDut
from bench.errors import DutError, LinkError
from bench.links.bit_timing import frame_time_ns
from bench.links.bus_faults import OwnedBus
from bench.measure.plan import Plan
from bench.restbus.cyclic import CyclicMessage, Lasts
from bench.restbus.disturbance import Disturbance
from bench.rig.rig import Rig
from bench.rig.senses import Senses
from bench.rig.vehicle import PLANT_PERIOD_NS
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.scenario.watch import Watch
from bench.timing.clock import Phase
from bench.timing.looking import Still, look_until
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.trace.events import BENCH, CanFrame, FrameSeen
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S
from bench.wiring import core as choice
from bench.wiring.common import Wired, own_ids
from bench.wiring.core import bus_on, chosen_core, front_end_on, slower_in_python, trace_on
from bench.wiring.core_plant import CorePlantLoop, view_on
from bench.wiring.emulator_shown import EmulatorShown
from firmware_stubs.reference_bms.bms import ReferenceBms

ROOT = Path(__file__).resolve().parents[1]
RATE = 500_000
DATA_RATE = 2_000_000


def built() -> Path:
    try:
        return library.built()
    except NotBuilt as error:
        pytest.skip(f"no compiler here: {error}")


Body = Callable[[SimulatedClock, Trace, OwnedBus], Any]


def on_both(body: Body, end_ns: int) -> tuple[Trace, Trace]:
    """What both cores leave in their traces when `body` has set the same up."""

    def ran(clock: SimulatedClock) -> Trace:
        async def main(clock: SimulatedClock) -> Trace:
            trace = trace_on(clock)
            kept = body(clock, trace, bus_on(clock, trace, "vehicle", RATE, DATA_RATE))
            await clock.sleep_until(end_ns)
            del kept
            return trace

        return run_simulated(main, clock)

    native, python = ran(CoreClock(built())), ran(SimulatedClock())
    assert list(native.frames) == list(python.frames)
    assert native.marks == python.marks
    assert native.digest() == python.digest()
    return native, python


ANY_FRAME = st.builds(
    lambda base, data, extended, fd: CanFrame(
        base << 18 | base if extended else base, data if fd else data[:8], extended, fd, fd
    ),
    st.sampled_from([0, 1, 0x0A0, 0x300, 0x7FE]),
    st.sampled_from([0, 1, 3, 7, 8, 12, 64]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    st.booleans(),
    st.booleans(),
)
ACTS = st.one_of(
    st.tuples(st.just("send"), st.integers(0, 3), ANY_FRAME),
    st.tuples(st.sampled_from(["mute", "cut", "corrupt"]), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("leave"), st.integers(2, 3), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from([*Phase]), ACTS), max_size=60))
def test_a_bus_does_the_same_whatever_is_sent_and_done_to_its_nodes(script: list[Any]) -> None:
    heard: list[list[Any]] = []

    def body(clock: SimulatedClock, trace: Trace, bus: OwnedBus) -> None:
        nodes = [bus.node(name) for name in "abcd"]
        mine: list[Any] = []
        heard.append(mine)
        for number in (0, 1, 0, 3):
            nodes[number].subscribe(lambda t_ns, frame, at=number: mine.append((at, t_ns, frame)))

        def answer(t_ns: int, frame: CanFrame) -> None:
            if frame.can_id == 0x300 and not frame.extended:
                nodes[1].send(CanFrame(0x301, frame.data[:8]))

        nodes[1].subscribe(answer)

        def act(what: str, number: int, how: Any) -> None:
            try:
                if what == "send":
                    nodes[number].send(how)
                elif what == "leave":
                    nodes[number].close()
                else:
                    getattr(bus, what)("abcd"[number], how)
            except LinkError as error:
                mine.append(str(error))

        for at_50us, phase, one in script:
            clock.call_at(at_50us * 50_000, phase, partial(act, *one))

    on_both(body, 100_000_000)
    assert heard[0] == heard[1]


def test_a_node_that_is_corrupted_leaves_the_bus_and_comes_back_at_the_same_instants() -> None:
    def body(clock: SimulatedClock, trace: Trace, bus: OwnedBus) -> None:
        node = bus.node("a")
        bus.node("b")
        bus.corrupt("a")
        clock.every(1_000_000, Phase.RESTBUS, lambda: node.send(CanFrame(0x10, b"\1\2")), first_ns=0)
        clock.call_at(60_000_000, Phase.TASK, lambda: bus.corrupt("a", False))

    native, _ = on_both(body, 90_000_000)
    assert len(native.marks) > 1 and len(native.frames) > 10


def test_more_frames_than_the_core_was_given_room_for_wait_their_turn() -> None:
    def body(clock: SimulatedClock, trace: Trace, bus: OwnedBus) -> None:
        node = bus.node("a")
        bus.node("b")
        for number in range(5 * library.ROOM):
            node.send(CanFrame(number % 0x7FF, number.to_bytes(8, "little")))

    native, _ = on_both(body, 2_000_000_000)
    assert len(native.frames) == 5 * library.ROOM, "more than one log full, too"


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**29 - 1), st.booleans(), st.binary(max_size=8), st.sampled_from([125_000, RATE, 10**6])
)
def test_a_frame_takes_the_same_time(can_id: int, extended: bool, data: bytes, bitrate: int) -> None:
    frame = CanFrame(can_id if extended else can_id & 0x7FF, data, extended)
    wire_ns = library.loaded(built()).core_wire_ns(bitrate, frame.can_id, extended, len(data), data)
    assert wire_ns == frame_time_ns(frame, bitrate)


def slot(**given: Any) -> Slot:
    plain: dict[str, Any] = {
        "quantity": "cell_voltage", "number": 0, "kind": VALUE, "big": False, "shift": 0, "mask": 0xFFF,
        "gain": 1000.0, "offset": 0.5, "low": 0, "high": 0xFFE, "none": 0xFFF, "beyond": None, "signal": "v",
    }  # fmt: skip
    return Slot(**{**plain, **given})


class Message:
    """What a cyclic message asks of its DBC."""

    def __init__(self, protection: Any, length: int = 8) -> None:
        self.name, self.can_id, self.extended, self.fd = "m", 0x123, False, False
        self.protection, self.length, self.cycle_ns = protection, length, 10_000_000


PROTECTIONS = [
    None,
    *(Profile1(0x1234, mode) for mode in DataIdMode),
    Profile2(bytes(range(40, 56))),
    Profile5(0xBEEF),
]


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("length", [3, 8])
def test_a_cyclic_message_counts_and_protects_the_same(protection: Any, length: int) -> None:
    pages = Pages(
        can_id=0x123, extended=False, fd=False, length=length, pages=(Page(7 << 16, 0, (slot(shift=12),)),)
    )
    message: Any = Message(protection, length)
    assert core_sends(message, pages, 0)
    shown, lasts = [1.0], [Lasts.UNTIL_MOVED]

    def body(clock: SimulatedClock, trace: Trace, bus: OwnedBus) -> CyclicMessage:
        node: Any = bus.node("a")
        bus.node("b")
        kind: Any = CyclicMessage
        if isinstance(clock, CoreClock):
            kind = partial(CoreCyclicMessage, lasts=lambda: lasts[0])

        def values() -> list[float]:
            return list(shown) if lasts[0] else [clock.now_ns() / 1e9]

        one: CyclicMessage = kind(clock, node, message, pages, lambda _: values)
        one.start(3_000_000)

        def show(value: float) -> None:
            shown[0] = value

        for at_ms, do in (
            (400, lambda: show(2.5)),
            (500, lambda: setattr(one, "muted", True)),
            (600, lambda: setattr(one, "muted", False)),
            (700, lambda: setattr(one, "disturbance", Disturbance(skip=3, twice=True))),
            (800, lambda: setattr(one, "disturbance", Disturbance(crc_xor=0xFF, freeze_counter=True))),
            (900, lambda: setattr(one, "disturbance", None)),
            (1_200, lambda: lasts.__setitem__(0, Lasts.NOT)),  # it changes with time alone
            (1_500, lambda: lasts.__setitem__(0, Lasts.UNTIL_MOVED)),
            (4_000, one.stop),
        ):
            clock.call_at(at_ms * 1_000_000, Phase.TASK, do)
        show(1.0)
        return one

    native, _ = on_both(body, 4_100_000_000)
    assert len(native.frames) > 380
    assert len({seen.frame.data for seen in native.frames}) >= (2 if protection is None else 16)


VOLTS = st.one_of(
    st.none(),
    st.floats(-1.0, 9.0),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0005, 4.0945, 4.095, 4.0955, 8.19]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(VOLTS, min_size=6, max_size=6), min_size=1, max_size=6),
    st.lists(st.sampled_from(["", "lost", "corrupt", "frozen"]), min_size=6, max_size=6),
)
def test_a_sweep_shows_the_same_and_tells_the_same(
    sweeps: list[list[float | None]], faults: Sequence[str]
) -> None:
    layout = [
        Page(0x01, 0, (slot(number=0, shift=8), slot(number=1, shift=20, beyond=0xFFD))),
        Page(0x02, 0, (slot(number=2, big=True, shift=0, low=-0x800, high=0x7FE, none=-0x800),)),
        Page(
            0x03, 0, (slot(number=3, shift=16), slot(number=9, shift=32), slot(number=5, big=True, shift=3))
        ),
    ]
    pages = [
        Pages(can_id=0x300 + length, extended=False, fd=False, length=length, pages=tuple(layout))
        for length in (6, 8)
    ]
    shown = EmulatorShown(channel="vehicle", messages=tuple(pages), cycle_ns=10_000_000, gap_ns=0)
    assert core_sweeps(pages, 0) and not core_sweeps(pages, 1_000_000)
    seen: list[list[Any]] = []

    def body(clock: SimulatedClock, trace: Trace, bus: OwnedBus) -> object:
        mine: list[Any] = []
        seen.append(mine)
        volts = itertools.chain(sweeps, itertools.repeat(sweeps[-1]))
        # Told once a signal and value: a rig tells once a signal.
        told: set[Any] = set()

        def tell(slot: Slot, value: float) -> None:
            if (slot.number, value) not in told:
                told.add((slot.number, value))
                mine.append((clock.now_ns(), slot.number, value))

        afe = front_end_on(clock, shown, bus, lambda: next(volts), tell)
        bus.node("b")
        assert isinstance(afe, CoreFrontEnd) is isinstance(clock, CoreClock)
        afe.start(1_000_000)

        def fault(what: str) -> None:
            afe.lost_pages = frozenset({1, 4} if what == "lost" else ())
            afe.corrupt = frozenset({2} if what == "corrupt" else ())
            afe.frozen = what == "frozen"
            mine.append(afe.sweep_crc.value)

        for number, what in enumerate(faults):
            clock.call_at(number * 10_000_000, Phase.TASK, partial(fault, what))
        return afe

    on_both(body, 80_000_000)
    assert seen[0] == seen[1]


SAMPLE = (
    "ov-step-cell17", "healthy-drive", "vcu-node-silent", "vcu-bus-off", "sense-bus-cut", "babbling-idiot",
    "afe-corrupt-sweep", "afe-partly-lost", "controller-reset-driving", "controller-hang-driving", "vcu-wrong-crc",
    "identity-wrong", "reset-keeps-the-latch", "adc-frozen", "hvil-intermittent",
)  # fmt: skip


def refuse_difference(wired: Wired, prepared: Prepared, index: int = 0) -> None:
    built()
    found = []
    for core in CoreName:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(CORE, core)
            assert (chosen_core().file is None) is (core is CoreName.PYTHON)
            found.append(shoot(wired, prepared, index, 4, 1, None))
    native, python = found
    assert native.digest == python.digest and native.digest
    assert native == python


@pytest.mark.parametrize("name", SAMPLE)
def test_a_shot_is_the_same_on_both_cores(wired: Wired, prepared: dict[str, Prepared], name: str) -> None:
    refuse_difference(wired, prepared[name])


def test_a_firmware_in_python_joins_the_native_core(
    prepared: dict[str, Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no core is named it is native, and a mutant is in Python."""
    built()
    bench = load_rig(ROOT / "hil_config.toml", "simulated", "misses_weld", None)
    monkeypatch.delenv(CORE, raising=False)
    assert chosen_core().file is not None
    kinds: list[type] = []
    native = shoot(
        bench, prepared["weld-plus-at-opening"], 0, 4, 1, None, lambda rig, *_: kinds.append(type(rig.dut))
    )
    assert kinds == [InProcessDut], "and the reference, in C, is the core's"
    monkeypatch.setenv(CORE, CoreName.PYTHON)
    assert shoot(bench, prepared["weld-plus-at-opening"], 0, 4, 1, None) == native


def test_steps_in_which_only_time_passes_are_left_out_and_the_plant_is_where_it_would_be(
    wired: Wired, prepared: dict[str, Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    built()
    made_in_python, rigs = [0], []
    step = CorePlantLoop.step

    def counted(loop: CorePlantLoop) -> None:
        made_in_python[0] += 1
        step(loop)

    monkeypatch.setattr(CorePlantLoop, "step", counted)
    packs = []
    for core in CoreName:
        monkeypatch.setenv(CORE, core)
        shoot(wired, prepared["healthy-drive"], 0, 1, 1, None, lambda rig, *_: rigs.append(rig))
        pack = rigs[-1].plant.pack
        packs.append((pack.soc.tolist(), pack.temp_c.tolist(), pack.link_voltage_v, pack.pack_current_a))
    native = rigs[0]
    assert isinstance(native.dut, CoreDut) and packs[0] == packs[1]
    all_steps = native.trace.marks[-1].t_ns // PLANT_PERIOD_NS
    assert all_steps // 10 < made_in_python[0] < all_steps * 6 // 10


def test_what_was_heard_at_steps_that_were_left_out_is_the_newest_until_the_next(wired: Wired) -> None:
    clock = CoreClock(built())
    channel, can_id = own_ids(wired)[0]

    async def main(clock: SimulatedClock) -> list[bytes | None]:
        assert isinstance(clock, CoreClock)
        trace = trace_on(clock)
        node = bus_on(clock, trace, channel, RATE, DATA_RATE).node("dut")
        view, words = view_on(wired, clock, trace), clock.core.words
        found = []

        def latest() -> bytes | None:
            seen = view.latest((channel, can_id))
            return None if seen is None else seen.frame.data

        found.append(latest())
        for number in range(3):
            node.send(CanFrame(can_id, bytes([number])))
            await clock.sleep_until((number + 1) * 1_000_000)
            found.append(latest())
            if number == 1:
                words[SEEN] = words[FRAMES]  # as where a step is left out
                found.append(latest())
        view.update()
        return [*found, latest()]

    assert run_simulated(main, clock) == [None, None, None, b"\x01", b"\x01", b"\x02"]


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        ([b"\x01\x00"], True),  # the first that is heard
        ([b"\x01\x00", b"\x01\xff"], False),
        ([b"\x01\x00", b"\x03\x00"], True),
        ([b"\x01\x00", b"\x01"], True),  # of another length
        ([b"\x01\x00", b"\x01", b"\x01\x00"], True),
    ],
)
def test_the_plant_is_asked_where_a_bit_that_it_heeds_is_another(frames: list[bytes], told: bool) -> None:
    """Bit 1 of the first byte is heeded, of node a's frames."""

    async def main(clock: SimulatedClock) -> bool:
        assert isinstance(clock, CoreClock)
        trace = trace_on(clock)
        bus = bus_on(clock, trace, "vehicle", RATE, DATA_RATE)
        nodes = bus.node("a"), bus.node("bench")
        ignored = trace.frames.end("vehicle", "bench")
        clock.core.made("what is heeded", "watch", -1, 0, 0x123, -1, 2, b"\x02\x00", ignored)
        for number, data in enumerate(frames):
            clock.core.words[TOLD] = 0
            nodes[0].send(CanFrame(0x123, data))
            nodes[1].send(CanFrame(0x123, b"\xff\xff"))
            nodes[0].send(CanFrame(0x124, b"\xff\xff"))
            await clock.sleep_until((number + 1) * 10_000_000)
        return bool(clock.core.words[TOLD])

    assert run_simulated(main, CoreClock(built())) is told


@pytest.mark.parametrize(
    ("lasts", "asked"),
    [(Lasts.NOT, [1, 1, 1, 1]), (Lasts.UNTIL_MOVED, [1, 0, 1, 1]), (Lasts.UNTIL_DONE, [1, 0, 0, 1])],
)
def test_a_message_is_asked_again_only_after_what_can_change_it(lasts: Lasts, asked: list[int]) -> None:
    """Once at first; then while nothing happens, after a move of the plant, and after anything else."""
    pages = Pages(can_id=0x123, extended=False, fd=False, length=3, pages=(Page(0, 0, (slot(shift=12),)),))
    message: Any = Message(None, 3)
    found = []

    async def main(clock: SimulatedClock) -> None:
        assert isinstance(clock, CoreClock)
        bus = bus_on(clock, trace_on(clock), "vehicle", RATE, DATA_RATE)
        asks, node = [0], bus.node("a")
        bus.node("b")
        assert isinstance(node, CoreCanNode)

        def values() -> list[float]:
            asks[0] += 1
            return [1.0]

        def counted() -> bool:
            found.append(asks[0])
            asks[0] = 0
            return False

        one = CoreCyclicMessage(clock, node, message, pages, lambda _: values, lasts=lambda: lasts)
        one.start(5 * NS_PER_MS)
        clock.call_at(22 * NS_PER_MS, Phase.PLANT, Still(clock.moved))
        clock.call_at(32 * NS_PER_MS, Phase.PLANT, lambda: None)
        await look_until(clock, 40 * NS_PER_MS, 10 * NS_PER_MS, counted)

    run_simulated(main, CoreClock(built()))
    assert found == asked


def test_how_long_a_reading_lasts_is_said_by_its_quantity_and_by_what_stands_between() -> None:
    senses = Senses(
        dict.fromkeys(("speed", "current", "supply"), lambda: 0.0), {}, unmoved=("speed", "supply")
    )
    senses.provide("supply", lambda: 1.0)  # an instrument, of which nothing is known
    speed, both, supply = (
        senses.lasts([(name, 0) for name in names]) for names in (["speed"], ["speed", "current"], ["supply"])
    )
    assert (speed(), both(), supply()) == (Lasts.UNTIL_DONE, Lasts.UNTIL_MOVED, Lasts.UNTIL_MOVED)
    senses.distort.put("speed", 0, lambda value: value, by=1)
    assert (speed(), both(), supply()) == (Lasts.NOT, Lasts.NOT, Lasts.UNTIL_MOVED)
    senses.distort.take("speed", 0, by=1)
    assert (speed(), both()) == (Lasts.UNTIL_DONE, Lasts.UNTIL_MOVED)


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["lost", "torn", "flipped", "twice", "of the bench", "longer id"]),
        st.floats(0, 1),
        st.integers(1, 40),
        st.integers(0, 63),
    ),
    max_size=6,
)


@settings(max_examples=20, deadline=None)
@given(changes=CHANGES, hold_ms=st.sampled_from([0, 40, 150]), seed=st.integers(0, 2**32))
@example(
    changes=[("flipped", 0.44, 16, 1)], hold_ms=0, seed=1
)  # the reaction's first frames have a wrong CRC
@example(changes=[("longer id", 0.5, 12, 0)], hold_ms=0, seed=1)
@example(changes=[("of the bench", 0.5, 12, 0)], hold_ms=0, seed=1)
def test_whoever_waits_for_a_reaction_is_told_of_it_at_the_same_look_although_the_core_compares_the_frames(
    wired: Wired, tripped: tuple[Plan, list[FrameSeen]], changes: list[Any], hold_ms: int, seed: int
) -> None:
    """A shot's frames about its reaction, changed in every way that a bus has, looked at by both at one time."""
    plan, frames = replace(tripped[0], hold_ns=hold_ms * NS_PER_MS), _changed(tripped[1], changes)
    rng = random.Random(seed)

    async def main(clock: SimulatedClock) -> int:
        trace, plain = trace_on(clock), Trace(timebase=clock.timebase)
        buses = {name: bus_on(clock, trace, name, RATE, DATA_RATE) for name in wired.databases}
        nodes = {(bus, who): buses[bus].node(who) for bus in buses for who in ("dut", BENCH, "ear")}
        native, python = (
            Watch(cast(Rig, SimpleNamespace(trace=one, databases=wired.databases)), plan)
            for one in (trace, plain)
        )
        settled = heard = 0
        for seen in frames:
            await clock.sleep_until(seen.t_ns)
            nodes[seen.channel, seen.sender].send(seen.frame)
            if rng.random() < 0.3:
                await clock.sleep_until(clock.now + rng.choice([0, 300_000, 1_000_000, 20_000_000]))
                for one in trace.frames[heard:]:
                    plain.frames.append(one)
                heard = len(trace.frames)
                ended = python.settled(clock.now)
                assert native.settled(clock.now) is ended
                settled += ended
        return settled

    assert run_simulated(main, CoreClock(built())) or changes or hold_ms


@pytest.fixture(scope="module")
def tripped(wired: Wired, prepared: dict[str, Prepared]) -> tuple[Plan, list[FrameSeen]]:
    """The plan of a shot, and the frames that its watch asks about, from before the reaction to after its hold."""
    traces: list[Trace] = []
    one = prepared["ov-step-cell17"]
    measured = shoot(wired, one, 0, 1, 1, None, lambda rig, *_: traces.append(rig.trace)).measurement
    assert measured is not None and measured.detected is not None and measured.safe is not None
    tests = [*one.plan.safe_state, *one.plan.detection]
    asked = {wired.databases[test.channel][test.message].can_id for test in tests}
    window = range(measured.safe.high_ns - NS_PER_S // 4, measured.safe.high_ns + NS_PER_S // 4)
    frames = [seen for seen in traces[0].frames.since(0, asked) if seen.t_ns in window]
    return one.plan, [seen._replace(sender="dut", t_ns=seen.t_ns - window.start) for seen in frames]


def _changed(frames: list[FrameSeen], changes: list[tuple[str, float, int, int]]) -> list[FrameSeen]:
    for how, share, count, bit in changes:
        first = int(share * len(frames))
        there = frames[first : first + count]
        if how == "lost":
            there = []
        elif how == "twice":
            there = [seen for seen in there for _ in range(2)]
        elif how == "of the bench":
            there = [seen._replace(sender=BENCH) for seen in there]
        elif how == "longer id":
            there = [seen._replace(frame=seen.frame._replace(extended=True)) for seen in there]
        elif how == "torn":
            there = [seen._replace(frame=seen.frame._replace(data=seen.frame.data[:1])) for seen in there]
        else:
            there = [seen._replace(frame=_flipped(seen.frame, bit)) for seen in there]
        frames = [*frames[:first], *there, *frames[first + count :]]
    return frames


def _flipped(frame: CanFrame, bit: int) -> CanFrame:
    number = int.from_bytes(frame.data, "little") ^ (1 << bit % (8 * len(frame.data)))
    return frame._replace(data=number.to_bytes(len(frame.data), "little"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_shot_of_the_library_is_the_same_on_both_cores(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    for number, one in enumerate(prepared.values()):
        refuse_difference(wired, one, number % 4)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chemistry", ["lfp", "na_ion"])
def test_a_sample_is_the_same_with_other_chemistries(chemistry: str) -> None:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", chemistry)
    for number, one in enumerate(load_scenarios(wired, None, None)[0][::6]):
        refuse_difference(wired, one, number % 4)


SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
IN_SANITIZED = """
import sys
from pathlib import Path
from bench.cli.options import load_rig, load_scenarios
from bench.core import library
from bench.running.shots import shoot
import bench.wiring.core as core
path = Path(sys.argv[1])
core._chosen = lambda wished: core.ChosenCore(file=path)
wired = load_rig(Path("hil_config.toml"), "simulated", "reference", None)
prepared = {one.scenario.id: one for one in load_scenarios(wired, None, None)[0]}
for name in sys.argv[2:]:
    print(name, shoot(wired, prepared[name], 0, 4, 1, None).digest)
"""


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_sanitizers_find_nothing_in_shots_and_their_digests_are_the_same(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here, whose sanitizers are preloaded")
    path = made(library.target(SANITIZED), [tmp_path])
    asan = subprocess.run([gcc, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    preload = {"LD_PRELOAD": asan.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    words = [sys.executable, "-c", IN_SANITIZED, str(path), *SAMPLE]
    done = subprocess.run(
        words, env={**os.environ, **preload}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    expected = [f"{name} {shoot(wired, prepared[name], 0, 4, 1, None).digest}" for name in SAMPLE]
    assert done.stdout.splitlines() == expected


def test_the_core_compiles_without_a_warning(tmp_path: Path) -> None:
    if c_library.compiler() is None:
        pytest.skip("no compiler here")
    made(library.target(("-Werror", "-Wshadow", "-Wconversion")), [tmp_path])


def test_the_header_says_which_core_ran_and_a_word_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = built()
    monkeypatch.setenv(CORE, "native")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert chosen_core().told() == {"name": "native", "file": path.name, "sha256": sha256}
    folder = small_bench(tmp_path)
    monkeypatch.chdir(folder)
    assert hil_here("run", "--core", "python", "--repeat", "1", "--workers", "1") == 0
    (run,) = run_folders(folder)
    header = json.loads((run / "header.json").read_text())
    assert header["core"] == {"name": "python"}
    assert header["firmware_implementation"]["language"] == "Python"


def test_without_a_library_the_bench_says_so_and_a_wrong_word_is_refused(
    wired: Wired, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    choice._chosen.cache_clear()
    monkeypatch.setattr("bench.core.library.folders", lambda: (tmp_path,))
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.delenv(CORE, raising=False)
    try:
        (line,) = [one for one in slower_in_python(wired.config) if one.startswith("the bench ")]
        assert "'no-such-compiler' is not there" in line and "BMS_HIL_CORE=python" in line
        monkeypatch.setenv(CORE, "native")
        with pytest.raises(DutError, match=r"^the native core is not built: CC = 'no-such-compiler' is not"):
            chosen_core()
        monkeypatch.setenv(CORE, "fast")
        with pytest.raises(
            DutError, match=r"^BMS_HIL_CORE: found 'fast'; expected native or python, or none$"
        ):
            chosen_core()
    finally:
        choice._chosen.cache_clear()


class _Odd(ReferenceBms):
    """A firmware in Python that goes wrong one second after its start."""

    def __init__(self, wrong: Callable[[], list[tuple[str, CanFrame]]]) -> None:
        super().__init__()
        self._wrong = wrong
        self._since_ns: int | None = None

    def step(self, t_ns: int) -> Any:
        if self._since_ns is None:
            self._since_ns = t_ns
        sent = list(super().step(t_ns))
        return sent if t_ns - self._since_ns < NS_PER_S else [*sent, *self._wrong()]


def raises() -> list[tuple[str, CanFrame]]:
    raise ValueError("odd")


def odd_raises() -> ReferenceBms:
    return _Odd(raises)


def odd_frame() -> ReferenceBms:
    return _Odd(lambda: [("vehicle", CanFrame(1 << 12, bytes(8)))])


@pytest.mark.parametrize("factory", ["odd_raises", "odd_frame"])
def test_a_firmware_that_goes_wrong_leaves_the_same_trace_on_both_cores(
    prepared: dict[str, Prepared], factory: str
) -> None:
    """Its traceback named the file of the core that had called it."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", f"test_core:{factory}", None)
    refuse_difference(wired, prepared["ov-step-cell17"])


def test_more_messages_than_the_core_has_room_for_are_sent_by_python(
    monkeypatch: pytest.MonkeyPatch, wired: Wired, prepared: dict[str, Prepared]
) -> None:
    """It was an error of the bench: a restbus of 130 messages stands in many a car's database."""
    assert library.MOST_CYCLIC >= 128
    monkeypatch.setattr("bench.core.clock.MOST_CYCLIC", 3)
    refuse_difference(wired, prepared["vcu-node-silent"])
