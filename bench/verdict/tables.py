"""The rating tables as data (rating_tables/*.csv), so that a licensed copy can take their place.

asil_table: ISO 26262-3:2018, table 4. asil_decomposition: ISO 26262-9:2018, clause 5. tcl_matrix: ISO 26262-8:2018,
table 3.
fmea_ap: action priority of the AIAG & VDA FMEA Handbook (2019), as two programs have it that agree cell by cell.
These are R53 and R56 of docs/sources.md, *unlocated*. It is *not verified* against the handbook: show it with
AP_CAVEAT.
fmea_msr_ap: from memory of the handbook, *not verified*. measured_to_m: this project's rule from counts to a
monitoring rating.
"""

import csv
from functools import cache
from importlib.resources import files

ASILS = ("QM", "A", "B", "C", "D")
AP_CAVEAT = (
    "of unlocated source (R53 and R56 of docs/sources.md), not verified: not compared with the handbook"
)
MSR_CAVEAT = "not verified: the FMEA-MSR priority table was not compared with the handbook"


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The table's rows by column name."""
    text = files("bench.verdict").joinpath("rating_tables", f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def asil_of(severity: str, exposure: str, controllability: str) -> str:
    """ "S3", "E4", "C3" → "D". Raises ValueError for classes that do not exist."""
    for row in rows("asil_table"):
        if row["S"] == severity and row["E"] == exposure and controllability in row:
            return row[controllability]
    raise ValueError(f"{severity}/{exposure}/{controllability}: expected S0 to S3, E0 to E4, C0 to C3")


def decompositions(asil: str) -> tuple[tuple[str, str], ...]:
    """The permitted pairs, for example ("B(D)", "B(D)"). Independence is not for a table to prove."""
    return tuple((row["part1"], row["part2"]) for row in rows("asil_decomposition") if row["asil"] == asil)


def action_priority(severity: int, occurrence: int, detection: int) -> str:
    """H, M or L of the AIAG-VDA DFMEA/PFMEA table; show it with AP_CAVEAT."""
    return _priority("fmea_ap", {"s": severity, "o": occurrence, "d": detection})


def msr_action_priority(severity: int, frequency: int, monitoring: int) -> str:
    """H, M or L of the FMEA-MSR table; show it with MSR_CAVEAT."""
    return _priority("fmea_msr_ap", {"s": severity, "f": frequency, "m": monitoring})


def _priority(name: str, ratings: dict[str, int]) -> str:
    for row in rows(name):
        if all(int(row[f"{k}_min"]) <= v <= int(row[f"{k}_max"]) for k, v in ratings.items()):
            return row["ap"]
    raise ValueError(f"{ratings}: expected ratings from 1 to 10")
