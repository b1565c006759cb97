"""A scenario file of format 1 judged as format 2 would: for one release both are told."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.measure.plan import Plan
from bench.verdict.judge import judge
from bench.verdict.result import Judgement, ShotResult


def under_format_2(
    plan: Plan, shots: Sequence[ShotResult], concluded: Callable[[Sequence[ShotResult]], Judgement]
) -> Judgement | None:
    """What the shots would add up to; None where no shot reported anything that the file does not expect."""
    if plan.only_expected or not any(one.measurement and one.measurement.unexpected for one in shots):
        return None
    return concluded([_shot(one, plan) for one in shots])


def _shot(shot: ShotResult, plan: Plan) -> ShotResult:
    measured = shot.measurement
    if measured is None or not measured.unexpected:
        return shot
    strict = replace(measured, broken=(*measured.broken, *measured.unexpected), unexpected=())
    return replace(shot, measurement=strict, judgement=judge(strict, plan))
