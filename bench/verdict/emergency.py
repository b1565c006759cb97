"""Goals whose safe state comes after a degraded, limited or warned one: emergency operation and how long it may last.

ISO 26262-1:2018, 3.43 to 3.45: the safe state or emergency operation is reached within the FTTI, and emergency
operation ends within its own tolerance time (EOTTI).
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from bench.errors import ConfigError, at_place
from bench.verdict.result import Budget

EMERGENCY = ("eotti", "emergency_states")
# Words of a safe state's name that say that something comes before the pack is safe, or that it is only told.
_FIRST = ("degrade", "derate", "limit", "ramp_down", "warn", "announce", "at_standstill")


def check_emergency(path: Path, goal: str, eotti_ns: int | None, states: Collection[str]) -> None:
    """Raises ConfigError where only one of both keys is there."""
    if (eotti_ns is None) is not (not states):
        lacks = "eotti" if eotti_ns is None else "emergency_states"
        raise ConfigError(at_place(path, goal, f"no {lacks}", "eotti and emergency_states, or none of them"))


def lint_emergency(goals: Mapping[str, Budget]) -> list[str]:
    """Goals that degrade, limit, derate or warn first, and do not say for how long they may."""
    lacking = [
        goal
        for goal, one in goals.items()
        if one.eotti_ns is None and any(word in one.safe_state for word in _FIRST) and not _warns_beside(one)
    ]
    if not lacking:
        return []
    return [
        f"{len(lacking)} of {len(goals)} goals degrade, limit or warn first and state no eotti: {', '.join(lacking)}"
    ]


def _warns_beside(goal: Budget) -> bool:
    """It opens or locks out as well: the warning is no state to stay in."""
    return "warn" in goal.safe_state and any(word in goal.safe_state for word in ("open", "inhibit"))
