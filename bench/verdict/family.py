"""A bound that holds for all scenarios of a run together. Each scenario's own bound holds for that scenario only.

If 300 bounds hold with 95 % confidence each, 15 of them may be too good. So each scenario gets a part of the risk,
(1 - confidence) / scenarios. This is Bonferroni's correction: the union bound needs no independence of scenarios.
The price is a smaller share: 59 clean shots bound 95.05 % alone, and 87.4 % as one of 140 scenarios.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.verdict.proportion import shots_for
from bench.verdict.result import ScenarioResult, Verdict
from bench.verdict.sampling import bunched, share_handled

CONFIDENCE = 0.95
CLAIMED = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """`scenarios` with `shots` attempts each, `missed` of them not handled: in each scenario at least `share` are
    handled.

    copies: number of shots at bunched phases of the DUT's cycle, which count as one attempt.
    """

    shots: int
    missed: int
    copies: bool
    scenarios: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOnce:
    """What holds with `confidence` of all `scenarios` together, most shots first. builds: as the DUT named itself.

    shots_needed: clean ones of every scenario, for CLAIMED in each of them.
    """

    scenarios: int
    confidence: float
    groups: tuple[Alike, ...]
    shots_needed: int
    builds: tuple[str, ...]


def at_once(scenarios: Sequence[ScenarioResult], confidence: float = CONFIDENCE) -> AtOnce | None:
    """None for fewer than two: then the scenario's own bound says it. Mismatches are no results of the build."""
    own = [one for one in scenarios if not one.mismatch and one.shots]
    if len(own) < 2:
        return None
    each = 1 - (1 - confidence) / len(own)
    counts = Counter(map(counted, own))
    groups = (
        Alike(
            shots=n,
            missed=missed,
            copies=copies,
            scenarios=many,
            share=share_handled(n - missed, n, copies=copies, confidence=each),
        )
        for (n, missed, copies), many in counts.items()
    )
    return AtOnce(
        scenarios=len(own),
        confidence=confidence,
        groups=tuple(sorted(groups, key=lambda one: (-one.share, -one.shots))),
        shots_needed=shots_for(CLAIMED, each),
        builds=tuple(sorted({shot.identity for one in own for shot in one.shots})),
    )


def counted(scenario: ScenarioResult) -> tuple[int, int, bool]:
    """(attempts, of these not PASS, whether they are copies). What was not decided is no success."""
    missed = sum(shot.judgement.verdict is not Verdict.PASS for shot in scenario.shots)
    return len(scenario.shots), missed, bunched(scenario.shots)
