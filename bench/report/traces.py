"""The signals of one shot over time, as a picture that a page's script can zoom and read values from.

The lines are drawn in their own units: a step to the right is `data-unit` ns, a step down is `data-step` of the signal.
So the picture holds each kept value once, for the eye and for the script.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from markupsafe import Markup, escape

from bench.report.svg import lane, percent, picture, plane, text, time_axis, upright
from bench.units import NS_PER_MS

_MOST_STEPS = 2_000_000  # to the right: a browser's coordinates hold seven digits
_LANE, _ROW, _TITLE, _GAP = 52.0, 13.0, 16.0, 6.0  # heights in pixels
_STRETCHES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSeries:
    """One line of a trace picture: (t_ns, value) in order of time; `steps` for states."""

    title: str
    unit: str
    points: Sequence[tuple[int, float]]
    steps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePicture:
    """One shot drawn over time. Instants in ns on the trace's timebase; None where none."""

    title: str
    series: tuple[TraceSeries, ...]
    onset_ns: int | None = None
    detected_ns: int | None = None
    safe_ns: int | None = None
    fdti_deadline_ns: int | None = None
    fhti_deadline_ns: int | None = None
    ftti_deadline_ns: int | None = None


def trace_svg(shown: TracePicture) -> Markup:
    """The series under each other on one time axis, with instants and deadlines; empty where there is nothing."""
    marks = [
        ("onset", "onset", shown.onset_ns),
        ("detected", "detected", shown.detected_ns),
        ("safe", "safe state", shown.safe_ns),
        ("limit", "FDTI budget", shown.fdti_deadline_ns),
        ("limit", "FHTI budget", shown.fhti_deadline_ns),
        ("ftti", "FTTI", shown.ftti_deadline_ns),
    ]
    seen = sorted(((at, style, label) for style, label, at in marks if at is not None), key=lambda m: m[0])
    ends = [series.points[place][0] for series in shown.series if series.points for place in (0, -1)]
    instants = [*ends, *(at for at, _, _ in seen)]
    if not instants:
        return Markup("")
    start, end = min(instants), max(instants)
    if shown.onset_ns is not None:
        # What led up to the onset needs no more room than a third of what followed.
        start = max(start, shown.onset_ns - max(end - shown.onset_ns, NS_PER_MS) // 3)
    end = max(end, start + 1)
    zero = shown.onset_ns if shown.onset_ns is not None else start
    unit = _unit_ns(end - start)
    x = percent(start, end)
    top = len(seen) * _ROW + 2
    bottom = top + len(shown.series) * (_TITLE + _LANE + _GAP) - _GAP
    parts: list[str] = []
    for row, series in enumerate(shown.series):
        at = top + row * (_TITLE + _LANE + _GAP)
        parts += _lane(_from(series, start), at, start - zero, end - zero, zero, unit)
    for row, (at_ns, style, label) in enumerate(seen):
        right = x(at_ns) > 60
        y = (row + 1) * _ROW - 3
        parts.append(
            f'<g class="mark" data-t="{(at_ns - zero) / unit:.0f}">{upright(style, x(at_ns), y - 8, bottom)}'
            f"{text(f'small {style}-text', x(at_ns), y, label, 'end' if right else 'start', -4 if right else 4)}</g>"
        )
    axis = time_axis(start - zero, end - zero, lambda t: x(t + zero), bottom, bottom)
    parts.append(f'<g class="axis">{"".join(axis)}</g>')
    reach = (
        f' data-unit="{unit}" data-from="{_ticks(start - zero, unit)}" data-to="{_ticks(end - zero, unit)}"'
    )
    return picture(bottom + 18, shown.title, parts, "plot trace", reach)


def _unit_ns(span_ns: int) -> int:
    """The power of ten of ns that a step to the right is worth."""
    unit = 1
    while span_ns / unit > _MOST_STEPS:
        unit *= 10
    return unit


def _ticks(t_ns: int, unit: int) -> int:
    return round(t_ns / unit)


def _from(series: TraceSeries, start_ns: int) -> TraceSeries:
    """Cut to what is drawn; the last point before stands for the state at the start."""
    before = [value for t, value in series.points if t < start_ns][-1:]
    points = [*((start_ns, value) for value in before), *(p for p in series.points if p[0] >= start_ns)]
    return replace(series, points=points)


def _lane(series: TraceSeries, top: float, first: int, last: int, zero: int, unit: int) -> list[str]:
    """One series: its title above, its lowest and highest value at the left, its line. first, last, zero in ns."""
    begin = top + _TITLE
    titled = f"{series.title} ({series.unit})" if series.unit else series.title
    parts = [lane(begin, _LANE), text("name", 0, top + 12, titled)]
    finite = [(t, v) for t, v in series.points if math.isfinite(v)]
    if not finite:
        return parts
    low, high = min(v for _, v in finite), max(v for _, v in finite)
    room = (high - low) * 0.1 or max(abs(high) * 0.01, 0.5)
    step = _step(low - room, high + room)
    lowest, highest = (low - room) / step, (high + room) / step
    for value in dict.fromkeys((low, high)):
        y = begin + _LANE * (highest - value / step) / (highest - lowest)
        parts.append(text("small", 0, y + 3.5, f"{value:.4g}", "end", -4))
    kept = _changes(finite) if series.steps else thinned(finite)
    points = [(_ticks(t - zero, unit), -round(v / step)) for t, v in kept]
    line = (
        f'<path class="line" d="{_path(points, steps=series.steps)}" data-name="{escape(series.title)}" '
        f'data-of="{escape(series.unit)}" data-step="{step:g}"/>'
    )
    left = _ticks(first, unit)
    box = f"{left} {-highest:.6g} {max(1, _ticks(last, unit) - left)} {highest - lowest:.6g}"
    return [*parts, plane(begin, _LANE, [line], box)]


def _step(low: float, high: float) -> float:
    """A power of ten that resolves what is drawn into a thousand steps and more, as far as seven digits go."""
    fine = (high - low) / 1000
    coarse = max(abs(low), abs(high)) / 8_000_000
    return float(f"1e{math.floor(math.log10(max(fine, coarse, 1e-12)))}")


def _path(points: Sequence[tuple[int, int]], *, steps: bool) -> str:
    """A path of relative steps; a state holds until it changes."""
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for (t, v), (later, next_v) in pairwise(points):
        if steps or v == next_v:
            parts.append(f"h{later - t}" if v == next_v else f"h{later - t}v{next_v - v}")
        else:
            parts.append(f"l{later - t} {next_v - v}")
    return "".join(parts) + ("h0" if len(points) == 1 else "")


def _changes(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """A state needs a point only where it changes, and one at the end."""
    kept = [points[0], *(b for a, b in pairwise(points) if a[1] != b[1])]
    return thinned([*kept, points[-1]])


def thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most some 400 points: of each stretch first, lowest, highest and last: no spike is lost."""
    size = math.ceil(len(points) / _STRETCHES)
    if size <= 4:
        return points
    kept: list[tuple[int, float]] = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        low, high = min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])
        kept.extend(sorted({part[0], low, high, part[-1]}))
    return kept
