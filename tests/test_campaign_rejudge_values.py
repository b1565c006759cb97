"""A second judgement is compared by verdict and findings, never by their words."""

from told import said

from bench.measure.finding.answer import DtcNotReported, NotDetected
from bench.stored.judged_again import same
from bench.verdict.result import Held, Judgement, Reason, Verdict


def test_the_same_is_the_same_verdict_for_the_same_findings() -> None:
    missed = Judgement.of(Verdict.FAIL, NotDetected(window_ns=5))
    assert same(missed, Judgement.of(Verdict.FAIL, NotDetected(window_ns=5)))
    assert not same(missed, Judgement.of(Verdict.FAIL, NotDetected(window_ns=6))), "another figure"
    assert not same(missed, Judgement.of(Verdict.FAIL, DtcNotReported(dtc=5)))
    assert not same(missed, Judgement.of(Verdict.INCONCLUSIVE, NotDetected(window_ns=5)))
    doubted = Reason(finding=NotDetected(window_ns=5), held=Held.NOT_HELD)
    assert not same(missed, Judgement(verdict=Verdict.FAIL, reasons=(doubted,)))


def test_reasons_stored_in_words_only_are_compared_by_their_verdict() -> None:
    worded = Judgement(
        verdict=Verdict.FAIL, reasons=said("fault not detected, as an earlier release said it")
    )
    assert same(worded, Judgement.of(Verdict.FAIL, NotDetected(window_ns=5)))
    assert not same(worded, Judgement.of(Verdict.PASS))
