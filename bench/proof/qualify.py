"""The ruler qualifies the bench: an interval the bench measures must contain a delay that is known.

Truth: the ruler's delay from its reception of the stimulus (the end of that frame) to the start of its answer. In
real time the start is the instant just before the ruler hands its answer over. So the time of its own send call,
before the kernel's stamp, is an error that must fit into the half-width.
Measured: the bench's stamps of both frames, each ± the link's half-width. A stamp stands at the end of a frame. So
the time that the answer spends on the wire is subtracted from the answer's stamp first. It is known to the bit
(`bench.links.bit_timing`), and zero on a bus without bit timing, such as UDP multicast.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.confidence.qualified import CYCLE_NS, LEAST_SHOTS, NO_REFERENCE
from bench.links.bit_timing import frame_time_ns, intermission_ns
from bench.measure.interval import Interval
from bench.timing.clock import Timebase
from bench.trace.events import CanFrame, FrameSeen
from bench.units import NS_PER_MS, NS_PER_US, format_ns
from bench.verdict.spread import REFUSED_BELOW, kuiper_p
from firmware_stubs.ruler import (
    ANSWER_ID,
    REFERENCE_ID,
    RETURNED_ID,
    STIMULUS_ID,
    TRUTH_ID,
)

DELAYS_NS = (2 * NS_PER_MS, 10 * NS_PER_MS, 37 * NS_PER_MS, 250 * NS_PER_MS)
JITTER_NS = NS_PER_MS
BITRATE = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RulerShot:
    """One programmed delay: its true value, the bench's measurement, and the value that a naive script found.

    returned_ns: when the ruler's own send call ended. The answer left between truth and this; an interrupted ruler
    does not know the instant more exactly. stimulus_ns: when the bench saw the stimulus, on its clock.
    reference_ns: the truth by a second clock; None: there was no second clock.
    """

    number: int
    truth_ns: int
    returned_ns: int
    measured: Interval
    naive_ns: int | None
    stimulus_ns: int = 0
    reference_ns: int | None = None

    @property
    def contained(self) -> bool:
        return self.measured.low_ns <= self.truth_ns <= self.measured.high_ns

    @property
    def missed(self) -> bool:
        """The ruler cannot have answered at any instant within the measured interval."""
        return self.measured.high_ns < self.truth_ns or self.measured.low_ns > self.returned_ns

    @property
    def undecided(self) -> bool:
        """The ruler was interrupted while it sent, for too long to say whether the interval is right."""
        return not self.contained and not self.missed

    @property
    def error_ns(self) -> int:
        """Midpoint of the measured interval less the truth."""
        return (self.measured.low_ns + self.measured.high_ns) // 2 - self.truth_ns

    @property
    def own_error_ns(self) -> int:
        """How far the midpoint lies outside the time that the ruler's send call took: the ruler has no part in it."""
        return self._outside_ns((self.measured.low_ns + self.measured.high_ns) // 2)

    @property
    def naive_error_ns(self) -> int | None:
        return None if self.naive_ns is None else self.naive_ns - self.truth_ns

    @property
    def naive_own_error_ns(self) -> int | None:
        return None if self.naive_ns is None else self._outside_ns(self.naive_ns)

    def _outside_ns(self, t_ns: int) -> int:
        return max(self.truth_ns - t_ns, t_ns - max(self.truth_ns, self.returned_ns), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RulerSeries:
    """All shots under one condition.

    u_ns: half-width of a stamp. load_per_s: other traffic the bench saw meanwhile, frames per second.
    undecided: how many shots were fired again, because the ruler could not vouch for them.
    errors: why the series proves nothing (lost frames, a missing answer), in words. reference: the second clock.
    """

    timebase: Timebase
    condition: str
    asked: int
    u_ns: int
    load_per_s: float
    shots: tuple[RulerShot, ...]
    undecided: int
    errors: tuple[str, ...]
    reference: str = NO_REFERENCE

    @property
    def contained(self) -> int:
        return sum(shot.contained for shot in self.shots)

    @property
    def missed(self) -> tuple[RulerShot, ...]:
        return tuple(shot for shot in self.shots if shot.missed)

    @property
    def sound(self) -> bool:
        """Every shot that was asked for is there, and its interval contains the truth."""
        return not self.errors and self.asked > 0 and self.contained == len(self.shots) == self.asked

    @property
    def spread_p(self) -> float | None:
        """How often shots spread over the bench's own cycle would look as bunched as these; None without shots."""
        return (
            kuiper_p([shot.stimulus_ns % CYCLE_NS / CYCLE_NS for shot in self.shots]) if self.shots else None
        )

    @property
    def bunched(self) -> bool:
        """Copies of fewer shots, however many there are."""
        return self.spread_p is not None and self.spread_p < REFUSED_BELOW

    @property
    def enough(self) -> bool:
        """Sound, over shots enough to say so of the bench, everywhere in its cycle: the minimum of its part."""
        return self.sound and self.asked >= LEAST_SHOTS and not self.bunched

    def error_sizes_ns(self) -> list[int]:
        return [abs(shot.error_ns) for shot in self.shots]

    def naive_error_sizes_ns(self) -> list[int]:
        return [abs(shot.naive_error_ns) for shot in self.shots if shot.naive_error_ns is not None]


def quantile_ns(values: Sequence[int], share: float) -> int | None:
    """Nearest-rank quantile: the smallest value that `share` of all do not exceed; None without values."""
    if not values:
        return None
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]


def stimulus_frame(shot: int, delay_ns: int) -> CanFrame:
    """The stimulus that asks the ruler for an answer after `delay_ns`, in steps of 1 µs."""
    return CanFrame(STIMULUS_ID, shot.to_bytes(2, "little") + (delay_ns // NS_PER_US).to_bytes(4, "little"))


def delay_of(shot: int) -> int:
    """The delay of a shot, in ns."""
    return DELAYS_NS[shot % len(DELAYS_NS)]


def ruler_shots(
    frames: Sequence[FrameSeen],
    numbers: Sequence[int],
    u_ns: int,
    bitrate: int | None,
    naive_ns: Mapping[int, int | None],
) -> tuple[tuple[RulerShot, ...], tuple[str, ...]]:
    """(shots, errors) from what the bench saw. `bitrate` None: the bus has no bit timing.

    A frame that is missing or there twice makes its shot an error: it is neither contained nor missed.
    """
    seen: dict[tuple[int, int], list[FrameSeen]] = {}
    for one in frames:
        if one.frame.can_id in _RULER_IDS and not one.frame.extended and len(one.frame.data) >= 2:
            shot = int.from_bytes(one.frame.data[:2], "little")
            seen.setdefault((one.frame.can_id, shot), []).append(one)
    shots: list[RulerShot] = []
    errors: list[str] = []
    for number in numbers:
        found = {name: seen.get((can_id, number), []) for can_id, name in _ONCE.items()}
        wrong = [f"{name} seen {len(those)} times" for name, those in found.items() if len(those) != 1]
        if wrong:
            errors.append(f"shot {number}: {', '.join(wrong)}; expected once")
            continue
        stimulus, answer, truth = (those[0] for those in found.values())
        returned = seen.get((RETURNED_ID, number), [truth])[0]
        wire_ns = 0 if bitrate is None else frame_time_ns(answer.frame, bitrate) - intermission_ns(bitrate)
        shots.append(
            RulerShot(
                number=number,
                truth_ns=_told_ns(truth),
                returned_ns=_told_ns(returned),
                measured=_around(answer.t_ns - wire_ns, u_ns).since(_around(stimulus.t_ns, u_ns)),
                naive_ns=naive_ns.get(number),
                stimulus_ns=stimulus.t_ns,
                reference_ns=_told_ns(told[0])
                if len(told := seen.get((REFERENCE_ID, number), [])) == 1
                else None,
            )
        )
    return tuple(shots), tuple(errors)


_ONCE = {STIMULUS_ID: "stimulus", ANSWER_ID: "answer", TRUTH_ID: "truth"}
_RULER_IDS = frozenset((*_ONCE, RETURNED_ID, REFERENCE_ID))


def _told_ns(seen: FrameSeen) -> int:
    return int.from_bytes(seen.frame.data[2:8], "little")


def _around(t_ns: int, u_ns: int) -> Interval:
    return Interval(low_ns=t_ns - u_ns, high_ns=t_ns + u_ns)


def too_few_words(shots: int) -> str:
    """`1 shot, at least 200`; "" where there are enough."""
    count = "1 shot" if shots == 1 else f"{shots} shots"
    return f"{count}, at least {LEAST_SHOTS}" if shots < LEAST_SHOTS else ""


def bunched_words(spread_p: float | None) -> str:
    """`shots at bunched phases of the bench's cycle (Kuiper p = 1e-05)`; "" where they are spread, or none was made."""
    if spread_p is None or spread_p >= REFUSED_BELOW:
        return ""
    return f"shots at bunched phases of the bench's cycle (Kuiper p = {spread_p:.1g}), copies of fewer"


def failures(series: RulerSeries) -> list[str]:
    """Why `series` does not qualify the bench, one line per shot or error; empty when it does."""
    where = f"{series.timebase} {series.condition}"
    lines = [f"{where}: ERROR {error}" for error in series.errors]
    lines += [
        f"{where}: shot {shot.number} missed: truth {format_ns(shot.truth_ns)}, measured "
        f"{format_ns(shot.measured.low_ns)} .. {format_ns(shot.measured.high_ns)}, "
        f"midpoint off by {format_ns(shot.error_ns)}"
        for shot in series.missed
    ]
    return lines
