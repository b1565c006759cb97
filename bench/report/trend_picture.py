"""How much of its budget each safety goal has used over the last builds, as a table with a small picture a row."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bench.report.svg import level, linear, picture, text
from bench.verdict.result import Verdict

_HEIGHT = 34.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPoint:
    """A safety goal in one run. share: of the budget, by the worst upper end; None where nothing was measured."""

    run_id: str
    firmware_identity: str
    verdict: Verdict
    share: float | None
    scenarios: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalTrend:
    """points: the oldest run first, this one last."""

    safety_goal: str
    points: tuple[BuildPoint, ...]


def trend_html(found: Sequence[GoalTrend]) -> Markup:
    """A part of its own; empty without an earlier run."""
    if not found:
        return Markup("")
    runs = {point.run_id: point.firmware_identity for one in found for point in one.points}
    named = Markup(", ").join(
        Markup("{} {} <span class='soft'>({})</span>").format(number, identity, run_id)
        for number, (run_id, identity) in enumerate(runs.items(), start=1)
    )
    rows = Markup("").join(_row(one) for one in found)
    return Markup(
        '<span id="trend"></span><h2>Over the last builds</h2>\n'
        '<p class="soft tiny">Of each safety goal the largest share of a budget (FDTI or FHTI) that the worst upper '
        "end uses, over scenarios that each run has with the same file and as many shots as this one. Broken line: "
        "the whole budget. The oldest first: {}.</p>\n"
        '<table class="overview trend"><caption>Share of the budget over the last builds</caption>'
        "<thead><tr><th>Goal</th><th>Last builds</th><th>Shares, oldest first</th><th>Verdict</th></tr></thead>"
        "<tbody>\n{}</tbody></table>\n"
    ).format(named, rows)


def _row(one: GoalTrend) -> Markup:
    told = ", ".join("–" if point.share is None else f"{point.share:.0%}" for point in one.points)
    verdict = one.points[-1].verdict.name
    return Markup(
        '<tr><td><b>{}</b></td><td class="bar">{}</td><td>{}</td><td><span class="chip v-{}">{}</span></td></tr>\n'
    ).format(one.safety_goal, _bars(one), told, verdict, verdict)


def _bars(one: GoalTrend) -> Markup:
    """A bar for each run, red above the budget."""
    most = max(1.0, *(point.share or 0.0 for point in one.points)) * 1.08
    y = linear(0, most, _HEIGHT, 2)
    wide = 100 / max(len(one.points), 6)
    parts = []
    for place, point in enumerate(one.points):
        if point.share is None:
            parts.append(text("small", wide * (place + 0.4), _HEIGHT - 3, "–", "middle"))
            continue
        over = " over" if point.share > 1 else ""
        top = y(point.share)
        parts.append(
            f'<rect class="bar{over}" x="{wide * place:.2f}%" y="{top:.1f}" width="{wide * 0.8:.2f}%" '
            f'height="{_HEIGHT - top:.1f}"/>'
        )
    parts.append(level("limit", y(1)))
    return picture(_HEIGHT, f"{one.safety_goal} over the last builds", parts, "plot bars")
