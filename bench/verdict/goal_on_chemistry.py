"""What a safety goal is on one chemistry: its table with `[GOAL.chemistry.ID]` laid over it.

What no such table names is the same on every chemistry. Each has a `source`, and is assumed unless `given = true`.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.errors import ConfigError, at_place, choices, nearest
from bench.verdict.assumed import says_assumed
from bench.verdict.hazard_reasons import CLASSES
from bench.verdict.result import Budget
from bench.verdict.tables import ASILS, asil_of

TABLE = "chemistry"
_TIMES = ("ftti", "fdti", "frti", "fhti")
_KEYS = (*CLASSES, "asil", *_TIMES, "source", "given")


def chemistries_of(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that a goal's table says something of its own about."""
    own = table.get(TABLE)
    return tuple(own) if isinstance(own, dict) else ()


def unknown_chemistries(goals: Mapping[str, Any], known: Collection[str]) -> tuple[str, ...]:
    """A line for each table of a chemistry that does not exist. Such a table has no effect."""
    return tuple(
        f"[{goal}.{TABLE}.{one}] is of no shipped chemistry, and holds only for a file of yours with that id"
        f"{nearest(one, known)}"
        for goal, table in goals.items()
        if isinstance(table, dict)
        for one in chemistries_of(table)
        if one not in known
    )


def chemistry_place(goal: str, chemistry: str | None) -> str:
    """As the file names the table: `SG-UV.chemistry.lfp`."""
    return f"{goal}.{TABLE}.{chemistry}"


def check_no_lender(path: Path, goal: Budget, chemistries: Collection[str]) -> None:
    """Raises ConfigError where a section that only lends its times says something of a chemistry."""
    if goal.of and chemistries:
        place = chemistry_place(goal.safety_goal, next(iter(chemistries)))
        found = f"a chemistry of a section that lends its times to {goal.of}"
        expected = (
            f"what differs on a chemistry at the goal, [{chemistry_place(goal.of, next(iter(chemistries)))}]"
        )
        raise ConfigError(at_place(path, place, found, expected))


def as_lent(here: Budget, base: Budget, table: Mapping[str, Any], chemistry: str) -> Budget:
    """Longer times of a chemistry that nobody gives are as if lent: it keeps the ordinary ones beside them."""
    pairs = ((here.ftti_ns, base.ftti_ns), (here.fdti_ns, base.fdti_ns), (here.fhti_ns, base.fhti_ns))
    if table[TABLE][chemistry].get("given") or all(own <= ordinary for own, ordinary in pairs):
        return here
    return replace(here, ordinary_ns=(base.ftti_ns, base.fdti_ns, base.frti_ns))


def on_chemistry(path: Path, goal: str, table: Mapping[str, Any], chemistry: str | None) -> dict[str, Any]:
    """The goal's table for a chemistry. None: for every chemistry without a table of its own. Raises ConfigError."""
    own = table.get(TABLE, {})
    if not isinstance(own, dict):
        raise ConfigError(at_place(path, f"{goal}.{TABLE}", f"found {own!r}", f"a table [{goal}.{TABLE}.ID]"))
    base = {key: value for key, value in table.items() if key != TABLE}
    if chemistry not in own:
        return base
    place = chemistry_place(goal, chemistry)
    changes = own[chemistry]
    _check(path, place, changes)
    said = changes["source"].strip() if changes.get("given") else f"assumed: {_bare(changes['source'])}"
    merged = {**base, **{key: value for key, value in changes.items() if key not in ("source", "given")}}
    if any(key in changes for key in CLASSES):
        merged |= {"hazard_source": f"{chemistry}: {said}", "hazard_given": bool(changes.get("given"))}
        merged |= {f"{key}_why": f"{chemistry}: {said}" for key in CLASSES if key in changes}
        if "asil" not in changes and all(isinstance(merged.get(key), str) for key in CLASSES):
            try:
                merged["asil"] = asil_of(*(merged[key] for key in CLASSES))
            except ValueError as error:
                raise ConfigError(at_place(path, place, *str(error).split(": expected ", 1))) from error
    if any(key in changes for key in _TIMES):
        merged["provenance"] = f"{chemistry}: {said}"
    return merged


def followed(goals: Mapping[str, Budget], differ: Collection[str]) -> dict[str, Budget]:
    """What lends its times to a goal, or inherits its hazard, has that hazard on this chemistry too.

    differ: the goals with a table of their own on it.
    """
    return {
        name: one if name in differ and not one.of else _following(one, goals) for name, one in goals.items()
    }


def _following(one: Budget, goals: Mapping[str, Budget]) -> Budget:
    if one.of:
        return replace(one, asil=goals[one.of].asil)
    if not one.inherits:
        return one
    worst = max((goals[name] for name in one.inherits), key=lambda goal: ASILS.index(goal.asil))
    return replace(
        one,
        asil=worst.asil,
        severity=worst.severity,
        exposure=worst.exposure,
        controllability=worst.controllability,
    )


def _bare(source: str) -> str:
    """Without the word that is put before it."""
    return source.strip().removeprefix("assumed:").strip()


def _check(path: Path, place: str, changes: Any) -> None:
    if not isinstance(changes, dict):
        raise ConfigError(at_place(path, place, f"found {changes!r}", "a table"))
    for key in changes:
        if key not in _KEYS:
            known = f"one of {choices(key, _KEYS)}{nearest(key, _KEYS)}"
            raise ConfigError(at_place(path, place, f"found unknown key '{key}'", known))
    source = changes.get("source")
    if not isinstance(source, str) or not source.strip():
        raise ConfigError(at_place(path, f"{place}.source", "found no text", "where these figures come from"))
    if not isinstance(changes.get("given", False), bool):
        raise ConfigError(at_place(path, f"{place}.given", f"found {changes['given']!r}", "true or false"))
    if changes.get("given") and says_assumed(source):
        mend = "what gives these figures, or no given"
        raise ConfigError(at_place(path, f"{place}.source", f"'{source}' beside given = true", mend))
    if len(set(changes) - {"source", "given"}) == 0:
        raise ConfigError(
            at_place(path, place, "found nothing that differs", f"one of {', '.join(_KEYS[:-2])}")
        )
