"""scenarios/budgets.toml: the safety goals with their times, checked against each other on loading."""

import tomllib
from pathlib import Path
from typing import Any

from bench.errors import ConfigError, at_place, nearest
from bench.units import format_ns, parse_duration_ns
from bench.verdict.result import Budget

ASILS = ("QM", "A", "B", "C", "D")
_TEXTS = ("title", "safe_state", "provenance")
_TIMES = ("ftti", "fdti", "frti")
_KEYS = (*_TEXTS, "asil", *_TIMES, "latched")


def load_budgets(path: Path) -> dict[str, Budget]:
    """Safety goal id → Budget. Raises ConfigError, one line naming file and goal, for any mistake."""
    try:
        with path.open("rb") as file:
            goals = tomllib.load(file)
    except OSError as error:
        raise ConfigError(
            at_place(path, "", f"cannot be read ({error.strerror})", "a file of safety goals")
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            at_place(path, "", f"no TOML: {error}", "one table for each safety goal")
        ) from error
    return {goal: _budget(path, goal, table) for goal, table in goals.items()}


def _budget(path: Path, goal: str, table: Any) -> Budget:
    if not isinstance(table, dict):
        raise ConfigError(at_place(path, goal, f"{table!r}", "a table such as [SG-OV]"))
    for key in table:
        if key not in _KEYS:
            raise ConfigError(
                at_place(
                    path, goal, f"unknown key '{key}'", f"one of {', '.join(_KEYS)}{nearest(key, _KEYS)}"
                )
            )
    texts = {key: _text(path, goal, table, key) for key in _TEXTS}
    asil = _text(path, goal, table, "asil")
    if asil not in ASILS:
        raise ConfigError(at_place(path, f"{goal}.asil", f"'{asil}'", f"one of {', '.join(ASILS)}"))
    times = {key: _duration(path, goal, table, key) for key in _TIMES}
    latched = table.get("latched", False)
    if not isinstance(latched, bool):
        raise ConfigError(at_place(path, f"{goal}.latched", f"{latched!r}", "true or false"))
    spent_ns = times["fdti"] + times["frti"]
    if spent_ns >= times["ftti"]:
        found = f"fdti + frti = {format_ns(spent_ns)} is not below ftti = {format_ns(times['ftti'])}"
        raise ConfigError(at_place(path, goal, found, "FDTI + FRTI < FTTI, strictly"))
    return Budget(
        safety_goal=goal,
        title=texts["title"],
        asil=asil,
        ftti_ns=times["ftti"],
        fdti_ns=times["fdti"],
        frti_ns=times["frti"],
        safe_state=texts["safe_state"],
        provenance=texts["provenance"],
        latched=latched,
    )


def _text(path: Path, goal: str, table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        found = f"no {key}" if value is None else f"{value!r}"
        raise ConfigError(at_place(path, f"{goal}.{key}", found, "text that is not empty"))
    return value


def _duration(path: Path, goal: str, table: dict[str, Any], key: str) -> int:
    value = table.get(key)
    if not isinstance(value, str):
        found = f"no {key}" if value is None else f"{value!r} without a unit"
        raise ConfigError(at_place(path, f"{goal}.{key}", found, 'a duration such as "250 ms"'))
    try:
        return parse_duration_ns(value)
    except ValueError as error:
        raise ConfigError(
            at_place(path, f"{goal}.{key}", str(error), 'a duration such as "250 ms"')
        ) from error
