"""The status sheet: per safety goal what was shown, by what, and what was not. One page for whoever decides.

A cell that has a `no` says why. Nothing is green in a row that has one, nor where something of the whole run is one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.measure.interval import LeftOut
from bench.record.evidence import ClassFound
from bench.report.anomalies import anomalies
from bench.report.goals import GoalShown, shown
from bench.report.notes import Note, of_anomaly
from bench.report.steady_words import drift_words
from bench.report.words import class_at, interval_words, not_spread_words
from bench.scenario.library import Library
from bench.timing.evidence_class import CLASS_WORDS, EvidenceClass
from bench.units import format_ns
from bench.verdict.evidence import Claim, evidence
from bench.verdict.result import Budget, RunResult, ScenarioResult, Verdict
from bench.verdict.sampling import bunched, sampled
from bench.verdict.uncertainty import uncertainty_of

COLUMNS = (
    "FTTI, owner",
    "FHTI hardware",
    "FHTI no board",
    "FHTI simulated",
    "by own times",
    "interval, left out",
    "attempts",
    "open anomalies",
)
NO_OWNER = "nobody owns the FTTI: a preset of this project (`owner` in budgets.toml)"
_QUIET = "must_not_trip"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCell:
    """text: what is there, as far as something is. no: why that does not do, "" where it does."""

    text: str = ""
    no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One safety goal; cells in the order of COLUMNS. over: it failed, or is above its FTTI for certain."""

    goal: Budget
    cells: tuple[SheetCell, ...]
    requirements: tuple[str, ...]
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFact:
    """A fact of the whole run: a name and its cell."""

    name: str
    cell: SheetCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """facts: for the reader; grounds: of the whole run, without which no row is green. texts: requirement → words."""

    title: str
    facts: tuple[SheetFact, ...]
    grounds: tuple[SheetFact, ...]
    rows: tuple[StatusRow, ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    altered: tuple[str, ...] = ()

    def green(self, row: StatusRow) -> bool:
        """The goal is shown: no cell of its row is a no, and no fact of the whole run is one."""
        return not self.altered and not any(one.no for one in (*row.cells, *(f.cell for f in self.grounds)))

    @property
    def words(self) -> str:
        """`0 of 24 safety goals shown`: the headline."""
        return f"{sum(map(self.green, self.rows))} of {len(self.rows)} safety goals shown"


def status_rows(
    run: RunResult,
    goals: Mapping[str, Budget],
    others: Mapping[EvidenceClass, RunResult],
    notes: Sequence[Note],
    notes_trouble: str = "",
    library: Library | None = None,
) -> tuple[StatusRow, ...]:
    """A row for each goal, in the order of `goals`. others: runs of the same build, of other classes of evidence.

    library: what there was to be run.
    """
    here = None if library is None else library.on(run.chemistry)
    return tuple(
        _row(run, goal, others, notes, notes_trouble, here) for goal in goals.values() if not goal.of
    )


def _row(
    run: RunResult,
    goal: Budget,
    others: Mapping[EvidenceClass, RunResult],
    notes: Sequence[Note],
    notes_trouble: str,
    library: Library | None,
) -> StatusRow:
    own = [one for one in run.scenarios if one.budget.safety_goal == goal.safety_goal and one.serves_goal]
    found = shown(goal, own, library)
    tried = [one for one in own if one.aim != _QUIET]
    return StatusRow(
        goal=goal,
        cells=(
            _ftti(goal),
            *(_fhti(one, run, others, goal) for one in reversed(EvidenceClass)),
            _own_times(found),
            _left_out(tried),
            _attempts(tried, goal),
            _anomalies(own, notes, notes_trouble),
        ),
        requirements=tuple(dict.fromkeys(name for one in own for name in one.requirements)),
        over=found is not None and (found.over or found.verdict is Verdict.FAIL),
    )  # fmt: skip


def _ftti(goal: Budget) -> SheetCell:
    """Longer times of a chemistry that nobody gives are told beside the goal's own."""
    text = format_ns(goal.own.ftti_ns) + (f", {goal.owner}" if goal.owner else "")
    if goal.ordinary_ns:
        return SheetCell(
            text=f"{text}; {format_ns(goal.ftti_ns)} here", no=f"longer times are {goal.provenance}"
        )
    return SheetCell(text=text, no="" if goal.owner else NO_OWNER)


def _fhti(
    evidence_class: EvidenceClass, run: RunResult, others: Mapping[EvidenceClass, RunResult], goal: Budget
) -> SheetCell:
    """The worst FHTI by the goal's own times and by longer ones, for each class of evidence. Without any, only
    hardware is told as missing.

    What another run measured is told, but does not count for this one. The other run's own sheet says what it rests
    on.
    """
    needed = evidence_class is EvidenceClass.HARDWARE
    source = run if run.evidence_class is evidence_class else others.get(evidence_class)
    words = "" if source is None else _worst(source, goal)
    if source is None or not words:
        return SheetCell(no=f"nothing of it was measured on {CLASS_WORDS[evidence_class]}" if needed else "")
    if source is run:
        return SheetCell(text=words)
    return SheetCell(
        text=words, no=f"measured by another run, {source.run_id}, which has its own sheet" if needed else ""
    )


def _worst(run: RunResult, goal: Budget) -> str:
    """The scenario with the latest upper end of FHTI, else of FDTI, among those in which the DUT has to react."""
    own = [
        one
        for one in run.scenarios
        if one.budget.safety_goal == goal.safety_goal and one.serves_goal and one.aim != _QUIET
    ]
    fhti = [one.fhti for one in own if one.fhti is not None]
    if not fhti:
        return ""
    worst = max(fhti, key=lambda one: one.max_high_ns)
    return interval_words(worst.max_low_ns, worst.max_high_ns)


def _own_times(found: GoalShown | None) -> SheetCell:
    if found is None:
        return SheetCell(no="no scenario of the goal was run")
    if found.passed:
        return SheetCell(text="PASS", no=found.partly)
    if found.lent and not found.weaker:
        over = ", and measured above its FTTI for certain" if found.over else ""
        return SheetCell(
            text=f"{found.word}: {_named(found.lent)}", no=f"judged by longer times than its own{over}"
        )
    return SheetCell(text=found.word, no="; ".join(found.lines) or f"its verdict is {found.word}")


def _named(found: Sequence[ScenarioResult]) -> str:
    return found[0].scenario_id + (f" and {len(found) - 1} more" if found[1:] else "")


def _left_out(tried: Sequence[ScenarioResult]) -> SheetCell:
    """How wide the worst interval is, and what of the time from the fault to the safe state it does not hold."""
    measured = [one for one in tried if one.fhti is not None]
    found = [one for one in map(uncertainty_of, measured) if one is not None]
    if not found:
        return SheetCell(no="no FHTI was measured")
    widest = max(one.fhti.max_high_ns - one.fhti.max_low_ns for one in measured if one.fhti is not None)
    spans = [one.left_out_range for one in found if one.left_out_range is not None]
    words = f"{format_ns(widest)} wide"
    if spans:
        words += f", without {interval_words(min(s.low_ns for s in spans), max(s.high_ns for s in spans))}"
    kinds = {one.left_out for one in found}
    if LeftOut.NOT_RECORDED in kinds:
        return SheetCell(
            text=words, no="the time from the fault at the terminals to its frame was not recorded"
        )
    if LeftOut.DEVELOPS in kinds:
        return SheetCell(
            text=words, no="a stimulus develops: from when it was real at the terminals is not known"
        )
    if LeftOut.COMMAND in kinds:
        return SheetCell(
            text=words, no="the onset is the DUT's command: how long before its frame is not known"
        )
    if short := [one for one in found if one.only_from_frame]:
        return SheetCell(
            text=f"{words}; {short[0].scenario_id}", no="counted from the terminals its limit is not kept"
        )
    return SheetCell(text=words)


def _attempts(tried: Sequence[ScenarioResult], goal: Budget) -> SheetCell:
    """`59 of 59 at 3 points; phase, pack, boot`: all attempts, the operating points, and what was drawn again for
    each shot.
    """
    if not tried:
        return SheetCell(no="no scenario in which the DUT has to react was run")
    shots = sum(len(one.shots) for one in tried)
    passed = sum(shot.judgement.verdict.name == "PASS" for one in tried for shot in one.shots)
    points = len({one.operating_point for one in tried})
    claim = Claim(coverage=goal.coverage, confidence=goal.confidence)
    few = [one for one in tried if not evidence(one.shots, claim).supported]
    over = _population(tried)
    words = f"{passed:,} of {shots:,}, {points} point{'s' if points != 1 else ''}" + (
        f"; {over}" if over else ""
    )
    if copies := [one for one in tried if bunched(one.shots)]:
        return SheetCell(text=f"{words}; {_named(copies)}", no="shots at bunched phases are copies of fewer")
    if few:
        asked = f"{goal.coverage * 100:g} % with {goal.confidence * 100:g} % confidence"
        return SheetCell(text=words, no=f"the attempts of a scenario do not support {asked}")
    unknown = [one for one in tried if one.fdti is not None and not_spread_words(one.fdti.spread_p)]
    if unknown or not over:
        return SheetCell(text=words, no="what the shots were drawn over was not recorded")
    if any(drift_words(one.shots, name) for one in tried for name in ("FDTI", "FHTI")):
        return SheetCell(text=words, no="a latency drifted over the order of firing: of no one population")
    return SheetCell(text=words)


def _population(tried: Iterable[ScenarioResult]) -> str:
    """What was drawn again for every shot, in all scenarios of the goal."""
    found = [one for one in (sampled(each.shots) for each in tried) if one is not None]
    if not found:
        return ""
    drawn = [
        name
        for name, known in (
            ("phase", all(one.cycle_ns for one in found)),
            ("pack", all(one.draws > 1 or one.n == 1 for one in found)),
            ("boot", all(one.uptime_ns is not None for one in found)),
        )
        if known
    ]
    return ", ".join(drawn)


def _anomalies(own: Sequence[ScenarioResult], notes: Sequence[Note], trouble: str) -> SheetCell:
    if not own:
        return SheetCell(no="no scenario of the goal was run")
    found = [of_anomaly(one) for one in anomalies(own)]
    closed = {note.anomaly: note for note in notes if note.anomaly}
    left = [one for one in found if one not in closed]
    by = sorted({closed[one].by for one in found if one in closed})
    words = f"{len(left)}" + (f", {len(found) - len(left)} closed by {', '.join(by)}" if by else "")
    if trouble and found:
        return SheetCell(text=words, no=trouble)
    if left:
        return SheetCell(text=words, no="open until somebody closes them with a reason: `hil note RUN`")
    return SheetCell(text=words)


def class_ground(run: RunResult, made: ClassFound) -> SheetCell:
    """The class of evidence of the whole sheet: only hardware shows a board's timing. made: the class, from what the
    run's header names.
    """
    found = class_at(run, run.timebase)
    told = f" ({'; '.join(made.why)})" if made.why else ""
    if found.discharges and not made.evidence.discharges:
        return SheetCell(
            text=CLASS_WORDS[found], no=f"what it drove makes {CLASS_WORDS[made.evidence]}{told}"
        )
    if found.discharges:
        return SheetCell(text=CLASS_WORDS[found])
    return SheetCell(text=CLASS_WORDS[found], no=f"discharges no board's timing{told}")


def footnotes(sheet: Sheet) -> dict[str, int]:
    """Every reason of facts and rows once, with its number. Those of the grounds stand beside them."""
    cells = [one.cell for one in sheet.facts] + [cell for row in sheet.rows for cell in row.cells]
    return {why: n for n, why in enumerate(dict.fromkeys(one.no for one in cells if one.no), start=1)}
