"""The port of a firmware that runs in process: time and frames come in, frames go out, it never reads a clock."""

from typing import Protocol

from bench.trace.events import CanFrame


class Firmware(Protocol):
    """A BMS stepped from outside. `period_ns` is its base task."""

    period_ns: int

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        """A frame has arrived on 'vehicle' or 'sense'."""

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        """Run the base task once; the frames to send, as (channel, frame)."""
