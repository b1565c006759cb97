"""States that a safety goal accepts in place of its own safe state, because they are at least as safe, and why."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from bench.errors import ConfigError, at_place, few, nearest
from bench.verdict.result import Budget

ACCEPTED = ("accepts", "accepts_why")


def check_accepted(path: Path, goal: Budget) -> None:
    """Raises ConfigError where no reason is given, or a state cannot be one that the goal accepts."""
    name = goal.safety_goal
    if bool(goal.accepts) is not bool(goal.accepts_why):
        lacks = "accepts_why" if goal.accepts else "accepts"
        raise ConfigError(at_place(path, name, f"no {lacks}", "accepts and accepts_why, or none of them"))
    if goal.accepts and goal.of:
        expected = f"it at {goal.of}, whose safe state it is about"
        raise ConfigError(at_place(path, f"{name}.accepts", f"a list in a section of {goal.of}", expected))
    for state in goal.accepts:
        what = "its own safe state" if state == goal.safe_state else "a state of emergency operation"
        if state in (goal.safe_state, *goal.emergency_states):
            expected = "other states, which are at least as safe as its own"
            raise ConfigError(at_place(path, f"{name}.accepts", f"'{state}', {what}", expected))


def is_weaker(state: str, goal: Budget) -> bool:
    """Whether a measurement up to `state` shows less than the goal's safe state.

    False where no record says which state it was. False for emergency operation too, which is told separately.
    """
    known = (goal.safe_state, *goal.accepts, *goal.emergency_states)
    return bool(state and goal.safe_state) and state not in known


def unknown_states(goals: Iterable[Budget], known: Collection[str]) -> tuple[str, ...]:
    """States that a goal accepts or stays in, and that the profile of this DUT does not have: one line each."""
    return tuple(
        f"{goal.safety_goal}.{key}: found '{state}', no safe state of this DUT's profile{nearest(state, known)}"
        for goal in goals
        for key, states in (("accepts", goal.accepts), ("emergency_states", goal.emergency_states))
        for state in states
        if state not in known
    )


def weaker_words(goals: Mapping[str, Budget], measured: Iterable[tuple[str, str, str]]) -> tuple[str, ...]:
    """A line for each goal with scenarios (id, goal, state) that are measured up to a state it does not accept."""
    found: dict[str, list[str]] = {}
    for name, goal, state in measured:
        if goal in goals and is_weaker(state, goals[goal]):
            found.setdefault(goal, []).append(f"{name} ({state})")
    return tuple(
        f"{goal}: NOT SHOWN by scenarios measured up to another state than {goals[goal].safe_state}: "
        f"{few(names)} (accepts, accepts_why)"
        for goal, names in found.items()
    )
