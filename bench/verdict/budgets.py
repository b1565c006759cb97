"""scenarios/budgets.toml: the safety goals with their times, checked against each other on loading."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.config.user_file import MOST_TOML_BYTES, NotToml, oddities, read_text, toml_of
from bench.errors import ConfigError, at_place, choices, few, nearest
from bench.units import format_ns, parse_duration_ns, parse_quantity
from bench.verdict.accepted_states import ACCEPTED, check_accepted
from bench.verdict.emergency import EMERGENCY, check_emergency, lint_emergency
from bench.verdict.goal_on_chemistry import (
    as_lent,
    check_no_lender,
    chemistries_of,
    chemistry_place,
    followed,
    on_chemistry,
)
from bench.verdict.hazard_reasons import CLASSES, WHYS, mistakes_of_hazard, unreasoned_words
from bench.verdict.lent_times import LENDING, mistakes_of_lending, not_argued_words, unargued
from bench.verdict.result import Budget
from bench.verdict.tables import ASILS, asil_of

_TEXTS = ("title", "safe_state", "provenance")
_TIMES = ("ftti", "fdti", "frti")
_SHARES = ("coverage", "confidence")
_KEYS = (
    *_TEXTS,
    "asil",
    *_TIMES,
    "fhti",
    "latched",
    *CLASSES,
    "hazard_source",
    "hazard_given",
    "owner",
    *_SHARES,
    *WHYS,
    "inherits",
    *LENDING,
    *EMERGENCY,
    *ACCEPTED,
)


def load_budgets(path: Path, chemistry: str | None = None) -> dict[str, Budget]:
    """Safety goal id → Budget on a chemistry. None: the budgets of every chemistry that has no table of its own.

    Raises ConfigError, with one line that names file and goal for each mistake.
    """
    text = read_text(path, "a file of safety goals", most=MOST_TOML_BYTES)
    try:
        goals = toml_of(text)
    except NotToml as error:
        raise ConfigError(
            at_place(f"{path}:{error.line}", "", f"found no valid TOML ({error})", error.expected)
        ) from error
    odd = [
        at_place(path, ".".join(map(str, place)), *why.split("; expected ", 1))
        for place, why in oddities(goals)
    ]
    if odd:
        raise ConfigError("\n".join(odd))
    found: dict[str, dict[str | None, Budget]] = {}
    mistakes: list[str] = []
    for goal, table in goals.items():
        try:
            found[goal] = _on_each(path, goal, table)
        except ConfigError as wrong:
            mistakes += str(wrong).splitlines()
    everywhere = {goal: own[None] for goal, own in found.items()}
    mistakes += (
        [] if mistakes else [*mistakes_of_lending(path, everywhere), *mistakes_of_hazard(path, everywhere)]
    )
    if mistakes:
        raise ConfigError("\n".join(dict.fromkeys(mistakes)))
    here = {goal: own.get(chemistry, own[None]) for goal, own in found.items()}
    return followed(here, [goal for goal, own in found.items() if chemistry in own])


def _on_each(path: Path, goal: str, table: Any) -> dict[str | None, Budget]:
    """Chemistry → Budget: what is wrong on any is told, whichever is asked for. None: the rest of them."""
    if not isinstance(table, dict):
        return {None: _budget(path, goal, table)}
    base = _budget(path, goal, on_chemistry(path, goal, table, None))
    check_no_lender(path, base, chemistries_of(table))
    found: dict[str | None, Budget] = {None: base}
    for one in chemistries_of(table):
        here = _budget(path, chemistry_place(goal, one), on_chemistry(path, goal, table, one))
        found[one] = as_lent(replace(here, safety_goal=goal), base, table, one)
    return found


def _budget(path: Path, goal: str, table: Any) -> Budget:
    if not isinstance(table, dict):
        raise ConfigError(at_place(path, goal, f"{table!r}", "a table such as [SG-OV]"))
    for key in table:
        if key not in _KEYS:
            raise ConfigError(
                at_place(
                    path, goal, f"unknown key '{key}'", f"one of {choices(key, _KEYS)}{nearest(key, _KEYS)}"
                )
            )
    texts = {key: _text(path, goal, table, key) for key in _TEXTS}
    asil = _text(path, goal, table, "asil")
    if asil not in ASILS:
        raise ConfigError(at_place(path, f"{goal}.asil", f"'{asil}'", f"one of {', '.join(ASILS)}"))
    times = {key: _duration(path, goal, table, key) for key in _TIMES}
    latched = _yes(path, goal, table, "latched")
    eotti_ns = _duration(path, goal, table, "eotti") if "eotti" in table else None
    emergency_states = _names(path, goal, table, "emergency_states")
    check_emergency(path, goal, eotti_ns, emergency_states)
    accepts, accepts_why = _names(path, goal, table, "accepts"), _perhaps(path, goal, table, "accepts_why")
    _check_hazard(path, goal, table, asil)
    _check_fhti(path, goal, table, times)
    spent_ns = times["fdti"] + times["frti"]
    if spent_ns >= times["ftti"]:
        spent = f"fdti + frti = {format_ns(spent_ns)} is not below ftti = {format_ns(times['ftti'])}"
        raise ConfigError(at_place(path, goal, spent, "FDTI + FRTI < FTTI, strictly"))
    found = Budget(
        safety_goal=goal,
        title=texts["title"],
        asil=asil,
        ftti_ns=times["ftti"],
        fdti_ns=times["fdti"],
        frti_ns=times["frti"],
        safe_state=texts["safe_state"],
        provenance=texts["provenance"],
        latched=latched,
        severity=table.get("severity"),
        exposure=table.get("exposure"),
        controllability=table.get("controllability"),
        hazard_source=_perhaps(path, goal, table, "hazard_source"),
        hazard_given=_yes(path, goal, table, "hazard_given"),
        hazard_whys=_whys(path, goal, table),
        inherits=_names(path, goal, table, "inherits"),
        owner=_perhaps(path, goal, table, "owner"),
        of=_perhaps(path, goal, table, "of"),
        probe=_perhaps(path, goal, table, "probe"),
        derivation=_perhaps(path, goal, table, "derivation"),
        emergency_states=emergency_states,
        eotti_ns=eotti_ns,
        accepts=accepts,
        accepts_why=accepts_why,
        ordinary_ns=(),
        **{key: _share(path, goal, table, key) for key in _SHARES if key in table},
    )
    check_accepted(path, found)
    return found


def _yes(path: Path, goal: str, table: dict[str, Any], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise ConfigError(at_place(path, f"{goal}.{key}", f"{value!r}", "true or false"))
    return value


def _check_hazard(path: Path, goal: str, table: dict[str, Any], asil: str) -> None:
    """Where the classes of the hazard analysis are given, the ASIL must be the one they make."""
    given = [key for key in CLASSES if key in table]
    if not given:
        return
    if len(given) < len(CLASSES):
        found = f"only {', '.join(given)}"
        raise ConfigError(
            at_place(path, goal, found, "severity, exposure and controllability, or none of them")
        )
    classes = [_text(path, goal, table, key) for key in CLASSES]
    try:
        due = asil_of(*classes)
    except ValueError as error:
        raise ConfigError(at_place(path, goal, str(error), "classes of ISO 26262-3:2018, table 4")) from error
    if due != asil:
        found = f"asil {asil}, but {'/'.join(classes)} make {due}"
        raise ConfigError(at_place(path, f"{goal}.asil", found, f"{due} (ISO 26262-3:2018, table 4)"))


def _check_fhti(path: Path, goal: str, table: dict[str, Any], times: dict[str, int]) -> None:
    """A stated FHTI lies between the sum of its shares and the FTTI."""
    if "fhti" not in table:
        return
    fhti_ns = _duration(path, goal, table, "fhti")
    if fhti_ns < times["fdti"] + times["frti"]:
        found = f"{format_ns(fhti_ns)} is below fdti + frti = {format_ns(times['fdti'] + times['frti'])}"
        raise ConfigError(at_place(path, f"{goal}.fhti", found, "FDTI + FRTI <= FHTI < FTTI"))
    if fhti_ns >= times["ftti"]:
        found = f"{format_ns(fhti_ns)} is not below ftti = {format_ns(times['ftti'])}"
        raise ConfigError(at_place(path, f"{goal}.fhti", found, "FDTI + FRTI <= FHTI < FTTI"))


def lint_budgets(budgets: dict[str, Budget], lent: Collection[str] = ()) -> tuple[str, ...]:
    """What is legal but will not convince an assessor, one line each. Nothing here is an error.

    lent: sections that only lend their times to a scenario: the hazard's classes stand at the goal itself.
    """
    told: list[str] = []
    own = {goal: budget for goal, budget in budgets.items() if goal not in lent and not budget.of}
    for what, chosen in (
        (
            "without severity, exposure, controllability (their ASIL is only stated)",
            [goal for goal, one in own.items() if one.severity is None],
        ),
        (
            "whose severity, exposure, controllability are assumed",
            [goal for goal, one in own.items() if one.classes_assumed],
        ),
        (
            "whose severity, exposure, controllability have no hazard_source",
            [goal for goal, one in own.items() if one.severity is not None and not one.hazard_source],
        ),
    ):
        if chosen:
            told.append(f"{len(chosen)} of {len(own)} goals {what}: {few(chosen)}")
    for goal, budget in budgets.items():
        if budget.fhti_ns > 0.8 * budget.ftti_ns:
            share = f"{100 * budget.fhti_ns / budget.ftti_ns:.0f} %"
            told.append(f"{goal}: fdti + frti use {share} of the FTTI; above 80 % little margin is left")
        words = budget.provenance.lower()
        if any(word in words for word in ("tbd", "todo", "unknown", "n/a")):
            told.append(f"{goal}: provenance says '{budget.provenance}'; name the source of the times")
    told += [*unreasoned_words(own), *lint_emergency(own)]
    if sections := unargued(budgets, lent):
        told.append(
            f"{len(sections)} sections lend longer times and do not say why they may (of, probe, derivation; "
            f"or severity, exposure, controllability of a goal of its own): {few(sections)}"
        )
    if sections := not_argued_words(budgets):
        told.append(
            f"{len(sections)} sections lend longer times without a derivation that these are safe; their goals stay "
            f"NOT SHOWN until the probe is there: {few(sections)}"
        )
    return tuple(told)


def _share(path: Path, goal: str, table: dict[str, Any], key: str) -> float:
    value = table[key]
    try:
        share = parse_quantity(value, "%") / 100 if isinstance(value, str) else -1.0
    except ValueError:
        share = -1.0
    if not 0.5 <= share < 1:
        raise ConfigError(
            at_place(path, f"{goal}.{key}", f"{value!r}", 'a share such as "95 %", below 100 %')
        )
    return share


def _text(path: Path, goal: str, table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        found = f"no {key}" if value is None else f"{value!r}"
        raise ConfigError(at_place(path, f"{goal}.{key}", found, "text that is not empty"))
    return value


def _whys(path: Path, goal: str, table: dict[str, Any]) -> tuple[str, str, str]:
    severity, exposure, controllability = (_perhaps(path, goal, table, key) for key in WHYS)
    return severity, exposure, controllability


def _names(path: Path, goal: str, table: dict[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ConfigError(at_place(path, f"{goal}.{key}", f"{value!r}", 'a list of names such as ["SG-OV"]'))
    return tuple(value)


def _perhaps(path: Path, goal: str, table: dict[str, Any], key: str) -> str:
    return _text(path, goal, table, key) if key in table else ""


def _duration(path: Path, goal: str, table: dict[str, Any], key: str) -> int:
    value = table.get(key)
    if not isinstance(value, str):
        found = f"no {key}" if value is None else f"{value!r} without a unit"
        raise ConfigError(at_place(path, f"{goal}.{key}", found, 'a duration such as "250 ms"'))
    try:
        duration_ns = parse_duration_ns(value)
    except ValueError as error:
        found, _, expected = str(error).partition("; expected ")
        expected = expected or "a duration above 0"
        raise ConfigError(at_place(path, f"{goal}.{key}", f"found {found}", expected)) from error
    if duration_ns <= 0:
        raise ConfigError(at_place(path, f"{goal}.{key}", f"found '{value}'", "a duration above 0"))
    return duration_ns
