"""The live display of a run: one bar for all shots, and what has gone wrong so far."""

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress


class Progress:
    """`totals` maps scenario id to shots. On a pipe it prints one line per scenario, for CI logs.

    good, bad: a text for each scenario id. `good` is said of a scenario whose shots all went as they should, `bad` of
    every other one.
    """

    def __init__(
        self,
        totals: dict[str, int],
        *,
        shown: bool,
        good: Mapping[str, str] = {},
        bad: Mapping[str, str] = {},
    ) -> None:
        self._left = dict(totals)
        self._words = good, bad
        self._bad: dict[str, int] = {}
        console = Console(stderr=True)
        self._live = shown and console.is_terminal
        self._lines = shown and not console.is_terminal
        self._console = console
        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("shots"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task = self._rich.add_task("running", total=sum(totals.values()))

    def __enter__(self) -> "Progress":
        self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rich.stop()

    def advance(self, scenario_id: str, verdict: str) -> None:
        self._left[scenario_id] -= 1
        if verdict != "PASS":
            self._bad[scenario_id] = self._bad.get(scenario_id, 0) + 1
        bad = f", {sum(self._bad.values())} not passed" if self._bad else ""
        self._rich.update(self._task, advance=1, description=f"{scenario_id}{bad}")
        if self._lines and self._left[scenario_id] == 0:
            count, (good, wrong) = self._bad.get(scenario_id), self._words
            word = (
                wrong.get(scenario_id, f"{count} not passed")
                if count
                else good.get(scenario_id, "all passed")
            )
            self._console.print(f"{scenario_id}: {word}", highlight=False)
