"""Whether an evidence file of `hil qualify --full` shows a bench that qualified: from its rows, not from its word.

A file that lacks a part shows nothing, whatever it says of itself: every mutant of the reference BMS, each negative
test, a ruler of enough shots in the file's own timebase, the uses and the known malfunctions have to be there.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from bench.units import NS_PER_MS
from bench.verdict.result import Verdict
from bench.verdict.spread import REFUSED_BELOW, kuiper_p
from bench.verdict.tables import rows

FORMAT = "hil-qualification-2"  # 1: no shot of the ruler was kept, and nothing was sealed
REFERENCE = "reference"
LEAST_SHOTS = (
    200  # of the ruler, in each condition: all right bounds the share of wrong ones below 1.5 % (95 %)
)
CYCLE_NS = 10 * NS_PER_MS  # of the bench's own tasks: the shots have to come everywhere in it
VALID_DAYS = 90  # a rig drifts; the period is this project's default
NEGATIVE = {
    "a rig without the capability": Verdict.BLOCKED,
    "a budget of 1 ns": Verdict.FAIL,
    "a stimulus that never reaches the DUT": Verdict.ERROR,
}


def why_not_qualified(content: Mapping[str, Any], mutants: Sequence[str]) -> str | None:
    """What the file does not show; None where it shows a bench that qualified. mutants: all that there are."""
    try:
        told = [
            *_of_form(content),
            *_of_ruler(content["ruler"], str(content["identity"]["timebase"])),
            *_of_mutants(content["mutants"], mutants),
            *_of_negative(content["negative_tests"]),
            *_of_usage(content["usage"]),
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"it is not complete: {type(error).__name__} {error}"
    return "; ".join(told) or None


def why_no_date(created_utc: str, now: datetime.datetime) -> str | None:
    """Why it is no date of something that was done; None where it is. Raises ValueError for what is no date at all."""
    created = datetime.datetime.fromisoformat(created_utc)
    if created.tzinfo is None:
        return "its date names no time zone"
    return f"it is dated {created_utc}, which is in the future" if created > now else None


def why_stale(created_utc: str, now: datetime.datetime) -> str | None:
    """What is wrong with the file's date; None where it is of the last days. Raises ValueError for what is no date."""
    if (why := why_no_date(created_utc, now)) is not None:
        return why
    days = (now - datetime.datetime.fromisoformat(created_utc)).days
    return f"it is {days} days old, {VALID_DAYS} at most" if days > VALID_DAYS else None


def _of_form(content: Mapping[str, Any]) -> list[str]:
    if content["format"] != FORMAT:
        return [f"its format is {content['format']!r}"]
    return [] if content["qualified"] is True else ["the bench did not qualify"]


def _of_ruler(ruler: Sequence[Mapping[str, Any]], timebase: str) -> list[str]:
    own = [row for row in ruler if row["timebase"] == timebase]
    if not own:
        return [f"its ruler was not tried in {timebase} time"]
    told = []
    for row in own:
        shots, contained = row["shots"], row["contained"]
        if (shots, contained, row["spread_p"]) != of_shots(row["measured"]):
            told.append(f"its ruler's row is not what its shots make ({row['condition']})")
        elif type(shots) is not int or shots < LEAST_SHOTS:
            told.append(f"its ruler made {shots} shots ({row['condition']}), {LEAST_SHOTS} at least")
        elif contained != shots or list(row["errors"]):
            told.append(f"its ruler found the truth in {contained} of {shots} shots ({row['condition']})")
        elif not row["spread_p"] >= REFUSED_BELOW:  # not a number is not spread either
            told.append(f"its ruler's shots came at bunched phases of the bench's cycle ({row['condition']})")
    return told


def of_shots(measured: Sequence[Sequence[int]]) -> tuple[int, int, float | None]:
    """(how many, how many hold the truth, their spread) of the ruler's shots: truth, low, high, stimulus in ns."""
    if any(len(one) != 4 or any(type(value) is not int for value in one) for one in measured):
        raise ValueError("a shot of the ruler that is none")
    held = sum(low <= truth <= high for truth, low, high, _ in measured)
    places = [stimulus % CYCLE_NS / CYCLE_NS for *_, stimulus in measured]
    return len(measured), held, kuiper_p(places) if places else None


def _of_mutants(matrix: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> list[str]:
    found = {str(row["firmware"]): row for row in matrix}
    told = []
    if missing := [name for name in (REFERENCE, *wanted) if name not in found]:
        more = f" and {len(missing) - 3} more" if missing[3:] else ""
        told.append(f"its matrix lacks {', '.join(missing[:3])}{more}")
    survived = [
        name
        for name, row in found.items()
        if not (row["failed_in"] is None if name == REFERENCE else _is_text(row["failed_in"]))
        or row["as_expected"] is not True
    ]
    if survived:
        told.append(f"not as expected in its matrix: {', '.join(survived[:3])}")
    if len(found) != len(matrix):
        told.append("its matrix names a firmware twice")
    return told


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _of_negative(tests: Sequence[Mapping[str, Any]]) -> list[str]:
    found = {str(row["test"]): row for row in tests}
    told = [f"it lacks the negative test '{name}'" for name in NEGATIVE if name not in found]
    told += [
        f"negative test '{name}' gave {row['found']}"
        for name, row in found.items()
        if name not in NEGATIVE
        or not (row["found"] == row["demanded"] == NEGATIVE[name].name and row["as_expected"] is True)
    ]
    return told


def _of_usage(usage: Mapping[str, Any]) -> list[str]:
    if not usage["use_case"] or not usage["known_malfunction"]:
        return ["it names no use of the tool, or no known malfunction"]
    levels = {(row["TI"], row["TD"]): row["TCL"] for row in rows("tcl_matrix")}
    return [
        f"use {one['id']} is {one['tcl']}; {one['impact']} and {one['detection']} make another level"
        for one in usage["use_case"]
        if levels[one["impact"], one["detection"]] != one["tcl"]
    ]
