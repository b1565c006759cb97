"""A DUT that does not name its build is refused, not tested; where it is not refused, the bench is at fault."""

from dataclasses import replace

import pytest

from bench.measure.finding.bench import BenchError, DutRefused
from bench.proof.mutants import MutantOutcome
from bench.report.finding_words import reasons_words
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import Reason, Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware


def judged(wired: Wired, one: Prepared) -> tuple[Verdict, str]:
    judgement = shoot(wired, one, 0, 1, 1, None).judgement
    return judgement.verdict, "; ".join(reasons_words(judgement))


@pytest.mark.parametrize("name", ["identity-missing", "identity-wrong"])
def test_a_build_that_cannot_be_known_is_refused(
    wired: Wired, prepared: dict[str, Prepared], name: str
) -> None:
    assert judged(wired, prepared[name]) == (Verdict.PASS, "")
    assert judged(wired, replace(prepared[name], steps=())) == (
        Verdict.ERROR,
        "a build that cannot be known was not refused",
    )


def test_elsewhere_the_refusal_is_an_error_that_says_so(wired: Wired, prepared: dict[str, Prepared]) -> None:
    verdict, reason = judged(with_firmware(wired, "sends_no_identity"), prepared["healthy-standby"])
    assert verdict is Verdict.ERROR
    assert reason.startswith("the DUT was refused: engine: the DUT did not name its build within 5.000 s")
    refused = DutRefused(source="engine", said="it named no build")
    outcome = MutantOutcome(
        firmware="x", scenario="y", seed=1, verdict=verdict, reason=Reason(finding=refused)
    )
    assert outcome.refused and outcome.catches
    torn = BenchError(source="engine", said="the DUT was refused: the line is torn")
    assert not replace(outcome, reason=Reason(finding=torn)).catches
    assert not replace(outcome, verdict=Verdict.INCONCLUSIVE).catches
