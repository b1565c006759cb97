"""What surrounds the pack."""

from typing import Protocol

from bench.rig.capabilities.actuation import Actuation


class Chamber(Protocol):
    """A climate chamber."""

    async def climb(self, temperature_c: float, rate_k_s: float) -> Actuation:
        """Heat up to a temperature at this rate, from where it is."""

    async def back_to_room(self) -> None: ...


class Cooling(Protocol):
    """The pack's cooling."""

    async def lose(self) -> Actuation: ...

    async def restore(self) -> None: ...
