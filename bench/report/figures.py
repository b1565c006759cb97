"""The report's pictures of latencies as inline SVG. Numbers in, markup out; colours and fonts come from the page."""

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from bench.measure.interval import Interval
from bench.report.finding_words import joined_words
from bench.report.svg import (
    PLANE,
    Scale,
    lane,
    level,
    linear,
    percent,
    picture,
    plane,
    text,
    time_axis,
    upright,
)
from bench.units import NS_PER_US, format_ns
from bench.verdict.censored import ecdf_band
from bench.verdict.result import Budget, LatencyStatistics, ShotResult, Verdict

_MOST_DRAWN = 1_500


def budget_bar(budget: Budget, fdti: LatencyStatistics | None, fhti: LatencyStatistics | None) -> Markup:
    """Worst FDTI and FHTI on a scale that ends at the FTTI; budgets are ticks, uncertainty a whisker."""
    reach = max(budget.ftti_ns, *(s.max_high_ns for s in (fdti, fhti) if s), 1)
    x = percent(0, reach)
    parts = [lane(4, 30, width=x(budget.ftti_ns))]
    for name, statistics, limit_ns, y in (
        ("FDTI", fdti, budget.fdti_ns, 11),
        ("FHTI", fhti, budget.fhti_ns, 27),
    ):
        parts.append(text("small", 0, y + 3.5, name, "end", -4))
        if statistics is not None:
            low, high = x(statistics.max_low_ns), x(statistics.max_high_ns)
            over = " over" if statistics.max_high_ns > limit_ns else ""
            parts.append(f'<rect class="bar{over}" x="0" y="{y - 4}" width="{low:.2f}%" height="8"/>')
            parts.append(level("whisker", y, low, high) + upright("whisker", high, y - 4, y + 4))
        parts.append(upright("limit", x(limit_ns), y - 7, y + 7))
    end = x(budget.ftti_ns)
    parts.append(upright("ftti", end, 2, 36))
    parts.append(text("small", 0, 46, "0"))
    parts.append(text("small", end, 46, f"FTTI {format_ns(budget.ftti_ns)}", "end"))
    return picture(50, "Worst latencies against their budgets", parts, "plot bars")


def strip_plot(name: str, shots: Sequence[ShotResult], limit_ns: int) -> Markup | None:
    """Every measured shot as an interval with a dot, shot order downwards; None when nothing was measured."""
    found = []
    for shot in shots:
        latency = None
        if shot.measurement is not None:
            latency = shot.measurement.fdti if name == "FDTI" else shot.measurement.fhti
        if latency is not None:
            found.append((shot, latency.interval.low_ns, latency.interval.high_ns))
    if not found:
        return None
    first, last = min(low for _, low, _ in found), max(high for _, _, high in found)
    spread = max(last - first, 2 * NS_PER_US)
    limit_near = first - 3 * spread <= limit_ns <= last + 3 * spread
    start, end = (min(first, limit_ns), max(last, limit_ns)) if limit_near else (first, last)
    margin = (end - start) * 0.04 + 1
    start, end = round(max(0, start - margin)), round(end + margin)
    top, height = 20.0, min(110.0, max(34.0, len(found) * 6.0))
    x, at = linear(start, end, 0, PLANE), percent(start, end)
    y = linear(0, max(len(found) - 1, 1), 6, height - 6)
    whiskers, dots, marked = [], [], []
    every = math.ceil(len(found) / _MOST_DRAWN)
    for row, (shot, low_ns, high_ns) in enumerate(found):
        passed = shot.judgement.verdict is Verdict.PASS
        if row % every and passed and low_ns != first and high_ns != last:
            continue
        low, high = x(low_ns), x(high_ns)
        down = y(row if len(found) > 1 else 0.5)
        segment = f"M{low:.1f} {down:.1f}h{high - low:.1f}"
        dot = f"M{(low + high) / 2:.1f} {down:.1f}h0"
        if passed:
            whiskers.append(segment)
            dots.append(dot)
        else:
            words = escape(f"shot {shot.index}: {joined_words(shot.judgement)}")
            marked.append(
                f'<g class="bad"><title>{words}</title><path d="{segment}"/><path class="dot" d="{dot}"/></g>'
            )
    drawn = [f'<path class="interval" d="{"".join(whiskers)}"/><path class="dot" d="{"".join(dots)}"/>']
    parts = [lane(top, height), *time_axis(start, end, at, top, top + height)]
    parts.append(plane(top, height, [*drawn, *marked]))
    parts += _limit_and_name(name, limit_ns, at if limit_near else None, limit_ns > last, top, height)
    return picture(top + height + 18, f"{name} of every shot", parts)


def _limit_and_name(
    name: str, limit_ns: int, at: Scale | None, behind: bool, top: float, height: float
) -> list[str]:
    """The budget as a line, or as an arrow to the side where it lies outside (`at` None), and the plot's name."""
    words = f"budget {format_ns(limit_ns)}"
    line = []
    if at is not None:
        place = at(limit_ns)
        line = [upright("limit", place, top - 4, top + height)]
    elif behind:
        place, words = 100.0, f"{words} →"
    else:
        place, words = 0.0, f"← {words}"
    # The label grows towards the middle; the plot's name takes the other end.
    left = place <= 50
    return [
        *line,
        text("small limit-text", place, top - 8, words, "start" if left else "end"),
        text("name", 100 if left else 0, top - 8, name, "end" if left else "start"),
    ]


def ecdf_plot(
    name: str,
    intervals: Sequence[Interval],
    limit_ns: int,
    window: tuple[int | None, int | None] = (None, None),
    bound_ns: int | None = None,
) -> Markup | None:
    """The share of shots done by a time, as the band between the intervals' ends; None for no latency.

    `window`: floor and ceiling that the DUT's published debounce predicts, drawn as a wash. bound_ns: the time that
    bounds the claimed share of latencies, where the shots support the claim.
    """
    if not intervals:
        return None
    left_edge, right_edge = ecdf_band(intervals)
    first, last = left_edge[0][0], right_edge[-1][0]
    spread = max(last - first, 2 * NS_PER_US)
    floor_ns, ceiling_ns = window
    near = [t for t in (limit_ns, floor_ns, ceiling_ns) if t is not None and abs(t - last) <= 3 * spread]
    margin = spread * 0.06 + 1
    start, end = max(0, min([first, *near]) - margin), max([last, *near]) + margin
    top, height = 20.0, 96.0
    x, y, at = linear(start, end, 0, PLANE), linear(0, 1, height, 0), percent(start, end)
    parts = [lane(top, height)]
    if floor_ns is not None and ceiling_ns is not None:
        a, b = max(0.0, at(floor_ns)), min(100.0, at(ceiling_ns))
        if b > a:
            parts.append(
                f'<rect class="window" x="{a:.2f}%" y="{top}" width="{b - a:.2f}%" height="{height}"/>'
            )
    for share in (0.5, 0.95):
        parts.append(level("grid", top + y(share)))
        parts.append(text("small", 0, top + y(share) + 3.5, f"{share * 100:g} %", "end", -4))
    parts.extend(time_axis(start, end, at, top + height, top + height))
    forth = _staircase(left_edge, x, y)
    back = _staircase(right_edge, x, y)
    parts.append(
        plane(
            top,
            height,
            [
                f'<path class="band" d="M{forth}L{"L".join(reversed(back.split("L")))}Z"/>',
                f'<path class="line" d="M{back}"/>',
            ],
        )
    )
    if bound_ns is not None:
        parts.append(upright("bound", at(bound_ns), top, top + height))
        left = at(bound_ns) <= 50
        parts.append(
            text(
                "small bound-text",
                at(bound_ns),
                top + height - 5,
                f"bound {format_ns(bound_ns)}",
                "start" if left else "end",
                4 if left else -4,
            )
        )
    seen = at if start <= limit_ns <= end else None
    parts += _limit_and_name(name, limit_ns, seen, limit_ns > last, top, height)
    return picture(top + height + 18, f"{name}: share of shots over time", parts)


def _staircase(edge: Sequence[tuple[int, float]], x: Scale, y: Scale) -> str:
    """Corner points joined by L; at most some 300 of them."""
    every = math.ceil(len(edge) / 150)
    kept = [edge[i] for i in range(0, len(edge), every)]
    if kept[-1] != edge[-1]:
        kept.append(edge[-1])
    points, done = [], 0.0
    for t, share in kept:
        points += [f"{x(t):.1f} {y(done):.1f}", f"{x(t):.1f} {y(share):.1f}"]
        done = share
    return "L".join(points)
