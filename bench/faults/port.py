"""What every fault of the catalogue can be asked: to become real, to go away, and how it shows at the DUT's terminals.

A fault is one file in `bench/faults/catalogue/`, found by its name. It holds a frozen dataclass with numbers in SI (a
`Fault`), the keys of its TOML table with the way from them to that fault (an `InjectShape`), and a `KIND` that names
both.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from bench.codec.idle import idle_messages
from bench.codec.layout import paths
from bench.config.play import AGGREGATES, Shown
from bench.config.profile import DutProfile, Role, RoleTest
from bench.errors import choices, nearest
from bench.faults.expression import Expression, value_of
from bench.rig.capabilities import Actuation as Actuation  # what a fault's file needs is found here
from bench.rig.capabilities import ReadingStage
from bench.trace.irregular import Irregular, Irregularity

if TYPE_CHECKING:
    from bench.codec.database import Database

FAULT_CLASSES = (
    "cells",
    "measurement",
    "thermal",
    "current",
    "isolation",
    "contactors",
    "communication",
    "supply",
)

# Among the thresholds of a pack that has several: how many strings, and how many cells in parallel.
STRINGS, PARALLEL = "pack_strings", "pack_parallel"

# What is shown of a pole or a contactor of another string than the first: "plus_2_feedback", "insulation_minus_3".
_OF_STRING = re.compile(r"(insulation_|)(plus|minus|precharge)_(\d+)(_feedback|)")

OnsetTest = RoleTest | Irregularity

Page = tuple[str, str, tuple[int, ...]]
"""(channel, message, multiplexer values) of a frame that carries a signal."""


def page_of(databases: Mapping[str, "Database"], role: Role) -> Page:
    """The first page that carries the role. Without multiplexer values where the message has none, or has no such
    signal.
    """
    known = databases.get(role.channel)
    if known is None or role.message not in known:
        return role.channel, role.message, ()
    places = paths(known[role.message].layout, role.signal, ())
    keys = tuple(key for _, key in places[0][0]) if places else ()
    return role.channel, role.message, keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a frame has to carry while the fault is on: a quantity of a cell or sensor (from 1, else 0), in SI.

    value: what it carries, give or take `within`.
    on_the_way: the fault moves towards the value, and the DUT may rightly end the shot before it is reached; the
    signal has to be able to carry it.
    stays: the value stays for as long as the fault is on.
    """

    quantity: str
    value: float
    number: int = 0
    within: float = 0.0
    on_the_way: bool = False
    stays: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminals:
    """What a fault needs to know of DUT and pack to be resolved. Mistakes are told at a key of its [[step]].

    cells, sensors: of all strings together. string: that the step means; its own cells count from 1 in each string.
    """

    profile: DutProfile
    thresholds: Mapping[str, float]
    cells: int
    sensors: int
    tell: Callable[[str, str], None]
    databases: Mapping[str, "Database"] = field(default_factory=dict)
    bitrates: Mapping[str, int] = field(default_factory=dict)
    string: int = 1

    @property
    def parallel(self) -> int:
        """Cells to a group."""
        return int(self.thresholds.get(PARALLEL, 1))

    @property
    def strings(self) -> int:
        return int(self.thresholds.get(STRINGS, 1))

    @property
    def series(self) -> int:
        """Cells of one string."""
        return self.cells // self.strings

    def of_string(self, names: Iterable[str]) -> tuple[str, ...]:
        """Contactors or poles of the step's string: "plus" of the first, "plus_2" of the second."""
        return tuple(name if self.string == 1 else f"{name}_{self.string}" for name in names)

    def known_channel(self, channel: str) -> str:
        """The channel; tells of a bus that this bench does not have."""
        if self.databases and channel not in self.databases:
            known = choices(channel, self.databases)
            self.tell(
                "channel", f"found '{channel}'; expected one of {known}{nearest(channel, self.databases)}"
            )
        return channel

    def messages(self, channel: str) -> dict[str, int]:
        """Messages on the channel that the bench sends, with their lengths: by profile, or of others by the DBC."""
        idle = {
            message.name for where, message in idle_messages(self.profile, self.databases) if where == channel
        }
        return {
            one.name: one.length
            for one in (self.databases[channel].messages if channel in self.databases else ())
            if self.profile.plays_message(channel, one.name) or one.name in idle
        }

    def ones(self, channel: str, message: str, signal: str) -> bytes:
        """A payload with all bits of the signal set: a raw value that is out of any range shorter than its bits."""
        found = self.databases[channel][message]
        if signal not in found.fields:
            self.tell("signal", f"found '{signal}'; expected one of {choices(signal, found.fields)}")
            return bytes(found.length)
        one = found.fields[signal]
        return _ones(one.start, one.length, one.little_endian, found.length)

    def absence(self, of: str | None, key: str) -> tuple[Irregularity, ...]:
        """The question for the first missed due time of a message, "channel.Message" or "channel.Message.Signal"."""
        if of is None:
            return ()
        parts = of.split(".")
        channel = parts[0]
        known = self.databases.get(channel)
        if known is not None and len(parts) in (2, 3) and (trouble := known.trouble(parts[1])) is not None:
            self.tell(key, trouble)
            return ()
        if len(parts) not in (2, 3) or known is None or parts[1] not in self.messages(channel):
            names = [f"{name}.{one}" for name in self.databases for one in self.messages(name)]
            self.tell(
                key,
                f"found '{of}'; expected a message that the bench sends: {choices(of, names)}{nearest(of, names)}",
            )
            return ()
        signal = parts[2] if len(parts) == 3 else None
        return (Irregularity(channel=channel, message=parts[1], what=Irregular.MISSING, signal=signal),)

    def value(self, expression: Expression, key: str) -> float:
        """The expression's number in SI; 0, and a mistake told, where it names no threshold."""
        try:
            return value_of(expression, self.thresholds)
        except ValueError as unknown:
            self.tell(key, str(unknown))
            return 0.0

    def threshold(self, name: str) -> float:
        if name in self.thresholds:
            return self.thresholds[name]
        known = choices(name, self.thresholds)
        self.tell("", f"found no threshold '{name}' of this chemistry; expected it among {known}")
        return 0.0

    def known_cells(self, cells: Iterable[int], key: str = "cells") -> tuple[int, ...]:
        known = self._known(tuple(cells), self.series, "cell", key)
        return tuple(number + (self.string - 1) * self.series for number in known)

    def known_sensors(self, sensors: Iterable[int], key: str = "sensors") -> tuple[int, ...]:
        each = self.sensors // self.strings
        known = self._known(tuple(sensors), each, "sensor", key)
        return tuple(number + (self.string - 1) * each for number in known)

    def _known(self, numbers: tuple[int, ...], count: int, what: str, key: str) -> tuple[int, ...]:
        for number in numbers:
            if not 1 <= number <= count:
                self.tell(key, f"found {what} {number}; expected 1 to {count}")
        for number in sorted(set(numbers)):
            if numbers.count(number) > 1:
                self.tell(key, f"found {what} {number} more than once; expected each once")
        return numbers

    def shown(
        self, quantity: str, op: str, value_si: float, numbers: Iterable[int] = (0,)
    ) -> tuple[RoleTest, ...]:
        """What the bench plays of a quantity, in the unit and with the sign the DUT is shown it."""
        if (found := _OF_STRING.fullmatch(quantity)) is not None:
            before, pole, string, after = found.groups()
            quantity, numbers = f"string_{before}{pole}{after}", (int(string),)
        tests = [
            self.profile.shown(quantity, op, value_si, number, self._has)
            or self._summed(quantity, op, value_si)
            for number in numbers
        ]
        if None in tests:
            self.tell("", f"found a fault of {quantity}; expected a profile whose [[play]] shows it")
        return tuple(dict.fromkeys(test for test in tests if test is not None))

    def _summed(self, quantity: str, op: str, value_si: float) -> RoleTest | None:
        """By the largest or the least of all, where no single cell or sensor is shown. None: by neither."""
        ends = {">": "max", ">=": "max", "<": "min", "<=": "min"}
        end = f"{quantity}_{ends.get(op, '')}"
        return self.profile.shown(end, op, value_si, 0, self._has) if end in AGGREGATES else None

    def next_of(
        self,
        quantity: str,
        numbers: Iterable[int],
        jump: float | None = None,
        share: float | None = None,
    ) -> tuple[Irregularity, ...]:
        """The next frame that carries the quantity, one for each message and each page that carries it.

        jump, share: how far the quantity moves at once, in SI units or as a share of itself. Half of that
        distinguishes the frame from the one before.
        """
        numbers = tuple(numbers)
        found: dict[Page, Irregularity] = {}
        tests = zip(
            self.shown(quantity, "==", 0.0, numbers), self.shown(quantity, "==", jump or 0.0, numbers)
        )
        for test, moved in tests:
            role = test.role
            found.setdefault(
                page_of(self.databases, role),
                Irregularity(
                    channel=role.channel,
                    message=role.message,
                    what=Irregular.NEXT,
                    signal=role.signal,
                    step=abs(moved.value - test.value) / 2 if jump else None,
                    step_share=abs(share) / 2 if share else None,
                ),
            )
        return tuple(found.values())

    def place(self, quantity: str, number: int) -> tuple[Shown, Role] | None:
        return self.profile.place(quantity, number, self._has)

    def _has(self, role: Role) -> bool:
        known = self.databases.get(role.channel)
        return known is not None and role.message in known and role.signal in known[role.message].fields

    def shown_in(self, quantity: str) -> tuple[str, str]:
        """(channel, message) that shows the quantity; a mistake told where none does."""
        for play in self.profile.plays:
            if any(one.quantity == quantity for one in play.shown):
                return play.channel, play.message
        self.tell("", f"found a fault of {quantity}; expected a profile whose [[play]] shows it")
        return "", ""


def _ones(start: int, length: int, little_endian: bool, payload: int) -> bytes:
    """`start` as DBC counts: the least significant bit of an Intel signal, the most significant of a Motorola one."""
    if little_endian:
        return (((1 << length) - 1) << start).to_bytes(payload, "little")
    first = 8 * (start // 8) + 7 - start % 8  # from the payload's first bit on
    return (((1 << length) - 1) << (8 * payload - first - length)).to_bytes(payload, "big")


class Fault(Protocol):
    """A fault with its numbers in SI units.

    `apply` makes the fault real and tells how that was confirmed. `clear` always works, also for a fault half
    applied. It raises only when the rig cannot be brought back, which poisons the rig.
    The arguments of both are capabilities, asked for by their types: `apply(self, contactors: Contactors)`.

    unshown: why no frame can show the fault, where `onset` and `carried` are empty: its readback alone proves it.
    Without this text nothing proves the fault (`bench.faults.proof`). The same is true for a fault that sets what
    frames do show.
    """

    unshown: ClassVar[str] = ""

    async def apply(self, *args: Any, **kwargs: Any) -> Actuation: ...

    async def clear(self, *args: Any, **kwargs: Any) -> None: ...

    def onset(self, at: Terminals) -> tuple[OnsetTest, ...]:  # noqa: ARG002
        """Any of these is the fault at the DUT's terminals. Empty: nothing shows it, its actuation is the onset."""
        return ()

    def inside(self, at: Terminals) -> "Fault | None":  # noqa: ARG002
        """The same disturbance just inside the limit, which a good DUT must bear. None: there is no such thing."""
        return None

    def carried(self) -> tuple[Carried, ...]:
        """All of these a frame carries at least once while it is on; without them it never reached the DUT.

        Empty: what it makes of the truth is not known beforehand.
        """
        return ()

    @property
    def stage(self) -> ReadingStage:
        """Where on its way to the DUT it changes a reading. A later stage acts after an earlier one."""
        return ReadingStage.THERE

    def changes(self) -> tuple[tuple[str, int], ...]:
        """The readings that it changes at its stage: (quantity, number of the cell or sensor from 1, else 0)."""
        return ()

    def levels(self) -> tuple[tuple[str, float], ...]:
        """Levels of quantities that a flag's limit may name (`bench.config.profile.QUANTITIES`), beside `carried`."""
        return ()

    def sets(self) -> tuple[tuple[str, float], ...]:
        """What of the plant it sets for sure, by name: "soc" (0 to 1), "ambient_c" (the air around the pack, degC)."""
        return ()

    @property
    def at_once(self) -> bool:
        """Whether all that its onset asks becomes true together, so that only the pages that show it set it apart."""
        return False

    @property
    def whole(self) -> bool:
        """Whether it is all there at its readback, so that this says from when a real DUT's own sensors can see it."""
        return self.at_once

    @property
    def slope(self) -> tuple[str, str, float] | None:
        """(instrument, unit, climb a second) of a stimulus that an instrument makes climb across what its onset
        asks.

        None: the stimulus comes in one step, or no calibrated instrument makes it.
        """
        return None

    @property
    def passes(self) -> bool:
        """Whether `clear` takes it from the DUT's terminals at once, so that a glitch can be made of it."""
        return True

    @property
    def restarts(self) -> bool:
        """Whether a good DUT may start again by it."""
        return False

    def silences(self, channel: str) -> bool:  # noqa: ARG002
        """Whether the DUT cannot be heard on this bus meanwhile: then its silence there proves nothing against it."""
        return False


class Injection(Protocol):
    """What a [[step]] says of a fault, and the way from there to the fault: a `bench.faults.shapes.InjectShape`."""

    def resolve(self, at: Terminals) -> Fault:
        """The fault with its numbers in SI."""

    def needs(self) -> str | None:
        """The capability, where it depends on the step's values; None: the kind's first variant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One entry of the catalogue.

    shape: what its [[step]] may say, and how a `Fault` is made of that.
    variants: what `hil list faults` shows, one line each: capability, and the fault in words with its units.
    shows: quantities one of which the DUT has to be shown, else the rig cannot reach it with this fault.
    """

    name: str
    fault_class: str
    variants: Mapping[str, str]
    shape: type[Injection]
    shows: tuple[str, ...] = ()
    onset: str = "the first frame that shows it"

    def capability(self, shape: Injection) -> str:
        """What the rig must be able to do for a step that says this."""
        return shape.needs() or next(iter(self.variants))


def current_levels(current_a: float) -> tuple[tuple[str, float], ...]:
    """A current (A) as a level of both directions: a current in one direction is a negative one in the other."""
    return ("discharge_current", current_a), ("charge_current", -current_a)
