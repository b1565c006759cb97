"""Diagnostic requests of a scenario, and answers that are not what it demands."""

from bench.measure.finding.memory import WrongDiagnosticAnswer
from bench.trace import facts
from bench.trace.timeline import Trace


def wrong_answers(trace: Trace) -> list[WrongDiagnosticAnswer]:
    """Each request that was answered otherwise, in their order."""
    return [
        WrongDiagnosticAnswer(
            request=fact.request, expected=fact.expected, answer=fact.answer, problem=fact.problem
        )
        for fact in (mark.fact for mark in trace.of(facts.Diagnosed))
        if not fact.fits
    ]
