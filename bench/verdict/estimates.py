"""Whether an estimate is good enough: figures against limits, in words. What the figures' u leaves open is open."""

from bench.measure.estimate import EstimateFound
from bench.units import format_ns


def judge_estimate(found: EstimateFound, fails: list[str], open_questions: list[str]) -> None:
    """FAIL beyond a limit for certain, INCONCLUSIVE where the figure's uncertainty straddles it."""
    asked, name = found.question, found.question.name
    if found.problem:
        fails.append(f"{name}: {found.problem}")
        return
    if found.lacking:
        open_questions.append(f"{name}: {found.lacking}")
        return
    for what, value, limit in (
        ("error RMS", found.rms, asked.rms),
        ("largest error", found.max_abs, asked.max),
    ):
        if limit is not None:
            _upper(f"{name}: {what}", value, found.u, limit, "", fails, open_questions)
    if asked.drift_per_day is not None and found.drift_per_day is not None:
        day_u = 2 * found.u * 86_400e9 / found.span_ns
        text = f"{name}: drift of the error"
        _upper(text, abs(found.drift_per_day), day_u, asked.drift_per_day, " a day", fails, open_questions)
    if asked.band is not None and asked.converge_ns is not None:
        _converges(found, asked.band, asked.converge_ns, fails, open_questions)


def _upper(
    text: str, value: float, u: float, limit: float, per: str, fails: list[str], open_questions: list[str]
) -> None:
    shown = f"{text} {percent(value)} ± {percent(u)}{per}"
    if value - u > limit:
        fails.append(f"{shown} is above the limit {percent(limit)}{per}")
    elif value + u > limit:
        open_questions.append(
            f"{shown} straddles the limit {percent(limit)}{per}: the signal's resolution has to shrink, "
            "or the drive to last longer"
        )


def _converges(
    found: EstimateFound, band: float, within_ns: int, fails: list[str], open_questions: list[str]
) -> None:
    ends = f"it began at {signed(found.first)} and ended at {signed(found.last)}"
    asked = f"inside {percent(band)} within {format_ns(within_ns)}"
    name = found.question.name
    if found.inside_ns is not None and found.inside_ns <= within_ns:
        return
    if found.maybe_ns is not None and found.maybe_ns <= within_ns:
        open_questions.append(f"{name}: perhaps {asked}, by less than ± {percent(found.u)}; {ends}")
    elif found.maybe_ns is None:
        fails.append(f"{name}: not {asked}; {ends}")
    else:
        fails.append(f"{name}: not {asked} but after {format_ns(found.maybe_ns)}; {ends}")


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def signed(share: float) -> str:
    return f"{100 * share:+.2f} %"
