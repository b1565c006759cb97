"""Findings in the words that a user reads, and words as findings."""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.measure.finding.base import Finding
from bench.measure.finding.scenario import Worded
from bench.record.codable import decode
from bench.report.finding_words import finding_words, reasons_words
from bench.verdict.result import Judgement, Reason


def told(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(finding_words(one) for one in findings)


def said(*words: str) -> tuple[Reason, ...]:
    """Reasons that say just these words."""
    return tuple(Reason(finding=Worded(said=one)) for one in words)


def worded(words: str) -> Finding:
    return Worded(said=words)


def stored_words(judgement: Mapping[str, Any]) -> list[str]:
    """The reasons of a verdict out of a JSON file."""
    return reasons_words(decode(Judgement, dict(judgement)))
