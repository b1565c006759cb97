"""When a run ends before all is fired: enough scenarios failed, or the DUT does not come up for any shot."""

from __future__ import annotations

from dataclasses import dataclass

from bench.errors import BenchError
from bench.measure.finding.bench import DutNotUp, DutRefused
from bench.running.load import ENDED_EARLY
from bench.verdict.result import ShotResult, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRule:
    """keep_going: also where the DUT has not come up once. most_failed: the number of failed scenarios that ends it."""

    keep_going: bool = True
    most_failed: int | None = None


TO_THE_END = EndRule()


class EndedEarly(BenchError):
    """A rule of the run has ended it; what had finished is kept."""


class EarlyEnd:
    """Looks at each shot. excused: scenarios whose shots may fail: a mismatch has to, a known gap does."""

    def __init__(self, rule: EndRule, excused: frozenset[str], shots: int) -> None:
        self._rule, self._excused, self._left = rule, excused, shots
        self._failed: set[str] = set()
        self._came_up = False

    def look(self, scenario_id: str, result: ShotResult) -> None:
        """Raises EndedEarly, unless nothing is left to be fired anyway."""
        self._left -= 1
        if result.judgement.verdict in (Verdict.FAIL, Verdict.ERROR) and scenario_id not in self._excused:
            self._failed.add(scenario_id)
        self._came_up = self._came_up or bool(result.identity) or result.judgement.verdict.decided
        if not self._left:
            return
        most = self._rule.most_failed
        if most is not None and len(self._failed) >= most:
            count = "1 scenario" if len(self._failed) == 1 else f"{len(self._failed)} scenarios"
            raise EndedEarly(f"{ENDED_EARLY}: {count} failed, as many as were allowed")
        if not self._rule.keep_going and not self._came_up and is_not_up(result):
            raise EndedEarly(
                f"{ENDED_EARLY}: the DUT does not come up; --keep-going fires the rest all the same"
            )


def is_not_up(result: ShotResult) -> bool:
    """The shot could not begin, as the DUT's process ended at once, or is not the build that is expected.

    What else broke before the fault, a guard that was killed or an instrument that was silent, is that shot's trouble.
    """
    if result.judgement.verdict is not Verdict.ERROR or result.identity:
        return False
    return any(isinstance(one.finding, DutNotUp | DutRefused) for one in result.judgement.reasons)
