"""What a scenario's shots add up to where a failure of them is known: who answers for it, and until when."""

import datetime

from bench.measure.finding.scenario import (
    GapClosed,
    GapMissed,
    GapOpen,
    GapOverdue,
    GapPartClosed,
    KnownGapFinding,
)
from bench.scenario.model import KnownGap
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S
from bench.verdict.result import Held, Judgement, Reason, Verdict


def with_known_gap(
    gap: KnownGap | None, judgement: Judgement, chemistry: str, day: str | None = None
) -> Judgement:
    """GAP until its date, FAIL after it. Red too when the gap has closed, or when something else failed.

    day: of the run, where it is judged later.
    """
    if gap is None or not gap.applies_to(chemistry):
        return judgement
    match judgement.verdict:
        case Verdict.PASS if gap.of_twin:
            return judgement
        case Verdict.PASS:
            return Judgement.of(Verdict.FAIL, _about(GapClosed, gap))
        case Verdict.FAIL:
            missed = Reason(finding=_about(GapMissed, gap))
            return Judgement(verdict=Verdict.FAIL, reasons=(*judgement.reasons, missed))
        case Verdict.GAP:
            overdue = (day or today()) > gap.until
            told = Reason(finding=_about(GapOverdue if overdue else GapOpen, gap))
            verdict = Verdict.FAIL if overdue else Verdict.GAP
            return Judgement(
                verdict=verdict, reasons=(told, *judgement.reasons, *_closed_in_part(gap, judgement))
            )
    return judgement


def _closed_in_part(gap: KnownGap, judgement: Judgement) -> tuple[Reason, ...]:
    """What the gap names and no shot has shown, where others of it are still there."""
    seen = {reason.finding.code for reason in judgement.reasons}
    closed = tuple(code for code in gap.bound.findings if code not in seen)
    if not closed or gap.of_twin:
        return ()
    return (Reason(finding=GapPartClosed(owner=gap.owner, findings=closed), held=Held.NOTED),)


def _about(kind: type[KnownGapFinding], gap: KnownGap) -> KnownGapFinding:
    return kind(owner=gap.owner, until=gap.until, why=gap.reason, bound=gap.bound.words)


def today() -> str:
    """The day in UTC, ISO 8601."""
    return datetime.datetime.fromtimestamp(wall_now_ns() // NS_PER_S, tz=datetime.UTC).date().isoformat()
