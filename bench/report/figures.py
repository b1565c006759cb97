"""The report's pictures as inline SVG. Numbers in, markup out; colours and fonts come from the page."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from markupsafe import Markup, escape

from bench.measure.interval import Interval
from bench.report.finding_words import joined_words
from bench.units import NS_PER_MS, NS_PER_S, NS_PER_US, format_ns
from bench.verdict.censored import ecdf_band
from bench.verdict.result import Budget, LatencyStatistics, ShotResult, Verdict

Scale = Callable[[float], float]

_MOST_DRAWN = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSeries:
    """One line of a trace picture: (t_ns, value) in order of time; `steps` for states."""

    title: str
    unit: str
    points: Sequence[tuple[int, float]]
    steps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePicture:
    """The worst shot drawn over time. Instants in ns on the trace's timebase; None where none."""

    title: str
    series: tuple[TraceSeries, ...]
    onset_ns: int | None = None
    detected_ns: int | None = None
    safe_ns: int | None = None
    fdti_deadline_ns: int | None = None
    fhti_deadline_ns: int | None = None
    ftti_deadline_ns: int | None = None


def budget_bar(budget: Budget, fdti: LatencyStatistics | None, fhti: LatencyStatistics | None) -> Markup:
    """Worst FDTI and FHTI on a scale that ends at the FTTI; budgets are ticks, uncertainty a whisker."""
    width, left, right = 340.0, 30.0, 330.0
    reach = max(budget.ftti_ns, *(s.max_high_ns for s in (fdti, fhti) if s), 1)
    x = _linear(0, reach, left, right)
    parts = [
        f'<rect class="lane" x="{left}" y="4" width="{x(budget.ftti_ns) - left:.1f}" height="30" rx="2"/>'
    ]
    for name, statistics, limit_ns, y in (
        ("FDTI", fdti, budget.fdti_ns, 11),
        ("FHTI", fhti, budget.fhti_ns, 27),
    ):
        parts.append(f'<text class="small" x="{left - 4}" y="{y + 3.5}" text-anchor="end">{name}</text>')
        if statistics is not None:
            low, high = x(statistics.max_low_ns), x(statistics.max_high_ns)
            over = " over" if statistics.max_high_ns > limit_ns else ""
            parts.append(
                f'<rect class="bar{over}" x="{left}" y="{y - 4}" width="{low - left:.1f}" height="8"/>'
            )
            parts.append(f'<path class="whisker" d="M{low:.1f} {y}H{high:.1f}M{high:.1f} {y - 4}v8"/>')
        parts.append(f'<path class="limit" d="M{x(limit_ns):.1f} {y - 7}v14"/>')
    end = x(budget.ftti_ns)
    parts.append(f'<path class="ftti" d="M{end:.1f} 2v34"/>')
    parts.append(f'<text class="small" x="{left}" y="45">0</text>')
    parts.append(
        f'<text class="small" x="{end:.1f}" y="45" text-anchor="end">FTTI {format_ns(budget.ftti_ns)}</text>'
    )
    return _svg(width, 52, "Worst latencies against their budgets", parts)


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
    width, left, right, top = 500.0, 12.0, 488.0, 20.0
    height = min(110.0, max(34.0, len(found) * 6.0))
    x = _linear(max(0, start - margin), end + margin, left, right)
    y = _linear(0, max(len(found) - 1, 1), top + 6, top + height - 6)
    whiskers, dots, marked = [], [], []
    every = math.ceil(len(found) / _MOST_DRAWN)
    for row, (shot, low_ns, high_ns) in enumerate(found):
        passed = shot.judgement.verdict is Verdict.PASS
        if row % every and passed and low_ns != first and high_ns != last:
            continue
        low, high = x(low_ns), x(high_ns)
        at = y(row if len(found) > 1 else 0.5)
        segment = f"M{low:.1f} {at:.1f}h{high - low:.1f}"
        dot = f"M{(low + high) / 2:.1f} {at:.1f}h0"
        if passed:
            whiskers.append(segment)
            dots.append(dot)
        else:
            words = escape(f"shot {shot.index}: {joined_words(shot.judgement)}")
            marked.append(
                f'<g class="bad"><title>{words}</title><path d="{segment}"/><path class="dot" d="{dot}"/></g>'
            )
    parts = [f'<rect class="lane" x="{left}" y="{top}" width="{right - left}" height="{height}" rx="2"/>']
    parts.extend(_time_axis(max(0, start - margin), end + margin, x, top, top + height))
    parts.append(f'<path class="interval" d="{"".join(whiskers)}"/><path class="dot" d="{"".join(dots)}"/>')
    parts.extend(marked)
    if limit_near:
        parts.append(f'<path class="limit" d="M{x(limit_ns):.1f} {top - 4}V{top + height}"/>')
        label_at, label = x(limit_ns), f"budget {format_ns(limit_ns)}"
    elif limit_ns > last:
        label_at, label = right, f"budget {format_ns(limit_ns)} →"
    else:
        label_at, label = left, f"← budget {format_ns(limit_ns)}"
    # The label grows towards the middle; the plot's name takes the other end.
    label_left = label_at <= width / 2
    parts.append(_text("small limit-text", label_at, top - 8, label, "start" if label_left else "end"))
    parts.append(
        _text("name", right if label_left else left, top - 8, name, "end" if label_left else "start")
    )
    return _svg(width, top + height + 18, f"{name} of every shot", parts)


def ecdf_plot(
    name: str,
    intervals: Sequence[Interval],
    limit_ns: int,
    window: tuple[int | None, int | None] = (None, None),
) -> Markup | None:
    """The share of shots done by a time, as the band between the intervals' ends; None for no latency.

    `window`: floor and ceiling that the DUT's published debounce predicts, drawn as a wash.
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
    width, left, right, top, height = 500.0, 34.0, 488.0, 20.0, 96.0
    x, y = _linear(start, end, left, right), _linear(0, 1, top + height, top)
    parts = [f'<rect class="lane" x="{left}" y="{top}" width="{right - left}" height="{height}" rx="2"/>']
    if floor_ns is not None and ceiling_ns is not None:
        a, b = max(left, x(floor_ns)), min(right, x(ceiling_ns))
        if b > a:
            parts.append(
                f'<rect class="window" x="{a:.1f}" y="{top}" width="{b - a:.1f}" height="{height}"/>'
            )
    for share in (0.5, 0.95):
        parts.append(f'<path class="grid" d="M{left} {y(share):.1f}H{right}"/>')
        parts.append(_text("small", left - 4, y(share) + 3.5, f"{share * 100:g} %", "end"))
    parts.extend(_time_axis(start, end, x, top + height, top + height))
    forth = _staircase(left_edge, x, y)
    back = _staircase(right_edge, x, y)
    parts.append(f'<path class="band" d="M{forth}L{"L".join(reversed(back.split("L")))}Z"/>')
    parts.append(f'<path class="line" d="M{back}"/>')
    limit_seen = start <= limit_ns <= end
    if limit_seen:
        parts.append(f'<path class="limit" d="M{x(limit_ns):.1f} {top - 4}V{top + height}"/>')
        at, label = x(limit_ns), f"budget {format_ns(limit_ns)}"
    else:
        at = right if limit_ns > last else left
        words = format_ns(limit_ns)
        label = f"budget {words} →" if limit_ns > last else f"← budget {words}"
    label_left = at <= width / 2
    parts.append(_text("small limit-text", at, top - 8, label, "start" if label_left else "end"))
    parts.append(
        _text("name", right if label_left else left, top - 8, name, "end" if label_left else "start")
    )
    return _svg(width, top + height + 18, f"{name}: share of shots over time", parts)


def _staircase(edge: Sequence[tuple[int, float]], x: Scale, y: Scale) -> str:
    """Corner points joined by L; at most some 300 of them."""
    every = math.ceil(len(edge) / 150)
    kept = [edge[i] for i in range(0, len(edge), every)]
    if kept[-1] != edge[-1]:
        kept.append(edge[-1])
    points, level = [], 0.0
    for t, share in kept:
        points += [f"{x(t):.1f} {y(level):.1f}", f"{x(t):.1f} {y(share):.1f}"]
        level = share
    return "L".join(points)


def worst_trace_svg(picture: TracePicture) -> Markup:
    """The series of a shot under each other on one time axis, with its instants and deadlines."""
    marks = [
        ("onset", "onset", picture.onset_ns),
        ("detected", "detected", picture.detected_ns),
        ("safe", "safe state", picture.safe_ns),
        ("limit", "FDTI", picture.fdti_deadline_ns),
        ("limit", "FHTI", picture.fhti_deadline_ns),
        ("ftti", "FTTI", picture.ftti_deadline_ns),
    ]
    at_marks = [at for _, _, at in marks if at is not None]
    instants = [t for series in picture.series for t, _ in series.points] + at_marks
    if not instants:
        return Markup("")
    start, end = min(instants), max(instants)
    if picture.onset_ns is not None:
        # What led up to the onset needs no more room than a third of what followed.
        start = max(start, picture.onset_ns - max(end - picture.onset_ns, NS_PER_MS) // 3)
    zero = picture.onset_ns if picture.onset_ns is not None else start
    width, left, right, top, lane, gap = 1000.0, 190.0, 985.0, 56.0, 66.0, 8.0
    x = _linear(start, max(end, start + 1), left, right)
    bottom = top + len(picture.series) * (lane + gap) - gap
    parts: list[str] = []
    for row, series in enumerate(picture.series):
        shown = _from(series, start)
        parts.extend(_trace_lane(shown, x, left, right, top + row * (lane + gap), lane))
    taken: list[float] = [-1e9] * 4
    for style, label, at_ns in sorted(marks, key=lambda mark: mark[2] or 0):
        if at_ns is None:
            continue
        at, reach = x(at_ns), len(label) * 6.5 + 10
        from_right = at + reach > right
        begin = at - reach if from_right else at
        level = next((i for i, busy in enumerate(taken) if busy <= begin), len(taken) - 1)
        taken[level] = begin + reach
        anchor, shift = ("end", -3) if from_right else ("start", 3)
        height = 12 + 12 * level
        parts.append(f'<path class="{style}" d="M{at:.1f} {height - 9}V{bottom}"/>')
        parts.append(_text(f"small {style}-text", at + shift, height, label, anchor))
    parts.extend(_time_axis(start - zero, end - zero, lambda t: x(t + zero), bottom, bottom))
    return _svg(width, bottom + 18, picture.title, parts)


def _from(series: TraceSeries, start_ns: int) -> TraceSeries:
    """Cut to what is drawn; the last point before stands for the state at the start."""
    before = [value for t, value in series.points if t < start_ns][-1:]
    points = [*((start_ns, value) for value in before), *(p for p in series.points if p[0] >= start_ns)]
    return replace(series, points=points)


def _trace_lane(
    series: TraceSeries, x: Scale, left: float, right: float, top: float, height: float
) -> list[str]:
    parts = [f'<rect class="lane" x="{left}" y="{top}" width="{right - left}" height="{height}" rx="2"/>']
    parts.append(_text("name", left - 46, top + height / 2, series.title, "end"))
    parts.append(_text("small", left - 46, top + height / 2 + 13, series.unit, "end"))
    finite = [(t, v) for t, v in series.points if math.isfinite(v)]
    if not finite:
        return parts
    low, high = min(v for _, v in finite), max(v for _, v in finite)
    room = (high - low) * 0.1 or max(abs(high) * 0.01, 0.5)
    y = _linear(low - room, high + room, top + height, top)
    ends = dict.fromkeys((low, high))
    parts.extend(_text("small", left - 4, y(value) + 3.5, f"{value:.4g}", "end") for value in ends)
    kept = _changes(finite) if series.steps else _thinned(finite)
    path = [f"M{x(kept[0][0]):.1f} {y(kept[0][1]):.1f}"]
    path.extend(f"H{x(t):.1f}V{y(v):.1f}" if series.steps else f"L{x(t):.1f} {y(v):.1f}" for t, v in kept[1:])
    parts.append(f'<path class="line" d="{"".join(path)}"/>')
    return parts


def _changes(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """A state needs a point only where it changes, and one at the end."""
    kept = [points[0], *(b for a, b in pairwise(points) if a[1] != b[1])]
    return _thinned([*kept, points[-1]])


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most some 250 points: of each stretch first, lowest, highest and last: no spike is lost."""
    size = math.ceil(len(points) / 60)
    if size <= 4:
        return points
    kept: list[tuple[int, float]] = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        low, high = min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])
        kept.extend(sorted({part[0], low, high, part[-1]}))
    return kept


def _linear(low: float, high: float, start: float, end: float) -> Scale:
    factor = (end - start) / ((high - low) or 1)
    return lambda value: start + (value - low) * factor


def _time_axis(start_ns: float, end_ns: float, x: Scale, top: float, bottom: float) -> list[str]:
    """Five to ten round ticks; `x` takes the tick's own value."""
    step = _round_step((end_ns - start_ns) / 6)
    unit, name = next(
        (
            (size, name)
            for size, name in ((NS_PER_S, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "µs"))
            if end_ns >= size
        ),
        (1, "ns"),
    )
    digits = max(0, -math.floor(math.log10(step / unit) + 1e-9))
    parts = []
    for k in range(math.ceil(start_ns / step), math.floor(end_ns / step) + 1):
        at = x(k * step)
        parts.append(f'<path class="grid" d="M{at:.1f} {top}V{bottom + 3}"/>')
        label = f"{k * step / unit:.{digits}f} {name}"
        parts.append(
            f'<text class="small" x="{at:.1f}" y="{bottom + 14}" text-anchor="middle">{label}</text>'
        )
    return parts


def _round_step(rough: float) -> float:
    """The 1, 2 or 5 times a power of ten that is next above."""
    power = 10.0 ** math.floor(math.log10(max(rough, 1.0)))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= rough or k == 10)


def _text(style: str, x: float, y: float, words: str, anchor: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> Markup:
    head = f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + "</svg>")  # every text in parts is escaped
