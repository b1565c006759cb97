"""What the plant did, and what of it could not be shown."""

from dataclasses import dataclass
from typing import ClassVar

from bench.trace.events import Fitted, Kind, PlantStage, Scalar
from bench.trace.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth(Fact):
    """What the plant knows and the DUT estimates. Shares of 1; lapsed_ns: how long the pack has rested in no time.

    charge_limit_a, discharge_limit_a: what the pack can carry for the next ten seconds; None: nobody asked for it.
    """

    kind: ClassVar[Kind] = Kind.TRUTH
    soc: float
    soc_low: float
    soc_high: float
    soh: float
    current_a: float
    lapsed_ns: int | None = None
    charge_limit_a: float | None = None
    discharge_limit_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReached(Fact):
    """What has become of a cell (from 1), between low_ns and high_ns."""

    kind: ClassVar[Kind] = Kind.PLANT_STAGE
    stage: PlantStage
    cell: int
    low_ns: int
    high_ns: int
    temp_c: float
    voltage_v: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLapsed(Fact):
    """The pack rested for this long between two instants of the rig's clock."""

    kind: ClassVar[Kind] = Kind.TIME_LAPSE
    lapsed_ns: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantState(Fact):
    """What a protection test is ended by. ac_circuit: an AC circuit is on the bus, so more insulation is demanded."""

    kind: ClassVar[Kind] = Kind.PLANT_STATE
    closed: bool
    current_a: float
    hottest_c: float
    pack_v: float
    nominal_v: float
    iso_ohm_per_v: float
    ac_circuit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FitLeft(Fact):
    """The plant was where its chemistry's fit does not hold, first at since_ns and farthest at farthest_ns.

    value, bound: degC, capacities an hour or shares of 1, as the side says. cell: from 1; None: the whole pack.
    """

    kind: ClassVar[Kind] = Kind.FIT_LEFT
    side: Fitted
    bound: float
    value: float
    cell: int | None = None
    since_ns: int
    farthest_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorsFollowed(Fact):
    """The plant's contactors followed a report that comes after the fact: it was between low_ns and high_ns."""

    kind: ClassVar[Kind] = Kind.CONTACTORS_FOLLOWED
    plus: bool
    minus: bool
    precharge: bool
    low_ns: int
    high_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputBeyondRange(Fact):
    """The plant takes a cell where no output follows; it is held at the nearer end. beyond_v: how far outside."""

    kind: ClassVar[Kind] = Kind.ANOMALY
    cell: int
    cell_voltage_v: float
    highest_v: float
    beyond_v: float

    @property
    def text(self) -> str:
        return (
            f"the plant's cell {self.cell} is at {self.cell_voltage_v:.3f} V, its output goes from 0 to "
            f"{self.highest_v:g} V and is held at the nearer end"
        )

    def version_1(self) -> dict[str, Scalar]:
        return {"problem": self.text, "beyond_v": self.beyond_v}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalClipped(Fact):
    """A signal could not carry what it was to show: its range ends there. value, carried: in the quantity's unit.

    off_scale: the sensor itself ends there, beyond all that the DUT's promises depend on: it decides nothing.
    """

    kind: ClassVar[Kind] = Kind.ANOMALY
    signal: str
    quantity: str
    value: float
    carried: float
    off_scale: bool = False

    @property
    def text(self) -> str:
        shown = f"{self.signal} showed {self.carried:.6g} where {self.quantity} was {self.value:.6g}"
        return f"{shown}: its range ends there"

    def version_1(self) -> dict[str, Scalar]:
        return {"problem": self.text, "clipped": self.signal}
