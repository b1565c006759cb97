"""The signals of a bus description as a reader sees them: words of their names, units, and who says them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.codec.database import Database, Message
    from bench.codec.layout import Field

NOBODY = ("", "Vector__XXX")  # a node's name in a DBC where nobody is named
# How files spell a unit, and as what a profile has it; the second names its dimension.
_UNITS: Mapping[str, tuple[str, str]] = {
    "v": ("V", "V"),
    "volt": ("V", "V"),
    "volts": ("V", "V"),
    "mv": ("mV", "V"),
    "millivolt": ("mV", "V"),
    "a": ("A", "A"),
    "amp": ("A", "A"),
    "amps": ("A", "A"),
    "ampere": ("A", "A"),
    "amperes": ("A", "A"),
    "ma": ("mA", "A"),
    "ka": ("kA", "A"),
    "degc": ("degC", "degC"),
    "deg c": ("degC", "degC"),
    "°c": ("degC", "degC"),
    "celsius": ("degC", "degC"),
    "c": ("degC", "degC"),
    "ohm": ("ohm", "ohm"),
    "ohms": ("ohm", "ohm"),
    "kohm": ("kohm", "ohm"),
    "kohms": ("kohm", "ohm"),
    "ω": ("ohm", "ohm"),
    "kω": ("kohm", "ohm"),
}
_MEGA = ("Mohm", "MOhm", "MΩ")  # capitals count here: "mohm" is a thousandth


class Sender(StrEnum):
    """By whom a message is sent."""

    BY_DUT = "by the DUT"
    TO_DUT = "to the DUT"
    UNKNOWN = "by a node that no file names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal. text, about: words of its own name and of its message's, in lower case.

    unit: as a profile writes it, "" where the file names none that the bench knows. dimension: such as "V", also "".
    """

    bus: str
    message: Message
    field: Field
    said: Sender
    text: str
    about: str
    unit: str
    dimension: str

    @property
    def role(self) -> str:
        return f"{self.bus}.{self.message.name}.{self.field.name}"

    @property
    def place(self) -> tuple[str, str]:
        return self.bus, self.message.name

    @property
    def strange_unit(self) -> bool:
        """Whether its file names a unit that the bench has no word for."""
        return bool(self.field.unit.strip(" []-")) and not self.unit


def words(name: str) -> str:
    """The words of a name: "CellVoltage_01" is "cell voltage 01"."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    apart = re.sub(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])", " ", apart)
    return " ".join(re.sub(r"[^A-Za-z0-9]+", " ", apart).lower().split())


def unit_of(text: str) -> tuple[str, str]:
    """(unit, dimension) as a profile has them; ("", "") where the text is no unit that the bench knows."""
    bare = text.strip().removeprefix("[").removesuffix("]").strip()
    if bare in _MEGA:
        return "Mohm", "ohm"
    return _UNITS.get(bare.lower(), ("", ""))


def signals_of(buses: Mapping[str, Database], dut: str | None) -> tuple[Signal, ...]:
    """All of them, bus by bus. dut: the DUT's name as a node; None: nobody knows."""
    found = []
    for bus, database in buses.items():
        for message in database.messages:
            said = who_says(message, dut)
            for field in message.fields.values():
                unit, dimension = unit_of(field.unit)
                found.append(
                    Signal(
                        bus=bus,
                        message=message,
                        field=field,
                        said=said,
                        text=words(field.name),
                        about=words(message.name),
                        unit=unit,
                        dimension=dimension,
                    )
                )
    return tuple(found)


def who_says(message: Message, dut: str | None) -> Sender:
    """By the file's own word; its names are looked at elsewhere."""
    named = [one for one in message.senders if one not in NOBODY]
    if dut is None or not named:
        return Sender.UNKNOWN
    return Sender.BY_DUT if dut in named else Sender.TO_DUT


def nodes_of(databases: Iterable[Database]) -> tuple[str, ...]:
    """Every node that sends or receives something, in alphabetical order."""
    found = {
        node
        for database in databases
        for message in database.messages
        for node in (*message.senders, *message.receivers)
    }
    return tuple(sorted(found - set(NOBODY)))


def files_in_words(files: Iterable[Path]) -> str:
    """Their names, for a line of text."""
    return ", ".join(one.name for one in files)
