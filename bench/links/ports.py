"""The ports every link adapter answers to: CAN and serial, simulated or real."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from bench.trace.events import CanFrame
from bench.trace.stamping import Stamping

FrameListener = Callable[[int, CanFrame], None]
"""Called with (t_ns, frame) at the end of a frame; t_ns is the link's stamp in the run's timebase."""


class CanLink(Protocol):
    """One node's connection to one CAN bus."""

    channel: str
    stamping: Stamping

    def send(self, frame: CanFrame) -> None:
        """Hand a frame to the controller; returns at once. Raises LinkError when the link is gone."""

    def subscribe(self, listener: FrameListener) -> None:
        """Call `listener` for every frame another node has sent."""

    def close(self) -> None: ...


@runtime_checkable
class SelectiveLink(Protocol):
    """A CanLink that need not call a listener for frames of other identifiers than the one it asks for."""

    def subscribe_to(self, listener: FrameListener, can_id: int, extended: bool) -> None:
        """As `CanLink.subscribe`, for frames of one identifier."""


class Cycle(Protocol):
    """Frames that something more punctual than the bench's loop sends in turn, one each period."""

    last: bytes  # payload of the newest one seen on the bus, b"" before the first

    def update(self, frames: Sequence[CanFrame]) -> None:
        """Send these from the next one on, as many as before; grid and place in the sequence stay."""

    def stop(self) -> None: ...


@runtime_checkable
class CyclingLink(Protocol):
    """A CanLink that can keep a cycle by itself (SocketCAN's broadcast manager)."""

    kernel_cycles: bool  # False where the user has switched it off

    def cycle(self, frames: Sequence[CanFrame], period_ns: int) -> Cycle:
        """Send `frames` in turn, beginning now. Raises LinkError where it cannot."""


@runtime_checkable
class RatedLink(Protocol):
    """A CanLink whose adapter may have a clock of its own, against which the host's is seen to run fast or slow."""

    def rate_against_adapter(self) -> tuple[int, int] | None:
        """As `ForeignClock.rate`; None without a clock of the adapter's own."""


class SerialLink(Protocol):
    """The bench's end of a byte stream to an instrument: a serial line or a TCP connection."""

    port: str

    def write(self, data: bytes) -> None:
        """Queue bytes for transmission; returns at once. Raises LinkError when the line is torn."""

    async def read_until(self, terminator: bytes) -> bytes:
        """The bytes up to and including `terminator`. Raises LinkError when the line is torn. Cancellable."""

    async def read_exactly(self, count: int) -> bytes:
        """The next `count` bytes, for binary protocols. Errors as for `read_until`; what came stays unread."""

    def discard_input(self) -> None:
        """Forget what has been received and not read (a late reply to a question given up)."""

    def close(self) -> None: ...
