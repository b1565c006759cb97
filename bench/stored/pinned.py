"""A line of builds against one that is pinned: a drift of which no single step is news, all steps together are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.errors import ConfigError, nearest
from bench.record.database import PastResult
from bench.stored.trend import Point, relevant_ns
from bench.units import format_ns

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A run, or all runs of a build; of these the oldest that has the scenario counts."""

    run_id: str | None
    identity: str

    def of(self, points: Sequence[Point]) -> Point | None:
        return next((one for one in points if self._is(one.past)), None)

    def _is(self, past: PastResult) -> bool:
        return (
            past.run_id == self.run_id if self.run_id is not None else past.firmware_identity == self.identity
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """From the pinned run of a scenario to its newest. step_ns: the largest step between two runs on the way.

    value_ns: None where the newest run has no latency any more.
    """

    scenario_id: str
    pinned: PastResult
    newest: PastResult
    pinned_ns: int
    value_ns: int | None
    step_ns: int

    @property
    def moved_ns(self) -> int | None:
        return None if self.value_ns is None else self.value_ns - self.pinned_ns

    @property
    def notable(self) -> bool:
        """As of a trend: a mark, not a test."""
        return self.moved_ns is None or abs(self.moved_ns) > relevant_ns(self.pinned_ns)


def find_pin(text: str, lines: Mapping[str, Sequence[Point]]) -> Pin:
    """A run id, a build's identity, or a firmware's name that has one build only. Raises ConfigError."""
    past = [one.past for points in lines.values() for one in points]
    if any(one.run_id == text for one in past):
        return Pin(run_id=text, identity=next(one.firmware_identity for one in past if one.run_id == text))
    if any(one.firmware_identity == text for one in past):
        return Pin(run_id=None, identity=text)
    builds = list(dict.fromkeys(one.firmware_identity for one in past if one.firmware == text))
    if len(builds) == 1:
        return Pin(run_id=None, identity=builds[0])
    if builds:
        named = ", ".join(builds[:_MOST_NAMED]) + (" …" if builds[_MOST_NAMED:] else "")
        raise ConfigError(
            f"pin '{text}': names {len(builds)} builds ({named}); expected one of them, or a run id"
        )
    known = dict.fromkeys(name for one in past for name in (one.run_id, one.firmware_identity, one.firmware))
    raise ConfigError(
        f"pin '{text}': no run on these lines; expected a run id, a build's identity or a firmware's name"
        f"{nearest(text, known)}"
    )


def drifts(pin: Pin, lines: Mapping[str, Sequence[Point]]) -> tuple[Drift, ...]:
    """The drift of every scenario whose pinned run has a latency, also where it is zero.

    Runs with another number of shots than the pinned one are not held against it.
    """
    found = []
    for scenario_id, points in lines.items():
        pinned = pin.of(points)
        if pinned is None or pinned.value_ns is None:
            continue
        since = [one for one in points[points.index(pinned) :] if one.past.shots == pinned.past.shots]
        values = [one.value_ns for one in since if one.value_ns is not None]
        steps = [after - before for before, after in pairwise(values)]
        found.append(
            Drift(
                scenario_id=scenario_id,
                pinned=pinned.past,
                newest=since[-1].past,
                pinned_ns=pinned.value_ns,
                value_ns=since[-1].value_ns,
                step_ns=max(steps, key=abs, default=0),
            )
        )
    return tuple(found)


def drift_words(one: Drift, metric: str) -> str:
    """`ov-step-cell17 FHTI 2.634 → 2.735 s (+3.8 %), largest single step +1.9 %; test it: hil compare A B`."""
    test = f"test it: hil compare {one.pinned.run_id} {one.newest.run_id}"
    before = f"{one.scenario_id} {metric.upper()} {format_ns(one.pinned_ns)}"
    if one.value_ns is None:
        return f"{before} → none any more ({one.newest.verdict.name}); {test}"
    moved, step = (_percent(part, one.pinned_ns) for part in (one.value_ns - one.pinned_ns, one.step_ns))
    return f"{before} → {format_ns(one.value_ns)} ({moved}), largest single step {step}; {test}"


def _percent(part_ns: int, of_ns: int) -> str:
    return f"{100 * part_ns / max(1, of_ns):+.1f} %".replace("-", "−")
