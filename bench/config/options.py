"""Keys of a table that a kind of instrument brings itself: what they are called, what they take, what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, cast

T = TypeVar("T")
Form = Literal["whole", "wholes", "text", "quantity", "duration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Generic[T]):
    """One key. unit: of a quantity, such as "V"; lowest and highest are in it. choices: the only values, where not
    empty.

    needed: a real port is refused without it, because nothing else knows the value.
    """

    name: str
    meaning: str
    form: Form
    default: T
    unit: str = ""
    lowest: float | None = None
    highest: float | None = None
    choices: tuple[T, ...] = ()
    needed: bool = False


def whole(name: str, meaning: str, default: int, lowest: int, highest: int) -> Option[int]:
    """An option that is a whole number from `lowest` to `highest`."""
    return Option(name=name, meaning=meaning, form="whole", default=default, lowest=lowest, highest=highest)


def one_of(name: str, meaning: str, default: int, choices: tuple[int, ...]) -> Option[int]:
    """An option that is one of several whole numbers."""
    return Option(name=name, meaning=meaning, form="whole", default=default, choices=choices)


def wholes(name: str, meaning: str) -> Option[tuple[int, ...]]:
    """A list of whole numbers from 1, empty where none is given."""
    return Option(name=name, meaning=meaning, form="wholes", default=())


def text(name: str, meaning: str, default: str = "", choices: tuple[str, ...] = ()) -> Option[str]:
    """An option that is text. choices: the texts allowed; empty: any text."""
    return Option(name=name, meaning=meaning, form="text", default=default, choices=choices)


def quantity(
    name: str,
    meaning: str,
    unit: str,
    default: float,
    *,
    lowest: float | None = None,
    highest: float | None = None,
    needed: bool = False,
) -> Option[float]:
    """A number that is written with its unit, such as "500 V". `unit` is the basic one: V, A, W, ohm, degC, Hz.

    default, lowest, highest: in that unit.
    """
    return Option(
        name=name, meaning=meaning, form="quantity", default=default, unit=unit,
        lowest=lowest, highest=highest, needed=needed,
    )  # fmt: skip


def duration(name: str, meaning: str, default_ns: int) -> Option[int]:
    """A time such as "250 ms", in nanoseconds."""
    return Option(name=name, meaning=meaning, form="duration", default=default_ns)


@dataclass(frozen=True, slots=True)
class Options:
    """What a bench file says for the options of one instrument: `asked[ADDRESS]` is the value or the default."""

    given: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, option: Option[T]) -> T:
        value = self.given.get(option.name, option.default)
        return cast(T, tuple(value) if isinstance(value, list) else value)


NO_OPTIONS = Options()
