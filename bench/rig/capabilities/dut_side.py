"""What can be done to the DUT itself."""

from typing import Protocol

from bench.rig.capabilities.actuation import Actuation


class DutProgram(Protocol):
    """The program that the DUT runs, where the bench has hold of it."""

    async def stall(self, stall_ns: int) -> Actuation:
        """Its tasks stand still for `stall_ns`, then run on."""

    async def go_on(self) -> None: ...


class DutReset(Protocol):
    """The DUT's reset."""

    async def reset(self) -> Actuation:
        """Memory is lost; what it has stored is not."""


class DutIdentity(Protocol):
    """What the DUT says of its build, where the bench reaches between firmware and bus."""

    async def hide(self, messages: tuple[tuple[str, str], ...]) -> Actuation:
        """These (channel, message) do not come."""

    async def falsify(self, bits: tuple[tuple[str, str, bytes], ...]) -> Actuation:
        """Invert the set bits of these (channel, message, bits)."""

    async def leave(self) -> None:
        """What the DUT says comes as it says it."""


class DutSupply(Protocol):
    """Clamp 30. Contactor coils drop with it."""

    async def follow(self, profile: tuple[tuple[int, float], ...]) -> Actuation:
        """Pairs of (ns since now, V), each held from there on."""

    async def restore(self) -> None: ...
