"""One scenario as the item of a test suite: its result, and the run folder that holds the evidence of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from bench.door.run import Order, make_run
from bench.door.single import shots_of
from bench.record.said import NOTHING_SAID, About
from bench.report.finding_words import reasons_words
from bench.running.load import BY_ID, Selected
from bench.verdict.result import Verdict

if TYPE_CHECKING:
    from bench.door.session import Bench
    from bench.scenario.prepare import Prepared
    from bench.verdict.result import LatencyStatistics, ScenarioResult

_FOLDER = "pytest"  # below the folder of the bench's runs
_MS = 1e6


class Keeps(StrEnum):
    """A run folder is kept of these items."""

    FAILING = "failing"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOrder:
    """How items are wanted. out: where their run folders go; None: `pytest` below that of the bench's runs."""

    repeat: int | None = None
    evidence: Keeps = Keeps.FAILING
    out: Path | None = None
    about: About = NOTHING_SAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """folder: of the evidence; None where no evidence is kept. doubt: why it may not be that of this result, or ""."""

    result: ScenarioResult
    folder: Path | None
    doubt: str = ""

    @property
    def verdict(self) -> Verdict:
        return self.result.judgement.verdict

    def line(self) -> str:
        """As a line of `hil run` says it: the most telling reason."""
        why = reasons_words(self.result.judgement)
        return f"{self.verdict.name} {self.result.scenario_id}: {why[0] if why else 'no reason'}"

    def told(self) -> str:
        """The line, the times in ms, further reasons, and where the evidence lies."""
        further = [f"  {one}" for one in reasons_words(self.result.judgement)[1:]]
        lines = [self.line(), *times_told(self.result), *further]
        if self.folder is not None:
            lines.append(f"evidence: {self.folder} (hil report {self.folder} -v){self.doubt}")
        return "\n".join(lines)


def fired(bench: Bench, prepared: Prepared, budgets_file: Path, order: ItemOrder) -> Item:
    """Fire all its shots. In simulated time the evidence of a failing item is made by firing the same shots again."""
    selected = Selected(prepared=[prepared], budgets_file=budgets_file, left_out=())
    if order.evidence is Keeps.ALL or (order.evidence is Keeps.FAILING and not bench.simulated):
        return _kept(bench, selected, order)
    result = shots_of(bench.wired, prepared, order.repeat, bench.seed)
    if result.judgement.verdict.expected or order.evidence is Keeps.NONE:
        return Item(result=result, folder=None)
    again = _kept(bench, selected, order)
    same = [one.digest for one in again.result.shots] == [one.digest for one in result.shots]
    doubt = "" if same else f"; fired again it was {again.verdict.name}, from other frames"
    return Item(result=result, folder=again.folder, doubt=doubt)


def _kept(bench: Bench, selected: Selected, order: ItemOrder) -> Item:
    (prepared,) = selected.prepared
    about = order.about
    run = make_run(
        bench.wired,
        selected,
        Order(
            selection=BY_ID + prepared.scenario.id,
            seed=bench.seed,
            repeat=order.repeat,
            workers=1,
            operator=about.operator,
            label=about.label,
            note=about.note,
            dut_serial=about.dut_serial,
            out=order.out or bench.wired.config.record.folder / _FOLDER,
        ),
    )
    (result,) = run.scenarios
    return Item(result=result, folder=run.folder)


def times_told(result: ScenarioResult) -> list[str]:
    """FDTI and FHTI of the worst shot beside what they may be, in ms; nothing where no time was measured."""
    budget = result.budget
    found = (("FDTI", result.fdti, budget.fdti_ns), ("FHTI", result.fhti, budget.fhti_ns))
    return [
        f"{name} {_worst(one)} ms at most, budget {most_ns / _MS:.1f} ms"
        for name, one, most_ns in found
        if one
    ]


def _worst(one: LatencyStatistics) -> str:
    return f"{one.max_low_ns / _MS:.1f} … {one.max_high_ns / _MS:.1f}"
