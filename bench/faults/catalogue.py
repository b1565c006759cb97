"""What can go wrong with a pack, as data, and how a rig applies and clears it.

`apply` makes the fault real and reports how that was confirmed; `clear` always works, also for a fault half applied.
"""

from dataclasses import dataclass
from typing import Protocol

from bench.errors import InstrumentError
from bench.rig.rig import Rig
from bench.units import NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuation:
    """When the fault became real at the bench's output, and what was read back to know it."""

    low_ns: int
    high_ns: int
    readback: str


class Fault(Protocol):
    @property
    def capability(self) -> str: ...

    async def apply(self, rig: Rig) -> Actuation: ...

    async def clear(self, rig: Rig) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVoltage:
    """Cells (from 1) forced to `voltage_v` by the emulator; actuated when every one of them reads back within 1 mV."""

    cells: tuple[int, ...]
    voltage_v: float
    capability: str = "cell_voltage"

    async def apply(self, rig: Rig) -> Actuation:
        rig.overrides_v.update(dict.fromkeys(self.cells, self.voltage_v))
        seen = await rig.emulator.set_and_confirm(self.cells, self.voltage_v, tolerance_v=0.001)
        worst_v = max(seen.readback_v, key=lambda value: abs(value - self.voltage_v))
        return Actuation(low_ns=seen.low_ns, high_ns=seen.high_ns, readback=f"{worst_v:.4f} V")

    async def clear(self, rig: Rig) -> None:
        for cell in self.cells:
            rig.overrides_v.pop(cell, None)
        voltages_v = rig.pack.cell_voltage_v
        for cell in self.cells:
            await rig.emulator.set_cells((cell,), float(voltages_v[cell - 1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationLoss:
    """A resistance from the named poles ("plus", "minus") to chassis, in ohm."""

    poles: tuple[str, ...]
    r_iso_ohm: float
    healthy_ohm: float
    capability: str = "insulation"

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        self._set(rig, self.r_iso_ohm)
        read = [getattr(rig.pack.isolation, f"{pole}_ohm") for pole in self.poles]
        if any(abs(value - self.r_iso_ohm) > 0.001 * self.r_iso_ohm for value in read):
            raise InstrumentError(
                f"insulation: asked for {self.r_iso_ohm:.0f} ohm on {self.poles}, read back {read}"
            )
        return Actuation(low_ns=now_ns, high_ns=rig.clock.now_ns(), readback=f"{min(read):.0f} ohm")

    async def clear(self, rig: Rig) -> None:
        self._set(rig, self.healthy_ohm)

    def _set(self, rig: Rig, r_iso_ohm: float) -> None:
        for pole in self.poles:
            setattr(rig.pack.isolation, f"{pole}_ohm", r_iso_ohm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorWeld:
    """Contactors that stay closed whatever their coil is told."""

    contactors: tuple[str, ...]
    capability: str = "contactor_weld"

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        for name in self.contactors:
            getattr(rig.pack.contactors, name).weld()
        closed = [name for name in self.contactors if getattr(rig.pack.contactors, name).closed]
        if len(closed) < len(self.contactors):
            raise InstrumentError(f"weld: {self.contactors} should be closed, only {closed} read back closed")
        return Actuation(low_ns=now_ns, high_ns=rig.clock.now_ns(), readback=f"closed: {', '.join(closed)}")

    async def clear(self, rig: Rig) -> None:
        for name in self.contactors:
            getattr(rig.pack.contactors, name).heal()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorSlow:
    """Contactors that take `opening_time_ns` to open."""

    contactors: tuple[str, ...]
    opening_time_ns: int
    normal_ns: int = 12 * NS_PER_MS
    capability: str = "contactor_slow"

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        self._set(rig, self.opening_time_ns)
        return Actuation(low_ns=now_ns, high_ns=rig.clock.now_ns(), readback=f"{self.opening_time_ns} ns")

    async def clear(self, rig: Rig) -> None:
        self._set(rig, self.normal_ns)

    def _set(self, rig: Rig, opening_time_ns: int) -> None:
        for name in self.contactors:
            getattr(rig.pack.contactors, name).opening_time_ns = opening_time_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerIgnoresLimit:
    """The charger drives `current_a` into the pack and disregards the limit it is told."""

    current_a: float
    capability: str = "charger_override"

    async def apply(self, rig: Rig) -> Actuation:
        now_ns = rig.clock.now_ns()
        rig.vehicle.charger_ignores_limit = True
        rig.vehicle.charge_a = self.current_a
        while rig.pack.pack_current_a > -0.9 * self.current_a:
            if rig.clock.now_ns() - now_ns > 500 * NS_PER_MS:
                raise InstrumentError(
                    f"charger: asked for {self.current_a:g} A, the pack takes {-rig.pack.pack_current_a:.1f} A"
                )
            await rig.clock.sleep_until(rig.clock.now_ns() + 10 * NS_PER_MS)
        return Actuation(
            low_ns=now_ns,
            high_ns=rig.clock.now_ns(),
            readback=f"{-rig.pack.pack_current_a:.1f} A into the pack",
        )

    async def clear(self, rig: Rig) -> None:
        rig.vehicle.charge_a = 0.0
        rig.vehicle.charger_ignores_limit = False
