"""Everything that can be guessed of a DUT from its bus descriptions. What is equally good stays side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.codec.database import Database
from bench.starting.numbered import CELLS, SENSORS, NumberedSeries, equally_good, find_series, one_at_a_time
from bench.starting.rules import FLAGS, INPUTS, OUTPUTS, Choice, choose
from bench.starting.signals import Sender, Signal, signals_of
from bench.starting.values import MODES, STATES, Value, values_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What the files say of a DUT, as far as one can tell.

    cells, sensors: series of them, equally good ones side by side; none where no message shows them to the DUT.
    awake: a signal that is on while the vehicle is awake, with its value for it. charging: likewise of a charger.
    identity: the signals that name the build, each with its word in the text.
    stray: a cell's voltage that comes one at a time, with its number beside it.
    """

    dut: str | None
    duts: tuple[str, ...]
    signals: tuple[Signal, ...]
    cells: tuple[NumberedSeries, ...]
    sensors: tuple[NumberedSeries, ...]
    shown: Mapping[str, Choice]
    said: Mapping[str, Choice]
    flags: Mapping[str, Choice]
    states: tuple[Value, ...]
    modes: tuple[Value, ...]
    counters: tuple[Signal, ...]
    awake: tuple[Signal, int] | None
    charging: tuple[Signal, int] | None
    identity: Mapping[str, Signal]
    stray: Signal | None


def guess(buses: Mapping[str, Database], duts: tuple[str, ...]) -> Guess:
    """duts: the nodes that may be the DUT; it is known where there is one."""
    dut = duts[0] if len(duts) == 1 else None
    signals = signals_of(buses, dut)
    said = {rule.role: choose(rule, signals, Sender.BY_DUT) for rule in OUTPUTS}
    signals = _by_family(signals, said["state"].sure)
    flags = {rule.role: choose(rule, signals, Sender.BY_DUT) for rule in FLAGS}
    said = {rule.role: choose(rule, signals, Sender.BY_DUT) for rule in OUTPUTS}
    spoken = {one.place for choice in (*said.values(), *flags.values()) for one in choice.best}
    others = tuple(one for one in signals if one.place not in spoken)
    cells = equally_good(find_series(CELLS, others))
    sensors = equally_good(find_series(SENSORS, others))
    numbered = {id(one) for series in (*cells, *sensors) for one in series.members}
    free = tuple(one for one in others if id(one) not in numbered)
    rules = {rule.role: rule for rule in INPUTS}
    shown = {role: choose(rule, free, Sender.TO_DUT) for role, rule in rules.items() if role != "counter"}
    return Guess(
        dut=dut,
        duts=duts,
        signals=signals,
        cells=cells,
        sensors=sensors,
        shown=shown,
        said=said,
        flags=flags,
        states=values_of(said["state"].sure, STATES),
        modes=values_of(shown["mode_request"].sure, MODES),
        counters=_counters(free),
        awake=_named_value(free, r"\b(ignition|ign|kl ?15|clamp ?15)\b", ("on", "run", "ign on")),
        charging=_named_value(
            free, r"\b(charger|chg|obc)\b.*\b(state|status|mode)\b", ("charging", "charge")
        ),
        identity=_identity(tuple(one for one in signals if one.said is not Sender.TO_DUT)),
        stray=None if cells else one_at_a_time(others),
    )


def _by_family(signals: tuple[Signal, ...], state: Signal | None) -> tuple[Signal, ...]:
    """Where no file names the senders: what is called as the state's message is called is the DUT's, too."""
    if state is None or state.said is not Sender.UNKNOWN:
        return signals
    family = re.match(r"[A-Za-z0-9]+_", state.message.name)
    if family is None:
        return signals
    alike = {one.place for one in signals if one.message.name.startswith(family[0])}
    asked = r"\b(request|req|command|cmd|debug)\b"
    return tuple(
        replace(one, said=Sender.BY_DUT)
        if one.place in alike and len(alike) > 2 and not re.search(asked, one.about)
        else one
        for one in signals
    )


def _counters(signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """Counts of a message's sendings; not that of an end-to-end protection, which the bench keeps by itself."""
    rule = next(one for one in INPUTS if one.role == "counter")
    found: dict[tuple[str, str], Signal] = {}
    for one in signals:
        choice = choose(rule, (one,), Sender.TO_DUT)
        protected = one.message.protection is not None and re.search(
            r"\b(alive|rolling)\b|^counter$", one.text
        )
        if choice.best and not protected:
            found.setdefault(one.place, one)
    return tuple(found.values())


def _named_value(signals: tuple[Signal, ...], name: str, texts: tuple[str, ...]) -> tuple[Signal, int] | None:
    """The first signal of that name whose table has one of the texts, with the value of it."""
    for text in texts:
        for one in signals:
            if (
                re.search(name, f"{one.about} {one.text}")
                and one.said is not Sender.BY_DUT
                and one.field.length > 1
            ):
                for number, told in one.field.choices.items():
                    if told.lower() == text:
                        return one, number
    return None


_VERSION = {"major": r"\bmajor\b", "minor": r"\bminor\b", "patch": r"\b(patch|bugfix|revision)\b"}
_HASH, _WHOLE = r"\b(hash|commit|git)\b", r"\b(sw|software|fw|firmware)\b.*\b(version|ver|rev|build|id)\b"


def _identity(signals: tuple[Signal, ...]) -> dict[str, Signal]:
    """A build's hash; else the version's parts, of one message; else one number that is called a version."""
    hashes = [one for one in signals if re.search(_HASH, one.text) and 16 <= one.field.length <= 53]
    if len(hashes) == 1:
        return {"build": hashes[0]}
    of_message: dict[tuple[str, str], dict[str, Signal]] = {}
    for one in signals:
        if re.search(r"\b(hardware|hw|bootloader|boot|lib|protocol)\b", f"{one.about} {one.text}"):
            continue
        for part, name in _VERSION.items():
            if re.search(name, one.text):
                of_message.setdefault(one.place, {}).setdefault(part, one)
    complete = [found for found in of_message.values() if len(found) > 1]
    if len(complete) == 1:
        return complete[0]
    whole = [one for one in signals if re.search(_WHOLE, one.text) and one.field.length >= 8]
    return {"version": whole[0]} if len(whole) == 1 and not complete else {}
