"""How good the DUT's estimates were, for the reports: the worst of all shots in words, and a small picture of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from bench.measure.estimate import EstimateFound
from bench.report.finding_words import finding_words
from bench.report.svg import PLANE, level, linear, picture, plane, text
from bench.report.word_parts import percent, signed
from bench.units import NS_PER_S, format_ns
from bench.verdict.result import ScenarioResult

_TOP, _HEIGHT = 16.0, 140.0  # of the picture, in pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatePicture:
    """Truth and estimate of one shot: (t_ns, true, said), shares of 1."""

    name: str
    shot: int
    points: Sequence[tuple[int, float, float]]


def worst_estimates(scenario: ScenarioResult) -> list[tuple[int, EstimateFound]]:
    """(shot, figures) of the shot with the largest error, one for each estimate that the scenario scores."""
    worst: dict[str, tuple[int, EstimateFound]] = {}
    for shot in scenario.shots:
        for found in shot.measurement.estimates if shot.measurement is not None else ():
            before = worst.get(found.question.name)
            if before is None or _badness(found) > _badness(before[1]):
                worst[found.question.name] = shot.index, found
    return list(worst.values())


def _badness(found: EstimateFound) -> tuple[bool, float]:
    return bool(found.problem or found.lacking), max(found.max_abs, abs(found.last))


def short_words(found: EstimateFound) -> str:
    """For a table's cell."""
    if found.problem or found.lacking:
        return f"{found.question.name}\nnot scored"
    asked = found.question
    lines = [asked.name]
    if asked.rms is not None:
        lines.append(f"RMS {percent(found.rms)} of {percent(asked.rms)}")
    if asked.max is not None:
        lines.append(f"max {percent(found.max_abs)} of {percent(asked.max)}")
    if asked.over is not None:
        lines.append(f"too much by {percent(found.max_over)} of {percent(asked.over)}")
    if asked.converge_ns is not None:
        lines.append(_converged(found))
    return "\n".join(lines)


def rows(found: EstimateFound) -> list[tuple[str, str, str]]:
    """(figure, found, limit) for a table; a limit that was not asked for is a dash."""
    asked = found.question

    def limit(share: float | None) -> str:
        return "–" if share is None else percent(share)

    u = f" ± {percent(found.u)}"
    told = [
        ("error RMS", percent(found.rms) + u, limit(asked.rms)),
        ("largest error", percent(found.max_abs) + u, limit(asked.max)),
        *(
            (("told too much by", percent(found.max_over) + u, limit(asked.over)),)
            if asked.over is not None
            else ()
        ),
        ("mean error", signed(found.bias) + u, "–"),
        ("error at first, at last", f"{signed(found.first)}, {signed(found.last)}", "–"),
    ]
    if asked.full is not None:
        told.insert(0, ("in shares of", f"{asked.full:g} A", "–"))
    elif found.drift_per_day is not None:
        day_u = percent(2 * found.u * 86_400e9 / max(1, found.span_ns))
        told.append(
            (
                "drift of the error a day",
                f"{signed(found.drift_per_day)} ± {day_u}",
                limit(asked.drift_per_day),
            )
        )
    if asked.band is not None and asked.converge_ns is not None:
        told.append(
            (f"inside {percent(asked.band)} for good", _converged(found), format_ns(asked.converge_ns))
        )
    if asked.full is None:
        told.append(("cells apart (emptiest to fullest)", percent(found.spread), "–"))
    return told


def _converged(found: EstimateFound) -> str:
    if found.inside_ns is not None:
        return f"after {format_ns(found.inside_ns)}"
    return f"perhaps after {format_ns(found.maybe_ns)}" if found.maybe_ns is not None else "never"


def estimate_block(scenario: ScenarioResult, pictures: Sequence[EstimatePicture]) -> Markup:
    """Figures and picture of a scenario's estimates; empty where it scores none."""
    parts: list[str] = []
    by_name = {picture.name: picture for picture in pictures}
    for shot, found in worst_estimates(scenario):
        asked = found.question
        head = f"{asked.name} of the DUT against the pack's truth, shot {shot} (the worst)"
        parts.append(f'<div class="together"><p style="margin-top: 14px"><b>{escape(head)}</b> ')
        parts.append(
            f'<span class="soft tiny">{asked.message}.{asked.signal}; {found.n} truths over '
            f"{format_ns(found.span_ns)} are scored</span></p>"
        )
        if (trouble := found.problem or found.lacking) is not None:
            parts.append(f"<p>{escape(finding_words(trouble))}</p></div>")
            continue
        parts.append(
            '<table class="stats"><thead><tr><th>Figure</th><th>found</th><th>limit</th></tr></thead><tbody>'
        )
        for name, value, limit in rows(found):
            parts.append(f"<tr><td>{escape(name)}</td><td>{value}</td><td>{limit}</td></tr>")
        parts.append("</tbody></table>")
        picture = by_name.get(asked.name)
        if picture is not None and len(picture.points) > 1:
            parts.append(_svg(picture))
        parts.append("</div>")
    return Markup("".join(parts))  # every text in it is escaped or a number


def _svg(shown: EstimatePicture) -> str:
    """Truth as a broad pale line, the estimate as a thin one over it; seconds below, percent at the left."""
    first_ns, last_ns = shown.points[0][0], shown.points[-1][0]
    shares = [share for _, true, said in shown.points for share in (true, said)]
    low, high = min(shares), max(shares)
    low, high = low - 0.05 * (high - low) - 0.002, high + 0.05 * (high - low) + 0.002
    x, y = linear(first_ns, max(last_ns, first_ns + 1), 0, PLANE), linear(low, high, _HEIGHT, 0)

    def path(which: int) -> str:
        every = max(1, len(shown.points) // 600)
        return "M" + "L".join(f"{x(p[0]):.1f} {y(float(p[which])):.1f}" for p in shown.points[::every])

    parts = []
    span_s = (last_ns - first_ns) / NS_PER_S
    for k in range(5):
        share = low + (high - low) * k / 4
        parts.append(level("grid", _TOP + y(share)))
        parts.append(text("small", 0, _TOP + y(share) + 4, f"{100 * share:.1f} %", "end", -4))
        parts.append(text("small", 25 * k, _TOP + _HEIGHT + 16, f"{span_s * k / 4:.0f} s", "middle"))
    lines = [f'<path class="true" d="{path(1)}"/>', f'<path class="line" d="{path(2)}"/>']
    parts.append(plane(_TOP, _HEIGHT, lines))
    parts.append(text("small", 100, 10, "broad: true · thin: the DUT", "end"))
    return str(picture(_TOP + _HEIGHT + 20, "truth and estimate over time", parts))
