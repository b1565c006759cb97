"""The safety analysis as one HTML file that needs nothing else: failure modes with the chemistries side by side."""

import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bench.errors import RecordError
from bench.report.claim_words import CLAIMS, FTTI, claim_rows, ftti_rows
from bench.report.safety_tables import HARA, STANDING, hara_rows
from bench.report.ticks import ticks
from bench.report.words import EVIDENCE_WORTH
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.claims import ClaimFound
from bench.verdict.fmea import FailureMode, Rated
from bench.verdict.ftti_bound import FttiBound
from bench.verdict.result import Budget

_LOW_S, _HIGH_S, _WIDTH = 0.01, 10_800.0, 190.0


class ShownCell(Protocol):
    """One failure mode on one chemistry, as far as it is drawn. Times in s."""

    @property
    def mode(self) -> FailureMode: ...
    @property
    def chemistry(self) -> str: ...
    @property
    def rated(self) -> Rated: ...
    @property
    def fhti_s(self) -> float | None: ...
    @property
    def hazard_s(self) -> float | None: ...
    @property
    def margin_s(self) -> float | None: ...


class ShownClaims(Protocol):
    """The claims on the chemistries, and each goal's FTTI beside the bound."""

    @property
    def claims(self) -> Sequence[ClaimFound]: ...
    @property
    def ftti(self) -> Sequence[FttiBound]: ...


def write_safety_html(
    path: Path,
    *,
    firmware: str,
    evidence: EvidenceClass,
    goals: Mapping[str, Budget],
    rows: Sequence[tuple[ShownCell, tuple[str, ...]]],
    standing: Sequence[tuple[str, ...]],
    notes: Sequence[str],
    claimed: ShownClaims,
    altered: Sequence[str] = (),
) -> None:
    """rows: each cell with its row of `fmea_row`, chemistries of a failure mode together. Raises RecordError.

    altered: runs that are not as they were written, and earned nothing.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["ticks"] = ticks
    template = environment.from_string(
        files("bench.report").joinpath("safety.html.j2").read_text(encoding="utf-8")
    )
    text = template.render(
        firmware=firmware,
        worth=EVIDENCE_WORTH[evidence],
        modes=[
            (group[0][0].mode, group)
            for group in (list(ones) for _, ones in groupby(rows, key=lambda one: one[0].mode.id))
        ],
        chemistries=list(dict.fromkeys(cell.chemistry for cell, _ in rows)),
        standing_heads=STANDING,
        standing=standing,
        claim_heads=CLAIMS,
        claims=claim_rows(claimed.claims),
        ftti_heads=FTTI,
        ftti=ftti_rows(claimed.ftti),
        hara_heads=HARA,
        hara=hara_rows(goals),
        notes=notes,
        altered=altered,
        bar=_bar,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RecordError(f"{path}: cannot write the report: {error}") from error


def _bar(cell: ShownCell) -> Markup:
    """From the FHTI to the hazard, on a scale of decades; nothing where neither is known."""
    if cell.fhti_s is None and cell.hazard_s is None:
        return Markup("")
    start = 0.0 if cell.fhti_s is None else _x(cell.fhti_s)
    parts = [f'<rect x="0" y="5" width="{_WIDTH:g}" height="4" fill="#edf0f3"/>']
    if cell.hazard_s is not None:
        end = _x(min(cell.hazard_s, _HIGH_S))
        good = end > start
        colour = "#7fbf97" if good else "#c4262e"
        parts.append(
            f'<rect x="{min(start, end):.1f}" y="4" width="{max(abs(end - start), 1.5):.1f}" height="6" '
            f'fill="{colour if cell.fhti_s is not None else "#b9c4d0"}"/>'
        )
        if math.isinf(cell.hazard_s):
            parts.append(f'<path d="M{_WIDTH - 6:g} 1 L{_WIDTH:g} 7 L{_WIDTH - 6:g} 13 z" fill="#7fbf97"/>')
    if cell.fhti_s is not None:
        parts.append(f'<rect x="{start - 1:.1f}" y="0" width="2.4" height="14" fill="#1b2430"/>')
    return Markup(f'<svg viewBox="0 0 {_WIDTH:g} 14">{"".join(parts)}</svg>')


def _x(seconds: float) -> float:
    share = math.log(max(seconds, _LOW_S) / _LOW_S) / math.log(_HIGH_S / _LOW_S)
    return _WIDTH * min(max(share, 0.0), 1.0)
