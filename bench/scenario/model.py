"""A scenario: what is set up, done and expected. Expressions stay unresolved until the DUT is known."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.measure.plan import Aim


class Capability(StrEnum):
    """What a rig must be able to do for a scenario; a rig without it gives BLOCKED."""

    CELL_VOLTAGE = "cell_voltage"
    INSULATION = "insulation"
    CONTACTOR_WELD = "contactor_weld"
    CONTACTOR_SLOW = "contactor_slow"
    CHARGER_OVERRIDE = "charger_override"


class Pole(StrEnum):
    PLUS = "plus"
    MINUS = "minus"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """`NAME`, `NAME + quantity`, `NAME - quantity` or a quantity alone; `offset` in SI of `dimension`."""

    text: str
    dimension: str
    name: str | None
    offset: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVoltageText:
    """An InjectCellVoltage whose voltage still names a threshold."""

    cells: tuple[int, ...]
    voltage: Expression
    duration_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InsulationText:
    """An InjectInsulation whose resistance (ohm/V) still names a threshold."""

    pole: Pole
    resistance: Expression
    duration_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectCellVoltage:
    """Force the cells (counted from 1) to `voltage_v` at the DUT's terminals; for good without duration."""

    cells: tuple[int, ...]
    voltage_v: float
    duration_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectInsulation:
    """Put `ohm_per_volt` times the pack voltage between each named pole and chassis."""

    pole: Pole
    ohm_per_volt: float
    duration_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectContactorWeld:
    """The named contactors ("plus", "minus", "precharge") no longer open."""

    contactors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectChargerOverride:
    """The charger drives `current_a` (> 0: into the pack) whatever limit it is told."""

    current_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectContactorSlow:
    """The named contactors take `opening_time_ns` to open."""

    contactors: tuple[str, ...]
    opening_time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Ask the DUT for a mode; `mode_value` is the number on the bus, -1 until resolved."""

    mode: str
    mode_value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """Load the pack with `current_a` (> 0 discharges)."""

    current_a: float


Step = (
    InjectCellVoltage
    | InjectInsulation
    | InjectContactorWeld
    | InjectChargerOverride
    | InjectContactorSlow
    | Request
    | Wait
    | Drive
)
StepText = Step | CellVoltageText | InsulationText


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The state from which the steps begin. `soc` 0..1, None: the bench's own; `current_a` > 0 discharges."""

    mode: str
    soc: float | None
    current_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """must_trip: what the DUT has to do. floor/ceiling_ns: None with `*_from_profile` False sets no bound."""

    flag: str
    safe_state: str
    onset: str
    hold_ns: int
    window_ns: int
    floor_ns: int | None
    floor_from_profile: bool
    ceiling_ns: int | None
    ceiling_from_profile: bool
    forbidden: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """must_not_trip: how long the DUT has to stay quiet, and the named tests that count as noise."""

    window_ns: int
    forbidden: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Shots at `repeat` injection phases spread over `phase_ns` of a DUT cycle."""

    phase_ns: int
    repeat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One file, checked as far as possible without the DUT. `lines`: place ("step.0.voltage") to line."""

    file: Path
    id: str
    title: str
    safety_goal: str
    aim: Aim
    standards: tuple[str, ...]
    requirements: tuple[str, ...]
    needs: tuple[Capability, ...]
    start: Start
    steps: tuple[StepText, ...]
    expect: Expect | None
    quiet: Quiet | None
    sweep: Sweep
    lines: dict[str, int]
