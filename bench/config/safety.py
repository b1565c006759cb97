"""The contacts that stop the bench when they open: `[safety]` of the bench file, checked."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bench.units import format_ns

Feed = Literal["rts", "dtr", "outside"]
TITLES = {"estop": "emergency stop", "interlock": "interlock"}


class Source(StrEnum):
    """How a contact is read."""

    SERIAL = "serial"
    GPIO = "gpio"
    CARD = "card"
    PLAYED = "played"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyInput:
    """One contact, closed while all is well. `name`: as in the bench file, "estop" or "interlock".

    port: a serial port or a GPIO's value file. line: the serial control line that reads it; of a card's own input the
    kind of card and number of the input. feed: the line of the same port that feeds it, so that the bench
    itself can prove that the input opens. closed_high: the level of a GPIO or an input while the contact is closed.
    opens_after_ns: of a played contact, from the moment it is first watched; None: never.
    """

    name: str
    source: Source
    port: str = ""
    line: str = ""
    feed: Feed = "outside"
    closed_high: bool = True
    opens_after_ns: int | None = None

    @property
    def title(self) -> str:
        return TITLES[self.name]

    @property
    def place(self) -> str:
        """Which contact it is: its words, without what a played one plays."""
        return f"{self.title}: played" if self.source is Source.PLAYED else self.words

    @property
    def words(self) -> str:
        match self.source:
            case Source.SERIAL:
                fed = "from outside" if self.feed == "outside" else f"by {self.feed.upper()}"
                return f"{self.title}: {self.line.upper()} of {self.port}, fed {fed}"
            case Source.GPIO:
                return f"{self.title}: {self.port}, {'high' if self.closed_high else 'low'} while closed"
            case Source.CARD:
                kind, _, number = self.line.partition(" ")
                level = "high" if self.closed_high else "low"
                return f"{self.title}: input {number} of {kind} on {self.port}, {level} while closed"
            case _:
                opens = "never opens"
                if self.opens_after_ns is not None:
                    opens = f"opens after {format_ns(self.opens_after_ns)}" if self.opens_after_ns else "open"
                return f"{self.title}: played, {opens}"
