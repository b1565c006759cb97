"""Traces and plans of traces_corpus.py, made wider by chance.

Two buses, frames of others, lost, late, torn, doubled or with a page that no DBC knows, right and wrong E2E, several
steps, a memory read before and after, a bench that a contact stops, marks that are lacking or come twice.
"""

import dataclasses
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from traces_asked import BUS, CLOSING, CODE, CODES, DTC, FLAG, HIGHER, LATCHED, MINUS, OPEN, OVER, REPORTS
from traces_corpus import DATABASE, Drawn, _frame

from bench.config.lag import Lag
from bench.measure.only_expected import Standing
from bench.measure.plan import Plan
from bench.trace import facts
from bench.trace.events import CanFrame, FrameSeen
from bench.trace.mark import Mark
from bench.trace.stamping import Origin, Stamping
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS as MS

OTHER = "sense"
MOVABLE = ("BMS_State", "BMS_Faults", "BMS_CellMinMax", "BMS_Dtc", "BMS_Identity")
CELL = replace(OVER, message="BMS_CellVoltages", signal="CellVoltage05", op=">=", value=4000)


class Wider(Drawn):
    """One case of the plain corpus, changed."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        frames, marks = list(self.trace.frames), list(self.trace.marks)
        if self.chance(0.25):
            self.plan = _more(self.plan, rng)
        for change in rng.sample(CHANGES, rng.choice((0, 1, 2, 3))):
            frames = change(frames, rng)
        if self.chance(0.4):
            marks = _marks(marks, rng)
        stamping = self.trace.stamping
        if self.chance(0.4):
            there = tuple(rng.sample(MOVABLE, rng.choice((1, 2))))
            self.plan = _moved(self.plan, there)
            ids = {DATABASE[one].can_id for one in there}
            frames = [one._replace(channel=OTHER) if one.frame.can_id in ids else one for one in frames]
            by = rng.choice((*stamping.values(), _stamping(rng)))
            stamping = {**stamping, **({OTHER: by} if self.chance(0.9) else {})}
        trace = Trace(timebase=self.timebase, stamping=stamping)
        for mark in marks:
            trace.mark(mark.t_ns, mark.fact, mark.source)
        for one in frames:
            trace.frame(one.t_ns, one.channel, one.frame, one.sender)
        self.trace = trace


def _stamping(rng: random.Random) -> Stamping:
    return Stamping(
        origin=rng.choice(list(Origin)), source="the other's", u_ns=rng.choice((0, 5_000, 2 * MS))
    )


def _more(plan: Plan, rng: random.Random) -> Plan:
    """What the plain corpus does not ask: pages of one message, steps, texts that need more than one message."""
    silenced: Any = tuple((step, rng.random() < 0.7) for step in rng.sample((0, 1), rng.choice((1, 2))))
    more: dict[str, Any] = dict(rng.sample((
        ("onset", (CELL, OVER)), ("onset_step", rng.choice((0, 1))), ("silenced_by", silenced),
        ("onset_late", (replace(HIGHER, value=4275),)), ("detection", (FLAG, replace(LATCHED, op="!=", value=0))),
        ("safe_state", (OPEN, MINUS, FLAG)), ("heard", ((BUS, "BMS_State", 30 * MS), (BUS, "BMS_Dtc", 120 * MS))),
        ("own", tuple((BUS, one) for one in MOVABLE)), ("in_turn", (DTC,)), ("flag_stands", True),
        ("protected", tuple((BUS, one) for one in MOVABLE[:2])), ("accepted_only", True), ("e2e", True),
        ("fed", ((BUS, "BMS_CellMinMax", 20 * MS), (BUS, "BMS_Dtc", 50 * MS))), ("hold_ns", 90 * MS + 1),
        ("carried", (CELL, replace(OVER, value=4400.0), OVER)), ("dtc_test", DTC), ("forbidden", (CLOSING, MINUS)),
        ("codes", CODES), ("unexpected", REPORTS), ("only_expected", True), ("confirm_by_readback", True),
        ("standing", Standing(fails=rng.random() < 0.5, borne=(), reports=REPORTS, codes=CODES)),
        ("detection", (replace(FLAG, lag=Lag(low_ns=20 * MS, high_ns=40 * MS, source="a sheet")), LATCHED)),
        ("safe_state", (replace(OPEN, lag=Lag(low_ns=10 * MS, high_ns=10 * MS)), MINUS)),
        ("onset", (replace(OVER, lag=Lag(low_ns=5 * MS, high_ns=30 * MS)),)),
    ), rng.choice((1, 3, 6))))  # fmt: skip
    return replace(plan, **more)


# --- changes of the frames ---

Frames = list[FrameSeen]


def _lost(frames: Frames, rng: random.Random) -> Frames:
    gone = set(rng.sample(range(len(frames)), min(len(frames), rng.choice((1, 5, 40)))))
    return [one for n, one in enumerate(frames) if n not in gone]


def _hurried(frames: Frames, rng: random.Random) -> Frames:
    """Some by a nanosecond, or by milliseconds, in their order or out of it."""
    for _ in range(rng.choice((1, 6, 30))):
        n = rng.randrange(len(frames))
        frames[n] = frames[n]._replace(t_ns=frames[n].t_ns + rng.choice((-1, 1, 1, -MS, MS, 3 * MS)))
    return frames if rng.random() < 0.3 else sorted(frames, key=lambda one: one.t_ns)


def _of_others(frames: Frames, rng: random.Random) -> Frames:
    sender = rng.choice(("bench", "bench", "afe", "restbus", "vcu"))
    for _ in range(rng.choice((1, 3, 12))):
        n = rng.randrange(len(frames))
        frames[n] = frames[n]._replace(sender=sender)
    return frames


def _torn(frames: Frames, rng: random.Random) -> Frames:
    for _ in range(rng.choice((1, 2, 8))):
        n = rng.randrange(len(frames))
        data = frames[n].frame.data
        data = rng.choice(
            (data[:-1], data[:3], data + b"\0", b"", bytes([data[0] ^ 1, *data[1:]]) if data else data)
        )
        frames[n] = frames[n]._replace(frame=frames[n].frame._replace(data=data, fd=rng.random() < 0.2))
    return frames


def _twins(frames: Frames, rng: random.Random) -> Frames:
    """Doubled, or the same under an identifier that is another message's."""
    for _ in range(rng.choice((1, 4))):
        n = rng.randrange(len(frames))
        frame = frames[n].frame
        twin = frame._replace(extended=not frame.extended) if rng.random() < 0.6 else frame
        frames.insert(n + 1, frames[n]._replace(frame=twin, channel=rng.choice((BUS, OTHER))))
    return frames


def _pages(frames: Frames, rng: random.Random) -> Frames:
    """Cell voltages page by page, and a page or two that nobody knows."""
    can_id, first = DATABASE["BMS_CellVoltages"].can_id, rng.choice((110, 150, 10))
    for at in range(10, 400, rng.choice((4, 20))):
        page = (at // 4) % 6
        data = bytes([page, *([0x40, 0x9C] * 4 if at >= first else [0] * 8)])[:8]
        frames.append(FrameSeen(at * MS + 5, BUS, CanFrame(can_id, data), "dut"))
    identity = DATABASE["BMS_Identity"].can_id
    for at in rng.sample(range(20, 400, 20), rng.choice((0, 1, 3))):
        sender = rng.choice(("dut", "dut", "bench"))
        extended = rng.random() < 0.1
        page = rng.choice((9, 200))
        frames.append(
            FrameSeen(at * MS + 6, BUS, CanFrame(identity, bytes([page, *bytes(7)]), extended), sender)
        )
    return sorted(frames, key=lambda one: one.t_ns)


def _protected(frames: Frames, rng: random.Random) -> Frames:
    """State and flags under their E2E protection, but for some."""
    counters: dict[int, int] = {}
    odd = rng.choice((0.0, 0.0, 0.03, 0.2))
    known = {DATABASE[one].can_id: DATABASE[one].protection for one in MOVABLE[:2]}
    for n, one in enumerate(frames):
        protection = known.get(one.frame.can_id)
        if protection is None or len(one.frame.data) < 8 or rng.random() < odd:
            continue
        counter = counters.get(one.frame.can_id, 0)
        data = bytearray(one.frame.data)
        protection.protect(data, counter)
        step = 1 if rng.random() >= odd else rng.choice((0, 2, 5))
        counters[one.frame.can_id] = (counter + step) % protection.counters
        frames[n] = one._replace(frame=one.frame._replace(data=bytes(data)))
    return frames


def _codes(frames: Frames, rng: random.Random) -> Frames:
    """Trouble codes that the DUT tells of before the arming, and some of them again."""
    for at in rng.sample((1, 2, 4, 5, 8, 10, 20, 40, 150, 300, 560, 610), rng.choice((2, 5))):
        code = rng.choice((CODE, CODE, 7, 0x30099, 5, 0))
        beside = {"DtcStatus": rng.choice((8, 9, 0)), "DtcOccurrences": rng.choice((3, 4))}
        sender = rng.choice(("dut",) * 5 + ("bench",))
        stamp_ns = 1 if at == 1 and rng.random() < 0.5 else at * MS + 7
        frames.append(FrameSeen(stamp_ns, BUS, _frame("BMS_Dtc", DtcCode=code, **beside), sender))
        if rng.random() < 0.4:
            flag = _frame(
                "BMS_Faults", CellOvervoltage=rng.random() < 0.5, CellUndervoltage=rng.random() < 0.5
            )
            frames.append(FrameSeen(stamp_ns + 1, BUS, flag, sender))
    return sorted(frames, key=lambda one: one.t_ns)


CHANGES: tuple[Callable[[Frames, random.Random], Frames], ...] = (
    _lost, _hurried, _of_others, _torn, _twins, _pages, _protected, _protected, _codes, _codes,
)  # fmt: skip


def _marks(marks: list[Mark[Any]], rng: random.Random) -> list[Mark[Any]]:
    for _ in range(rng.choice((1, 1, 2))):
        which = rng.randrange(8)
        n = rng.randrange(len(marks))
        if which == 0:
            del marks[n]
        elif which == 1:
            marks.append(marks[n]._replace(t_ns=marks[n].t_ns + rng.choice((1, MS, 40 * MS, -MS))))
        elif which == 2:
            at = rng.choice((60, 100, 140)) * MS
            marks.append(marks[n]._replace(t_ns=at, fact=facts.StimulusCommanded(fault="y", step=1)))
            confirmed = facts.StimulusConfirmed(
                readback=rng.random() < 0.7, low_ns=None, high_ns=None, step=1
            )
            marks.append(marks[n]._replace(t_ns=at + 5 * MS, fact=confirmed))
            if rng.random() < 0.5:
                cleared = facts.StimulusCleared(fault="y", owner="step 1", why="done")
                marks.append(marks[n]._replace(t_ns=at + 30 * MS, fact=cleared))
        elif which == 6:  # a contact stopped the bench
            stops = rng.sample(("door", "button"), rng.choice((1, 2)))
            for at, name in zip(rng.sample((5, 150, 300), len(stops)), stops, strict=True):
                opened = facts.SafetyOpened(
                    input=name, why=f"{name} is open", low_ns=at * MS, high_ns=at * MS + 9,
                    closed_before=rng.random() < 0.5,
                )  # fmt: skip
                marks.append(marks[n]._replace(t_ns=at * MS, fact=opened))
                if rng.random() < 0.7:
                    off = facts.SafetyOff(input=name, within_ns=at * MS + 7)
                    marks.append(marks[n]._replace(t_ns=(at + 20) * MS, fact=off))
        elif which == 7:  # the same step again and again, and how late the bench was
            for at in rng.sample((80, 120, 140, 200), 2):
                marks.append(marks[n]._replace(t_ns=at * MS, fact=facts.StimulusCommanded(fault="x", step=0)))
                at += rng.choice((0, 20, 60))
                cleared = facts.StimulusCleared(
                    fault="x", owner="step 0", why="done", outlived_ns=rng.choice((None, 5))
                )
                marks.append(marks[n]._replace(t_ns=at * MS, fact=cleared))
            for worst_ns in (7, 3 * MS):
                timing = facts.BenchTiming(calls=9, p50_ns=1, p99_ns=2, max_ns=worst_ns)
                marks.append(marks[n]._replace(t_ns=600 * MS, fact=timing))
        elif which >= 4:  # the DUT's memory, read before the shot and after it
            for at, most in ((3, 2), (8, 1), (590, 4)):
                for code in rng.sample((CODE, 7, 0x30099, 5, 0), rng.randint(at > 9, most)):
                    status = rng.choice((0, 1, 8, 9, 0x2F))
                    read = facts.DtcRead(code=code, status=status, bits="", occurrences=rng.choice((None, 2)))
                    marks.append(marks[n]._replace(t_ns=at * MS, fact=read))
                if at < 9 and rng.random() < 0.4:
                    forgotten = facts.DtcsCleared(problem=rng.choice(("", "", "no answer")))
                    marks.append(marks[n]._replace(t_ns=(at + 1) * MS, fact=forgotten))
        else:
            marks[n] = marks[n]._replace(t_ns=marks[n].t_ns + rng.choice((-1, 1, 10 * MS, -10 * MS)))
    return sorted(marks, key=lambda one: one.t_ns)


def _moved(value: Any, messages: tuple[str, ...]) -> Any:
    """The same questions, where these messages are on the other bus."""
    if isinstance(value, tuple):
        if len(value) > 1 and value[0] == BUS and value[1] in messages:
            return (OTHER, *value[1:])
        return tuple(_moved(one, messages) for one in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    changed = {one.name: _moved(getattr(value, one.name), messages) for one in dataclasses.fields(value)}
    if getattr(value, "message", None) in messages:
        changed["channel"] = OTHER
    return type(value)(**changed)
