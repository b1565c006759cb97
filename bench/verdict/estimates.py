"""Whether an estimate is good enough: figures against limits. What the figures' u leaves open is open."""

from bench.measure.estimate import EstimateFound
from bench.measure.finding.base import Finding
from bench.measure.finding.plant import (
    EstimateNotConverged,
    EstimateOff,
    EstimatePerhapsConverged,
    EstimateStraddles,
    Figure,
)


def judge_estimate(found: EstimateFound, fails: list[Finding], open_questions: list[Finding]) -> None:
    """FAIL beyond a limit for certain, INCONCLUSIVE where the figure's uncertainty straddles it."""
    asked, name = found.question, found.question.name
    if found.problem is not None:
        fails.append(found.problem)
        return
    if found.lacking is not None:
        open_questions.append(found.lacking)
        return
    if found.beyond_fit is not None:
        open_questions.append(found.beyond_fit)
        return
    held = [(Figure.RMS, found.rms, found.u, asked.rms), (Figure.LARGEST, found.max_abs, found.u, asked.max)]
    held.append((Figure.OVER, found.max_over, found.u, asked.over))
    if found.drift_per_day is not None:
        day_u = 2 * found.u * 86_400e9 / found.span_ns
        held.append((Figure.DRIFT, abs(found.drift_per_day), day_u, asked.drift_per_day))
    for figure, value, u, limit in held:
        if limit is None:
            continue
        if value - u > limit:
            fails.append(EstimateOff(estimate=name, figure=figure, value=value, u=u, limit=limit))
        elif value + u > limit:
            straddles = EstimateStraddles(estimate=name, figure=figure, value=value, u=u, limit=limit)
            open_questions.append(straddles)
    if asked.band is not None and asked.converge_ns is not None:
        _converges(found, asked.band, asked.converge_ns, fails, open_questions)


def _converges(
    found: EstimateFound, band: float, within_ns: int, fails: list[Finding], open_questions: list[Finding]
) -> None:
    name = found.question.name
    if found.inside_ns is not None and found.inside_ns <= within_ns:
        return
    if found.maybe_ns is not None and found.maybe_ns <= within_ns:
        open_questions.append(
            EstimatePerhapsConverged(
                estimate=name, band=band, within_ns=within_ns, u=found.u, first=found.first, last=found.last
            )
        )
        return
    fails.append(
        EstimateNotConverged(
            estimate=name,
            band=band,
            within_ns=within_ns,
            took_ns=found.maybe_ns,
            first=found.first,
            last=found.last,
        )
    )
