"""The text of a first profile: what the bench shows the DUT, what the DUT says, what a flag and a safe state are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bench.starting.guess import Guess
from bench.starting.numbered import NumberedSeries
from bench.starting.page import Draft, quoted, why
from bench.starting.rules import WARNINGS
from bench.starting.signals import Sender, Signal
from bench.starting.values import Value
from bench.units import NS_PER_MS

_PLAIN = ("", "V", "A", "degC", "ohm")  # units that a profile takes a quantity to be in where it names none
_COMMANDS = ("plus_command", "minus_command", "precharge_command")
Place = tuple[str, str]
Shows = dict[Place, list[tuple[str, str, str]]]
"""By message: (name of the signal, TOML text of what it shows, comment)."""


def profile_page(page: Draft, found: Guess, name: str, *, in_process: bool) -> None:
    """Writes it on the page. in_process: the DUT is a firmware that runs in the bench's process."""
    page.line("# DUT profile: what the signals of your BMS mean. See docs/bring_your_own_bms.md.")
    page.line(
        '# "guess": read the line, and take the word away; first those that decide a verdict. "? …": to be answered.'
    )
    page.line(f"name = {quoted(name)}")
    if found.dut is None and found.duts:
        text, comment = page.answer(
            "nothing, and no such line; which node is your BMS? `hil init --dut NODE` guesses better",
            found.duts,
        )
        page.line(f"dut = {text}", comment)
    cycles = [
        one.message.cycle_ns for one in found.signals if one.said is Sender.BY_DUT and one.message.cycle_ns
    ]
    base_ms = min(cycles, default=10 * NS_PER_MS) // NS_PER_MS
    page.guess(
        f'base_period = "{max(1, base_ms)} ms"', "the shortest cycle of its messages" if cycles else "usual"
    )
    _plays(page, found)
    _said(page, found)
    _values(page, found)
    _flags(page, found)
    _alive(page, found)
    _identity(page, found, in_process=in_process)
    page.line()
    page.line("[safe_state]", 'all must hold; "flag": that of the scenario')
    page.guess(
        f"hv_open = [{', '.join(map(quoted, safe_tests(found)))}]",
        "what your safety analysis calls safe",
        "safe state",
    )


def _plays(page: Draft, found: Guess) -> None:
    """One [[play]] a message: cells first, then sensors, then all else."""
    _series(page, found.cells, "the message that shows your BMS its cells (volt)", by="emulator")
    if not found.cells:
        _asks_to_show(
            page,
            found,
            "a message that shows your BMS its cells' voltages; none does",
            "cell_voltage",
        )
    _series(page, found.sensors, "the message that shows your BMS its temperature sensors", by="")
    shows = shown_by_message(page, found)
    for place, entries in shows.items():
        _play(page, place, _cycle(found, place), entries)
    if not found.shown["mode_request"].best:
        _asks_to_show(
            page,
            found,
            "the message that asks your BMS for off, drive or charge; no name tells it",
            "mode_request",
        )


def _asks_to_show(page: Draft, found: Guess, question: str, quantity: str) -> None:
    page.line()
    page.line("[[play]]")
    page.line(
        f"message = {page.answer(f'{question}; bus.Message, and below its signal in place of SIGNAL')[0]}"
    )
    if any(not one.message.cycle_ns for one in found.signals if one.said is not Sender.BY_DUT):
        page.guess(
            'cycle = "100 ms"', "not every message has one in its file; drop this line where yours has"
        )
    page.line(f'shows = {{ "SIGNAL" = {quoted(quantity)} }}')


def _series(page: Draft, found: tuple[NumberedSeries, ...], question: str, by: str) -> None:
    if not found:
        return
    first, *others = found
    places = [".".join(place) for place in first.places]
    if others:
        answers = [".".join(one.places[0]) for one in found]
        text, comment = page.answer(question, answers)
        chosen = next((one for one in found if quoted(".".join(one.places[0])) == text), None)
        first = chosen or first
        places = [".".join(place) for place in first.places]
        if chosen is None:
            page.line()
            page.line("[[play]]")
            page.line(f"message = {text}", comment)
            _cycle_line(page, min(one.members[0].message.cycle_ns for one in found))
            _shows_of(page, first, first.places[0])
            return
    for place, name in zip(first.places, places):
        page.line()
        page.line("[[play]]")
        page.line(f"message = {quoted(name)}")
        if by:
            page.line(f'by = "{by}"', "what the cell emulator's outputs measure")
        _cycle_line(page, first.members[0].message.cycle_ns)
        _shows_of(page, first, place)


def _shows_of(page: Draft, series: NumberedSeries, place: Place) -> None:
    quantity = series.kind.quantity
    unit = "" if series.unit in _PLAIN else f" in {series.unit}"
    of_message = series.of(place)
    if series.template is not None:
        told = f"guess: {len(of_message)} numbered signals" + (
            f" in {series.unit}" if series.unit else ", no unit said"
        )
        page.guesses += 1
        page.line(f"shows = {{ {quoted(series.template)} = {quoted(quantity + unit)} }}", told)
        return
    page.line(
        "[play.shows]", "guess: in the order of their names; one number for all of them is not to be seen"
    )
    page.guesses += 1
    for number, one in of_message:
        page.line(f"{one.field.name} = {{ of = {quoted(quantity + unit)}, {series.kind.index} = {number} }}")


def _play(page: Draft, place: Place, cycle_ns: int, entries: Iterable[tuple[str, str, str]]) -> None:
    page.line()
    page.line("[[play]]")
    page.line(f"message = {quoted('.'.join(place))}")
    _cycle_line(page, cycle_ns)
    told = list(entries)
    if len(told) == 1:
        name, text, comment = told[0]
        page.line(f"shows = {{ {name} = {text} }}", comment)
        return
    page.line("[play.shows]")
    for name, text, comment in told:
        page.line(f"{name} = {text}", comment)


def _cycle_line(page: Draft, cycle_ns: int) -> None:
    if not cycle_ns:
        page.guess('cycle = "100 ms"', "its file gives none", "cycles of [[play]]")


def _cycle(found: Guess, place: Place) -> int:
    return next(one.message.cycle_ns for one in found.signals if one.place == place)


def shown_by_message(page: Draft, found: Guess) -> Shows:
    """What is not numbered. A signal shows one thing; equally good ones leave a question at the first."""
    shows: Shows = {}
    used: set[str] = set()
    for role, choice in found.shown.items():
        best = [one for one in choice.best if one.role not in used]
        if not best:
            continue
        first, *others = best
        if others:
            answers = [one.role for one in best]
            text, comment = page.answer(f"{role} here, or no such line: equally good are", answers)
            first = next((one for one in best if quoted(one.role) == text), first)
            content = quoted(role) if comment else text
        else:
            content, comment = _content(role, first), f"guess: {why(first)}"
            page.guesses += 1
        used.add(first.role)
        shows.setdefault(first.place, []).append((first.field.name, content, comment))
    for named, quantity in ((found.awake, "awake"), (found.charging, "charging")):
        if named is not None and named[0].role not in used:
            signal, value = named
            used.add(signal.role)
            page.guesses += 1
            content = f'{{ of = "{quantity}", on = {value} }}'
            entry = (
                signal.field.name,
                content,
                f"guess: {signal.field.choices[value]!r} is its value for it",
            )
            shows.setdefault(signal.place, []).append(entry)
    for one in found.counters:
        if one.role not in used and (one.said is Sender.TO_DUT or one.place in shows):
            page.guesses += 1
            shows.setdefault(one.place, []).append((one.field.name, '"counter"', "guess: by its name"))
    return shows


def _content(role: str, signal: Signal) -> str:
    unit = "" if signal.unit in _PLAIN else f" in {signal.unit}"
    return quoted(f"{role}{unit}")


def _said(page: Draft, found: Guess) -> None:
    page.line()
    page.line("[output]", "what your BMS says")
    if not page.role("state", found.said["state"], "the signal of its state", decides="state"):
        page.line(
            f"state = {page.answer('the signal of its state, bus.Message.Signal; no name tells it')[0]}"
        )
    lacking = [
        one
        for one in _COMMANDS
        if not page.role(one, found.said[one], f"the coil's command {one}", decides="contactors")
    ]
    whole = found.said["contactors"].sure if lacking else None
    if whole is not None:
        page.guess(f"contactors = {quoted(whole.role)}", why(whole), "contactors")
    if not lacking:
        return
    page.line()
    page.line("[contactor]", "no signal of their coils: what tells that each is closed")
    closed = [one.name for one in found.states if one.name in ("drive", "charge") and one.found]
    for command in lacking:
        name = command.removesuffix("_command")
        states = [f"state == {one}" for one in closed]
        if name == "precharge" and any(one.name == "precharge" and one.found for one in found.states):
            states = ["state == precharge"]
        tests = ["contactors == 1"] if whole is not None and name != "precharge" else states
        if tests:
            page.guess(f"{name} = [{', '.join(map(quoted, tests))}]", "any of these", "contactors")
        else:
            question = f"what of [output] says that it is closed, as in state == drive ({name})"
            page.line(f"{name} = [{page.answer(question)[0]}]")


def _values(page: Draft, found: Guess) -> None:
    for table, values, signal in (
        ("mode", found.modes, found.shown["mode_request"].sure),
        ("state", found.states, found.said["state"].sure),
    ):
        of = signal.role if signal is not None else "its signal"
        page.line()
        page.line(f"[{table}]", f"values of {of}")
        for value in values:
            _value(page, value, required=table == "mode" or value.name in ("standby", "drive", "error"))


def _value(page: Draft, value: Value, required: bool) -> None:
    if value.sure is not None:
        reason = f"named {value.found[0][1]!r}" if value.found else ""
        page.guess(f"{value.name} = {value.sure}", reason, "values of state and mode")
    elif value.found:
        answers = [f"{number} ({text})" for number, text in value.found]
        text, comment = page.answer(f"the value of '{value.name}'", answers)
        number = re.match(r'"(\d+) \(', text)
        page.line(f"{value.name} = {number[1] if number else text}", comment)
    elif required:
        page.line(f"{value.name} = {page.answer(f'the number that says {value.name!r}')[0]}")


def _flags(page: Draft, found: Guess) -> None:
    page.line()
    page.line("[flag]", "add `debounce`, `dtc`, `limit` as its maker publishes them")
    some = False
    for role, choice in found.flags.items():
        warning = ', severity = "warning"' if role in WARNINGS else ""
        some |= page.role(
            role, choice, f"the signal of {role}", form=f"{{{{ signal = {{}}{warning} }}}}", decides="flags"
        )
    if not some:
        question = (
            "the signal that says that a cell has too much voltage, bus.Message.Signal; no name tells it"
        )
        page.line(f"overvoltage = {{ signal = {page.answer(question)[0]} }}")


def _alive(page: Draft, found: Guess) -> None:
    state = found.said["state"].sure
    page.line()
    page.line("[[heartbeat]]")
    if state is None:
        page.line(f"message = {page.answer('a message that your BMS sends all the time, bus.Message')[0]}")
        page.guess('longest_gap = "500 ms"', "usual")
    else:
        cycle_ms = state.message.cycle_ns // NS_PER_MS
        page.guess(f"message = {quoted('.'.join(state.place))}", "the message of its state")
        gap_ms = 5 * cycle_ms if cycle_ms else 500
        page.guess(
            f'longest_gap = "{gap_ms} ms"',
            "five of its cycles" if cycle_ms else "usual; its file gives no cycle",
            "longest_gap",
        )


def _identity(page: Draft, found: Guess, *, in_process: bool) -> None:
    page.line()
    page.line("[identity]", "how it names its build; an unidentified one is not tested")
    if found.identity:
        page.guess(f"text = {quoted(_identity_text(found.identity))}", "by the names of the signals")
        inner = ", ".join(f"{name} = {quoted(one.role)}" for name, one in found.identity.items())
    else:
        page.line('text = "{version}"')
        instead = (
            "a firmware in Python has no other way, and may send a constant in any signal"
            if in_process
            else "without one, drop [identity], and let identity of [dut] in the bench file be by 'uds' (with [uds]) or"
            " 'image' (with [dut.flash])"
        )
        question = (
            "the signal of your BMS that names its build, bus.Message.Signal; no name tells it; " + instead
        )
        inner = f"version = {page.answer(question)[0]}"
    page.line(f"signals = {{ {inner} }}")


def safe_tests(found: Guess) -> list[str]:
    """What tells that the contactors are open, and the scenario's flag."""
    coils = [f"{one} == 0" for one in _COMMANDS[:2] if found.said[one].best]
    if not coils and found.said["contactors"].sure is not None:
        coils = ["contactors == 0"]
    return [*(coils or ["state == error"]), "flag"]


def _identity_text(signals: Mapping[str, Signal]) -> str:
    if "build" in signals:
        return f"{{build:0{-(-signals['build'].field.length // 4)}x}}"
    return ".".join(f"{{{name}}}" for name in signals)
