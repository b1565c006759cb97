"""What the evidence of `hil qualify --full` shows, part by part: from its rows, not from its word.

Each part has a minimum. A part below it is not shown, whatever the file says of itself, and evidence with a part that
is not shown is no evidence for a qualification: nothing claims it. Evidence is no qualification either. That takes a
person who has reviewed it (bench.campaign.reviewed).
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.campaign.tool_facts import recommended, why_no_use
from bench.timing.rate import BOUND_PPB
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.spread import REFUSED_BELOW, kuiper_p

FORMAT = "hil-qualification-3"  # 2: no load was asked for, three negative tests were enough. 1: not sealed
REFERENCE = "reference"
LEAST_SHOTS = (
    200  # of the ruler, in each condition: all right bounds the share of wrong ones below 1.5 % (95 %)
)
CYCLE_NS = 10 * NS_PER_MS  # of the bench's own tasks: the shots have to come everywhere in it
VALID_DAYS = 90  # a rig drifts; the period is this project's default
TIME = {"simulated": "simulated time", "host": "real time"}
NEGATIVE = {  # what the bench has to come to: a verdict, or in words; bench.campaign.negative runs them
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
}
TIMED = ("a clock step", "a late loop")  # these have to be of the file's own timebase
ARGUED = "argued, not run"
NO_REFERENCE = "none"
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the evidence. why: what keeps it from being shown; None where it is. time: in which it ran."""

    name: str
    least: str
    found: str
    time: str
    why: str | None

    @property
    def shown(self) -> bool:
        return self.why is None


def parts(content: Mapping[str, Any], mutants: Sequence[str]) -> tuple[Part, ...]:
    """Every part that evidence has to have, shown or not. mutants: all that there are. Raises what no file can be."""
    timebase = str(content["identity"]["timebase"])
    return (
        _ruler(content, timebase, loaded=False),
        _ruler(content, timebase, loaded=True),
        _reference(content, timebase),
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


def of_shots(measured: Sequence[Sequence[int]]) -> tuple[int, int, float | None]:
    """(how many, how many hold the truth, their spread) of the ruler's shots: truth, low, high, stimulus in ns."""
    if any(len(one) != 4 or any(type(value) is not int for value in one) for one in measured):
        raise ValueError("a shot of the ruler that is none")
    held = sum(low <= truth <= high for truth, low, high, _ in measured)
    places = [stimulus % CYCLE_NS / CYCLE_NS for *_, stimulus in measured]
    return len(measured), held, kuiper_p(places) if places else None


def _ruler(content: Mapping[str, Any], timebase: str, *, loaded: bool) -> Part:
    """All rows of the ruler in the file's own timebase under this condition."""
    own = [
        row
        for row in content["ruler"]
        if row["timebase"] == timebase and (row["condition"] != "idle") is loaded
    ]
    whys = [why for row in own if (why := _why_no_ruler(row, loaded=loaded)) is not None]
    condition = "loaded" if loaded else "idle"
    return Part(
        name=f"ruler, {condition}",
        least=f"{LEAST_SHOTS} shots, each interval holds the truth, spread over the bench's cycle",
        found="; ".join(f"{row['contained']} of {row['shots']} hold the truth" for row in own) or "none",
        time=TIME[timebase],
        why=("; ".join(whys) or None) if own else f"it was not tried in {TIME[timebase]}",
    )


def _why_no_ruler(row: Mapping[str, Any], *, loaded: bool) -> str | None:
    shots, contained = row["shots"], row["contained"]
    if errors := list(row["errors"]):
        return f"{len(errors)} error(s), the first: {errors[0]}"
    if (shots, contained, row["spread_p"]) != of_shots(row["measured"]):
        return "its row is not what its shots make"
    if type(shots) is not int or shots < LEAST_SHOTS:
        return f"{'1 shot' if shots == 1 else f'{shots} shots'}, at least {LEAST_SHOTS}"
    if contained != shots:
        return f"{contained} of {shots} intervals hold the truth"
    if not row["spread_p"] >= REFUSED_BELOW:  # not a number is not spread either
        return f"shots at bunched phases of the bench's cycle (Kuiper p = {row['spread_p']:.1g}), copies of fewer"
    if loaded and not row["load_per_s"] > 0:
        return "no other traffic was on the bus"
    return None


def _reference(content: Mapping[str, Any], timebase: str) -> Part:
    """The delays by a second clock, where there is one. Intervals carry the rate of the host's clock as a term."""
    own = [row for row in content["ruler"] if row["timebase"] == timebase]
    pairs = [pair for row in own for pair in zip(row["measured"], row["by_reference"], strict=False)]
    told = [(one, ns) for one, ns in pairs if ns is not None]
    wrong = sum(not _holds(one, ns) for one, ns in told)
    apart_ns = max((abs(ns - one[0]) for one, ns in told), default=0)
    found = (
        f"{len(told) - wrong} of {len(told)} hold it; both clocks at most {apart_ns} ns apart in one delay"
    )
    clocks = "; ".join(dict.fromkeys(str(row["reference"]) for row in own)) or NO_REFERENCE
    why = f"{wrong} of {len(told)} intervals do not hold the delay by the second clock" if wrong else None
    if any(len(row["measured"]) != len(row["by_reference"]) for row in own):
        why = "it is not told for each shot"
    if timebase == "simulated":
        found = "none is needed: the clock is the model's own"
    return Part(
        name="second time reference",
        least="each interval holds the delay by a second clock as well, where there is one",
        found=f"{clocks}: {found}"
        if told
        else found
        if timebase == "simulated"
        else f"{clocks}: no second clock",
        time=TIME[timebase],
        why=why,
    )


def _holds(measured: Sequence[int], reference_ns: int) -> bool:
    """Within the interval, widened by what the rate of the clock adds to every judged latency."""
    _, low_ns, high_ns, _ = measured
    rate_ns = -(-high_ns * BOUND_PPB // NS_PER_S)
    return low_ns - rate_ns <= reference_ns <= high_ns + rate_ns


def _mutants(content: Mapping[str, Any], wanted: Sequence[str]) -> Part:
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
    return Part(
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


def _negative(content: Mapping[str, Any], name: str) -> Part:
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
    return Part(
        name=f"negative test '{name}'",
        least=demanded,
        found=", ".join(str(row["found"]) for row in tests) or "none",
        time=", ".join(TIME[row["timebase"]] for row in tests) or "none",
        why=why,
    )


def _uses(content: Mapping[str, Any]) -> Part:
    usage = content["usage"]
    uses = usage["use_case"]
    measures = {str(one["id"]): one for one in usage["process_measure"]}
    whys = [why for one in uses if (why := why_no_use(one, measures)) is not None]
    return Part(
        name="use cases",
        least="each with impact, detection by measures in the process, and the level they make",
        found=", ".join(f"{one['id']} {one['impact']} {one['detection']} {one['tcl']}" for one in uses)
        or "none",
        time=ARGUED,
        why="; ".join(whys) or (None if uses else "there is none"),
    )


def _method(content: Mapping[str, Any]) -> Part:
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
    return Part(
        name="method",
        least="one of tables 4 and 5, with its reason",
        found=", ".join(f"{method} for {tcl}, {one} at ASIL {asil}" for tcl, one in found.items())
        or "none asked for",
        time=ARGUED,
        why=why,
    )


def _requirements(content: Mapping[str, Any], wanted: Sequence[str]) -> Part:
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
    return Part(
        name="tool requirements",
        least="each traced to tests, and to a mistake that is planted",
        found=f"{count} traced; their tests are run by CI, not here",
        time="not run here",
        why="; ".join(whys) or (None if count else "there is none"),
    )


def _malfunctions(content: Mapping[str, Any]) -> Part:
    known, limits = content["malfunctions"], content["usage"]["known_malfunction"]
    vague = [str(one["id"]) for one in known if not one["consequence"]]
    still = sum(one["found"] is not None and one["mended"] is None for one in known)
    return Part(
        name="known malfunctions",
        least="each with its consequence",
        found=f"{len(known)} of the tool, {still} of them open; {len(limits)} limits of its use",
        time=ARGUED,
        why=f"no consequence: {_some(vague)}" if vague else None if known and limits else "there is none",
    )


def _strangers(content: Mapping[str, Any]) -> Part:
    counts = content["strangers"]
    bad = [str(one["id"]) for one in counts if not 0 <= one["caught"] <= one["planted"] or not one["source"]]
    return Part(
        name="strangers' defects",
        least="counts with their denominators, first counts",
        found="; ".join(f"{one['caught']} of {one['planted']} {one['what']}" for one in counts) or "none",
        time="earlier, not run here",
        why=f"no count: {_some(bad)}" if bad else None if counts else "there is none",
    )
