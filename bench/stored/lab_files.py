"""Which shots of a run lie in its folder as BLF, too: what an engineer opens first."""

from collections.abc import Iterator
from itertools import islice

from bench.stored.pictures import worst_shot
from bench.verdict.result import RunResult, ScenarioResult, ShotResult, Verdict

MOST_FAILING = (
    5  # of one scenario: a build that fails in every shot must not fill the folder; the others are exported
)


def shots_for_lab(run: RunResult) -> Iterator[str]:
    """The first shot, the worst one, and all failed shots of each scenario, by their places within the run."""
    for scenario in run.scenarios:
        yield from (shot.folder for shot in _chosen(scenario) if shot.folder)


def _chosen(scenario: ScenarioResult) -> Iterator[ShotResult]:
    yield from [shot for shot in scenario.shots if shot.folder][:1]
    if (worst := worst_shot(scenario)) is not None:
        yield worst
    failing = (shot for shot in scenario.shots if shot.judgement.verdict in (Verdict.FAIL, Verdict.ERROR))
    yield from islice(failing, MOST_FAILING)
