"""Time to hazard as a picture: a lane per fault and chemistry on a logarithmic axis of time."""

import math
from collections.abc import Mapping
from itertools import groupby

from markupsafe import Markup, escape

from bench.hazard.margin import Margin
from bench.hazard.published import PUBLISHED, Compared
from bench.hazard.result import Band, CaseResult, HarmStage, HazardStudy, seconds

_LEFT, _RIGHT, _LANE, _HEAD = 250.0, 150.0, 15.0, 34.0
_WIDTH = 1080.0
_FROM_S = 1.0
_COLOURS = {
    "nmc": "#b3402a",
    "lfp": "#2a6fb3",
    "na_ion": "#7a5bb0",
    "na_nfm": "#c08a1e",
    "zn_chitosan": "#2f8a4e",
}
_OTHER = "#666"


def hazard_picture(study: HazardStudy, margins: Mapping[tuple[str, str], Margin]) -> Markup:
    """Bar: 5 to 95 % of samples reach the hazard; dot: median; thin tick: limit crossed; red: FTTI; black: FHTI."""
    cases = list(dict.fromkeys(result.case for result in study.results))
    groups = {case: [r for r in study.results if r.case == case] for case in cases}
    height = _HEAD + sum(len(group) * _LANE + 12.0 for group in groups.values()) + 24.0
    parts = [
        f'<svg viewBox="0 0 {_WIDTH:.0f} {height:.0f}" width="100%" role="img" '
        f'aria-label="time to hazard by fault and chemistry" font-family="sans-serif" font-size="11">'
    ]
    parts += _axis(study.horizon_s, height)
    y = _HEAD
    for case in cases:
        first = groups[case][0]
        middle = y + len(groups[case]) * _LANE / 2
        parts.append(f'<text x="4" y="{middle:.1f}" font-weight="600">{escape(first.title)}</text>')
        top = y
        for result in groups[case]:
            parts += _lane(result, margins[result.chemistry, result.case], y, study.horizon_s)
            y += _LANE
        ftti_s = margins[first.chemistry, first.case].ftti_s
        if ftti_s is not None and not first.warns:
            x = _x(ftti_s, study.horizon_s)
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{y:.1f}" stroke="#c00" stroke-width="1.6">'
                f"<title>FTTI {escape(first.goal)} {ftti_s:g} s</title></line>"
            )
        y += 12.0
    parts.append("</svg>")
    return Markup("".join(parts))


def _x(time_s: float, horizon_s: float) -> float:
    span = math.log10(horizon_s / _FROM_S)
    share = math.log10(max(_FROM_S, min(time_s, horizon_s)) / _FROM_S) / span
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _axis(horizon_s: float, height: float) -> list[str]:
    parts = []
    for tick in (1, 10, 60, 600, 3600, 10800):
        if tick <= horizon_s:
            x = _x(float(tick), horizon_s)
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{height - 16:.0f}" stroke="#ddd"/>'
                f'<text x="{x:.1f}" y="14" text-anchor="middle" fill="#555">{seconds(float(tick))}</text>'
            )
    return parts


def _lane(result: CaseResult, margin: Margin, y: float, horizon_s: float) -> list[str]:
    colour = _COLOURS.get(result.chemistry, _OTHER)
    middle = y + _LANE / 2
    parts = [
        f'<text x="{_LEFT - 8:.0f}" y="{middle + 4:.1f}" text-anchor="end" fill="{colour}">'
        f"{escape(result.chemistry)}</text>"
    ]
    limit = result.stages[HarmStage.LIMIT]
    if math.isfinite(limit.mid_s):
        x = _x(limit.mid_s, horizon_s)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 4:.1f}" y2="{middle + 4:.1f}" stroke="{colour}"/>'
        )
    parts += _bar(result.hazard, colour, middle, horizon_s)
    for one in PUBLISHED:
        if (one.chemistry, one.case, one.what) == (result.chemistry, result.case, Compared.RUNAWAY):
            left, right = (_x(end_s, horizon_s) for end_s in (one.low, one.high))
            parts.append(
                f'<path d="M{left:.1f} {middle - 6:.1f} v12 M{right:.1f} {middle - 6:.1f} v12 M{left:.1f} {middle:.1f} '
                f'H{right:.1f}" stroke="#222" fill="none" stroke-width="1.2">'
                f"<title>published: {escape(one.source)}</title></path>"
            )
    if margin.fhti is not None and math.isfinite(limit.mid_s):
        x = _x(limit.mid_s + margin.fhti.fhti_s, horizon_s)
        parts.append(
            f'<path d="M{x:.1f} {middle - 5:.1f} l4 5 l-4 5 z" fill="#000">'
            f"<title>FHTI {margin.fhti.fhti_s:.2f} s after the limit</title></path>"
        )
    text = _said(result)
    parts.append(
        f'<text x="{_WIDTH - _RIGHT + 8:.0f}" y="{middle + 4:.1f}" fill="{colour}">{escape(text)}</text>'
    )
    return parts


def _said(result: CaseResult) -> str:
    if result.hazard.never or result.hazard_is is None:
        return f"none within {seconds(result.horizon_s)}"
    share = result.hazard.reached / result.hazard.samples
    extra = "" if share == 1 else f", {100 * share:.0f} %"
    return f"{result.hazard_is}{extra}"


def _bar(band: Band, colour: str, middle: float, horizon_s: float) -> list[str]:
    if band.never or math.isinf(band.low_s):
        return []
    left, right = _x(band.low_s, horizon_s), _x(band.high_s, horizon_s)
    open_end = math.isinf(band.high_s)
    parts = [
        f'<rect x="{left:.1f}" y="{middle - 3.5:.1f}" width="{max(2.0, right - left):.1f}" height="7" '
        f'fill="{colour}" fill-opacity="{0.25 if open_end else 0.45}"/>'
    ]
    if math.isfinite(band.mid_s):
        parts.append(
            f'<circle cx="{_x(band.mid_s, horizon_s):.1f}" cy="{middle:.1f}" r="3.2" fill="{colour}"/>'
        )
    return parts


def by_case(study: HazardStudy) -> list[tuple[CaseResult, list[CaseResult]]]:
    """The results by fault, in the order of the study: the first of each group, and the group."""
    order = list(dict.fromkeys(result.case for result in study.results))
    ordered = sorted(study.results, key=lambda result: order.index(result.case))
    groups = [list(group) for _, group in groupby(ordered, key=lambda result: result.case)]
    return [(group[0], group) for group in groups]
