"""Whether a bench and its scenarios fit together, and what there is to be told of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.door.check_lines import budget_lines, lines_of
from bench.door.choosing import Select, chosen
from bench.errors import ConfigError
from bench.links.can_options import refuse_wrong_options
from bench.record.asked_database import refuse_unusable
from bench.report.told.bench import CheckKind, CheckLine
from bench.running.load import load_rig, mistakes_of_files

if TYPE_CHECKING:
    from bench.wiring.common import Wired


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The files fit together. What does not is raised as ConfigError, and is not here.

    scenarios: ids. messages: how many the DBC files describe. of_budgets, of_scenarios: what is to be told, a line
    each. A line of kind ERROR or BLOCKED says with what verdict its scenario would end.
    """

    config: Path
    bench: str
    profile: str
    chemistry: str
    scenarios: tuple[str, ...]
    messages: int
    of_budgets: tuple[CheckLine, ...]
    of_scenarios: tuple[CheckLine, ...]

    @property
    def lines(self) -> tuple[CheckLine, ...]:
        return (*self.of_budgets, *self.of_scenarios)

    @property
    def ok(self) -> bool:
        """No scenario is at fault. One that is BLOCKED, since the rig lacks something, is not at fault."""
        return not any(one.kind is CheckKind.ERROR for one in self.lines)


Overrides = tuple[str | None, str | None, str | None, str | None]
"""Time, firmware, chemistry and the firmware's chemistry, in place of the bench file's; None: as the file says."""


def check_files(config: Path, overrides: Overrides, paths: list[Path] | None, only: str | None) -> Checked:
    """The same as `checked`, for a bench file. If the file makes no bench, the mistakes in the files beside it are
    told too.
    """
    try:
        wired = load_rig(config, *overrides)
        refuse_unusable_bench(wired)
    except ConfigError as wrong:  # all there is to mend is told in one go
        lines = [*str(wrong).splitlines(), *mistakes_of_files(config, paths)]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None
    return checked(wired, paths, only)


def refuse_unusable_bench(wired: Wired) -> None:
    """Raises ConfigError for options of a CAN interface and a database that nothing here can use."""
    refuse_wrong_options(wired.config)
    refuse_unusable(wired.config)


def checked(wired: Wired, select: Select, only: str | None) -> Checked:
    """Check the selected scenarios against the bench. Nothing is driven."""
    selected = chosen(wired, select, only, long=True)
    prepared = selected.prepared
    return Checked(
        config=wired.config.file,
        bench=wired.config.name,
        profile=wired.profile.name,
        chemistry=wired.chemistry.id,
        scenarios=tuple(one.scenario.id for one in prepared),
        messages=sum(len(db.messages) for db in wired.databases.values()),
        of_budgets=budget_lines(selected.budgets_file, prepared, wired.profile.safe_states),
        of_scenarios=lines_of(wired, prepared, whole=select is None and only is None),
    )
