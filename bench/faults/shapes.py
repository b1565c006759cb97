"""The pieces that TOML shapes of faults are made of.

Only the catalogue imports it at its top, and a fault of the catalogue is imported where a scenario is read: pydantic
costs 0.1 s, which `hil --help` does not pay.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from bench.config.toml_file import DurationNs, Shape, describe, written
from bench.errors import ConfigError
from bench.faults.expression import Expression, parse_expression
from bench.units import parse_quantity

if TYPE_CHECKING:
    from bench.faults.port import Fault, Kind, Terminals


class InjectShape(Shape):
    """What every injection may say. duration: cleared after it, before the next step; ttl: cleared by the rig.

    beyond: its level is on purpose none at which the DUT has published to trip, or to stay quiet.
    before_start: it is there before the DUT starts.
    string: whose cells, sensors, contactors or poles it names.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    do: Literal["inject"]
    fault: str
    duration: DurationNs | None = Field(default=None, gt=0)
    ttl: DurationNs | None = Field(default=None, gt=0)
    beyond: bool = False
    string: int = Field(default=1, ge=1)
    before_start: bool = False

    MEANS: ClassVar = {
        "do": "the kind of step: a fault is injected",
        "fault": "which fault; `hil list faults` shows all",
        "duration": "the fault is cleared after this time, before the next step; absent: it stays",
        "ttl": (
            "the longest time that the rig keeps the fault, whatever happens; absent: as long as "
            "the shot takes"
        ),
        "beyond": (
            "true: the level is meant, although the DUT's published limit says otherwise; `hil "
            "check` accepts it"
        ),
        "before_start": "true: the fault is there before the DUT starts, and another step is measured",
        "string": "the string whose cells, sensors, contactors or poles are named, from 1",
    }

    @abstractmethod
    def resolve(self, at: "Terminals") -> "Fault":
        """The fault with its numbers in SI. What is wrong is told by `at.tell`, and what comes back is not run then."""

    def needs(self) -> str | None:
        """What the rig must be able to do, where it depends on the step's values; None: the kind's first variant."""
        return None


def keys_of(kind: "Kind") -> type[InjectShape]:
    """The keys of the kind's [[step]]. Raises ConfigError for a kind whose shape is not an InjectShape."""
    if not issubclass(kind.shape, InjectShape):
        raise ConfigError(
            f"fault '{kind.name}': found the shape {kind.shape.__name__}; expected an InjectShape"
        )
    return kind.shape


def _expression(dimension: str, example: str) -> Any:
    def read(value: object) -> Expression:
        if not isinstance(value, str):
            raise ValueError(f'found {describe(value)}; expected text such as "{example}"')
        return parse_expression(value, dimension)

    return BeforeValidator(read)


def _quantity(dimension: str, example: str) -> Any:
    def read(value: object) -> float:
        if not isinstance(value, str):
            raise ValueError(f'found {describe(value)}; expected text with a unit, such as "{example}"')
        return parse_quantity(value, dimension)

    return BeforeValidator(read)


def _changes(value: float) -> float:
    if value == 0:
        raise ValueError("found 0, which changes nothing; expected another value")
    return value


VoltsOf = Annotated[Expression, _expression("V", "ov_trip + 20 mV"), written("ov_trip + 20 mV")]
OhmPerVoltOf = Annotated[
    Expression, _expression("ohm/V", "iso_fault - 20 ohm/V"), written("iso_fault - 20 ohm/V")
]
DegreesOf = Annotated[Expression, _expression("degC", "ot_trip + 2 degC"), written("ot_trip + 2 degC")]
AmperesOf = Annotated[Expression, _expression("A", "oc_discharge + 20 A"), written("oc_discharge + 20 A")]
Volts = Annotated[float, _quantity("V", "20 mV"), written("20 mV")]
Ohms = Annotated[float, _quantity("ohm", "1 kohm"), written("1 kohm")]
Farads = Annotated[float, _quantity("F", "1 uF"), written("1 uF")]
Degrees = Annotated[float, _quantity("degC", "10 degC"), written("10 degC")]
Watts = Annotated[float, _quantity("W", "500 W"), written("500 W")]
VoltsPerSecond = Annotated[float, _quantity("V/s", "5 mV/s"), written("5 mV/s")]
DegreesPerSecond = Annotated[float, _quantity("degC/s", "2 degC/s"), written("2 degC/s")]
Percent = Annotated[float, _quantity("%", "30 %"), written("30 %")]
# A fault that changes nothing is none: a DUT that bears it has proven nothing.
Change = AfterValidator(_changes)
AboveAbsoluteZero = Field(ge=-273.15)
Numbers = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
Contactor = Literal["plus", "minus", "precharge"]
ContactorNames = Annotated[list[Contactor], Field(min_length=1)]
