"""Real time on a machine that has none: the bench says so itself, and a test that learned nothing is skipped."""

import pytest

from bench.report.finding_words import reasons_words
from bench.trace.facts import BenchLate
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.verdict.result import ShotResult, Verdict

LIMIT_NS = 50 * NS_PER_MS


def skip_when_starved(result: ShotResult, trace: Trace) -> None:
    """A FAIL blames the DUT and is never excused; nor is an ERROR of a bench that was in time."""
    late = [mark.fact.late_ns for mark in trace.of(BenchLate)]
    if result.judgement.verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE) and max(late, default=0) > LIMIT_NS:
        pytest.skip(
            f"the bench was up to {max(late) / 1e6:.0f} ms late: {'; '.join(reasons_words(result.judgement))}"
        )
