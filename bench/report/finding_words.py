"""Findings in words. Nothing decides on these words; they may change with every release."""

from collections.abc import Callable
from typing import cast

from bench.measure.finding import (
    always,
    answer,
    bench,
    life,
    memory,
    plant,
    reach,
    safety,
    scenario,
    stamps,
    standing,
    states,
    stimulus,
    times,
)
from bench.measure.finding.base import Finding
from bench.report.always_words import always_words
from bench.report.answer_words import answer_words
from bench.report.bench_words import bench_words, frames
from bench.report.fit_words import fit_words
from bench.report.memory_words import memory_words
from bench.report.safety_words import safety_words
from bench.report.stamp_words import stamp_words
from bench.report.state_words import state_words
from bench.report.stimulus_words import stimulus_words
from bench.report.word_parts import percent, short_dtc, signed, test_words, when_words
from bench.units import format_ns
from bench.verdict.result import Held, Judgement, Reason

_MISTAKES = {
    life.Mistake.WRONG_CRC: "a wrong CRC",
    life.Mistake.COUNTER_STANDS: "a counter that stands",
    life.Mistake.COUNTER_JUMPS: "a counter out of sequence",
    life.Mistake.COUNTER_SKIPS: "a skipped counter",
}
_BEFORE = {
    Held.AGAINST: "",
    Held.NOT_HELD: "seen, but not held against the DUT: ",
    Held.SEEN: "seen: ",
    Held.NOTED: "",
}
_MOST_PLACES = 5  # cells or sensors that are named one by one
_WHY = {times.Bound.CEILING: ": later than the DUT's published debounce allows"}


def reason_words(reason: Reason) -> str:
    """`3 of 59: fault not detected within 6.000 s`."""
    said = _BEFORE[reason.held] + finding_words(reason.finding)
    return said if reason.count is None else f"{reason.count} of {reason.shots}: {said}"


def reasons_words(judgement: Judgement) -> list[str]:
    """All reasons of a verdict, the most telling one first."""
    return [reason_words(reason) for reason in judgement.reasons]


def joined_words(judgement: Judgement) -> str:
    """All reasons in one line; "" where there is no reason."""
    return "; ".join(reasons_words(judgement))


def finding_words(finding: Finding) -> str:
    """One sentence without a full stop, that a lab engineer can act on."""
    module = type(finding).__module__
    return _OF_MODULE[module](finding)


def _standing(finding: Finding) -> str:
    match finding:
        case standing.SaidByRefusedFrames(test=test, count=count):
            return f"{test_words(test)} only in {frames(count)} that no receiver would accept"
        case standing.NothingAccepted(channel=channel, message=message):
            return f"no receiver would have accepted any frame of {message} on {channel}"
        case standing.FlagNotHeld(test=test, when=when, held_ns=held_ns, times=times_):
            again = f", {times_} times in all" if times_ > 1 else ""
            return (
                f"{test_words(test)} was taken back at {when_words(when)}, after {format_ns(held_ns)}{again}"
            )
        case standing.SafeStateLeft(test=test, when=when, after_ns=after_ns):
            return (
                f"safe state was left unasked after the hold: {test_words(test)} no longer at {when_words(when)}, "
                f"{format_ns(after_ns)} after it was reached"
            )
        case standing.FramesContradict(message=message, count=count):
            return f"frames of {message} contradicted each other within a cycle ({count} times)"
        case standing.ReportHeldBefore(what=what, name=name, when=when):
            return f"{what} {name} was not expected, and has held since {when_words(when)}"
        case standing.CodeHeldBefore(dtc=dtc, when=when):
            return (
                f"trouble code {short_dtc(dtc)} was not expected, and has been told since {when_words(when)}"
            )
        case standing.WitnessDenies(test=test):
            return f"{test_words(test)} was denied to the end although the DUT had detected: it shows no ignorance"
    raise AssertionError(finding)


def _times(finding: Finding) -> str:
    match finding:
        case times.TooLate() as late:
            span = _span(late.low_ns, late.high_ns)
            why = (
                _WHY.get(late.bound, "") if late.time is not times.Time.OPENING else ", later than published"
            )
            return f"{late.time} {span} is above the {late.bound} {format_ns(late.bound_ns)}{why}"
        case times.TooEarly() as early:
            span = _span(early.low_ns, early.high_ns)
            bound = f"{early.bound} {format_ns(early.bound_ns)}"
            if early.time is times.Time.OPENING:
                return (
                    f"{early.time} {span} is below the {bound}: the vehicle had no time to reduce its current"
                )
            return f"{early.time} {span} is below the {bound}: nuisance trip, too early"
        case times.Straddles() as open_:
            span = _span(open_.low_ns, open_.high_ns)
            head = f"{open_.time} {span} straddles the {open_.bound} {format_ns(open_.bound_ns)}"
            return f"{head}: {_shrink(open_)}"
        case times.NearFtti(high_ns=high_ns, ftti_ns=ftti_ns):
            share = f"{100 * high_ns / max(1, ftti_ns):.0f} % of the FTTI {format_ns(ftti_ns)}"
            return f"warning: FHTI may be {format_ns(high_ns)}, {share}"
    raise AssertionError(finding)


def _span(low_ns: int, high_ns: int) -> str:
    return f"[{format_ns(low_ns)}, {format_ns(high_ns)}]"


def _shrink(found: times.Straddles) -> str:
    """`'DUT reporting cycle' (20.00 ms) is widest and must shrink by 3.000 ms`."""
    by_terms_ns = sum(one.by_ns for one in found.shrink)
    if not found.shrink and (not found.all_terms_ns or by_terms_ns >= found.excess_ns):
        return f"the interval must shrink by {format_ns(found.excess_ns)}"
    if by_terms_ns < found.excess_ns:
        whole = format_ns(found.all_terms_ns)
        missing = format_ns(found.excess_ns)
        return f"all terms together are {whole}, less than the {missing} that is missing"
    first, *others = found.shrink
    width, by = format_ns(first.width_ns), format_ns(first.by_ns)
    words = f"'{first.term}' ({width}) is widest and must shrink by {by}"
    for one in others:
        words += f", then '{one.term}' ({format_ns(one.width_ns)}) by {format_ns(one.by_ns)}"
    return words


def _life(finding: Finding) -> str:
    match finding:
        case life.NeverHeard(channel=channel, message=message):
            return f"{message} was never heard on {channel}"
        case life.AliveUnproven(channel=channel, message=message):
            return f"{message} was never heard on {channel}: nothing shows that the DUT was alive"
        case life.SilentTooLong(message=message, gap_ns=gap_ns, since=since, allowed_ns=allowed_ns):
            return (
                f"{message} silent for {format_ns(gap_ns)} from {when_words(since)}; "
                f"longest allowed {format_ns(allowed_ns)}"
            )
        case life.SilentInHold(message=message):
            return f"{message} fell silent while the safe state had to be held"
        case (
            life.ProtectionBroken(message=message, mistake=mistake, count=count)
            | life.FrameSkipped(message=message, mistake=mistake, count=count)
        ):
            return f"E2E: {frames(count)} of {message} with {_MISTAKES[mistake]}"
        case life.FrameMisfit() as misfit:
            length = "1 byte" if misfit.length == 1 else f"{misfit.length} bytes"
            several = f" ({misfit.count} frames)" if misfit.count > 1 else ""
            return f"{misfit.message} with {length}; the DBC says {misfit.expected_length}{several}"
        case life.UnknownPage() as page:
            where = f"{page.message} with {page.selector} = {page.value}"
            return f"{frames(page.count)} of {where}: the DBC describes no such page"
        case life.NotBegun(said=said):
            return f"the shot could not begin: {said}"
        case life.ReportsStopped(channel=channel, message=message, since=since, refused=refused):
            if refused:
                then = "" if since is None else f" from {when_words(since)} on"
                return (
                    f"no receiver would accept any frame of {message} on {channel}{then}: {frames(refused)}"
                )
            heard = (
                f"was never heard on {channel}" if since is None else f"fell silent at {when_words(since)}"
            )
            return f"{message} is cyclic and {heard}: nothing shows what it would say"
        case life.BuildChanged(message=message, signal=signal, since=since) as named:
            moved = f"from {named.before:.0f} to {named.after:.0f}"
            return f"the DUT named another build: {message}.{signal} went {moved} at {when_words(since)}"
        case life.DutRestarted(sign="boot") as again:
            return f"the DUT restarted: it sent {again.message} at {when_words(again.since)}"
        case life.DutRestarted() as again:
            before, after = ("unknown" if one is None else f"{one:g}" for one in (again.before, again.after))
            moved = f"from {before} to {after}"
            return (
                f"the DUT restarted: {again.message}.{again.signal} went {moved} at {when_words(again.since)}"
            )
        case life.DutCrashed(said=said, since=since):
            return f"the DUT crashed{'' if since is None else f' at {when_words(since)}'}: {said}"
        case life.FramesUnreadable(message=message, count=count, length=length):
            return f"{frames(count)} of {message} could not be read: payload of {length} bytes"
    raise AssertionError(finding)


def _plant(finding: Finding) -> str:
    match finding:
        case plant.CellHarmed(cell=cell, stage=stage):
            return f"protection test: cell {cell}: {stage}"
        case plant.ClosedAgain(after_end_ns=after_ns):
            return f"protection test: the contactors closed again {format_ns(after_ns)} after the end"
        case plant.InsulationLost(ohm_per_v=ohm_per_v, after_end_ns=after_ns):
            return f"protection test: insulation at {ohm_per_v:.0f} ohm/V {format_ns(after_ns)} after the end"
        case plant.InsulationLowBefore(ohm_per_v=ohm_per_v, required=required):
            expected = f"expected {required:.0f} or more"
            return f"protection test: insulation at {ohm_per_v:.0f} ohm/V before it began; {expected}"
        case plant.PlantFollowedReport(late_ns=late_ns):
            return (
                f"the plant's contactors followed reports of the DUT that may come {format_ns(late_ns)} after the "
                "fact: current and link voltage were shown as before for so long"
            )
        case plant.TestNotEnded():
            return "the protection test did not come to its end within the window"
        case plant.EstimateStale(estimate=name, message=message, age_ns=age_ns):
            return f"{name}: {message} was {format_ns(age_ns)} old when the truth was taken"
        case plant.EstimateAbsent(estimate=name, message=message, signal=signal):
            return f"{name}: {message} carried no {signal}"
        case plant.TruthTooFew(estimate=name, count=count, expected=expected):
            return f"{name}: {count} truths were told in what is scored; expected {expected} or more"
        case plant.PlantBeyondFit() | plant.EstimateBeyondFit():
            return fit_words(finding)
        case plant.EstimateOff() as off:
            return f"{_estimate(off)} is above the limit {percent(off.limit)}{_per(off.figure)}"
        case plant.EstimateStraddles() as open_:
            return (
                f"{_estimate(open_)} straddles the limit {percent(open_.limit)}{_per(open_.figure)}: "
                "the signal's resolution has to shrink, or the drive to last longer"
            )
        case plant.EstimateNotConverged() as late:
            took = "" if late.took_ns is None else f" but after {format_ns(late.took_ns)}"
            asked = f"not inside {percent(late.band)} within {format_ns(late.within_ns)}{took}"
            return f"{late.estimate}: {asked}; {_ends(late.first, late.last)}"
        case plant.EstimatePerhapsConverged() as open_end:
            asked = f"perhaps inside {percent(open_end.band)} within {format_ns(open_end.within_ns)}"
            ends = _ends(open_end.first, open_end.last)
            return f"{open_end.estimate}: {asked}, by less than ± {percent(open_end.u)}; {ends}"
    raise AssertionError(finding)


def _estimate(found: plant.EstimateOff | plant.EstimateStraddles) -> str:
    per = _per(found.figure)
    return f"{found.estimate}: {found.figure} {percent(found.value)} ± {percent(found.u)}{per}"


def _per(figure: plant.Figure) -> str:
    return " a day" if figure is plant.Figure.DRIFT else ""


def _ends(first: float, last: float) -> str:
    return f"it began at {signed(first)} and ended at {signed(last)}"


def _reach(finding: Finding) -> str:
    match finding:
        case reach.NotReached(mode=mode, lacking=lacking, within_ns=within_ns):
            missing = ", ".join(test_words(test) for test in lacking)
            told = f"{mode} was requested and not reached within {format_ns(within_ns)}"
            return f"{told}: it lacks {missing}" if missing else told
        case reach.NotKept(mode=mode, test=test, since=since):
            lost = f"{test_words(test)} no longer held at {when_words(since)}"
            return f"{mode} was reached and left again, though still requested: {lost}"
        case reach.StartModeMissed() as missed:
            return f"{missed.said}; {_must_reach(missed)}"
        case reach.ControlMissing(mode=mode):
            return (
                f"before the fault the DUT was not seen in {mode}: one that never closes refuses everything"
            )
        case reach.RequestUnseen(mode=mode):
            return f"after the fault no frame asked the DUT for {mode} to the end: it had nothing to refuse"
        case reach.NothingToReach():
            return "the plan names nothing by which the mode is known"
    raise AssertionError(finding)


def _must_reach(missed: reach.StartModeMissed) -> str:
    match missed.outcome:
        case "":
            return f"whether the DUT obeys at all, {missed.must_reach} says: hil run -k {missed.must_reach}"
        case "PASS":
            return f"{missed.must_reach} passed: look at what this scenario starts from"
        case _:
            return f"{missed.must_reach} is {missed.outcome}"


def _scenario(finding: Finding) -> str:
    match finding:
        case scenario.NoShot():
            return "no shot was made"
        case scenario.Unjudged(count=count, shots=shots):
            return f"{count} of {shots}: no verdict (blocked or not judged)"
        case scenario.PartlyDecided() as part:
            told = f"decided in {part.decided} of {part.shots} shots"
            return f"{told}; {part.errors} ended in an ERROR of the bench" if part.errors else told
        case scenario.LevelShown() as shown:
            return _level(shown)
        case scenario.RigLacks(lacking=lacking):
            return f"the rig cannot do: {', '.join(lacking)}"
        case scenario.MismatchUnnoticed() as missed:
            where = f"in {missed.passed} of {missed.shots} shots"
            return f"{where} the library did not notice {missed.mismatch} ({missed.hazard})"
        case scenario.MismatchCaught(mismatch=mismatch, hazard=hazard):
            return f"the mismatch was caught: {mismatch} ({hazard})"
        case scenario.GapOpen() as gap:
            return f"known gap until {gap.until}, {_gap(gap)}"
        case scenario.GapOverdue() as gap:
            return f"the known gap of {_gap(gap)} was to be closed by {gap.until}"
        case scenario.GapClosed() as gap:
            return f"the known gap of {_gap(gap)} has closed: take [known_gap] out of the scenario"
        case scenario.GapMissed() as gap:
            return f"this is not the known gap of {_gap(gap)}, or goes beyond it"
        case scenario.GapPartClosed(owner=owner, findings=codes):
            return f"of the known gap of {owner}, {', '.join(codes)} was not found any more: take it out"
        case scenario.Worded(said=said):
            return said
    raise AssertionError(finding)


def _level(shown: scenario.LevelShown) -> str:
    what = shown.quantity.replace("_", " ")
    of = "sensor" if shown.quantity == "temperature" else "cell"
    places = ", ".join(map(str, shown.numbers[:_MOST_PLACES]))
    more = f" and {len(shown.numbers) - _MOST_PLACES} more" if shown.numbers[_MOST_PLACES:] else ""
    where = f" ({of}{'s' if shown.numbers[1:] else ''} {places}{more})" if shown.numbers else ""
    told = f"shown: {what} {shown.value:.6g} {shown.unit}{where}"
    if shown.lasts_ns is not None:
        told += f" for {format_ns(shown.lasts_ns)} at a time"
    told += f"; limit of {shown.flag}: {shown.op} {shown.limit:.6g} {shown.unit} ({shown.threshold})"
    if shown.debounce_ns is not None:
        told += f", debounced over up to {format_ns(shown.debounce_ns)}"
    return told


def _gap(gap: scenario.KnownGapFinding) -> str:
    return f"{gap.owner}: {gap.why} ({gap.bound})"


_OF_MODULE: dict[str, Callable[[Finding], str]] = {
    module.__name__: cast(Callable[[Finding], str], words)
    for module, words in (
        (stimulus, stimulus_words),
        (answer, answer_words),
        (standing, _standing),
        (times, _times),
        (states, state_words),
        (always, always_words),
        (life, _life),
        (memory, memory_words),
        (plant, _plant),
        (reach, _reach),
        (bench, bench_words),
        (safety, safety_words),
        (scenario, _scenario),
        (stamps, stamp_words),
    )
}
