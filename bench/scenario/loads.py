"""A drive cycle meets a pack: its current, held within what the pack and its BMS allow, whatever the chemistry."""

from itertools import pairwise

from bench.faults.port import Terminals
from bench.plant.load_trace import LoadTrace
from bench.plant.vehicle import Vehicle
from bench.scenario.model import AlternateText, CycleText, Follow, ReplayText
from bench.units import NS_PER_S, format_ns

NS_PER_H = 3600 * NS_PER_S
_SAMPLE_NS = 10 * NS_PER_S
CAPACITY = "cell_capacity_ah"
# Of what trips: a vehicle asks for less. Twice as far off as the reference BMS's own announced limits are.
_CONTINUOUS_SHARE = 0.8
_CHARGE_SHARE = 0.6
_MOST_CUT = 0.5  # of a recording: more is no replay of it, but a wrong unit or another kind of pack


def cycle_load(text: CycleText, at: Terminals, step: int) -> Follow:
    """Mistakes are told at the step: a pack without overcurrent thresholds gives a cycle no bounds."""
    capacity_ah = at.thresholds.get(CAPACITY, Vehicle().pack_capacity_ah)
    trace = text.cycle.load(capacity_ah)
    trace = trace.part(text.from_ns, trace.lasts_ns if text.until_ns is None else text.until_ns)
    held, note = bounded(trace.scaled(text.scale), at)
    return Follow(
        name=text.name, trace=held.repeated(text.repeat), note=note, sources=(text.cycle.path,), step=step
    )


def replay_load(text: ReplayText, at: Terminals, step: int) -> Follow:
    """A recording of another pack meets this one: bounded as a drive cycle is, so that it fits every chemistry."""
    held, note = bounded(text.trace, at)
    pairs = zip(text.trace.current_a, held.current_a, pairwise(text.trace.times_ns))
    cut_ns = sum(end - start for was, now, (start, end) in pairs if was != now)
    if cut_ns > _MOST_CUT * held.lasts_ns:
        at.tell(
            "file",
            f"found a recording of which {note}; expected most of it within: another unit, or a scale?",
        )
    return Follow(name=text.name, trace=held, note=note, sources=text.sources, step=step)


def alternating_load(text: AlternateText, at: Terminals, step: int) -> Follow:
    """As it is asked for: whoever wants to heat a pack knows what it bears. Mistakes are told at the step."""
    amps = {key: at.value(getattr(text, key), key) for key in ("discharge", "charge")}
    for key, value in amps.items():
        if value <= 0:
            at.tell(key, f"found {value:g} A; expected more than 0")
            amps[key] = 1.0  # not run: a mistake is told
    moved_ah = text.swing * at.thresholds.get(CAPACITY, Vehicle().pack_capacity_ah)
    out_ns, in_ns = (round(moved_ah / one * NS_PER_H) for one in amps.values())
    times_ns, currents_a = [0], []
    due_ns, current_a = 2 * out_ns, amps["discharge"]
    while times_ns[-1] < text.lasts_ns:
        times_ns.append(min(due_ns, times_ns[-1] + _SAMPLE_NS))
        currents_a.append(current_a)
        if times_ns[-1] == due_ns:
            discharges = current_a < 0.0
            current_a = amps["discharge"] if discharges else -amps["charge"]
            due_ns += out_ns if discharges else in_ns
    trace = LoadTrace(times_ns=tuple(times_ns), current_a=tuple(currents_a))
    return Follow(name="alternating load", trace=trace, note="", sources=(), step=step)


def bounded(trace: LoadTrace, at: Terminals) -> tuple[LoadTrace, str]:
    """The load trace within the limits that the pack can carry without end, and words for what was cut off ("" where
    nothing was).
    """
    highest_a = at.thresholds.get("oc_continuous", _CONTINUOUS_SHARE * at.threshold("oc_discharge"))
    lowest_a = -_CHARGE_SHARE * at.threshold("oc_charge")
    held, cut_ns = trace.within(lowest_a, highest_a)
    if not cut_ns:
        return held, ""
    peaks = f"{max(trace.current_a):.0f} A and {min(trace.current_a):.0f} A"
    return held, (
        f"{format_ns(cut_ns)} of {format_ns(trace.lasts_ns)} are cut off: peaks of {peaks} held within "
        f"{lowest_a:.0f} A to {highest_a:.0f} A"
    )
