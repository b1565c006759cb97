"""Clauses of standards: which scenarios perform each, which only touch it, and what of that was run and passed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.scenario.library import Library
from bench.verdict.result import ScenarioResult, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    """One clause. verdicts: of the scenarios that perform it and were run, in the order of `performed_by`."""

    clause: str
    performed_by: tuple[str, ...]
    touched_by: tuple[str, ...]
    verdicts: tuple[str, ...]
    not_run: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """All that perform it were run, and passed."""
        return bool(self.performed_by) and not self.not_run and set(self.verdicts) == {Verdict.PASS.name}

    @property
    def words(self) -> str:
        """`performed by ov-step: PASS`, `touched only, by 12 scenarios`; what was not run is said to be."""
        if not self.performed_by:
            one = len(self.touched_by) == 1
            return f"touched only, by {self.touched_by[0] if one else f'{len(self.touched_by)} scenarios'}"
        run = (one for one in self.performed_by if one not in self.not_run)
        told = [f"{name}: {verdict}" for name, verdict in zip(run, self.verdicts, strict=True)]
        told += [f"{name}: not run" for name in self.not_run]
        beside = f"; touched by {len(self.touched_by)} more" if self.touched_by else ""
        return f"performed by {', '.join(told)}{beside}"


def clauses_by_kind(scenario: ScenarioResult) -> dict[str, tuple[str, ...]]:
    """`performs` and `touches`, for every report that lists them."""
    return {"performs": scenario.performs, "touches": scenario.standards}


def clause_rows(library: Library, results: Iterable[ScenarioResult] = ()) -> list[ClauseRow]:
    """The clauses of the whole library, performed ones first. A scenario of a run that the library does not know is
    left out.
    """
    verdicts = {one.scenario_id: one.judgement.verdict.name for one in results}
    performed: dict[str, list[str]] = {}
    touched: dict[str, list[str]] = {}
    for one in library.entries:
        for clause in one.performs:
            performed.setdefault(clause, []).append(one.scenario_id)
        for clause in one.touches:
            touched.setdefault(clause, []).append(one.scenario_id)
    return [
        ClauseRow(
            clause=clause,
            performed_by=tuple(by := performed.get(clause, [])),
            touched_by=tuple(touched.get(clause, ())),
            verdicts=tuple(verdicts[name] for name in by if name in verdicts),
            not_run=tuple(name for name in by if name not in verdicts),
        )
        for clause in (*sorted(performed), *sorted(touched.keys() - performed.keys()))
    ]


def clause_words(found: Sequence[ClauseRow]) -> str:
    """`6 clauses are performed, 1 of these was run and passed; 21 are only touched`; "" where none is named."""
    if not found:
        return ""
    performed = [row for row in found if row.performed_by]
    passed = sum(row.passed for row in performed)
    only = len(found) - len(performed)
    return (
        f"clauses of standards: {len(performed)} performed by scenarios of the library, {passed} of these run and "
        f"passed; {only} only touched. Performed is what of a clause concerns the BMS: none is fulfilled here"
    )
