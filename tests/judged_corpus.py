"""Some hundred altered shots and what the judge says of each: any change of a judgement is seen, and has to be meant.

Shots of the library are simulated once; each is then altered in ways that evidence can be (frames late, lost, torn or
forged, marks lost, moved or added, other questions). `python tests/judged_corpus.py` writes what is judged today.
"""

import contextlib
import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from neighbours import drawn, instance, nudged, rounded

from bench.errors import ScenarioError
from bench.measure.ending import EndQuestion
from bench.measure.estimate import EstimateQuestion
from bench.measure.measure import measure
from bench.measure.plan import Aim, GapBound, Plan, StateAsked
from bench.record.codable import encode
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.trace import facts
from bench.trace.events import BENCH, FrameSeen, Kind
from bench.trace.facts import (
    Anomaly,
    BenchBroke,
    BenchLate,
    DtcRead,
    DutWaited,
    Fact,
    Odd,
    StimulusCleared,
    Truth,
)
from bench.trace.mark import Mark
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.verdict.gap import NAMEABLE
from bench.verdict.judge import judge
from bench.wiring.common import Wired

STORED = Path(__file__).parent / "data" / "judged_corpus.txt"
SCENARIOS = (
    "ov-step-cell17",
    "ov-step-cell17--inside",
    "ov-step-cell60-dtc-status",
    "ov-ramp-cell1",
    "uv-step-cell40",
    "vcu-lost",
    "vcu-lost--counter-reset",
    "vcu-wrong-crc",
    "vcu-frozen-counter",
    "vcu-late",
    "afe-frozen-sweep",
    "afe-chain-lost",
    "feedback-inverted",
    "hvil-open-driving",
    "coil-supply-dip",
    "contactor-bounce",
    "internal-short-hard",
    "ntc-stuck",
    "controller-hang-driving",
    "identity-missing",
    "must-reach-off",
    "must-reach-drive",
)
CASES = 30

_LATER = (
    facts.SafetyWatched,
    facts.SafetyOpened,
    facts.SafetyOff,
    facts.Calibrated,
)  # the stored lines were drawn without them
FACTS = {
    one.__name__: one
    for one in vars(facts).values()
    if isinstance(one, type) and issubclass(one, Fact) and one is not Fact and one not in _LATER
}
KNOWN_GAPS = sorted(NAMEABLE)
ESTIMATES = tuple(
    EstimateQuestion(
        name=name, truth=name, channel="vehicle", message="BMS_PackValues", signal="StateOfCharge", gain=0.01,
        resolution=resolution, cycle_ns=20 * NS_PER_MS, after_ns=after_ns, rms=0.02, max=0.03, band=0.05,
        converge_ns=400 * NS_PER_MS, drift_per_day=5.0,
    )
    for name, resolution, after_ns in (("soc", 0.001, 0), ("soc", 0.01, 300 * NS_PER_MS), ("soh", 0.001, 0))
)  # fmt: skip

Altered = tuple[Trace, Plan]


def _frames(trace: Trace, change: Callable[[FrameSeen], FrameSeen | None]) -> Trace:
    kept = (change(seen) for seen in trace.frames)
    return dataclasses.replace(trace, frames=[seen for seen in kept if seen is not None])


def _message(trace: Trace, plan: Plan, rng: random.Random) -> tuple[str, int]:
    """A message that the plan is about, more often than not: (channel, CAN id)."""
    tests = [*plan.detection, *plan.safe_state, *plan.onset, *plan.forbidden, *plan.carried]
    asked = [(one.channel, one.message) for one in tests]
    asked += [(one.channel, one.message) for one in (plan.dtc_test, *plan.onset_irregular) if one is not None]
    asked += [(one[0], one[1]) for one in (*plan.heard, *plan.fed, *plan.protected)]
    if not asked or rng.random() < 0.1:
        seen = rng.choice(trace.frames)
        return seen.channel, seen.frame.can_id
    channel, message = rng.choice(asked)
    return channel, DECODERS[0][channel][message].can_id


def _span(trace: Trace, rng: random.Random) -> tuple[int, int]:
    """From shortly before the stimulus on: what is before that, few questions are about."""
    armed = [mark.t_ns for mark in trace.marks if mark.kind is Kind.STIMULUS_COMMANDED]
    last = trace.frames[-1].t_ns
    first = min(armed, default=trace.frames[0].t_ns) - 60 * NS_PER_MS
    start = rng.randrange(first, max(first, last) + 1)
    return start, start + rng.choice((5, 30, 120, 500)) * NS_PER_MS


def lost(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    (channel, can_id), (low, high) = _message(trace, plan, rng), _span(trace, rng)
    return _frames(
        trace,
        lambda one: (
            None if (one.channel, one.frame.can_id) == (channel, can_id) and low <= one.t_ns <= high else one
        ),
    ), plan


def late(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    (channel, can_id), (low, _) = _message(trace, plan, rng), _span(trace, rng)
    by_ns = rng.choice((-40, -7, 3, 20, 90, 400)) * NS_PER_MS
    return _frames(
        trace,
        lambda one: (
            one._replace(t_ns=one.t_ns + by_ns)
            if (one.channel, one.frame.can_id) == (channel, can_id) and one.t_ns >= low
            else one
        ),
    ), plan


def flipped(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    (channel, can_id), (low, high) = _message(trace, plan, rng), _span(trace, rng)
    bit = rng.randrange(64)

    def change(one: FrameSeen) -> FrameSeen:
        frame, byte = one.frame, bit // 8
        if (one.channel, frame.can_id) != (channel, can_id) or not low <= one.t_ns <= high:
            return one
        if byte >= len(frame.data):
            return one._replace(frame=frame._replace(data=frame.data[:-1]))
        data = bytearray(frame.data)
        data[byte] ^= 1 << bit % 8
        return one._replace(frame=frame._replace(data=bytes(data)))

    return _frames(trace, change), plan


def forged(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    """The bench speaks as the DUT, or the last frame of a message comes again and again."""
    own = rng.random() < 0.5
    seen = rng.choice(trace.frames)
    again = [
        seen._replace(
            t_ns=seen.t_ns + k * rng.choice((1, 10, 25)) * NS_PER_MS, sender=BENCH if own else seen.sender
        )
        for k in range(1, 12)
    ]
    return dataclasses.replace(trace, frames=sorted([*trace.frames, *again], key=lambda one: one.t_ns)), plan


def unmarked(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    marks = list(trace.marks)
    kind = rng.choice(sorted({mark.kind for mark in marks}))
    return dataclasses.replace(trace, marks=[mark for mark in marks if mark.kind is not kind]), plan


def moved(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    marks = list(trace.marks)
    place = rng.randrange(len(marks))
    by_ns = rng.choice((-200, -30, 1, 30, 200)) * NS_PER_MS
    marks[place] = marks[place]._replace(t_ns=marks[place].t_ns + by_ns)
    return dataclasses.replace(trace, marks=marks), plan


def added(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    low, _ = _span(trace, rng)
    fact = rng.choice(
        (
            BenchBroke(reason="the loop broke"),
            BenchLate(late_ns=rng.choice((1, 20, 49, 51, 90)) * NS_PER_MS),
            DutWaited(waited_ns=rng.choice((29, 31)) * NS_PER_MS),
            Anomaly(what=Odd.FRAME_LOST, about="vehicle", text="two frames lost", dropped=2),
            Anomaly(what=Odd.OTHER, about="vehicle", text="odd"),
            StimulusCleared(fault="cell_voltage", owner="step 0", why="time to live", outlived_ns=NS_PER_MS),
        )
    )
    return dataclasses.replace(trace, marks=[*trace.marks, Mark(low, 0, "test", fact)]), plan


def on_host(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    origins = (Origin.KERNEL, Origin.ARRIVAL, Origin.ADAPTER)
    clocks = ("host", "host", "device")
    stamping = {
        channel: Stamping(
            origin=(origin := rng.choice(origins)),
            source=str(origin),
            u_ns=rng.choice((0, 20_000, 2 * NS_PER_MS)),
            clock=rng.choice(clocks),
        )
        for channel in sorted(trace.stamping)
    }
    return dataclasses.replace(trace, timebase=Timebase.HOST, stamping=stamping), plan


def cut(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    low, _ = _span(trace, rng)
    frames = [seen for seen in trace.frames if seen.t_ns <= low]
    return dataclasses.replace(trace, frames=frames), plan


def asked_otherwise(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    """Bounds at, one below and one above what was measured are where a judge can be wrong by a sign."""
    found = measure(trace, plan, DECODERS[0])
    edges = [
        edge
        for one in (found.fdti, found.fhti)
        if one is not None
        for edge in (one.interval.low_ns, one.interval.high_ns)
    ] or [50 * NS_PER_MS]
    bound = rng.choice(edges) + rng.choice((-1, 0, 1))
    further = [
        (f"state {k}", tests, rng.choice(("at_least_ns", "at_most_ns")))
        for k, tests in enumerate((plan.safe_state, plan.safe_state[:1], plan.detection[:1]))
    ]
    changes: tuple[dict[str, Any], ...] = (
        {"fdti_budget_ns": bound},
        {"fhti_budget_ns": bound},
        {"ftti_ns": max(1, bound + rng.choice((0, 1, bound // 5)))},
        {"ceiling_ns": bound},
        {"floor_ns": bound},
        {"hold_ns": rng.choice((0, 50, 150, 5000)) * NS_PER_MS},
        {"window_ns": max(1, bound)},
        {"e2e": True},
        {"aim": Aim.MUST_NOT_TRIP},
        {"aim": Aim.MUST_TRIP},
        {"confirm_by_readback": not plan.confirm_by_readback},
        {"dtc_test": None},
        {"detection": ()},
        {"safe_state": plan.safe_state[:1]},
        {"forbidden": plan.safe_state[:1]},
        {"heard": ()},
        {"heard": tuple((c, m, 12 * NS_PER_MS) for c, m, _ in plan.heard)},
        {"fed": tuple((c, m, 15 * NS_PER_MS) for c, m, _ in plan.fed)},
        {"own": ()},
        {"gap": GapBound(fdti_at_most_ns=bound), "fdti_budget_ns": bound - 2, "ceiling_ns": bound - 2},
        {"gap": GapBound(fhti_at_most_ns=bound), "fhti_budget_ns": bound - 2},
        {"gap": GapBound(fdti_at_most_ns=bound + 1), "fdti_budget_ns": bound - 9, "ceiling_ns": None},
        {"gap": GapBound(fhti_at_most_ns=bound + 1), "fhti_budget_ns": bound - 9, "ftti_ns": 2 * bound},
        {"gap": GapBound(never=True)},
        {"gap": GapBound(findings=tuple(rng.sample(KNOWN_GAPS, 3)))},
        {"states": tuple(StateAsked(name=name, tests=tests, **{at: bound}) for name, tests, at in further)},
        {
            "end": EndQuestion(
                observe_ns=rng.choice((1, 200, 9000)) * NS_PER_MS, signal=True, cut_off=rng.random() < 0.5
            )
        },
        {"end": EndQuestion(observe_ns=100 * NS_PER_MS, after_ns=bound)},
        {"in_turn": plan.detection},
        {"estimates": ESTIMATES},
        {"glitch_under_ns": rng.choice((1, 60, 400)) * NS_PER_MS},
        {"dut_cycle_ns": 100 * NS_PER_MS},
    )
    return trace, dataclasses.replace(plan, **rng.choice(changes))


def told_the_truth(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    """Marks of what the plant knows, near what the DUT says or far from it, and questions for it."""
    said = next((seen for seen in trace.frames if seen.channel == "vehicle"), trace.frames[0])
    near, drift, current_a = (
        rng.choice((0.5, 0.52, 0.6)),
        rng.choice((0, 1e-4, -1e-3)),
        rng.choice((0.0, 9.0)),
    )
    marks = []
    for k in range(rng.choice((0, 1, 40, 150))):
        soc = near + k * drift
        truth = Truth(soc=soc, soc_low=soc - 0.01, soc_high=soc + 0.02, soh=0.97, current_a=current_a)
        marks.append(Mark(said.t_ns + k * 20 * NS_PER_MS, 0, "plant", truth))
    altered = dataclasses.replace(trace, marks=sorted([*trace.marks, *marks], key=lambda one: one.t_ns))
    return altered, dataclasses.replace(plan, estimates=tuple(rng.sample(ESTIMATES, rng.choice((1, 3)))))


def any_fact(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    """Whatever else a rig may mark, before the arming, in the window or behind it; twice at one instant, too."""
    marks = list(trace.marks)
    for _ in range(rng.choice((1, 1, 2, 4))):
        kind = FACTS[drawn(list(FACTS), rng)]
        near = rng.choice(trace.marks)
        at_ns = max(0, near.t_ns + rng.choice((-1, 0, 1, 20 * NS_PER_MS)))
        fact = dtc_read(plan, rng) if kind is DtcRead else instance(kind, rng)
        marks.append(
            Mark(at_ns, rng.choice((0, 0, 2 * NS_PER_MS)), rng.choice(("bench", "dut", near.source)), fact)
        )
    return dataclasses.replace(trace, marks=sorted(marks, key=lambda one: one.t_ns)), plan


def dtc_read(plan: Plan, rng: random.Random) -> DtcRead:
    """The code that the plan demands, more often than not, as a memory may hold it."""
    demanded = round(plan.dtc_test.value) if plan.dtc_test is not None else 0x1A0117
    code, status = (
        rng.choice((demanded, demanded, 0, 0x30099)),
        rng.choice((0x00, 0x01, 0x08, 0x09, 0x0B, 0x2F, 0xFF)),
    )
    return DtcRead(code=code, status=status, bits="", occurrences=rng.choice((None, 0, 3, 4, 255, 65535)))


def nudged_mark(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    marks = list(trace.marks)
    at = rng.randrange(len(marks))
    one = marks[at]
    marks[at] = Mark(
        one.t_ns, max(0, one.u_ns + rng.choice((0, 0, 5 * NS_PER_MS))), one.source, nudged(one.fact, rng)
    )
    return dataclasses.replace(trace, marks=marks), plan


def nudged_plan(trace: Trace, plan: Plan, rng: random.Random) -> Altered:
    for _ in range(rng.choice((1, 2, 4))):
        plan = nudged(plan, rng)
    return trace, plan


DECODERS: list[Any] = []
"""Of the bench in use: channel to Database; the cases are made for one bench at a time."""
ALTERATIONS = (
    lost,
    late,
    flipped,
    forged,
    unmarked,
    moved,
    added,
    on_host,
    cut,
    asked_otherwise,
    asked_otherwise,
    asked_otherwise,
    told_the_truth,
    any_fact,
    any_fact,
    nudged_mark,
    nudged_plan,
)


_SHOT: dict[str, Trace] = {}  # of this process: a mutant that is forked from it need not shoot again


def _trace_of(wired: Wired, prepared: Prepared) -> Trace:
    name = prepared.scenario.id
    if name not in _SHOT:
        rigs: list[Rig] = []
        shoot(wired, prepared, 2, 59, 1, None, lambda rig, _scenario, _index: rigs.append(rig))
        _SHOT[name] = rigs[0].trace
    return _SHOT[name]


def _line(name: str, trace: Trace, plan: Plan) -> str:
    """Verdict, codes of its reasons, and a digest over all that was measured and judged."""
    try:
        found = measure(trace, plan, DECODERS[0])
        said = judge(found, plan)
    except Exception as error:  # noqa: BLE001 - a type of error is an answer too
        return f"{name} raises {type(error).__name__}"
    content = json.dumps(rounded(encode([found, said])), sort_keys=True)
    codes = " ".join(f"{one.held.value}:{one.finding.code}" for one in said.reasons)
    return f"{name} {said.verdict.name} {hashlib.sha256(content.encode()).hexdigest()[:12]} {codes}".rstrip()


def shot_of(wired: Wired, one: Prepared) -> Altered:
    """As it was."""
    DECODERS[:] = [wired.databases]
    return _trace_of(wired, one), one.plan


def altered(trace: Trace, plan: Plan, rng: random.Random) -> tuple[Trace, Plan, list[Callable[..., Altered]]]:
    """The shot after some steps, and those."""
    steps = rng.choices(ALTERATIONS, k=rng.choice((1, 2, 2, 3)))
    for step in steps:
        # There is no such trace or plan, or a step before made it one that cannot be measured.
        with contextlib.suppress(TypeError, ValueError, LookupError, ScenarioError):
            trace, plan = step(trace, plan, rng)
    return trace, plan, steps


def judged(wired: Wired, prepared: dict[str, Prepared], scenario: str) -> Iterator[str]:
    """One line a case: the shot as it was, then CASES altered ones."""
    one = prepared[scenario]
    whole, _ = shot_of(wired, one)
    yield _line(scenario, whole, one.plan)
    for case in range(CASES):
        rng = random.Random(f"{scenario}/{case}")
        trace, plan, steps = altered(whole, one.plan, rng)
        what = "+".join(step.__name__ for step in steps)
        yield _line(f"{scenario}/{case}:{what}", trace, plan)


def write_what_is_judged() -> None:
    from bench.cli.options import load_rig, load_scenarios

    wired = load_rig(Path(__file__).parents[1] / "hil_config.toml", "simulated", "reference", None)
    prepared = {one.scenario.id: one for one in load_scenarios(wired, None, None)[0]}
    lines = [line for scenario in SCENARIOS for line in judged(wired, prepared, scenario)]
    STORED.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_what_is_judged()
