"""What the evidence of `hil qualify --full` shows, part by part: from its rows, not from its word.

Each part has a minimum. A part below it is not shown, whatever the file says of itself, and evidence with a part that
is not shown is no evidence for a qualification: nothing claims it. Evidence is no qualification either. That takes a
person who has reviewed it (bench.confidence.reviewed).
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from bench.confidence.qualified_ruler import (
    CYCLE_NS,
    LEAST_SHOTS,
    NO_REFERENCE,
    TIME,
    EvidencePart,
    of_shots,
    reference_part,
    ruler_part,
)
from bench.confidence.tool_facts import recommended, why_no_use

__all__ = ["CYCLE_NS", "LEAST_SHOTS", "NO_REFERENCE", "TIME", "EvidencePart", "of_shots"]

FORMAT = "hil-qualification-3"  # 2: no load was asked for, three negative tests were enough. 1: not sealed
REFERENCE = "reference"
ARGUED = "argued, not run"
VALID_DAYS = 90  # a rig drifts; the period is this project's default
NEGATIVE = {  # what the bench has to come to: a verdict, or in words; bench.proof.negative runs them
    "a rig without the capability": "BLOCKED",
    "a budget of 1 ns": "FAIL",
    "a stimulus that never reaches the DUT": "ERROR",
    "lost frames": "ERROR",
    "a clock step": "held",
    "a wrong DBC": "FAIL",
    "a full disk": "nothing passed, finished shots kept",
    "a killed bench": "nothing passed, finished shots kept",
    "a late loop": "held",
    "a second node with an id of ours": "ERROR",
    "an emergency stop that opens": "ERROR, off, latched",
}
TIMED = ("a clock step", "a late loop")  # these have to be of the file's own timebase
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


def parts(content: Mapping[str, Any], mutants: Sequence[str]) -> tuple[EvidencePart, ...]:
    """Every part that evidence has to have, shown or not. mutants: all that there are. Raises what no file can be."""
    timebase = str(content["identity"]["timebase"])
    return (
        ruler_part(content, timebase, loaded=False),
        ruler_part(content, timebase, loaded=True),
        reference_part(content, timebase),
        _mutants(content, mutants),
        *(_negative(content, name) for name in NEGATIVE),
        _uses(content),
        _method(content),
        _requirements(content, mutants),
        _malfunctions(content),
        _strangers(content),
    )


def not_shown(content: Mapping[str, Any], mutants: Sequence[str]) -> tuple[str, ...]:
    """One line for each part below its minimum; empty where all are shown."""
    return tuple(f"{one.name}: {one.why}" for one in parts(content, mutants) if one.why is not None)


def why_not_shown(content: Mapping[str, Any], mutants: Sequence[str]) -> str | None:
    """Why the file is no evidence for a qualification; None where every part of it is shown."""
    try:
        if content["format"] != FORMAT:
            return f"its format is {content['format']!r}, of another release with other minimums"
        told = not_shown(content, mutants)
        if not told and content["complete"] is not True:
            told = (f"it says complete = {content['complete']!r}",)
    except _UNREADABLE as error:
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


def _mutants(content: Mapping[str, Any], wanted: Sequence[str]) -> EvidencePart:
    matrix = content["mutants"]
    found = {str(row["firmware"]): row for row in matrix}
    whys = []
    if missing := [name for name in (REFERENCE, *wanted) if name not in found]:
        whys.append(f"{_some(missing)} missing")
    if bad := [name for name, row in found.items() if not _as_it_must(name, row)]:
        whys.append(f"not as expected: {_some(bad)}")
    if len(found) != len(matrix):
        whys.append("a firmware is named twice")
    failed = sum(name != REFERENCE and _as_it_must(name, row) for name, row in found.items())
    times = sorted({str(row["timebase"]) for row in matrix})
    return EvidencePart(
        name="mutants",
        least=f"each of {len(wanted)} mutants FAILs, the reference passes",
        found=f"{failed} FAIL, the reference {'passes' if REFERENCE in found and REFERENCE not in bad else 'does not'}",
        time=", ".join(TIME[one] for one in times) or "none",
        why="; ".join(whys) or None,
    )


def _as_it_must(name: str, row: Mapping[str, Any]) -> bool:
    failed_in = row["failed_in"]
    right = failed_in is None if name == REFERENCE else isinstance(failed_in, str) and failed_in != ""
    return right and row["as_expected"] is True


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")


def _negative(content: Mapping[str, Any], name: str) -> EvidencePart:
    tests = [row for row in content["negative_tests"] if row["test"] == name]
    demanded = NEGATIVE[name]
    good = [
        row for row in tests if row["found"] == row["demanded"] == demanded and row["as_expected"] is True
    ]
    why = None
    if len(tests) != 1:
        why = "it was not run" if not tests else "it is there twice"
    elif not good:
        why = f"it gave {tests[0]['found']}"
    elif name in TIMED and tests[0]["timebase"] != content["identity"]["timebase"]:
        why = "it ran in another timebase"
    return EvidencePart(
        name=f"negative test '{name}'",
        least=demanded,
        found=", ".join(str(row["found"]) for row in tests) or "none",
        time=", ".join(TIME[row["timebase"]] for row in tests) or "none",
        why=why,
    )


def _uses(content: Mapping[str, Any]) -> EvidencePart:
    usage = content["usage"]
    uses = usage["use_case"]
    measures = {str(one["id"]): one for one in usage["process_measure"]}
    whys = [why for one in uses if (why := why_no_use(one, measures)) is not None]
    return EvidencePart(
        name="use cases",
        least="each with impact, detection by measures in the process, and the level they make",
        found=", ".join(f"{one['id']} {one['impact']} {one['detection']} {one['tcl']}" for one in uses)
        or "none",
        time=ARGUED,
        why="; ".join(whys) or (None if uses else "there is none"),
    )


def _method(content: Mapping[str, Any]) -> EvidencePart:
    """Tables 4 and 5 ask for a method where a use is TCL3 or TCL2."""
    usage = content["usage"]
    method, asil = usage["method"], usage["highest_asil"]
    levels = sorted({str(one["tcl"]) for one in usage["use_case"]} - {"TCL1"})
    found = {tcl: recommended(tcl, method, asil) for tcl in levels} if asil != "QM" else {}
    why = None
    if found and not all(found.values()):
        why = f"no method of ISO 26262-8, tables 4 and 5, is named: found '{method}'"
    elif found and (not usage["method_reason"] or not usage["validation"]):
        why = "the method has no reason, or nothing that was done by it is named"
    return EvidencePart(
        name="method",
        least="one of tables 4 and 5, with its reason",
        found=", ".join(f"{method} for {tcl}, {one} at ASIL {asil}" for tcl, one in found.items())
        or "none asked for",
        time=ARGUED,
        why=why,
    )


def _requirements(content: Mapping[str, Any], wanted: Sequence[str]) -> EvidencePart:
    """Each traced to tests; the mutants and negative tests that it names are held against the rows above."""
    matrix = {str(row["firmware"]): row for row in content["mutants"]}
    whys = []
    for one in content["requirements"]:
        planted = [name for name in one["mutant"] if name in wanted]
        bad = [name for name in planted if name not in matrix or not _as_it_must(name, matrix[name])]
        bad += [name for name in one["negative"] if name not in NEGATIVE or _negative(content, name).why]
        if bad or not one["tests"] or not (one["mutant"] or one["judge"] or one["negative"]):
            whys.append(f"{one['id']}: {_some(bad) if bad else 'it is traced by nothing'}")
    count = len(content["requirements"])
    return EvidencePart(
        name="tool requirements",
        least="each traced to tests, and to a mistake that is planted",
        found=f"{count} traced; their tests are run by CI, not here",
        time="not run here",
        why="; ".join(whys) or (None if count else "there is none"),
    )


def _malfunctions(content: Mapping[str, Any]) -> EvidencePart:
    known, limits = content["malfunctions"], content["usage"]["known_malfunction"]
    vague = [str(one["id"]) for one in known if not one["consequence"]]
    still = sum(one["found"] is not None and one["mended"] is None for one in known)
    return EvidencePart(
        name="known malfunctions",
        least="each with its consequence",
        found=f"{len(known)} of the tool, {still} of them open; {len(limits)} limits of its use",
        time=ARGUED,
        why=f"no consequence: {_some(vague)}" if vague else None if known and limits else "there is none",
    )


def _strangers(content: Mapping[str, Any]) -> EvidencePart:
    counts = content["strangers"]
    bad = [str(one["id"]) for one in counts if not 0 <= one["caught"] <= one["planted"] or not one["source"]]
    return EvidencePart(
        name="strangers' defects",
        least="counts with their denominators, first counts",
        found="; ".join(f"{one['caught']} of {one['planted']} {one['what']}" for one in counts) or "none",
        time="earlier, not run here",
        why=f"no count: {_some(bad)}" if bad else None if counts else "there is none",
    )
