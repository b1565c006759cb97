"""What a file of commands declares, so that nothing else has to know it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`hil <name>`. call: its options and help are its signature and docstring.

    place: where it stands in `hil --help`, ascending; those of one place by name. Imports that a command needs stand in
    its function: every command's file is read whenever `hil` starts.
    """

    name: str
    call: Callable[..., Any]
    place: int = 100
