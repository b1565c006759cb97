"""Which shots of a run lie in its folder as BLF, too: what an engineer opens first."""

from collections.abc import Iterator
from itertools import islice

from bench.stored.pictures import worst_shot
from bench.units import NS_PER_S
from bench.verdict.result import RunResult, ScenarioResult, ShotResult, Verdict

MOST_FAILING = (
    5  # of one scenario: a build that fails in every shot must not fill the folder; the others are exported
)
LONGEST_NS = 600 * NS_PER_S  # an hour takes 40 MB as BLF, and 1 MB in its container


def shots_for_lab(run: RunResult) -> Iterator[str]:
    """The first shot, the worst one, and failed shots of each scenario, by their places within the run.

    None that lasts longer than LONGEST_NS: those are exported when somebody wants one.
    """
    for scenario in run.scenarios:
        chosen = (shot for shot in _chosen(scenario) if shot.folder and shot.simulated_ns <= LONGEST_NS)
        yield from (shot.folder for shot in chosen)


def _chosen(scenario: ScenarioResult) -> Iterator[ShotResult]:
    yield from [shot for shot in scenario.shots if shot.folder][:1]
    if (worst := worst_shot(scenario)) is not None:
        yield worst
    failing = (shot for shot in scenario.shots if shot.judgement.verdict in (Verdict.FAIL, Verdict.ERROR))
    yield from islice(failing, MOST_FAILING)
