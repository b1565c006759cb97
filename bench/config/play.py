"""What the bench plays to the DUT: `[[play]]` of a profile, message by message and signal by signal.

A signal shows a quantity of the bench ("pack_current in mA"), whether it has a value ("cell_voltage valid"),
or a plain number. Quantities are the bench's; names, layout and pacing are the DUT's.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bench.errors import choices, nearest
from bench.units import unit_factor

if TYPE_CHECKING:
    from bench.config.profile_shape import PlayTable, ShownTable

# What a bench can show, with its dimension ("" for plain numbers and yes/no). Indexed ones need {cell} or {sensor}.
QUANTITIES: Mapping[str, str] = {
    "cell_voltage": "V",
    "temperature": "degC",
    "pack_current": "A",
    "pack_voltage": "V",
    "stack_voltage": "V",
    "link_voltage": "V",
    "pack_power": "W",
    "charge_drawn": "As",
    "energy_drawn": "Wh",
    "insulation_plus": "ohm",
    "insulation_minus": "ohm",
    "insulation": "ohm",
    "plus_feedback": "",
    "minus_feedback": "",
    "precharge_feedback": "",
    "hvil_closed": "",
    "crash_line": "",
    "supply_voltage": "V",
    "ambient_temperature": "degC",
    "charger_current": "A",
    "mode_request": "",
    "fault_reset": "",
    "awake": "",
    "driving": "",
    "charging": "",
    "counter": "",
    "pack_current_redundant": "A",
    "current_error": "",
    "current_overrange": "",
    "current_mismatch": "",
    "insulation_status": "",
    "insulation_age": "s",
    "insulation_error": "",
    "chassis_lost": "",
    "pyro_open": "",
    "ignition": "",
    "crash_flag": "",
    "vehicle_speed": "",
    "charger_fault": "",
    "balancing_channels": "",
    "balancing_first": "",
    "afe_chain_status": "",
    "afe_open_wire": "",
    "afe_adc_fault": "",
    "afe_modules_lost": "",
    "afe_sweep_crc": "",
}
# Of all cells or sensors together, as the DUT is shown them: those of a battery that tells no single ones.
AGGREGATES: Mapping[str, str] = {
    f"{of}_{what}": of for of in ("cell_voltage", "temperature") for what in ("min", "max", "mean")
}
QUANTITIES = {
    **QUANTITIES,
    **{name: QUANTITIES[of] for name, of in AGGREGATES.items()},
    "state_of_charge": "%",
    "state_of_health": "%",
}
# Of one string, from 1: `{ of = "string_current", string = 2 }`. A monitor of insulation in each sees, once its string
# is joined to others, all of them.
OF_STRINGS = {
    "string_current": "A",
    "string_current_redundant": "A",
    "string_voltage": "V",
    "string_plus_feedback": "",
    "string_minus_feedback": "",
    "string_precharge_feedback": "",
    "string_insulation_plus": "ohm",
    "string_insulation_minus": "ohm",
}
QUANTITIES = {**QUANTITIES, **OF_STRINGS}
INDEXED: Mapping[str, str] = {
    "cell_voltage": "cell",
    "temperature": "sensor",
    **dict.fromkeys(OF_STRINGS, "string"),
}
_TEXT = re.compile(r"\s*(-?)\s*([a-z_]+)(?:\s+(valid|invalid)|\s+in\s+(\S+))?\s*")


def of_string(quantity: str, string: int) -> str:
    """The role's name of what is shown of one string: "current_2", "plus_2_feedback"."""
    what, _, feedback = quantity.removeprefix("string_").partition("_feedback")
    return f"{what}_{string}_feedback" if quantity.endswith("_feedback") else f"{what}{feedback}_{string}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How the names of a numbered signal count, and the cells or sensors (from 1) that they stand for.

    name: the number in the first name; None: 1, or 0 for {cell0} and {sensor0}. item: what the first name stands for.
    The steps lead from one name to the next. An `item_step` below 0 counts downwards.
    """

    name: int | None = None
    name_step: int = 1
    item: int = 1
    item_step: int = 1


ONE_BY_ONE = Counted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one signal carries, in its own physical unit: `gain * quantity + offset`, or a yes/no about it.

    signal: may hold {cell}, {cell0}, {sensor} or {sensor0} (from 1, and from 0).
    quantity: "" for the constant `offset`.
    what: "value", or "valid"/"invalid": 1 where the quantity has (has not) a value.
    no_value: physical code that says "no reading". beyond: what is shown for a value out of the signal's range;
        "limit": its end, as the sensor itself does. None: its end too, but that is wrong then, and told.
    number: of the one cell or sensor (from 1) that a literal name shows. counted: how a numbered name counts.
    in_range: the DBC's range is what it carries.
    """

    signal: str
    quantity: str
    gain: float = 1.0
    offset: float = 0.0
    what: Literal["value", "valid", "invalid"] = "value"
    no_value: float | None = None
    beyond: Literal["limit", "no_value"] | None = None
    number: int | None = None
    in_range: bool = True
    counted: Counted = ONE_BY_ONE

    @property
    def indexed(self) -> bool:
        """Whether it is of one cell or sensor, by a number in its name or beside it."""
        return self.quantity in INDEXED

    def name_of(self, number: int) -> str | None:
        """The signal that shows that cell or sensor (from 1), if its message has it; None: no name of it does."""
        if self.number is not None or not self.indexed:
            return self.signal if self.number in (None, number) else None
        place, rest = divmod(number - self.counted.item, self.counted.item_step)
        return None if rest or place < 0 else self._name(place)

    def names(self, most: int) -> Iterator[tuple[str, int]]:
        """The first `most` names that it may have, each with the cell or sensor (from 1) that it shows."""
        if self.number is not None or not self.indexed:
            yield self.signal, self.number or 1
            return
        for place in range(most):
            item = self.counted.item + place * self.counted.item_step
            if item < 1:
                return
            yield self._name(place), item

    def _name(self, place: int) -> str:
        from_0 = "{cell0" in self.signal or "{sensor0" in self.signal
        first = self.counted.name if self.counted.name is not None else int(not from_0)
        number = first + place * self.counted.name_step
        return self.signal.format(cell=number, cell0=number, sensor=number, sensor0=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One message the bench sends. `cycle_ns` None: that of the DBC. `gap_ns`: between the pages of a sweep, 0 at once.

    timeout_ns: without the message for longer, the DUT reports a fault; None where it does not say.
    by: "bench", or "emulator" where the cell emulator's own measurement is what is sent.
    """

    channel: str
    message: str
    by: Literal["bench", "emulator"]
    cycle_ns: int | None
    gap_ns: int
    timeout_ns: int | None
    shown: tuple[Shown, ...]


class PlayError(ValueError):
    """A signal's content that cannot be read; the text says found and expected."""


def read_shown(signal: str, content: "str | float | int | ShownTable") -> Shown:
    """Raises PlayError."""
    if isinstance(content, int | float):
        return Shown(signal=signal, quantity="", offset=_finite(content))
    if isinstance(content, str):
        return _from_text(signal, content, None)
    in_range = content.range == "dbc"
    if not isinstance(content.of, str):
        return Shown(signal=signal, quantity="", offset=_finite(content.of), in_range=in_range)
    number, counted = _number_of(signal, content)
    plain = replace(_from_text(signal, content.of, number), in_range=in_range, counted=counted)
    if content.on is not None or content.off is not None:
        on = 1.0 if content.on is None else _finite(content.on)
        off = 0.0 if content.off is None else _finite(content.off)
        return replace(plain, gain=_finite(on - off) * plain.gain, offset=off)
    if content.beyond == "no_value" and content.no_value is None:
        raise PlayError("found beyond = 'no_value' without 'no_value'; expected the code for it")
    code = content.no_value
    if code is not None and code == code:  # not a number is a code of float signals
        code = _finite(code)
    return replace(plain, no_value=code, beyond=content.beyond)


def _finite(number: float) -> float:
    """As a float. PlayError for infinity, and for what is too large to be one."""
    try:
        if math.isfinite(number):
            return float(number)
    except OverflowError:
        raise PlayError(
            "found a number of more than 308 digits; expected one that a signal can carry"
        ) from None
    raise PlayError(f"found {number}; expected a finite number")


def _number_of(signal: str, table: "ShownTable") -> tuple[int | None, Counted]:
    """The cell or sensor that a literal name is bound to; or how a numbered name counts."""
    numbered = "{" in signal
    names = table.names
    if names is not None and not numbered:
        raise PlayError(
            "found 'names' for a literal name; expected it for a numbered signal, such as 'V{cell}'"
        )
    counted = Counted(name=names.first, name_step=names.step) if names is not None else ONE_BY_ONE
    for key, quantity, number in (
        ("cell", "cell_voltage", table.cell),
        ("sensor", "temperature", table.sensor),
        ("string", "string_…", table.string),
    ):
        if number is None:
            continue
        asked = "".join(str(table.of).split(maxsplit=1)[:1]).lstrip("-")
        if INDEXED.get(asked) != key:
            raise PlayError(f"found '{key}' beside '{table.of}'; expected it beside '{quantity}'")
        if numbered:
            return None, replace(counted, item=number.first, item_step=number.step)
        if number.step != 1:
            raise PlayError(
                f"found a step of '{key}' for a literal name; expected one number, or {{{key}}} in the name"
            )
        return number.first, ONE_BY_ONE
    return None, counted


def _from_text(signal: str, text: str, number: int | None) -> Shown:
    """`number`: of its cell or sensor, where the name does not say it."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise PlayError(f'found \'{text}\'; expected "quantity in unit", such as "pack_current in mA"')
    sign, quantity, yes_no, unit = match.groups()
    if quantity not in QUANTITIES:
        known = choices(quantity, QUANTITIES)
        raise PlayError(
            f"found unknown quantity '{quantity}'; expected one of {known}{nearest(quantity, QUANTITIES)}"
        )
    index = INDEXED.get(quantity)
    if index is not None and number is None and "{" + index not in signal:
        raise PlayError(
            f"found '{quantity}' in a signal without a number; expected {{{index}}} in '{signal}', "
            f'or {{ of = "{text.strip()}", {index} = 1 }}'
        )
    if index is None and "{" in signal:
        raise PlayError(f"found '{quantity}' in a numbered signal; expected one of {', '.join(INDEXED)}")
    if yes_no is not None:
        what: Literal["valid", "invalid"] = "valid" if yes_no == "valid" else "invalid"
        return Shown(signal=signal, quantity=quantity, what=what, number=number)
    dimension = QUANTITIES[quantity]
    factor = 1.0
    if unit is not None:
        try:
            factor = unit_factor(unit, dimension)
        except ValueError as wrong:
            raise PlayError(f"found {wrong}") from None
    return Shown(signal=signal, quantity=quantity, gain=(-1.0 if sign else 1.0) / factor, number=number)


def read_play(table: "PlayTable", channel: str, message: str, shown: tuple[Shown, ...]) -> Play:
    """Raises PlayError for a pace that does not fit the cycle."""
    if table.gap and table.cycle is not None and table.cycle % table.gap:
        raise PlayError(
            "found a cycle that is no multiple of the gap; expected one, so that the grid can be kept"
        )
    return Play(
        channel=channel,
        message=message,
        by=table.by,
        cycle_ns=table.cycle,
        gap_ns=table.gap,
        timeout_ns=table.timeout,
        shown=shown,
    )
