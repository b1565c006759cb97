"""Statements that hold in every shot, as plain data: part of a plan, and stored with it."""

from dataclasses import dataclass
from enum import StrEnum

from bench.measure.signal_test import SignalTest


class Form(StrEnum):
    """How a statement is judged.

    TELLS: the DUT tells what it was shown. NAMES: the cell or sensor that it names has that value. AT_MOST: a told
    value is not above a bound, while a condition holds. CAUSED: a test is true only after one of the causes.
    INHIBITED: it does not become true while a cause holds. ORDERED: the second of two tests does not end before the
    first. CODES: a trouble code is told only with its flag. HEALED: its status says "test failed" only while its flag
    is set. COUNTED: a receiver accepts every frame.
    """

    TELLS = "tells"
    NAMES = "names"
    AT_MOST = "at-most"
    CAUSED = "caused"
    INHIBITED = "inhibited"
    ORDERED = "ordered"
    CODES = "codes"
    HEALED = "healed"
    COUNTED = "counted"


class How(StrEnum):
    """What of several shown values is told."""

    HIGHEST = "highest"
    LOWEST = "lowest"
    MEAN = "mean"
    ONLY = "only"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSignal:
    """A signal of the DUT. gain: SI per one of its unit. resolution, low, high: its step and its ends, in SI.

    cycle_ns: how often it is told; 0: not known. unit: of SI, for words.
    """

    channel: str
    message: str
    signal: str
    gain: float = 1.0
    resolution: float = 1.0
    low: float = 0.0
    high: float = 0.0
    cycle_ns: int = 0
    unit: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.channel, self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIn:
    """Signals of one message that show a quantity: physical value = gain * quantity + offset.

    signals: their names, with a space between two: a pack has hundreds, and each plan is stored. numbers: of the cell
    or sensor (from 1) of each. no_value: the physical value that says "no reading".
    """

    channel: str
    message: str
    signals: str
    numbers: tuple[int, ...]
    gain: float
    offset: float
    no_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownQuantity:
    """What the bench shows the DUT of one quantity. cycle_ns: of a sweep. resolution: its step in SI.

    doubts: what is shown beside it and says, where it is not at rest, that the reading is none: a sensor's error bit.
    """

    quantity: str
    shown_in: tuple[ShownIn, ...]
    cycle_ns: int
    resolution: float
    doubts: tuple[SignalTest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What has to have held for `since_ns` before a bound counts: any of the tests, or a shown value beyond `value`.

    quantity: "" where the tests decide. cycle_ns: of the slowest message that tells it; 0: not known.
    """

    since_ns: int
    cycle_ns: int = 0
    tests: tuple[SignalTest, ...] = ()
    quantity: str = ""
    how: How = How.HIGHEST
    value: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOf:
    """A trouble code and the flag that it stands for: any of the tests. told: channel, message, signal of the code."""

    code: int
    flag: str
    tests: tuple[SignalTest, ...]
    told: tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that always holds. name: stable, in kebab-case.

    sweeps: the DUT may tell what was shown in any of the last ones, this many, and in the one that is going on.
    late_ns: what was first shown less than this before may not be told yet.
    tests, causes, codes, status: see Form; the status is a signal beside the told code.
    tolerance, bound: in SI. index_from: the number that the DUT gives to the first cell or sensor.
    """

    name: str
    form: Form
    told: ToldSignal
    quantity: str = ""
    how: How = How.ONLY
    sweeps: int = 0
    late_ns: int = 0
    tolerance: float = 0.0
    index_from: int = 1
    bound: float = 0.0
    condition: Condition | None = None
    tests: tuple[SignalTest, ...] = ()
    causes: tuple[SignalTest, ...] = ()
    codes: tuple[CodeOf, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """All statements about one DUT, and what the bench shows it.

    disturbed: (channel, message) that the scenario disturbs, so that the DUT may refuse what it is shown there; ""
    stands for all of them.
    """

    sources: tuple[ShownQuantity, ...]
    statements: tuple[Statement, ...]
    disturbed: tuple[tuple[str, str], ...] = ()
