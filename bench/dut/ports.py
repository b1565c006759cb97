"""What the bench can do with a DUT, whatever it is: a stub in process, a process, a board."""

from typing import Protocol, runtime_checkable

from bench.errors import DutCrashed


class Dut(Protocol):
    """A DUT that can be powered on and off, and tells how it ended."""

    async def start(self) -> None:
        """Power it on. Raises DutError when it does not come up."""

    async def stop(self) -> None:
        """Power it off. Never raises for a DUT that is already gone."""

    def alive(self) -> bool:
        """False once it has died by itself, or before start and after stop."""


@runtime_checkable
class Explained(Protocol):
    """A DUT that can tell how it ended."""

    def how(self) -> str:
        """In brackets, with its last words where it said any; "" while it runs, or where nothing is known."""

    def status(self) -> int | None:
        """Exit code of its process, negative for a signal; None while it runs, or where it has none."""


def ended(dut: Dut) -> DutCrashed:
    """The end of a DUT that is gone although nobody stopped it."""
    known = dut if isinstance(dut, Explained) else None
    text = f"the DUT's process ended by itself{known.how() if known else ''}"
    return DutCrashed(text, known.status() if known else None)


@runtime_checkable
class Interruptible(Protocol):
    """A DUT whose controller the bench can stop in its tracks, or reset. Each raises DutError where it fails."""

    async def hang(self) -> None:
        """Its tasks stand still: it neither hears nor says anything, and its outputs stay as they are."""

    async def go_on(self) -> None:
        """Its tasks run on from where they stood. Does nothing to one that runs, or has ended."""

    async def reset(self) -> None:
        """Its reset line is pulled: memory is lost, what it has stored is not."""
