"""Reads the marks of shots stored as `hil-shot-1`: a kind, and pairs of key and value that no type described.

What later types say by a field of its own stood in the words then, so this reader looks at them. Nothing else may.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from bench.measure.finding.base import Finding
from bench.measure.finding.scenario import Worded
from bench.measure.interval import Measurement
from bench.record.marks import fact_of
from bench.trace import facts
from bench.trace.events import Kind
from bench.trace.facts import Fact
from bench.trace.mark import Mark
from bench.trace.stamping import Origin, Stamping
from bench.units import parse_duration_ns

FORMAT = "hil-shot-1"

_SIMPLE: Mapping[Kind, type[Fact]] = {
    Kind.RUN_STARTED: facts.RunStarted,
    Kind.DUT_STARTED: facts.DutStarted,
    Kind.SAFETY_WATCHED: facts.SafetyWatched,
    Kind.SAFETY_OPENED: facts.SafetyOpened,
    Kind.SAFETY_OFF: facts.SafetyOff,
    Kind.DUT_IDENTIFIED: facts.DutIdentified,
    Kind.DUT_REFUSED: facts.DutRefused,
    Kind.INSTRUMENT_IDENTIFIED: facts.InstrumentIdentified,
    Kind.DUT_CRASHED: facts.DutCrashed,
    Kind.DUT_HEARD: facts.DutHeard,
    Kind.PRECONDITION_MET: facts.PreconditionMet,
    Kind.PRECONDITION_MISSED: facts.PreconditionMissed,
    Kind.OBSERVERS_ARMED: facts.ObserversArmed,
    Kind.STIMULUS_COMMANDED: facts.StimulusCommanded,
    Kind.STIMULUS_CONFIRMED: facts.StimulusConfirmed,
    Kind.STIMULUS_CLEARED: facts.StimulusCleared,
    Kind.FAULT_STUCK: facts.FaultStuck,
    Kind.DTC_CLEARED: facts.DtcsCleared,
    Kind.REQUEST: facts.Requested,
    Kind.TRUTH: facts.Truth,
    Kind.PLANT_STAGE: facts.StageReached,
    Kind.TIME_LAPSE: facts.TimeLapsed,
    Kind.PLANT_STATE: facts.PlantState,
    Kind.FIT_LEFT: facts.FitLeft,
    Kind.CONTACTORS_FOLLOWED: facts.ContactorsFollowed,
    Kind.WINDOW_CLOSED: facts.WindowClosed,
    Kind.SAFE_STATE_REACHED: facts.SafeStateReached,
    Kind.SAFE_STATE_MISSED: facts.SafeStateMissed,
    Kind.BENCH_LATE: facts.BenchLate,
    Kind.DUT_WAITED: facts.DutWaited,
    Kind.DUT_SAID: facts.DutSaid,
    Kind.DIAGNOSED: facts.Diagnosed,
    Kind.BENCH_TIMING: facts.BenchTiming,
    Kind.CLOCK_RATE: facts.ClockRate,
    Kind.CALIBRATED: facts.Calibrated,
    Kind.ABORTED: facts.Aborted,
    Kind.RUN_ENDED: facts.RunEnded,
}
_ERRORS: Mapping[str, type[Fact]] = {  # by a field that only this type of error has
    "text": facts.LinkBroke,
    "asked_ns": facts.StimulusOutlasted,
}
_SOUND = {
    "kernel": Origin.KERNEL,
    "hardware": Origin.HARDWARE,
    "simulated": Origin.SIMULATED,
    "device": Origin.ADAPTER,
}
_BEYOND = re.compile(r"the plant's cell (\d+) is at (-?[\d.]+) V, its output goes from 0 to ([\d.]+) V .*")
_CLIPPED = re.compile(r".* showed (\S+) where (.*) was (\S+): its range ends there", re.DOTALL)
_OUTLIVED = "its time to live of "


def mark_of(line: list[Any]) -> Mark[Fact]:
    """Raises KeyError, TypeError or ValueError for what is no mark of version 1."""
    t_ns, u_ns, kind, source, pairs = line
    return Mark(t_ns, u_ns, source, _fact(Kind(kind), pairs))


def stamping_of(stored: Mapping[str, Any]) -> Stamping:
    """Where a stamp was taken stood in words only."""
    words = stored["source"].lower()
    origin = next((origin for word, origin in _SOUND.items() if word in words), Origin.ARRIVAL)
    return Stamping(origin=origin, **stored)


def _fact(kind: Kind, pairs: Mapping[str, Any]) -> Fact:
    if kind is Kind.DTC_READ:
        return fact_of(facts.DtcUnread if "problem" in pairs else facts.DtcRead, pairs)
    if kind is Kind.ERROR:
        return fact_of(next((one for key, one in _ERRORS.items() if key in pairs), facts.BenchBroke), pairs)
    if kind is Kind.ANOMALY:
        return _anomaly(pairs)
    if kind is Kind.PHASES_DRAWN:
        return _phases(pairs)
    if kind is Kind.STIMULUS_CLEARED and pairs["why"].startswith(_OUTLIVED):
        lived = pairs["why"].removeprefix(_OUTLIVED).removesuffix(" ended")
        return fact_of(facts.StimulusCleared, {**pairs, "outlived_ns": parse_duration_ns(lived)})
    return fact_of(_SIMPLE[kind], pairs)


def _beyond(problem: str, beyond_v: float) -> Fact:
    """`the plant's cell 7 is at 5.213 V, its output goes from 0 to 5 V and is held at the nearer end`."""
    found = _BEYOND.fullmatch(problem)
    if found is None:
        raise ValueError(f"{problem!r:.80} names no cell and no voltage")
    cell, cell_voltage_v, highest_v = found.groups()
    return facts.OutputBeyondRange(
        cell=int(cell),
        cell_voltage_v=float(cell_voltage_v),
        highest_v=float(highest_v),
        beyond_v=beyond_v,
    )


def _phases(pairs: Mapping[str, Any]) -> Fact:
    """The DUT's boot and the front end have names of their own; every other pair is a message of the restbus."""
    own = {"boot_ns", "front_end_ns"}
    messages = [[name.removesuffix("_ns"), value] for name, value in pairs.items() if name not in own]
    return fact_of(facts.PhasesDrawn, {name: pairs[name] for name in own} | {"messages_ns": messages})


def _clipped(problem: str, signal: str) -> Fact:
    """`VehicleSpeed showed 20 where vehicle_speed was 50: its range ends there`."""
    found = _CLIPPED.fullmatch(problem)
    if found is None:
        raise ValueError(f"{problem!r:.80} names no signal and no value")
    carried, quantity, value = found.groups()
    return facts.SignalClipped(signal=signal, quantity=quantity, value=float(value), carried=float(carried))


def _anomaly(pairs: Mapping[str, Any]) -> Fact:
    if "clipped" in pairs:
        return _clipped(pairs["problem"], pairs["clipped"])
    if "beyond_v" in pairs:
        return _beyond(pairs["problem"], pairs["beyond_v"])
    return fact_of(facts.Anomaly, {**pairs, "what": facts.Odd.OTHER.value, "about": pairs["text"]})


def ended_by(words: str) -> str | None:
    """What ended a protection test stood in words."""
    if not words:
        return None
    known = (("hottest cell", "hotter"), ("pack at", "share"), ("temperature stable", "stable"))
    return next((name for begins, name in known if words.startswith(begins)), _PASSED.get(words[-6:], words))


_PASSED = {"passed": "time"}


def same_figures(stored: Measurement, found: Measurement) -> bool:
    """Whether two measurements have the same figures. Findings are left out where one of the two has them in words
    only.
    """
    if stored.dut_uptime_ns is None:  # an older run did not keep it
        found = replace(found, dut_uptime_ns=None)
    if stored.at_terminal is None:  # older runs did not keep it of every stimulus; it is in no latency
        found = replace(found, at_terminal=None, left_out=stored.left_out)
    if not stored.stamps:
        found = replace(found, stamps=())
    told = [one for measured in (stored, found) for one in _findings(measured)]
    if any(isinstance(one, Worded) for one in told):
        return _without_findings(stored) == _without_findings(found)
    return stored == found


_LISTS = ("broken", "silent", "bench_faults", "anomalies", "doubts", "excuses", "misfits", "unsafe")


def _findings(measured: Measurement) -> list[Finding]:
    found = [one for name in _LISTS for one in getattr(measured, name)]
    found += [one for one in (measured.refused,) if one is not None]
    found += [one for done in measured.estimates for one in (done.problem, done.lacking) if one is not None]
    return [*found, *(measured.end.problems if measured.end is not None else ())]


def _without_findings(measured: Measurement) -> Measurement:
    empty: dict[str, Any] = dict.fromkeys(_LISTS, ())
    estimates = tuple(replace(one, problem=None, lacking=None) for one in measured.estimates)
    end = None if measured.end is None else replace(measured.end, problems=())
    return replace(measured, **empty, refused=None, estimates=estimates, end=end)


def latched_by_one_of(why: str, contacts: Collection[str]) -> bool:
    """A latch that names no contact was written before it did: its words begin with the one that set it."""
    return any(why.startswith(one) for one in contacts)
