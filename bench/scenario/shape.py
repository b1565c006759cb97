"""What a scenario file may say, key by key. Steps are a closed set: `STEPS`, and `inject` a fault of the catalogue."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from bench.codec.uds import status_mask
from bench.config.toml_file import Amperes, DurationNs, Name, ScenarioFormat, Shape, Share, describe, written
from bench.faults.shapes import AmperesOf, DegreesOf, Percent, VoltsOf
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.gap import code_of_a_gap

Mode = Literal["drive", "charge", "off"]
SHORTEST_PARK_NS = 6 * 3600 * NS_PER_S  # cells have relaxed and cooled; less can be waited for
LONGEST_PARK_NS = 366 * 24 * 3600 * NS_PER_S


def _kelvin(value: object) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?K", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'found {value!r}; expected kelvin such as "4 K"')
    return float(found[1])


def _bound(value: object) -> object:
    return None if value == "profile" else value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


class RequestShape(Shape):
    do: Literal["request"]
    mode: Mode


class WaitShape(Shape):
    do: Literal["wait"]
    duration: DurationNs = Field(alias="for", gt=0)


class DriveShape(Shape):
    do: Literal["drive"]
    current: AmperesOf
    beyond: bool = False


class FaultResetShape(Shape):
    do: Literal["fault_reset"]
    duration: DurationNs = Field(default=100 * NS_PER_MS, alias="for", gt=0)


class CycleShape(Shape):
    do: Literal["cycle"]
    cycle: str
    scale: Percent = Field(default=100.0, gt=0, le=1000)
    repeat: int = Field(default=1, ge=1, le=1000)
    from_: DurationNs = Field(default=0, alias="from")
    until: DurationNs | None = None


class ReplayShape(Shape):
    do: Literal["replay"]
    file: str
    signal: str
    sign: Literal["discharge_positive", "charge_positive"]
    unit: Literal["A", "mA", "kA"] | None = None
    time: str | None = None
    dbc: str | None = None
    channel: int | None = Field(default=None, ge=0)
    hold: Literal["previous", "linear"] = "previous"
    scale: Percent = Field(default=100.0, gt=0, le=1000)
    max_gap: DurationNs = Field(default=1000 * NS_PER_MS, gt=0)
    from_: DurationNs = Field(default=0, alias="from")
    until: DurationNs | None = None


class ConstantVoltageShape(Shape):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    do: Literal["cc_cv"]
    cell_voltage: VoltsOf
    current: Amperes = Field(gt=0)
    cutoff: Amperes = Field(gt=0)
    at_most: DurationNs = Field(gt=0)


class AlternateShape(Shape):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    do: Literal["alternate"]
    discharge: AmperesOf
    charge: AmperesOf
    swing: Share = Field(gt=0, le=0.5)
    duration: DurationNs = Field(alias="for", gt=0)


class ParkShape(Shape):
    do: Literal["park"]
    duration: DurationNs = Field(alias="for", ge=SHORTEST_PARK_NS, le=LONGEST_PARK_NS)


STEPS: dict[str, type[Shape]] = {
    "request": RequestShape,
    "wait": WaitShape,
    "drive": DriveShape,
    "fault_reset": FaultResetShape,
    "cycle": CycleShape,
    "replay": ReplayShape,
    "cc_cv": ConstantVoltageShape,
    "alternate": AlternateShape,
    "park": ParkShape,
}


class ReachesTable(Shape):
    cell_voltage: VoltsOf
    current: Amperes
    after: DurationNs = Field(gt=0)


_MODES = WithJsonSchema({"type": ["string", "array"], "items": {"enum": ["drive", "charge"]}, "minItems": 1})


class StartTable(Shape):
    mode: Mode
    soc: Share | None = None
    reaches: ReachesTable | None = None
    current: AmperesOf | None = None
    soh: Share = Field(default=1.0, gt=0.5)
    polarised_by: Amperes = 0.0
    hysteresis: bool | None = None
    beyond: bool = False
    control: Annotated[list[Literal["drive", "charge"]], BeforeValidator(_one_or_more), _MODES] = Field(
        default_factory=list
    )


def _also(value: object) -> object:
    if isinstance(value, str) or (type(value) is int and 0 <= value <= 0xFFFFFFFF):
        return value
    raise ValueError(
        f"found {describe(value)}; expected the name of a flag or an output, or a trouble code such as 0x1A0117"
    )


Also = Annotated[str | int, BeforeValidator(_also)]


class StateTable(Shape):
    state: str
    at_least: DurationNs | None = Field(default=None, gt=0)
    at_most: DurationNs | None = Field(default=None, gt=0)


_STATES = WithJsonSchema(
    {
        "type": ["string", "array"],
        "minItems": 1,
        "items": {
            "type": ["string", "object"],
            "required": ["state"],
            "properties": {
                "state": {"type": "string"},
                "at_least": {"type": "string"},
                "at_most": {"type": "string"},
            },
            "additionalProperties": False,
        },
    }
)


def _states(value: object) -> object:
    """A name, or a list of names and tables; of several the last is the one that the budget is about."""
    listed = value if isinstance(value, list) else [value]
    return [{"state": one} if isinstance(one, str) else one for one in listed]


class ExpectTable(Shape):
    flag: str
    safe_state: Annotated[list[StateTable], BeforeValidator(_states), Field(min_length=1), _STATES]
    also: list[Also] = Field(default_factory=list)
    onset: Literal["stimulus", "open_command", "close_command", "precharge_command", "runaway"] = "stimulus"
    step: int | None = Field(default=None, ge=1)
    hold: DurationNs
    window: DurationNs = Field(gt=0)
    floor: Annotated[DurationNs | None, BeforeValidator(_bound)] = None
    ceiling: Annotated[DurationNs | None, BeforeValidator(_bound)] = None
    forbidden: list[str] = Field(default_factory=list)
    e2e: bool = False
    dtc_status: list[str] = Field(default_factory=list)

    @field_validator("dtc_status")
    @classmethod
    def _bits(cls, value: list[str]) -> list[str]:
        status_mask(value)
        return value


class QuietTable(Shape):
    window: DurationNs = Field(alias="for", gt=0)
    forbidden: list[str] | None = None
    also: list[Also] = Field(default_factory=list)
    e2e: bool = False


class StableTable(Shape):
    within: Annotated[float, BeforeValidator(_kelvin), written("4 K")]
    over: DurationNs = Field(gt=0)


class EndTable(Shape):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    cut_off: bool = False
    signal: bool | Literal["charge", "discharge"] = False
    stable: StableTable | None = None
    hotter_than: DegreesOf | None = None
    voltage_share: Share | None = None
    after: DurationNs | None = Field(default=None, gt=0)
    observe: DurationNs = Field(gt=0)


Asked = Literal["rms", "max", "over", "converges", "drift"]


class EstimateShape(Shape):
    of: str
    asks: list[Asked] = Field(min_length=1)
    after: DurationNs = 0


class SweepTable(Shape):
    phase: DurationNs = Field(default=0, gt=0)
    repeat: int = Field(default=1, ge=1, le=100_000)


class KnownGapTable(Shape):
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    until: date
    chemistries: list[str] = Field(default_factory=list)
    fdti_at_most: DurationNs | None = Field(default=None, gt=0)
    fhti_at_most: DurationNs | None = Field(default=None, gt=0)
    error_at_most: Share | None = Field(default=None, gt=0)
    never: Literal[True] | None = None
    finding: Annotated[list[Annotated[str, AfterValidator(code_of_a_gap)]], BeforeValidator(_one_or_more)] = (
        Field(default_factory=list)
    )


class MismatchTable(Shape):
    pack: str
    firmware: str
    hazard: str = Field(min_length=1)


class TwinsTable(Shape):
    skip: dict[Literal["inside", "glitch", "counter_reset", "healthy"], str] = Field(default_factory=dict)


def _reason(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"none: \S.*", value):
        raise ValueError(f"found '{value}'; expected \"none: \" and the reason, or a table")
    return value


# What Eclipse S-CORE knows as a DerivationTechnique.
Derivation = Literal[
    "requirements-analysis",
    "design-analysis",
    "boundary-values",
    "equivalence-classes",
    "fuzz-testing",
    "error-guessing",
    "explorative-testing",
]


class ScenarioShape(Shape):
    format: ScenarioFormat = 1
    id: Name
    title: Name
    safety_goal: Name
    aim: Literal[
        "must_trip", "must_stay_safe", "must_not_trip", "bench_must_refuse", "must_refuse"
    ]  # the last: its old name
    performs: list[str] = Field(default_factory=list)
    touches: list[str] = Field(default_factory=list)
    standards: list[str] = Field(default_factory=list)  # the old name of touches
    requirements: list[str] = Field(default_factory=list)
    needs: list[str] = Field(default_factory=list)
    budget: str | None = None
    lane: Literal["short", "long"] = "short"
    verifies: Literal["fully", "partially"] = "fully"
    derivation: Derivation | None = None
    provenance: str = ""
    hunt: dict[str, str] = Field(default_factory=dict)
    known_gap: KnownGapTable | None = None
    mismatch: MismatchTable | None = None
    not_for: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    twins: Annotated[TwinsTable | str | None, BeforeValidator(_reason)] = None
    start: StartTable
    step: list[dict[str, Any]] = Field(min_length=1)
    expect: ExpectTable | None = None
    quiet: QuietTable | None = None
    end: EndTable | None = None
    estimate: list[EstimateShape] = Field(default_factory=list)
    sweep: SweepTable = SweepTable()

    @field_validator("id")
    @classmethod
    def _kebab(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
            raise ValueError(
                f"found '{value}'; expected lower-case words joined by '-', such as 'ov-step-cell17'"
            )
        return value
