"""What a DUT profile may say, key by key."""

from pydantic import Field

from bench.config.toml_file import DurationNs, Shape


class InputTable(Shape):
    cell_voltage: str
    insulation_plus: str
    insulation_minus: str
    plus_feedback: str
    minus_feedback: str
    precharge_feedback: str
    pack_current: str


class OutputTable(Shape):
    state: str
    plus_command: str
    minus_command: str
    precharge_command: str
    restart_inhibit: str
    dtc_code: str
    error_latched: str | None = None
    charge_inhibit: str | None = None


class RequestTable(Shape):
    mode_request: str


class ModeTable(Shape):
    off: int
    drive: int
    charge: int


class DebounceTable(Shape):
    events: int = Field(ge=1)
    period: DurationNs = Field(gt=0)
    delay: DurationNs = 0
    settle: DurationNs = 0


class FlagTable(Shape):
    signal: str
    dtc: int | None = Field(default=None, ge=0, le=0xFFFFFF)
    debounce: DebounceTable | None = None


class HeartbeatTable(Shape):
    message: str
    longest_gap: DurationNs = Field(gt=0)


class ProfileShape(Shape):
    name: str = Field(min_length=1)
    base_period: DurationNs = Field(gt=0)
    input: InputTable
    output: OutputTable
    request: RequestTable
    mode: ModeTable
    state: dict[str, int]
    flag: dict[str, FlagTable]
    heartbeat: list[HeartbeatTable] = Field(min_length=1)
    safe_state: dict[str, list[str]]
    test: dict[str, list[str]] = Field(default_factory=dict)
