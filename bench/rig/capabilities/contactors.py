"""Contactors of the pack: what a relay across a real one can do, and what only a model of one can."""

from collections.abc import Iterable
from typing import Protocol

from bench.rig.capabilities.actuation import Actuation


class Contactors(Protocol):
    """Contactors by name: "plus", "minus", "precharge"."""

    async def weld(self, names: Iterable[str]) -> Actuation:
        """They stay closed, whatever their coil is told. InstrumentError for one that does not read back closed."""

    async def close(self, name: str) -> Actuation:
        """It closes without a command, and stays closed. InstrumentError where it does not read back closed."""

    async def stick_open(self, names: Iterable[str]) -> Actuation:
        """Their coils are dead: they drop open and cannot close."""

    async def heal(self, names: Iterable[str]) -> None:
        """They follow their commands again."""


class ContactorMechanics(Protocol):
    """How a contactor moves. Only a model of one can be changed so."""

    async def open_after(self, names: Iterable[str], opening_time_ns: int) -> Actuation:
        """They open `opening_time_ns` after the command."""

    async def bounce(self, names: Iterable[str], bounce_ns: int) -> Actuation:
        """They bounce for `bounce_ns` after closing; 0: not at all."""
