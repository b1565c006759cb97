"""What a scenario file may say, key by key. The steps are a closed set: see `STEPS`."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from bench.config.toml_file import Amperes, DurationNs, Shape, Share, describe
from bench.scenario.expression import parse_expression
from bench.scenario.model import Expression

Contactor = Literal["plus", "minus", "precharge"]
Mode = Literal["drive", "charge", "off"]


def _expression(value: object, dimension: str, example: str) -> Expression:
    if not isinstance(value, str):
        raise ValueError(f'found {describe(value)}; expected text such as "{example}"')
    return parse_expression(value, dimension)


def _volts(value: object) -> Expression:
    return _expression(value, "V", "ov_trip + 20 mV")


def _ohm_per_volt(value: object) -> Expression:
    return _expression(value, "ohm/V", "iso_fault - 20 ohm/V")


def _bound(value: object) -> object:
    return None if value == "profile" else value


class StepShape(Shape):
    model_config = ConfigDict(arbitrary_types_allowed=True)


class InjectShape(StepShape):
    do: Literal["inject"]


class CellVoltageShape(InjectShape):
    fault: Literal["cell_voltage"]
    cells: list[Annotated[int, Field(ge=1)]] = Field(min_length=1)
    voltage: Annotated[Expression, BeforeValidator(_volts)]
    duration: DurationNs | None = Field(default=None, gt=0)


class InsulationShape(InjectShape):
    fault: Literal["insulation"]
    pole: Literal["plus", "minus", "both"]
    resistance: Annotated[Expression, BeforeValidator(_ohm_per_volt)]
    duration: DurationNs | None = Field(default=None, gt=0)


class ContactorWeldShape(InjectShape):
    fault: Literal["contactor_weld"]
    contactors: list[Contactor] = Field(min_length=1)


class ChargerShape(InjectShape):
    fault: Literal["charger_ignores_limit"]
    current: Amperes = Field(gt=0)


class ContactorSlowShape(InjectShape):
    fault: Literal["contactor_slow"]
    contactors: list[Contactor] = Field(min_length=1)
    opening_time: DurationNs = Field(gt=0)


class RequestShape(StepShape):
    do: Literal["request"]
    mode: Mode


class WaitShape(StepShape):
    do: Literal["wait"]
    duration: DurationNs = Field(alias="for", gt=0)


class DriveShape(StepShape):
    do: Literal["drive"]
    current: Amperes


FAULTS: dict[str, type[StepShape]] = {
    "cell_voltage": CellVoltageShape,
    "insulation": InsulationShape,
    "contactor_weld": ContactorWeldShape,
    "charger_ignores_limit": ChargerShape,
    "contactor_slow": ContactorSlowShape,
}
STEPS: dict[str, type[StepShape]] = {"request": RequestShape, "wait": WaitShape, "drive": DriveShape}


class StartTable(Shape):
    mode: Mode
    soc: Share | None = None
    current: Amperes = 0.0


class ExpectTable(Shape):
    flag: str
    safe_state: str
    onset: Literal["stimulus", "open_command"] = "stimulus"
    hold: DurationNs
    window: DurationNs = Field(gt=0)
    floor: Annotated[DurationNs | None, BeforeValidator(_bound)] = None
    ceiling: Annotated[DurationNs | None, BeforeValidator(_bound)] = None
    forbidden: list[str] = Field(default_factory=list)


class QuietTable(Shape):
    window: DurationNs = Field(alias="for", gt=0)
    forbidden: list[str] | None = None


class SweepTable(Shape):
    phase: DurationNs = Field(default=0)
    repeat: int = Field(default=1, ge=1, le=100_000)


class ScenarioShape(Shape):
    id: str
    title: str = Field(min_length=1)
    safety_goal: str = Field(min_length=1)
    aim: Literal["must_trip", "must_not_trip"]
    standards: list[str] = Field(default_factory=list)
    requirements: list[str] = Field(default_factory=list)
    needs: list[
        Literal["cell_voltage", "insulation", "contactor_weld", "charger_override", "contactor_slow"]
    ] = Field(default_factory=list)
    start: StartTable
    step: list[dict[str, Any]] = Field(min_length=1)
    expect: ExpectTable | None = None
    quiet: QuietTable | None = None
    sweep: SweepTable = SweepTable()

    @field_validator("id")
    @classmethod
    def _kebab(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
            raise ValueError(
                f"found '{value}'; expected lower-case words joined by '-', such as 'ov-step-cell17'"
            )
        return value
