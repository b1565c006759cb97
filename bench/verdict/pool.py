"""Several runs taken together as one side of a comparison: nights of one shot each, which alone decide nothing."""

from collections.abc import Sequence
from dataclasses import replace

from bench.errors import ConfigError
from bench.verdict.result import RunResult, ScenarioResult, together


def pool(runs: Sequence[RunResult], why_not: Sequence[str] = ()) -> RunResult:
    """The shots of all runs under the identity of the last; only scenarios whose file is the same as there.

    why_not: what keeps them apart, as `why_not_comparable` says it. Raises ConfigError for that, and for two runs under
    one seed: they sweep the same phases, and in simulated time they are the same shots.
    """
    if not runs:
        raise ConfigError("found no run to take together; expected at least one")
    last = runs[-1]
    if len(runs) == 1:
        return last
    seeds = [run.seed for run in runs]
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice or why_not:
        told = [*why_not, *(f"seed {seed} more than once: these are the same shots" for seed in twice)]
        raise ConfigError(f"runs up to {last.run_id} cannot be taken together: {'; '.join(told)}")
    return replace(
        last,
        run_id=f"{runs[0].run_id} … {last.run_id} ({len(runs)} runs)",
        scenarios=tuple(_together(one, runs) for one in last.scenarios),
    )


def _together(one: ScenarioResult, runs: Sequence[RunResult]) -> ScenarioResult:
    key = f"scenario.{one.scenario_id}"
    same = [
        other
        for run in runs
        if run.hashes.get(key) == runs[-1].hashes.get(key)
        for other in run.scenarios
        if (other.scenario_id, other.operating_point) == (one.scenario_id, one.operating_point)
    ]
    verdict = together(other.judgement.verdict for other in same)
    worst = next(other for other in same if other.judgement.verdict is verdict)
    return replace(
        one, shots=tuple(shot for other in same for shot in other.shots), judgement=worst.judgement
    )
