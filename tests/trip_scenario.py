"""A must-not-trip scenario of one step that is a load, written beside the budgets of the library."""

import shutil
from pathlib import Path

_BUDGETS = Path(__file__).resolve().parents[1] / "scenarios" / "budgets.toml"
_TRIP = """
id = "a-trip"
title = "A trip"
safety_goal = "SG-UV"
aim = "must_not_trip"
[start]
mode = "drive"
soc = "60 %"
[[step]]
{step}
[quiet]
for = "{quiet}"
"""


def write_trip(folder: Path, step: str, quiet: str) -> Path:
    """`step`: the lines of its table. `quiet`: for how long the DUT must not trip."""
    shutil.copy(_BUDGETS, folder)
    path = folder / "a_trip.toml"
    path.write_text(_TRIP.format(step=step, quiet=quiet))
    return path
