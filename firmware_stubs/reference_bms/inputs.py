"""All inputs together."""

from firmware_stubs.reference_bms.measurement import (
    NEVER_NS,
    AfeInput,
    BalancingInput,
    CellInput,
    ChargerInput,
    CommandInput,
    ContactorInput,
    CurrentInput,
    Heard,
    InsulationInput,
    TemperatureInput,
    VehicleInput,
)


class Inputs:
    """One of each. `protected` are those under E2E."""

    def __init__(self) -> None:
        self.cells, self.temperatures = CellInput(), TemperatureInput()
        self.current, self.insulation = CurrentInput(), InsulationInput()
        self.contactors, self.afe = ContactorInput(), AfeInput()
        self.balancing, self.command = BalancingInput(), CommandInput()
        self.vehicle, self.charger = VehicleInput(), ChargerInput()
        self.protected: tuple[Heard, ...] = (
            self.current, self.insulation, self.contactors, self.afe, self.balancing, self.command, self.vehicle,
            self.charger,
        )  # fmt: skip

    def all_heard(self) -> bool:
        """Temperatures are slow (a sweep a second) and not waited for."""
        return NEVER_NS not in (
            self.cells.complete_ns, self.current.heard_ns, self.insulation.heard_ns, self.contactors.heard_ns,
            self.command.heard_ns, self.afe.heard_ns, self.vehicle.heard_ns,
        )  # fmt: skip
