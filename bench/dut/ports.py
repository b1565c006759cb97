"""What the bench can do with a DUT, whatever it is: a stub in process, a process, a board."""

from typing import Protocol


class Dut(Protocol):
    async def start(self) -> None:
        """Power it on. Raises DutError when it does not come up."""

    async def stop(self) -> None:
        """Power it off. Never raises for a DUT that is already gone."""

    def alive(self) -> bool:
        """False once it has died by itself, or before start and after stop."""
