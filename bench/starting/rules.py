"""What a signal's name, unit, width and range say of its meaning. Each rule is of one role of a profile.

The texts are regular expressions over the words of a name (`bench.starting.signals.words`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from bench.starting.signals import Sender, Signal
from bench.starting.values import MODES, STATES, values_of

_CLOSE = 0.5  # points within which two signals are equally good


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What fits a role.

    name: has to be found in the signal's name. better: makes it likelier, there or in the message's name.
    never: rules it out, in either. dimension: of its unit, where it has one. bits: least and most.
    holds: what it has to carry at least, in SI. choices: has to be among the texts of its value table.
    """

    role: str
    name: str
    better: str = ""
    never: str = r"(?!)"
    dimension: str = ""
    bits: tuple[int, int] = (1, 64)
    holds: tuple[float, float] | None = None
    choices: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was found for a role: the best signals, equally good ones side by side. Empty: nothing fits."""

    role: str
    best: tuple[Signal, ...]

    @property
    def sure(self) -> Signal | None:
        """The one that is better than every other."""
        return self.best[0] if len(self.best) == 1 else None


_NO_TELLING = (
    r"\b(max(imum)?|min(imum)?|limit\w*|lim|thr|mean|avg|average|threshold|thresh|nominal|set ?point|target|index"
    r"|count\w*)\b"
)
_NO_FAULT = (
    r"\b(fault|error|err|fail\w*|weld\w*|stuck|warn\w*|alarm|diag\w*|dtc|lost|timeout|invalid|valid|flag)\b"
)
_NO_PLACE = r"\b(debug|conf\w*|param\w*|calib\w*|bootloader|crash ?dump|version|response)\b"  # of a message
_NO_INPUT = rf"{_NO_TELLING}|{_NO_FAULT}|\b(charger|chg|obc|evse)\b"
_CONTACT = r"\b(contactor|contactors|relay|relays|main|coil|hv|k|cont)\b"
_PLUS, _MINUS, _PRE = (
    r"\b(plus|pos|positive|p)\b",
    r"\b(minus|neg|negative|n)\b",
    r"\bpre ?ch(ar)?ge?\b|\bprechg\b",
)
_FEEDBACK = r"\b(feedback|fb|aux|auxiliary|mirror)\b"
_TELLS = rf"({_FEEDBACK}|\b(contactor|relay)\b.*\b(state|status|sense|closed)\b)"
_ISO = r"\b(insulation|isolation|iso|insul|imd)\b"
_ORDER = r"\b(command|cmd|ctrl|control|request|req|order|coil|drive|out|output|enable|on)\b"

INPUTS = (
    Rule(
        role="pack_current",
        name=r"\b(current|curr|i|amps|ampere)\b",
        better=r"\b(pack|batt?(ery)?|bat|string|shunt|dc|total|sensor|result|ivt)\b",
        never=rf"{_NO_INPUT}|\b(redundant|hall|second|2|cell|leak\w*|balanc\w*|ac|phase|counter|request|demand|allowed)\b",
        dimension="A",
        bits=(8, 64),
        holds=(-10.0, 10.0),
    ),
    Rule(
        role="pack_current_redundant",
        name=r"\b(current|curr)\b.*\b(redundant|hall|second|2)\b|\b(redundant|hall|second)\b.*\b(current|curr)\b",
        never=_NO_INPUT,
        dimension="A",
        bits=(8, 64),
        holds=(-10.0, 10.0),
    ),
    Rule(
        role="stack_voltage",
        name=r"\b(pack|batt?(ery)?|bat|stack|total|string|bus bat)\b.*\b(voltage|volt|v|u)\b|^(pack )?voltage$|\bu 1\b",
        never=rf"{_NO_INPUT}|\b(cell|cells|link|inverter|supply|aux|lv)\b",
        dimension="V",
        bits=(8, 64),
    ),
    Rule(
        role="link_voltage",
        name=r"\b(link|inverter|intermediate|bus|load)\b.*\b(voltage|volt|v|u)\b",
        never=_NO_INPUT,
        dimension="V",
        bits=(8, 64),
    ),
    Rule(
        role="supply_voltage",
        name=r"\b(supply|kl ?30|clamp ?30|lv|aux|12 v|board)\b.*\b(voltage|volt|v|u)\b|^(kl|clamp) ?30( voltage)?$",
        never=_NO_INPUT,
        dimension="V",
        bits=(6, 64),
        holds=(9.0, 14.0),
    ),
    Rule(
        role="insulation_plus",
        name=rf"{_ISO}.*{_PLUS}|{_PLUS}.*{_ISO}",
        never=_NO_INPUT,
        dimension="ohm",
        bits=(6, 64),
    ),
    Rule(
        role="insulation_minus",
        name=rf"{_ISO}.*{_MINUS}|{_MINUS}.*{_ISO}",
        never=_NO_INPUT,
        dimension="ohm",
        bits=(6, 64),
    ),
    Rule(
        role="insulation",
        name=r"\b(insulation|isolation|iso|insul)\b.*\b(resistance|res|r|value|ohm)?\b",
        better=r"\b(resistance|res)\b",
        never=rf"{_NO_INPUT}|{_PLUS}|{_MINUS}|\b(status|state|age|monitor|monitoring|disable)\b",
        dimension="ohm",
        bits=(6, 64),
    ),
    Rule(
        role="plus_feedback",
        name=rf"{_PLUS}.*{_TELLS}|{_TELLS}.*{_PLUS}",
        better=_CONTACT,
        never=rf"{_NO_INPUT}|{_PRE}|\b(insulation|isolation|iso|voltage|current)\b",
        bits=(1, 3),
    ),
    Rule(
        role="minus_feedback",
        name=rf"{_MINUS}.*{_TELLS}|{_TELLS}.*{_MINUS}",
        better=_CONTACT,
        never=rf"{_NO_INPUT}|{_PRE}|\b(insulation|isolation|iso|voltage|current)\b",
        bits=(1, 3),
    ),
    Rule(
        role="precharge_feedback",
        name=rf"({_PRE}).*{_TELLS}|{_TELLS}.*({_PRE})",
        never=rf"{_NO_INPUT}|\b(type|voltage|current|time)\b",
        bits=(1, 3),
    ),
    Rule(
        role="hvil_closed",
        name=r"\b(hvil|interlock)\b",
        better=r"\b(closed|ok)\b",
        never=_NO_INPUT,
        bits=(1, 2),
    ),
    Rule(
        role="crash_line",
        name=r"\bcrash\b.*\b(line|signal|input|pin)\b|\b(airbag|srs)\b",
        never=_NO_INPUT,
        bits=(1, 2),
    ),
    Rule(
        role="ignition",
        name=r"\b(kl|clamp|terminal) ?15\b|\b(ignition|ign)\b.*\b(line|in|input)\b",
        never=_NO_INPUT,
        bits=(1, 1),
    ),
    Rule(
        role="fault_reset",
        name=r"\b(reset|clear|ack\w*)\b.*\b(faults?|errors?|flags?|dtc|latch)\b|\b(faults?|errors?|dtc)\b.*\b(reset|clear|ack\w*)\b",
        never=r"\b(count\w*|cause|status|software)\b",
        bits=(1, 1),
    ),
    Rule(
        role="mode_request",
        name=r"\b(mode|state|operat\w*|hv|bms|contactors?|drive|close)\b.*\b(request|req|command|cmd|demand|target)\b"
        r"|\b(request|req|command|cmd|demand|target)\b.*\b(mode|state|operat\w*|hv|bms|contactors?|drive|close)\b",
        better=r"\b(mode|bms)\b",
        never=r"\b(torque|current|voltage|power|reset|cool\w*|balanc\w*|wake\w*|seen|crc|counter|limit|charger|insulation"
        r"|debug|type|pre ?charge|speed|temperature|heat\w*|clear|soc|rtc)\b",
        bits=(1, 8),
    ),
    Rule(
        role="counter",
        name=r"\b(sweep|msg|message|rolling|alive|frame)? ?(counter|count|cnt|cntr|ctr)\b",
        never=r"\b(dtc|fault|error|reset|cells?|cycle|number)\b",
        bits=(2, 8),
    ),
)

OUTPUTS = (
    Rule(
        role="state",
        name=r"\b(state|status|mode)\b",
        better=r"^(bms |pack |system |battery |operating |main )?(state|mode)$|\b(bms|pack|system|bcu|bmu)\b",
        never=rf"{_NO_TELLING}|{_NO_FAULT}|\b(of|soc|soh|health|request|req|requested|seen|contactors?|relays?|heater|heating"
        r"|cooling|fan|balanc\w*|insulation|isolation|interlock|hvil|cell|sensor|plug|charger|crash|algorithm|phy|nvm)\b",
        bits=(2, 8),
    ),
    Rule(
        role="plus_command",
        name=rf"{_PLUS}.*{_ORDER}|{_ORDER}.*{_PLUS}|{_PLUS}.*\b(contactor|relay)\b|\b(contactor|relay)\b.*{_PLUS}",
        better=rf"{_CONTACT}|{_ORDER}",
        never=rf"{_NO_TELLING}|{_NO_FAULT}|{_PRE}|\b(feedback|fb|aux|insulation|isolation|voltage|current)\b",
        bits=(1, 3),
    ),
    Rule(
        role="minus_command",
        name=rf"{_MINUS}.*{_ORDER}|{_ORDER}.*{_MINUS}|{_MINUS}.*\b(contactor|relay)\b|\b(contactor|relay)\b.*{_MINUS}",
        better=rf"{_CONTACT}|{_ORDER}",
        never=rf"{_NO_TELLING}|{_NO_FAULT}|{_PRE}|\b(feedback|fb|aux|insulation|isolation|voltage|current)\b",
        bits=(1, 3),
    ),
    Rule(
        role="precharge_command",
        name=rf"({_PRE}).*({_ORDER}|\b(contactor|relay)\b)|({_ORDER}|\b(contactor|relay)\b).*({_PRE})",
        never=rf"{_NO_TELLING}|{_NO_FAULT}|\b(feedback|fb|aux|voltage|current|type|time|resistor)\b",
        bits=(1, 3),
    ),
    Rule(
        role="contactors",
        name=r"\b(main )?(contactors?|relays?)\b|\bhv (on|active|closed)\b",
        better=r"\bmain\b|\bclosed\b",
        never=rf"{_NO_TELLING}|{_NO_FAULT}|{_PRE}|{_PLUS}|{_MINUS}|\b(feedback|fb|aux|number|coil|voltage|current|power)\b",
        bits=(1, 2),
    ),
)

_NO_FLAG = (
    r"\b(count\w*|limit|threshold|thresh|reset|mask|enable\w*|disable\w*|request|index|number|debounce)\b"
)
_WARNING = r"\b(warn\w*|alert|pre ?alarm|early)\b"
_NO_CELL = r"\b(supply|lv|link|aux|charger|pcb|mcu|board|die|coolant)\b"
_CHARGING = r"\b(charge|charging|chg)\b"
_DISCHARGING = r"\b(dis ?charg\w*|dischg|dch|dchg)\b"
_HIGH_VOLT = r"\b(over|high) ?(cell )?volt(age)?\b|\b(ov|ovp|cov)\b|\bvolt(age)?\b.*\bhigh\b"
_LOW_VOLT = r"\b(under|low) ?(cell )?volt(age)?\b|\b(uv|uvp|cuv)\b|\bvolt(age)?\b.*\blow\b"
_HOT = r"\b(over|high) ?(cell )?temp(erature)?\b|\b(ot|otp)\b|\btemp(erature)?\b.*\bhigh\b|\boverheat\w*\b"
_HIGH_CURRENT = r"(\bover ?curr(ent)?\b|\b(oc|ocp)\b|\bcurr(ent)?\b.*\bhigh\b)"


def _flag(role: str, name: str, better: str = r"\bcells?\b", never: str = "") -> Rule:
    return Rule(role=role, name=name, better=better, never=f"{_NO_FLAG}|{never}", bits=(1, 1))


def _warned(name: str) -> str:
    return rf"(?=.*{_WARNING}).*({name})"


FLAGS = (
    _flag("overvoltage", _HIGH_VOLT, never=f"{_WARNING}|{_NO_CELL}"),
    _flag("undervoltage", _LOW_VOLT, never=f"{_WARNING}|{_NO_CELL}"),
    _flag("overtemperature", _HOT, rf"\bcells?\b|{_DISCHARGING}", f"{_WARNING}|{_NO_CELL}|{_CHARGING}"),
    _flag(
        "overcurrent_discharge",
        f"{_HIGH_CURRENT}.*{_DISCHARGING}|{_DISCHARGING}.*{_HIGH_CURRENT}",
        r"\b(pack|batt?(ery)?|string)\b",
        _WARNING,
    ),
    _flag("overvoltage_warning", _warned(_HIGH_VOLT), never=_NO_CELL),
    _flag("undervoltage_warning", _warned(_LOW_VOLT), never=_NO_CELL),
    _flag("overtemperature_warning", _warned(_HOT), never=f"{_NO_CELL}|{_CHARGING}"),
    _flag(
        "cell_imbalance",
        r"\b(imbalance\w*|unbalance\w*|deviation|spread|delta)\b",
        r"\bcells?\b|\bvoltage\b",
        r"\b(active|temperature|temp)\b",
    ),
)
WARNINGS = frozenset(one.role for one in FLAGS if one.role.endswith(("_warning", "_imbalance")))


def choose(rule: Rule, signals: tuple[Signal, ...], said: Sender) -> Choice:
    """The best of the signals that this side says, or of which nobody knows who says them."""
    scored = [
        (points, one)
        for one in signals
        if one.said in (said, Sender.UNKNOWN) and (points := score(rule, one))
    ]
    most = max((points for points, _ in scored), default=0.0)
    best = [one for points, one in scored if points > most - _CLOSE]
    known = [one for one in best if one.said is said]
    return Choice(role=rule.role, best=tuple(known or best))


def score(rule: Rule, one: Signal) -> float:
    """Points for how well it fits; 0.0 where it does not fit at all."""
    found = re.search(rule.name, one.text)
    whole = f"{one.about} | {one.text}"
    if found is None or re.search(rule.never, one.text) or re.search(_NO_PLACE, one.about):
        return 0.0
    if not rule.bits[0] <= one.field.length <= rule.bits[1] or not _unit_fits(rule, one):
        return 0.0
    if rule.holds is not None and not _can_hold(one, rule.holds):
        return 0.0
    strange = len(one.text.split()) - len(found[0].split())
    better = 2.0 * len({hit[0] for hit in re.finditer(rule.better, one.text)}) if rule.better else 0.0
    about = 1.0 if rule.better and re.search(rule.better, whole) else 0.0
    unit = 3.0 if rule.dimension and one.dimension == rule.dimension else 0.0
    in_range = 1.0 if rule.holds is None or _says_it_holds(one, rule.holds) else 0.0
    named = _known_values(rule.role, one)
    return max(0.5, 10.0 + better + about + unit + in_range + named - 0.5 * min(strange, 6))


def _known_values(role: str, one: Signal) -> float:
    """A point for each state or mode that the signal's table names."""
    wanted = {"state": STATES, "mode_request": MODES}.get(role)
    return (
        float(sum(bool(value.found) for value in values_of(one, wanted)))
        if wanted and one.field.choices
        else 0.0
    )


def _unit_fits(rule: Rule, one: Signal) -> bool:
    if not rule.dimension:
        return not one.dimension
    return one.dimension == rule.dimension or not (one.dimension or one.strange_unit)


def _can_hold(one: Signal, holds: tuple[float, float]) -> bool:
    """Whether its bits carry the values, whatever range its file says."""
    low, high = _in_si(one, *one.field.reach) if not one.field.is_float else (-math.inf, math.inf)
    return low <= max(holds[0], 0.0) and high >= holds[1]


def _says_it_holds(one: Signal, holds: tuple[float, float]) -> bool:
    low, high = _in_si(one, *one.field.limits)
    return low <= holds[0] and high >= holds[1]


def _in_si(one: Signal, low: float, high: float) -> tuple[float, float]:
    factor = 1e-3 if one.unit in ("mV", "mA") else 1.0
    return low * factor, high * factor
