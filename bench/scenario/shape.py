"""What a scenario file may say, key by key. Its steps: `bench.scenario.step_shapes`."""

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from bench.codec.uds import status_mask
from bench.config.toml_file import Amperes, DurationNs, Name, ScenarioFormat, Shape, Share, describe, written
from bench.faults.shapes import AmperesOf, DegreesOf, VoltsOf
from bench.scenario.step_shapes import Mode
from bench.verdict.gap import code_of_a_gap


def _kelvin(value: object) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?K", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'found {value!r}; expected kelvin such as "4 K"')
    return float(found[1])


def _bound(value: object) -> object:
    return None if value == "profile" else value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ReachesTable(Shape):
    cell_voltage: VoltsOf
    current: Amperes
    after: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "cell_voltage": "the threshold that a cell reaches",
        "current": "the current that takes it there; above 0 it discharges",
        "after": "how long it takes from the start",
    }


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

    MEANS: ClassVar = {
        "mode": "the mode in which the DUT is when the steps begin",
        "control": "modes that the same DUT has to enter without the fault, which earns the PASS of a refusal",
        "soc": "state of charge; absent: that of the bench file's pack",
        "reaches": (
            "the state of charge from which a current reaches a cell voltage in a given time; in place of soc"
        ),
        "current": "the load when the steps begin; above 0 it discharges",
        "soh": "share of the nominal capacity that is left",
        "polarised_by": "the current that the pack comes from without any rest, when the DUT starts",
        "hysteresis": (
            "whether the cells' voltage depends on the way they came; absent: as the bench file's pack says"
        ),
        "beyond": "true: the DUT is meant to trip from this start; `hil check` then accepts it",
    }


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
                "state": {"type": "string", "description": "a safe state of the DUT profile"},
                "at_least": {
                    "type": "string",
                    "description": 'sooner after the onset is wrong; with a unit, such as "250 ms"',
                },
                "at_most": {
                    "type": "string",
                    "description": 'later after the onset is wrong; with a unit, such as "250 ms"',
                },
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

    MEANS: ClassVar = {
        "flag": "the flag of the DUT profile that has to be set; its trouble code is demanded too",
        "safe_state": (
            "the safe state of the DUT profile, or several with times of their own; the budget is "
            "about the last one"
        ),
        "also": (
            "flags, outputs and trouble codes that may come with it; under format = 2 anything "
            "else is a wrong report"
        ),
        "onset": (
            "what counts as the beginning of the fault: the stimulus, a contactor command, or the "
            "runaway of a cell"
        ),
        "step": (
            "the number of the [[step]] whose injection is measured, from 1; absent: the first injection"
        ),
        "hold": "how long the safe state has to stay",
        "window": "how long the bench waits for the DUT; the time stamps make the verdict",
        "floor": (
            'earlier is a nuisance trip: a time, or "profile" for what the published debounce '
            "allows; absent: no bound"
        ),
        "ceiling": (
            'later is a defect even inside the budget: a time, or "profile" for the published '
            "debounce; absent: no bound"
        ),
        "forbidden": "tests of the DUT profile that must not become true, such as other_trip",
        "e2e": "true: CRC and counter of the DUT's messages have to be right",
        "dtc_status": (
            "status bits of the trouble code that are read by UDS and have to be set, by their "
            "names in ISO 14229-1 annex D.2"
        ),
    }

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
    reaches: DurationNs | None = Field(default=None, gt=0)

    MEANS: ClassVar = {
        "reaches": "the DUT has to be in the mode of the last request so long after it; absent: it may stay out",
        "for": "how long the DUT has to stay quiet after the stimulus",
        "forbidden": "tests of the DUT profile that count as a trip; absent: any trip and the error state",
        "also": "flags, outputs and trouble codes that may come all the same",
        "e2e": "true: CRC and counter of the DUT's messages have to be right",
    }


class StableTable(Shape):
    within: Annotated[float, BeforeValidator(_kelvin), written("4 K")]
    over: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "within": "how much the temperature may still move",
        "over": "for how long it has to stay within that",
    }


class EndTable(Shape):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    cut_off: bool = False
    signal: bool | Literal["charge", "discharge"] = False
    stable: StableTable | None = None
    hotter_than: DegreesOf | None = None
    voltage_share: Share | None = None
    after: DurationNs | None = Field(default=None, gt=0)
    observe: DurationNs = Field(gt=0)

    MEANS: ClassVar = {
        "cut_off": "true: the test ends when the DUT has cut the current off",
        "signal": ("true: the test ends when the DUT asks for the current to stop; or only in one direction"),
        "stable": "the test ends when the temperature is stable",
        "hotter_than": "the test ends when a cell is hotter than this",
        "voltage_share": "the test ends when the pack's voltage is at this share of its nominal one or below",
        "after": "the test ends after this time at the latest",
        "observe": "how long the pack is observed after the end",
    }


Asked = Literal["rms", "max", "over", "converges", "drift"]


class EstimateShape(Shape):
    of: str
    asks: list[Asked] = Field(min_length=1)
    after: DurationNs = 0

    MEANS: ClassVar = {
        "of": "the estimate of the DUT profile, [estimate.NAME], that is scored",
        "asks": "which of the DUT's promises are held against it",
        "after": "from when on it is scored, after the first step",
    }


class SweepTable(Shape):
    phase: DurationNs = Field(default=0, gt=0)
    repeat: int = Field(default=1, ge=1, le=100_000)

    MEANS: ClassVar = {
        "phase": "the time over which the injections of the shots are spread: a cycle of the DUT",
        "repeat": "number of shots",
    }


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

    MEANS: ClassVar = {
        "owner": "who answers for it",
        "reason": "why the DUT fails, in words",
        "until": "the date after which the failure is a FAIL again",
        "chemistries": "the packs on which it is expected; empty: all",
        "fdti_at_most": "the failure is a detection later than the budget, up to this time",
        "fhti_at_most": "the failure is a reaction later than the budget, up to this time",
        "error_at_most": "the failure is an error of the estimate, up to this share",
        "never": "true: the failure is that the DUT does not detect it at all",
        "finding": "the codes of the findings that are the failure; `hil explain` lists them",
    }


class MismatchTable(Shape):
    pack: str
    firmware: str
    hazard: str = Field(min_length=1)

    MEANS: ClassVar = {
        "pack": "the chemistry of the pack",
        "firmware": "the chemistry that the BMS was made for",
        "hazard": "what would happen if nobody noticed, in words",
    }


class TwinsTable(Shape):
    skip: dict[Literal["inside", "glitch", "counter_reset", "healthy"], str] = Field(default_factory=dict)

    MEANS: ClassVar = {
        "skip": "kinds of twin that are not made, each with its reason",
    }


class SpaceTable(Shape):
    skip: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)

    MEANS: ClassVar = {"skip": "levels of the space of which no variants are made, each with its reason"}


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
    space: Annotated[SpaceTable | str | None, BeforeValidator(_reason)] = None
    start: StartTable
    step: list[dict[str, Any]] = Field(min_length=1)
    expect: ExpectTable | None = None
    quiet: QuietTable | None = None
    end: EndTable | None = None
    estimate: list[EstimateShape] = Field(default_factory=list)
    sweep: SweepTable = SweepTable()

    MEANS: ClassVar = {
        "format": (
            "the version of the file's meaning; under 2, whatever the DUT reports beside what is "
            "expected is wrong"
        ),
        "id": "name of the scenario: lower-case words joined by '-', as its file is called",
        "title": "what happens, in one line, for tables and reports",
        "safety_goal": "the section of budgets.toml that the scenario serves",
        "aim": "what the DUT has to do: trip, refuse to close, stay quiet, or (of a build) be refused by the bench",
        "performs": "clauses of standards whose stimulus and end conditions the scenario applies",
        "touches": "clauses of standards that it is only about",
        "standards": "the old name of touches",
        "requirements": "your own requirement ids; they go into the report and the JUnit file",
        "needs": "what the rig has to be capable of; a rig that is not gives BLOCKED",
        "budget": (
            "the section of budgets.toml whose times count, where they are not those of the safety goal"
        ),
        "lane": "long: left out of a run of the whole library unless --long asks for it",
        "verifies": "whether the scenario covers its requirements in full",
        "derivation": "how the test was found, in the words of Eclipse S-CORE",
        "provenance": "where the scenario comes from, if no person wrote it",
        "hunt": ('what `hil hunt` may vary, each with its bounds, such as "start.current" = "40 A:90 A"'),
        "known_gap": "a failure that is known and accepted until a date",
        "mismatch": "a BMS on a pack that it was not made for: every shot has to fail",
        "not_for": "chemistries on which the scenario says nothing, each with its reason",
        "twins": '"none: reason", or which kinds of must-not-trip twins are left out',
        "space": '"none: reason", or which levels of the space have no variants of this scenario',
        "start": "the state from which the steps begin",
        "step": "what is done, in order",
        "expect": "what the DUT has to do; for must_trip",
        "quiet": "how long the DUT has to stay quiet; for must_not_trip",
        "end": "what ends a protection test, and how long the pack is observed after it",
        "estimate": "an estimate of the DUT that is scored against the plant's truth",
        "sweep": "how many shots, and over which time they are spread",
    }

    @field_validator("id")
    @classmethod
    def _kebab(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
            raise ValueError(
                f"found '{value}'; expected lower-case words joined by '-', such as 'ov-step-cell17'"
            )
        return value
