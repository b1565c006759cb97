"""The faults whose time to hazard is computed, as data. Each acts on one cell; its neighbour waits beside it."""

from dataclasses import dataclass
from enum import StrEnum


class AbuseKind(StrEnum):
    """How a cell is abused, with the unit of the case's size."""

    CURRENT = "current"  # c_rate drives the cell, > 0 charges
    INTERNAL_SHORT = "internal_short"  # ohm
    EXTERNAL_SHORT = "external_short"  # ohm, across the cell, heat outside
    HEAT_RATE = "heat_rate"  # K/s, the heater makes up the losses
    HEAT_POWER = "heat_power"  # W
    COOLING_LOSS = "cooling_loss"  # c_rate cycled, the cell keeps a tenth of its way to the ambient


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`amount` in the unit of `kind`; `goal` is the safety goal whose FTTI this is held against, unless it `warns`."""

    id: str
    title: str
    kind: AbuseKind
    amount: float
    goal: str
    soc: float = 1.0
    warns: bool = (
        False  # the goal asks for a warning so long after the runaway, and ends at no harm in the model
    )


CASES: tuple[Case, ...] = (
    Case(id="overcharge_0.3C", title="overcharge at 0.3C", kind=AbuseKind.CURRENT, amount=0.3, goal="SG-OV"),
    Case(id="overcharge_1C", title="overcharge at 1C", kind=AbuseKind.CURRENT, amount=1.0, goal="SG-OV"),
    Case(id="overcharge_2C", title="overcharge at 2C", kind=AbuseKind.CURRENT, amount=2.0, goal="SG-OV"),
    Case(
        id="overdischarge_1C",
        title="over-discharge at 1C",
        kind=AbuseKind.CURRENT,
        amount=-1.0,
        goal="SG-UV",
        soc=0.0,
    ),
    Case(
        id="short_0.4ohm",
        title="internal short of 0.4 ohm",
        kind=AbuseKind.INTERNAL_SHORT,
        amount=0.4,
        goal="SG-TR",
        warns=True,
    ),
    Case(
        id="short_0.05ohm",
        title="internal short of 0.05 ohm",
        kind=AbuseKind.INTERNAL_SHORT,
        amount=0.05,
        goal="SG-TR",
        warns=True,
    ),
    Case(
        id="short_0.01ohm",
        title="internal short of 0.01 ohm",
        kind=AbuseKind.INTERNAL_SHORT,
        amount=0.01,
        goal="SG-TR",
        warns=True,
    ),
    Case(
        id="heat_2K_s",
        title="heated at 2 K/s (heater plate)",
        kind=AbuseKind.HEAT_RATE,
        amount=2.0,
        goal="SG-OTD",
    ),
    Case(
        id="heat_5K_min",
        title="heated at 5 K/min",
        kind=AbuseKind.HEAT_RATE,
        amount=5.0 / 60.0,
        goal="SG-OTD",
    ),
    Case(id="heat_200W", title="heated with 200 W", kind=AbuseKind.HEAT_POWER, amount=200.0, goal="SG-OTD"),
    Case(
        id="cooling_loss_2C",
        title="cooling lost, cycled at 2C",
        kind=AbuseKind.COOLING_LOSS,
        amount=2.0,
        goal="SG-OTD",
        soc=0.5,
    ),
    Case(
        id="external_short",
        title="external short, 1 mohm a cell",
        kind=AbuseKind.EXTERNAL_SHORT,
        amount=1e-3,
        goal="SG-SC",
    ),
)
