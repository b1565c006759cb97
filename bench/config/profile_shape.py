"""What a DUT profile may say, key by key."""

import math
from typing import Annotated, Any, ClassVar, Literal

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

    MEANS: ClassVar = {
        "message": "the message that the bench sends, as channel.Message of the DBC",
        "by": "who sends it: the bench, or the cell emulator in place of the DUT's front end",
        "cycle": "how often it is sent; absent: as the DBC says",
        "gap": "time between the frames of one cycle, for a message of several pages",
        "timeout": "how long the DUT bears without it before it reports a fault",
        "shows": "what each of its signals carries: a quantity, a number, or a table",
    }


class CorrectionTable(Shape):
    signal: str
    range: Literal["raw"] | Annotated[list[float], Field(min_length=2, max_length=2)]
    reason: str = Field(min_length=1, max_length=400)

    MEANS: ClassVar = {
        "signal": "the signal whose range in the DBC is wrong, as channel.Message.Signal",
        "range": (
            "the right range, lowest and highest, in the signal's own unit; raw: all that its bits carry"
        ),
        "reason": "where the right range comes from, for the report",
    }


class ModeTable(Shape):
    off: int
    drive: int
    charge: int

    MEANS: ClassVar = {
        "off": "the value of mode_request that asks for off",
        "drive": "the value that asks for driving",
        "charge": "the value that asks for charging",
    }


class DebounceTable(Shape):
    events: int = Field(ge=1, le=1_000_000)
    period: DurationNs = Field(gt=0)
    delay: DurationNs = 0
    settle: DurationNs = 0
    stages: dict[str, Annotated[DurationNs, Field(gt=0)]] = Field(default_factory=dict)

    MEANS: ClassVar = {
        "events": "how many bad samples in a row the DUT counts",
        "period": "the time between two samples",
        "delay": "from the full count until the DUT acts",
        "settle": "how long the DUT waits before it begins to count",
        "stages": "steps before the count that hold a value, each by its name with its longest time",
    }


class LagTable(Shape):
    lag: Annotated[list[DurationNs], Field(min_length=2, max_length=2)] | None = None
    lag_source: str = ""

    MEANS: ClassVar = {
        "lag": "how late the DUT reports it: the least and the most; absent: not declared",
        "lag_source": "where the lag is known from; without it the report calls it a claim",
    }


def _signal_alone(value: object) -> object:
    return {"signal": value} if isinstance(value, str) else value


class OutputTable(LagTable):
    signal: str
    seen_by: Literal["dut", "bench"] = "dut"

    MEANS: ClassVar = {
        "signal": "the signal, as channel.Message.Signal",
        "seen_by": "who measures what it tells: the DUT itself, or the bench",
    }


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

    MEANS: ClassVar = {
        "signal": "the signal that tells the flag, as channel.Message.Signal",
        "value": "the value at which the flag is set",
        "also": ("further signals that tell the same by a 1; the first of all to say so is the detection"),
        "sets": "outputs that come with the flag",
        "severity": "whether the flag is a trip, or a warning that no scenario counts as a trip",
        "heals": "true: the flag goes when its cause has gone; else it has to stay",
        "dtc": "the trouble code that the DUT stores with it; absent: none",
        "debounce": (
            'what the DUT publishes of its debounce; floor and ceiling = "profile" of scenarios come from it'
        ),
        "limit": (
            'where the flag has to be set, such as "cell_voltage >= ov_trip"; `hil check` holds '
            "stimuli against it"
        ),
        "limit_tolerance": 'how far from the limit the DUT may set it, either way, such as "5 mV"',
    }


class HeartbeatTable(Shape):
    message: str
    longest_gap: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "message": "a message of the DUT that proves it alive, as channel.Message",
        "longest_gap": "a longer silence than this is a failure of the DUT",
    }


class AskTable(Shape):
    message: str
    shows: dict[str, int | float]

    MEANS: ClassVar = {
        "message": "the message that makes the DUT say its build, as channel.Message",
        "shows": "the values of its signals",
    }


class IdentityTable(Shape):
    text: str
    signals: dict[str, str] = Field(min_length=1)
    ask: AskTable | None = None

    MEANS: ClassVar = {
        "text": ('how the build is written, with names of signals in braces, such as "v{major}.{minor}"'),
        "signals": "each name in the text, with the signal that carries it",
        "ask": "what has to be sent so that the DUT says it; absent: it is cyclic",
    }


class UdsTable(Shape):
    request: str
    response: str
    p2: DurationNs = Field(default=50 * NS_PER_MS, gt=0)
    p2_star: DurationNs = Field(default=5 * NS_PER_S, gt=0)
    identity: int = Field(default=0xF189, ge=0, le=0xFFFF)
    clear: bool = True
    occurrences: int | None = Field(default=None, ge=1, le=0xEF)

    MEANS: ClassVar = {
        "request": "the message of the DBC whose id carries requests to the DUT",
        "response": "the message of the DBC whose id carries its responses",
        "p2": "how long the DUT may take for a response",
        "p2_star": "how long it may take after it has said that a response is pending",
        "identity": "the data identifier of the build",
        "clear": "whether trouble codes stored before a shot may be cleared",
        "occurrences": (
            "the extended data record that counts how often a code has occurred; absent: there is none"
        ),
    }


class PromiseTable(Shape):
    rms: Share | None = None
    max: Share | None = None
    over: Share | None = None
    band: Share | None = None
    converges: DurationNs | None = Field(default=None, gt=0)
    drift_per_day: Share | None = None

    MEANS: ClassVar = {
        "rms": "the largest root mean square of the error that the DUT promises",
        "max": "the largest error that it promises",
        "over": "the largest part of an error above the truth that it promises",
        "band": "the band around the truth that the estimate enters and stays in",
        "converges": "how long it takes to enter the band, from any start",
        "drift_per_day": "the largest drift of the error in a day",
    }


class EstimateTable(PromiseTable):
    truth: Literal["soc", "soh", "charge_limit", "discharge_limit"]
    chemistry: dict[str, PromiseTable] = Field(default_factory=dict)

    MEANS: ClassVar = {
        "truth": "what of the plant is estimated: state of charge or health, or a current limit",
        "chemistry": "what the DUT promises otherwise on a chemistry",
    }


class CrcTable(Shape):
    width: int = Field(ge=1, le=64, description="how many bits it has")
    poly: int = Field(ge=0, description="without the highest bit, not reflected, such as 0x1D")
    init: int = Field(default=0, ge=0)
    xor_out: int = Field(default=0, ge=0)
    reflect_in: bool = False
    reflect_out: bool = False

    MEANS: ClassVar = {
        "init": "what the register holds before the first byte",
        "xor_out": "bits that are inverted at the end",
        "reflect_in": "the lowest bit of each byte goes first",
        "reflect_out": "the register is turned round at the end",
    }


class ChecksumTable(Shape):
    MEANS: ClassVar = {
        "message": "the message that has the checksum, as channel.Message",
        "crc": "a CRC by its parameters",
    }

    message: str
    signal: str = Field(description="where the checksum lies")
    counter: str | None = Field(default=None, description="a signal that counts up by one in each frame")
    crc: CrcTable | None = None
    over: list[Annotated[int, Field(ge=0, le=63)]] = Field(
        default_factory=list, description="the bytes that go through the CRC (default: all but its own)"
    )
    function: str | None = Field(
        default=None,
        description="module:function of (identifier, payload with its bits at zero) in place of crc",
    )


class WaitTable(Shape):
    standby: DurationNs = Field(default=3 * NS_PER_S, gt=0)
    closed: DurationNs = Field(default=5 * NS_PER_S, gt=0)
    ready: DurationNs = Field(default=15 * NS_PER_S, gt=0)

    MEANS: ClassVar = {
        "standby": "from the DUT's start until it is heard in standby",
        "closed": "from a request until the DUT is in that mode",
        "ready": "of real time, until a started process has printed a line",
    }


class AlwaysTable(Shape):
    statement: str = Field(description="one of `hil check`'s list of what always holds, each at most once")
    off: str | None = Field(
        default=None,
        min_length=1,
        max_length=400,
        description="why it does not hold for this DUT; the report shows it",
    )
    tolerance: str | None = Field(
        default=None, description="how far the DUT may be off, beyond the steps of both signals"
    )
    delay: DurationNs = Field(
        default=0, ge=0, description="how much later than its cycles and lags say the DUT may tell it"
    )
    at: str | None = Field(default=None, description="the threshold or quantity in place of the usual one")
    flags: list[str] = Field(default_factory=list, description="the flags that derate")
    first: Literal["plus", "minus"] | None = Field(default=None, description="the contactor that opens first")
    index_from: int = Field(
        default=1, ge=0, le=1, description="the number that the DUT gives to the first cell or sensor"
    )


class ProfileShape(Shape):
    format: Format = 1
    name: Name
    base_period: DurationNs = Field(gt=0)
    sample_period: DurationNs = Field(default=0, ge=0)
    unlisted: Literal["idle", "silent"] = "idle"
    checksum: list[ChecksumTable] = Field(default_factory=list)
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
    always: list[AlwaysTable] = Field(default_factory=list)
    identity: IdentityTable | None = None
    uds: UdsTable | None = None
    safe_state: dict[str, list[str]]
    test: dict[str, list[str]] = Field(default_factory=dict)

    MEANS: ClassVar = {
        "checksum": "checksums that no E2E profile of the DBC names",
        "format": "the version of the file's meaning",
        "name": "what the DUT is called in reports",
        "base_period": "the period of the DUT's fastest task, on whose grid it reads and sends",
        "sample_period": (
            "the period of its slowest task that reads or evaluates something, where no debounce tells it"
        ),
        "unlisted": "messages of other nodes that no [[play]] names: sent at raw zero, or not sent",
        "fault_reset_at_start": "true: the DUT is asked to forget its faults from power-on until it is in standby",
        "play": "a message that the bench sends to the DUT",
        "correction": "a range of the DBC that is wrong, put right",
        "with_any_flag": "outputs that come with whatever the DUT finds",
        "no_dtc": "what dtc_code says where there is no trouble code; absent: 0",
        "output": "the DUT's signals that the bench reads, by their role; state is demanded",
        "contactor": (
            "from what the bench learns that a contactor is wanted closed, where no coil command "
            "is on the bus"
        ),
        "threshold": "the DUT's own thresholds, where they are not those of the chemistry",
        "mode": "the values by which the vehicle asks for a mode",
        "state": "the values of the DUT's state, by name; standby and error are demanded",
        "flag": "a fault that the DUT reports, by name",
        "estimate": "a quantity that the DUT estimates, and how well it promises to",
        "heartbeat": "a message that proves the DUT alive",
        "always": "a statement that holds in every shot: switched off with a reason, or with other limits",
        "identity": "how the DUT names its build on the bus",
        "wait": "how long the bench waits for the DUT",
        "uds": "diagnostics by UDS, if the DUT speaks it",
        "safe_state": "a safe state by name: tests of outputs, all of which have to be true",
        "test": "a further test by name, for forbidden of scenarios: any of these is enough",
    }
