"""Safety goal × fault class as a grid: passed of mapped in each cell, so that gaps are seen at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.traceability import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """`state`: none, open (not run), part (run in part), pass, lent (passed, by longer times than the goal's own), gap
    or fail; `words` as printed, `told` for a hint."""

    state: str
    words: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLine:
    """One goal. `quiet`: must-not-trip twins passed of run.

    shown: what it is by its own times; over: above its FTTI for certain.
    """

    safety_goal: str
    asil: str
    absent: bool
    cells: tuple[GridCell, ...]
    quiet: str
    shown: str
    over: bool


def grid(found: Sequence[Row]) -> tuple[tuple[str, ...], tuple[GridLine, ...]]:
    """(fault classes, a line for each goal)."""
    classes = tuple(sorted({row.fault_class for row in found if not row.absent}))
    lines = []
    for goal in dict.fromkeys(row.safety_goal for row in found):
        own = {row.fault_class: row for row in found if row.safety_goal == goal}
        first = next(iter(own.values()))
        quiet, passed = (sum(getattr(row, key) for row in own.values()) for key in ("quiet", "quiet_passed"))
        lines.append(
            GridLine(
                safety_goal=goal,
                asil=first.asil,
                absent=first.absent,
                cells=tuple(_cell(own.get(name)) for name in classes),
                quiet=f"{passed} of {quiet}" if quiet else "–",
                shown=next((row.told for row in own.values() if row.told), "–"),
                over=any(row.word and row.shown is not None and row.shown.over for row in own.values()),
            )
        )
    return classes, tuple(lines)


def _cell(row: Row | None) -> GridCell:
    if row is None:
        return GridCell(state="none", words="", told="no scenario of this class")
    told = f"{row.mapped} mapped, {row.run} run, {row.passed} passed"
    words = f"{row.passed} / {row.run} / {row.mapped}"
    if row.not_passed:
        state = "fail" if len(row.not_passed) > len(row.gaps) else "gap"
        gaps = f"; known gaps: {', '.join(row.gaps)}" if row.gaps else ""
        told = f"{told}; not passed: {', '.join(row.not_passed)}{gaps}"
        return GridCell(state=state, words=words, told=told)
    if row.lent:
        told = f"{told}; by longer times than the goal's own: {', '.join(row.lent)}"
        return GridCell(state="lent", words=words, told=told)
    if row.run == 0:
        return GridCell(state="open", words=words, told=told)
    if row.not_run:
        return GridCell(state="part", words=words, told=f"{told}; not run: {', '.join(row.not_run)}")
    return GridCell(state="pass", words=words, told=told)
