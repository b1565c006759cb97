"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.core.choice import CoreName, take_core
from bench.report.junit_style import JUnitStyle
from bench.running.load import LONG_LANE, exit_code, load_rig, load_scenarios, matches, selection_words

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The bench: which links, instruments, DUT, pack.")
]
ScenariosArgument = Annotated[
    list[Path] | None,
    typer.Argument(help="Scenario files or folders (default: scenarios/).", show_default=False),
]
TimeOption = Annotated[
    str | None,
    typer.Option("--time", help="simulated or real (default: as the bench file says).", show_default=False),
]
CoreOption = Annotated[
    CoreName | None,
    typer.Option(
        "--core",
        help="What simulated time runs on (default: native where it can be built).",
        show_default=False,
    ),
]
FirmwareOption = Annotated[
    str | None, typer.Option("--firmware", help="Firmware build to test, see `hil list`.", show_default=False)
]
ChemistryOption = Annotated[
    str | None, typer.Option("--chemistry", help="Cell chemistry of the pack.", show_default=False)
]
FirmwareChemistryOption = Annotated[
    str | None,
    typer.Option(
        "--firmware-chemistry",
        help="Chemistry that the firmware is made for (default: that of the pack). A mismatch has to FAIL.",
        show_default=False,
    ),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Each scenario in a row of its own, those that passed too.")
]
FiltersOption = Annotated[
    list[str] | None,
    typer.Option(
        "-k",
        metavar="TEXT",
        help="Only ids that contain this text, or those of this folder; with and, or, not. May be repeated.",
        show_default=False,
    ),
]
JUnitStyleOption = Annotated[
    JUnitStyle,
    typer.Option(
        "--junit-style", help="jenkins-xunit: without what the schema of Jenkins' xunit plugin refuses."
    ),
]
DEFAULT_CONFIG = Path("hil_config.toml")

__all__ = [
    "DEFAULT_CONFIG",
    "LONG_LANE",
    "ChemistryOption",
    "ConfigOption",
    "CoreOption",
    "FiltersOption",
    "FirmwareChemistryOption",
    "FirmwareOption",
    "JUnitStyleOption",
    "ScenariosArgument",
    "TimeOption",
    "VerboseOption",
    "exit_code",
    "load_rig",
    "load_scenarios",
    "matches",
    "selection_words",
    "take_core",
]
