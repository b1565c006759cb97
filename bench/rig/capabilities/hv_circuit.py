"""What is behind the pack's contactors, and what cuts the pack off permanently."""

from typing import Protocol

from bench.rig.capabilities.actuation import Actuation


class HvCircuit(Protocol):
    """The circuit between the poles. What restores or mends brings back a healthy vehicle."""

    async def load_link(self, capacitance_f: float) -> Actuation:
        """Another link capacitance than the vehicle's."""

    async def restore_link(self) -> None: ...

    async def short_link(self, resistance_ohm: float) -> Actuation:
        """Behind the contactors."""

    async def mend_link(self) -> None: ...

    async def short_poles(self, resistance_ohm: float) -> Actuation:
        """Connect the poles of the pack itself."""

    async def mend_poles(self) -> None: ...

    async def break_precharge(self) -> Actuation:
        """The precharge resistor is open."""

    async def restore_precharge(self) -> None: ...

    async def break_discharge(self) -> Actuation:
        """The link's active discharge is dead."""

    async def restore_discharge(self) -> None: ...

    async def disarm_pyro(self) -> Actuation:
        """The pyro fuse does not fire."""

    async def arm_pyro(self) -> None: ...
