"""What a scenario's shots add up to where a failure of them is known: who answers for it, and until when."""

import datetime

from bench.scenario.model import KnownGap
from bench.timing.host import wall_now_ns
from bench.units import NS_PER_S
from bench.verdict.result import Judgement, Verdict


def with_known_gap(gap: KnownGap | None, judgement: Judgement, chemistry: str) -> Judgement:
    """GAP until its date, FAIL after it. Red too when the gap has closed, or when something else failed."""
    if gap is None or not gap.applies_to(chemistry):
        return judgement
    whose = f"{gap.owner}: {gap.reason} ({gap.bound.words})"
    match judgement.verdict:
        case Verdict.PASS:
            reason = f"the known gap of {whose} has closed: take [known_gap] out of the scenario"
            return Judgement(verdict=Verdict.FAIL, reasons=(reason,))
        case Verdict.FAIL:
            reason = f"this is not the known gap of {whose}, or goes beyond it"
            return Judgement(verdict=Verdict.FAIL, reasons=(*judgement.reasons, reason))
        case Verdict.GAP if today() > gap.until:
            reason = f"the known gap of {whose} was to be closed by {gap.until}"
            return Judgement(verdict=Verdict.FAIL, reasons=(reason, *judgement.reasons))
        case Verdict.GAP:
            reason = f"known gap until {gap.until}, {whose}"
            return Judgement(verdict=Verdict.GAP, reasons=(reason, *judgement.reasons))
    return judgement


def today() -> str:
    """The day in UTC, ISO 8601."""
    return datetime.datetime.fromtimestamp(wall_now_ns() // NS_PER_S, tz=datetime.UTC).date().isoformat()
