"""What `hil check` has to tell of a bench and its scenarios, one line each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report.told.bench import CheckKind, CheckLine

if TYPE_CHECKING:
    from bench.scenario.prepare import Prepared
    from bench.wiring.common import Wired

_MOST_FILES = 10


def budget_lines(
    file: Path, prepared: Sequence[Prepared], states: Collection[str] | None = None
) -> tuple[CheckLine, ...]:
    """What of the safety goals is legal, and will not convince. states: safe ones of the profile."""
    from bench.config.user_file import MOST_TOML_BYTES, read_text, toml_of
    from bench.measure.plan import Aim
    from bench.plant.chemistry import Chemistry
    from bench.verdict.accepted_states import unknown_states, weaker_words
    from bench.verdict.budgets import lint_budgets, load_budgets
    from bench.verdict.goal_on_chemistry import unknown_chemistries

    goals = toml_of(read_text(file, "a file of safety goals", most=MOST_TOML_BYTES))
    unknown = unknown_chemistries(goals, Chemistry.known())
    lent = {one.scenario.budget for one in prepared if one.scenario.budget is not None}
    budgets = load_budgets(file)
    own = [
        one.scenario for one in prepared if one.scenario.aim is Aim.MUST_TRIP and not one.scenario.mismatch
    ]
    measured = [(one.id, one.safety_goal, one.expect.safe_state) for one in own if one.expect is not None]
    notes = (
        *lint_budgets(budgets, lent),
        *(unknown_states(budgets.values(), states) if states is not None else ()),
        *weaker_words(budgets, measured),
    )
    return (
        *(_line(CheckKind.WARNING, f"{file.name} {line}") for line in unknown),
        *(_line(CheckKind.NOTE, f"{file.name} {line}") for line in notes),
    )


def lines_of(wired: Wired, prepared: list[Prepared], *, whole: bool) -> tuple[CheckLine, ...]:
    """whole: the library was asked for, so that what it lacks can be told."""
    return tuple(_lines(wired, prepared, whole=whole))


def _lines(wired: Wired, prepared: list[Prepared], *, whole: bool) -> Iterator[CheckLine]:
    from bench.live.feed import in_the_clear
    from bench.running.calibration import overdue_now
    from bench.wiring.plug_ins import troubles

    yield from _format_1(prepared)
    for db in wired.databases.values():
        for warning in db.warnings():
            yield _line(CheckKind.WARNING, warning)
    for one_range in wired.corrected:
        yield _line(CheckKind.NOTE, one_range.words)
    if wired.config.mqtt is not None and (told := in_the_clear(wired.config.mqtt)):
        yield _line(CheckKind.WARNING, told)
    yield from _safety(wired)
    for late in overdue_now(wired.config):
        yield _line(CheckKind.WARNING, late)
    if whole:
        yield from _always(wired)
    for one in prepared:
        yield from _of_scenario(wired, one)
    yield _line(CheckKind.NOTE, _idle_words(wired))
    for told in troubles():
        yield _line(CheckKind.WARNING, told)
    if whole:
        yield from _no_must_reach(wired)
    yield from _at_fault(wired, prepared)
    yield from _uncarried(wired, prepared)


def _line(kind: CheckKind, text: str, about: str = "") -> CheckLine:
    return CheckLine(kind=kind, about=about, text=text)


def _safety(wired: Wired) -> Iterator[CheckLine]:
    """The contacts of [safety], unread: to open their ports may move a line. And whether one has stopped the rig."""
    from bench.record.latch import why_latched

    if (why := why_latched(wired.config.record.rig)) is not None:
        yield _line(CheckKind.WARNING, f"this rig is stopped, `hil rearm` gives it free: {why}")
    for one in wired.config.safety:
        gone = one.port.startswith("/") and not Path(one.port).exists()
        there = "not there, which counts as open" if gone else "`hil doctor` reads it"
        played = " (played as closed in simulated time)" if one.port and wired.config.simulated else ""
        kind = CheckKind.WARNING if gone and not wired.config.simulated else CheckKind.NOTE
        yield _line(kind, f"[safety] {one.words}: {there}{played}" if one.port else f"[safety] {one.words}")


def _always(wired: Wired) -> Iterator[CheckLine]:
    """Which statements are looked at in every shot, and why others are not."""
    from bench.running.always import stands

    found = list(stands(wired))
    held = [one.name for one in found if one.statement is not None]
    told = ", ".join(held) if held else "nothing"
    yield _line(CheckKind.NOTE, f"looked at in every shot ({len(held)} of {len(found)}): {told}")
    for one in found:
        if one.off:
            yield _line(CheckKind.NOTE, f"always '{one.name}': switched off, {one.off}", one.name)
        elif one.lacks:
            yield _line(CheckKind.NOTE, f"always '{one.name}': not looked at, lacks {one.lacks}", one.name)


def _of_scenario(wired: Wired, one: Prepared) -> Iterator[CheckLine]:
    from bench.door.beyond_fit import leaves_the_fit
    from bench.wiring.common import why_not

    name = one.scenario.id
    for note in loads_cut_off(one):
        yield _line(CheckKind.NOTE, f"{name}: {note}", name)
    pack = wired.config.pack
    for left in leaves_the_fit(one, wired.chemistry, pack.soc, pack.strings * pack.parallel):
        yield _line(CheckKind.NOTE, f"{name}: {left}", name)
    if one.note is not None:
        yield _line(CheckKind.NOTE, f"{name}: {one.note}", name)
    if one.scenario.hint:
        yield _line(CheckKind.WARNING, one.scenario.hint, name)
    if (gap := one.scenario.known_gap) is not None and not gap.of_twin:
        told = f"{name}: known gap until {gap.until}, {gap.owner} ({gap.bound.words})"
        yield _line(CheckKind.NOTE, told, name)
    if missing := why_not(wired, one.scenario.needs, one.steps):
        told = f"{name}: will be BLOCKED, this rig cannot do {', '.join(missing)}"
        yield _line(CheckKind.BLOCKED, told, name)


def _format_1(prepared: list[Prepared]) -> Iterator[CheckLine]:
    """One line for all files that are judged by the old rule."""
    old = list(dict.fromkeys(one.scenario.file.name for one in prepared if one.scenario.format == 1))
    if not old:
        return
    named = ", ".join(old[:_MOST_FILES]) + (
        f" and {len(old) - _MOST_FILES} more" if old[_MOST_FILES:] else ""
    )
    yield _line(
        CheckKind.WARNING,
        f"{len(old)} scenario file{'s' if old[1:] else ''} of format 1: what the DUT reports beside what "
        f"they expect is no failure in this release, and will be in the next; `hil migrate` mends it: {named}",
    )


def _no_must_reach(wired: Wired) -> Iterator[CheckLine]:
    """Modes of the profile of which nothing asks whether the DUT comes into them."""
    from bench.scenario.must_reach import why_none

    for mode in wired.profile.modes:
        if why := why_none(wired.profile, mode):
            told = f"mode '{mode}': no scenario asks whether the DUT reaches it, {why}"
            yield _line(CheckKind.NOTE, told, mode)


def _idle_words(wired: Wired) -> str:
    from bench.units import format_ns
    from bench.wiring.virtual_signals import IDLE

    idle = [
        f"{one.channel}.{one.message.name} every {format_ns(one.cycle_ns)}"
        for one in wired.played
        if one.by == IDLE
    ]
    listed = ", ".join(idle) if idle else "nothing"
    return f'sent idle, at raw zero (unlisted = "{wired.profile.unlisted}"): {listed}'


def _at_fault(wired: Wired, prepared: list[Prepared]) -> Iterator[CheckLine]:
    """Everything in the scenarios that no DUT can answer rightly."""
    from bench.wiring.at_fault import faults_of, unknown_limits

    for line in unknown_limits(wired):
        yield _line(CheckKind.WARNING, line)
    told: dict[str, str] = {}
    for one in prepared:
        for line in faults_of(wired, one):
            told.setdefault(line, one.scenario.id)
    for line, name in told.items():
        yield _line(CheckKind.ERROR, f"{line} (will be ERROR)", name)


def _uncarried(wired: Wired, prepared: list[Prepared]) -> Iterator[CheckLine]:
    """Every scenario whose stimulus a signal cannot carry."""
    from bench.scenario.carried import shown_signals, uncarried

    known = shown_signals(wired.profile, wired.databases)
    found = [(one.scenario.id, lines) for one in prepared if (lines := uncarried(one.plan, known))]
    for name, (first, *more) in found:
        others = f" (and {len(more)} more)" if more else ""
        yield _line(CheckKind.ERROR, f"{name}: will be ERROR, {first}{others}", name)


def loads_cut_off(one: Prepared) -> list[str]:
    """What of its drive cycles this pack's limits do not allow, in words."""
    from bench.scenario.model import Follow

    return [f"{step.name}: {step.note}" for step in one.steps if isinstance(step, Follow) and step.note]
