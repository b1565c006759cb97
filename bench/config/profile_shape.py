"""What a DUT profile may say, key by key."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bench.config.toml_file import DurationNs, Format, Name, Shape, Share
from bench.units import NS_PER_MS, NS_PER_S


def _finite(number: float) -> float:
    try:
        if math.isfinite(number):
            return number
    except OverflowError:
        raise ValueError(
            "found a number of more than 308 digits; expected one that a signal can carry"
        ) from None
    raise ValueError(f"found {number}; expected a finite number")


def _not_zero(number: int) -> int:
    if number == 0:
        raise ValueError("found 0; expected how many cells or sensors lie between one name and the next")
    return number


def _first_alone(value: object) -> object:
    return value if isinstance(value, dict | None) else {"first": value}


class ItemsTable(Shape):
    first: int = Field(ge=1)
    step: Annotated[int, AfterValidator(_not_zero)] = 1


class NamesTable(Shape):
    first: int = Field(ge=0)
    step: int = Field(default=1, ge=1)


Items = Annotated[ItemsTable | None, BeforeValidator(_first_alone)]


class ShownTable(Shape):
    of: str | float | int
    cell: Items = None
    sensor: Items = None
    string: Items = None
    names: Annotated[NamesTable | None, BeforeValidator(_first_alone)] = None
    on: float | int | None = None
    off: float | int | None = None
    no_value: float | int | None = None
    beyond: Literal["limit", "no_value"] | None = None
    range: Literal["dbc", "raw"] = "dbc"


class PlayTable(Shape):
    message: str
    by: Literal["bench", "emulator"] = "bench"
    cycle: DurationNs | None = Field(default=None, gt=0)
    gap: DurationNs = 0
    timeout: DurationNs | None = Field(default=None, gt=0)
    shows: dict[str, Any] = Field(min_length=1)  # text, a number, or a ShownTable: see bench.config.play


class CorrectionTable(Shape):
    signal: str
    range: Literal["raw"] | Annotated[list[float], Field(min_length=2, max_length=2)]
    reason: str = Field(min_length=1, max_length=400)


class ModeTable(Shape):
    off: int
    drive: int
    charge: int


class DebounceTable(Shape):
    events: int = Field(ge=1, le=1_000_000)
    period: DurationNs = Field(gt=0)
    delay: DurationNs = 0
    settle: DurationNs = 0
    stages: dict[str, Annotated[DurationNs, Field(gt=0)]] = Field(default_factory=dict)


class LagTable(Shape):
    lag: Annotated[list[DurationNs], Field(min_length=2, max_length=2)] | None = None
    lag_source: str = ""


def _signal_alone(value: object) -> object:
    return {"signal": value} if isinstance(value, str) else value


class OutputTable(LagTable):
    signal: str
    seen_by: Literal["dut", "bench"] = "dut"


class FlagTable(LagTable):
    signal: str
    value: Annotated[float | int, AfterValidator(_finite)] = 1
    also: list[str] = Field(default_factory=list)
    sets: list[str] = Field(default_factory=list)
    severity: Literal["trip", "warning"] = "trip"
    heals: bool = False
    dtc: int | None = Field(default=None, ge=0, le=0xFFFFFF)
    debounce: DebounceTable | None = None
    limit: str | None = None
    limit_tolerance: str | None = None


class HeartbeatTable(Shape):
    message: str
    longest_gap: DurationNs = Field(gt=0)


class AskTable(Shape):
    message: str
    shows: dict[str, int | float]


class IdentityTable(Shape):
    text: str
    signals: dict[str, str] = Field(min_length=1)
    ask: AskTable | None = None


class UdsTable(Shape):
    request: str
    response: str
    p2: DurationNs = Field(default=50 * NS_PER_MS, gt=0)
    p2_star: DurationNs = Field(default=5 * NS_PER_S, gt=0)
    identity: int = Field(default=0xF189, ge=0, le=0xFFFF)
    clear: bool = True
    occurrences: int | None = Field(default=None, ge=1, le=0xEF)


class PromiseTable(Shape):
    rms: Share | None = None
    max: Share | None = None
    over: Share | None = None
    band: Share | None = None
    converges: DurationNs | None = Field(default=None, gt=0)
    drift_per_day: Share | None = None


class EstimateTable(PromiseTable):
    truth: Literal["soc", "soh", "charge_limit", "discharge_limit"]
    chemistry: dict[str, PromiseTable] = Field(default_factory=dict)


class WaitTable(Shape):
    standby: DurationNs = Field(
        default=3 * NS_PER_S, gt=0, description="from the DUT's start until it is heard in standby"
    )
    closed: DurationNs = Field(
        default=5 * NS_PER_S, gt=0, description="from a request until the DUT is in that mode"
    )
    ready: DurationNs = Field(
        default=15 * NS_PER_S, gt=0, description="of real time, until a started process has printed a line"
    )


class ProfileShape(Shape):
    format: Format = 1
    name: Name
    base_period: DurationNs = Field(gt=0)
    sample_period: DurationNs = Field(default=0, ge=0)
    unlisted: Literal["idle", "silent"] = "idle"
    wait: WaitTable = Field(default_factory=WaitTable)
    fault_reset_at_start: bool = False
    play: list[PlayTable] = Field(min_length=1)
    correction: list[CorrectionTable] = Field(default_factory=list)
    with_any_flag: list[str] = Field(default_factory=list)
    no_dtc: list[Annotated[int, Field(ge=0, le=0xFFFFFF)]] | None = None
    output: dict[str, Annotated[OutputTable, BeforeValidator(_signal_alone)]]
    contactor: dict[Literal["plus", "minus", "precharge", "opening"], list[str]] = Field(default_factory=dict)
    threshold: dict[str, Any] = Field(default_factory=dict)
    mode: ModeTable
    state: dict[str, int]
    flag: dict[str, FlagTable]
    estimate: dict[str, EstimateTable] = Field(default_factory=dict)
    heartbeat: list[HeartbeatTable] = Field(min_length=1)
    identity: IdentityTable | None = None
    uds: UdsTable | None = None
    safe_state: dict[str, list[str]]
    test: dict[str, list[str]] = Field(default_factory=dict)
