"""What a [[step]] of a scenario file may say, by its `do`. `inject` takes the keys of its fault."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from bench.codec.uds_pattern import AnswerPattern, pattern_of, request_of
from bench.config.toml_file import Amperes, DurationNs, Shape, Share
from bench.faults.shapes import AmperesOf, Percent, VoltsOf
from bench.units import NS_PER_MS, NS_PER_S

Mode = Literal["drive", "charge", "off"]
SHORTEST_PARK_NS = 6 * 3600 * NS_PER_S  # cells have relaxed and cooled; less can be waited for
LONGEST_PARK_NS = 366 * 24 * 3600 * NS_PER_S


RequestBytes = Annotated[bytes, BeforeValidator(request_of, json_schema_input_type=str)]
Answered = Annotated[AnswerPattern, BeforeValidator(pattern_of, json_schema_input_type=str)]


class RequestShape(Shape):
    do: Literal["request"]
    mode: Mode

    MEANS: ClassVar = {
        "do": "the kind of step: the vehicle asks the DUT for a mode",
        "mode": "the mode that is asked for",
    }


class WaitShape(Shape):
    do: Literal["wait"]
    duration: DurationNs = Field(alias="for", gt=0)

    MEANS: ClassVar = {
        "do": "the kind of step: nothing is changed for a while",
        "for": "how long to wait",
    }


class DriveShape(Shape):
    do: Literal["drive"]
    current: AmperesOf
    beyond: bool = False

    MEANS: ClassVar = {
        "do": "the kind of step: the pack's load is set",
        "current": "the current from here on; above 0 it discharges",
        "beyond": ("true: the level is meant to cross a limit of another flag; `hil check` then accepts it"),
    }


class FaultResetShape(Shape):
    do: Literal["fault_reset"]
    duration: DurationNs = Field(default=100 * NS_PER_MS, alias="for", gt=0)

    MEANS: ClassVar = {
        "do": "the kind of step: the vehicle asks the DUT to forget its faults",
        "for": "how long the request is shown",
    }


class CycleShape(Shape):
    do: Literal["cycle"]
    cycle: str
    scale: Percent = Field(default=100.0, gt=0, le=1000)
    repeat: int = Field(default=1, ge=1, le=1000)
    from_: DurationNs = Field(default=0, alias="from")
    until: DurationNs | None = None

    MEANS: ClassVar = {
        "do": "the kind of step: a drive cycle loads the pack",
        "cycle": "the drive cycle by name, such as us06, udds or wltc_3b",
        "scale": "share of the cycle's current that is used",
        "repeat": "how many times it is driven",
        "from": "where in the cycle the load begins",
        "until": "where in the cycle it ends; absent: at its end",
    }


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

    MEANS: ClassVar = {
        "do": "the kind of step: a recorded current loads the pack",
        "file": "the recording (CSV, MF4, BLF, ASC), relative to the scenario file",
        "signal": "the column or signal that holds the current",
        "sign": "which direction of the current is positive in the recording",
        "unit": "the unit of the recorded current; absent: as the file says",
        "time": "the column that holds the time; absent: the usual names are tried",
        "dbc": "the DBC that decodes a recording of CAN frames",
        "channel": "the bus within the recording; absent: any",
        "hold": "between two samples: the previous value stays, or a straight line",
        "scale": "share of the recorded current that is used",
        "max_gap": "the longest gap between two samples that is accepted",
        "from": "where in the recording the load begins",
        "until": "where in the recording it ends; absent: at its end",
    }


class ConstantVoltageShape(Shape):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    do: Literal["cc_cv"]
    cell_voltage: VoltsOf
    current: Amperes = Field(gt=0)
    cutoff: Amperes = Field(gt=0)
    at_most: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "do": "the kind of step: charge with constant current, then constant voltage",
        "cell_voltage": "voltage of the fullest cell at which the current begins to fall",
        "current": "the charge current until then",
        "cutoff": "the current at which charging ends",
        "at_most": "the longest time that the step may take",
    }


class AlternateShape(Shape):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    do: Literal["alternate"]
    discharge: AmperesOf
    charge: AmperesOf
    swing: Share = Field(gt=0, le=0.5)
    duration: DurationNs = Field(alias="for", gt=0)

    MEANS: ClassVar = {
        "do": "the kind of step: discharge and charge in turns, which heats the pack",
        "discharge": "the current of the discharges, above 0",
        "charge": "the current of the charges, above 0",
        "swing": "share of the cell's capacity that each turn moves",
        "for": "how long the turns go on",
    }


class ParkShape(Shape):
    do: Literal["park"]
    duration: DurationNs = Field(alias="for", ge=SHORTEST_PARK_NS, le=LONGEST_PARK_NS)

    MEANS: ClassVar = {
        "do": "the kind of step: the car stands switched off",
        "for": (
            "how long it stands, in the pack's life: 6 hours to 366 days; the shot itself does "
            "not take that long"
        ),
    }


class DiagnoseShape(Shape):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    do: Literal["diagnose"]
    request: RequestBytes
    answer: Answered

    MEANS: ClassVar = {
        "do": "the kind of step: a workshop tester asks the DUT over the profile's [uds]",
        "request": "the bytes of the request in hex, such as `22 F1 95`",
        "answer": (
            "the answer in hex, 7F included: `..` is any byte, `...` at the end any rest; `none`: the DUT must not "
            "answer. What does not fit is a FAIL"
        ),
    }


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
    "diagnose": DiagnoseShape,
}
