"""The safety analysis as rows: for the terminal, Markdown and JSON alike."""

import math
from collections.abc import Mapping, Sequence

from bench.report.markdown import table
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.fmea import Earned, FailureMode, Rated
from bench.verdict.result import Budget
from bench.verdict.tables import decompositions

HARA = ("goal", "hazard", "S", "E", "C", "ASIL", "may be decomposed into", "FTTI", "safe state")
STANDING = ("chemistry", "earned by data", "only assumed", "no data", "least margin to the hazard")
FMEA = (
    "failure mode", "chemistry", "hazard in", "FHTI", "margin", "n", "handled", "M", "AP†", "MSR-AP*", "RPN",
    "still missing",
)  # fmt: skip


def hara_rows(goals: Mapping[str, Budget]) -> list[tuple[str, ...]]:
    """ASIL from S, E and C where they are given, with ? where they are assumed; else the ASIL as stated."""
    rows: list[tuple[str, ...]] = []
    for goal, b in goals.items():
        mark = "?" if b.classes_assumed else ""
        classes = tuple(f"{one}{mark}" if one else "–" for one in (b.severity, b.exposure, b.controllability))
        asil = b.asil if b.severity is not None else f"{b.asil} (stated)"
        pairs = " | ".join(" + ".join(pair) for pair in decompositions(b.asil))
        rows.append((goal, b.title, *classes, asil, pairs, seconds(b.ftti_ns / 1e9), b.safe_state))
    return rows


def standing_rows(found: Sequence[tuple[str, Mapping[int, int], int, int, str]]) -> list[tuple[str, ...]]:
    """(chemistry, M → modes, assumed, without data, least margin) as words."""
    return [
        (
            chemistry,
            ", ".join(f"{count} × M {rating}" for rating, count in earned.items()) or "none",
            str(assumed),
            str(without),
            least,
        )
        for chemistry, earned, assumed, without, least in found
    ]


def fmea_row(
    mode: FailureMode,
    chemistry: str,
    earned: Earned | None,
    rated: Rated,
    times: tuple[float | None, float | None, float | None],
    missing: Sequence[str],
) -> tuple[str, ...]:
    """`times`: hazard, FHTI, margin in s. An assumed rating stands in brackets.

    An arrow says that a reduction was earned: by hardware, with all that the number is made of stated by a source. What
    is earned by less stands in brackets.
    """
    why = "no data" if mode.monitoring_assumed is None else "assumed"
    monitoring = f"({rated.rating}, {why})" if rated.assumed else str(rated.rating)
    inputs = f" ({mode.inputs_assumed}?)" if mode.inputs_assumed else ""
    own = None if rated.assumed or earned is None else earned.evidence
    by = "?" if rated.assumed else f" {_SHORT[own]}" if own is not None else ""
    handled = "–" if earned is None else f"≥ {math.floor(earned.lower * 1000) / 10:g} %"
    return (
        mode.id,
        chemistry + _differences(mode),
        *map(seconds, times),
        "0" if earned is None else f"{earned.attempts - earned.not_handled}/{earned.attempts}",
        handled,
        monitoring,
        _change(rated.priority_without, rated.priority, by, _earned(mode, own, "severity", "occurrence"))
        + inputs,
        rated.msr if _earned(mode, own, "severity", "frequency") else f"({rated.msr}{by})",
        _change(rated.rpn_without, rated.rpn, by, _earned(mode, own, "severity", "occurrence")),
        "; ".join(missing) or "nothing",
    )


_SHORT = {
    EvidenceClass.SIMULATED: "simulated",
    EvidenceClass.REAL_TIME: "no board",
    EvidenceClass.HARDWARE: "hardware",
}


def _earned(mode: FailureMode, evidence: EvidenceClass | None, *inputs: str) -> bool:
    return evidence is not None and evidence.discharges and set(inputs) <= set(mode.given)


def _change(without: object, with_it: object, by: str, earned: bool) -> str:
    return f"{without}→{with_it}" if earned else f"{without} ({with_it}{by})"


def _differences(mode: FailureMode) -> str:
    """What is rated otherwise on this chemistry: ` (S 8?)`."""
    told = [
        f"{name[0].upper()} {getattr(mode, name)}{'' if name in mode.given else '?'}" for name in mode.differs
    ]
    return f" ({', '.join(told)})" if told else ""


def alike_together(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Chemistries of one failure mode that have the same to say share a row."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for mode, chemistry, *rest in rows:
        shared.setdefault((mode, *rest), []).append(chemistry)
    return [(mode, ", ".join(chemistries), *rest) for (mode, *rest), chemistries in shared.items()]


def seconds(value: float | None) -> str:
    """A time `value` (s) in words; a dash for None, "never" for infinity."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "never"
    sign, size = ("−" if value < 0 else ""), abs(value)
    if 0 < size < 1:
        return f"{sign}{size * 1000:.3g} ms"
    if size < 120:
        return f"{sign}{size:.3g} s"
    return f"{sign}{size / 60:.3g} min" if size < 7200 else f"{sign}{size / 3600:.3g} h"


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(table(headings, rows))
