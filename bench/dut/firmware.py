"""The port of a firmware that runs in process: time and frames come in, frames go out, it never reads a clock."""

from typing import Protocol, runtime_checkable

from bench.trace.events import CanFrame

HOW_TO_WRITE = "docs/how-to/python_stand_in.md"
"""The page that says how a user writes one."""


class Firmware(Protocol):
    """A BMS stepped from outside. `period_ns` is its base task. A channel is the name of a bus in the bench file."""

    period_ns: int

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        """A frame of the bench has arrived on this channel."""

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        """Run the base task once; the frames to send, as (channel, frame)."""


@runtime_checkable
class Resettable(Protocol):
    """A firmware whose controller has a reset line."""

    def pull_reset(self) -> None:
        """RAM is lost, what is stored is not; it starts again with its next step."""


@runtime_checkable
class Powered(Protocol):
    """A firmware that is told of its supply, as one in a process of its own is. `period_ns` counts from `power_on`."""

    def power_on(self, now_ns: int) -> None:
        """RAM is fresh, what is stored is there."""

    def power_off(self, now_ns: int) -> None:
        """It says nothing until it is powered on again."""

    def alive(self) -> bool:
        """False once it has ended by itself."""

    def said_since(self) -> list[str]:
        """The lines of its console since the last call."""

    def end(self) -> object:
        """It is needed no longer. Never raises for one that is gone."""
