"""The levels that a scenario's steps cause, and how long they last, for the quantities that a flag's limit names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.config.profile import QUANTITIES
from bench.faults.port import current_levels
from bench.scenario.model import ConstantVoltage, Drive, Follow, Inject, Park, Request, Step, longest_ns

CURRENTS = ("discharge_current", "charge_current")


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level of a quantity that a step causes. step: its place in the file. Times count from the first step, in ns.

    value: in SI. lasts_ns: how long it lasts at least, by what the steps say. sure: neither the bench nor the DUT
    makes it smaller.
    """

    quantity: str
    value: float
    step: int
    from_ns: int
    lasts_ns: int
    sure: bool


def levels_of(steps: Sequence[Step], window_ns: int) -> list[Level]:
    """All of them. window_ns: from the first stimulus on; steps may take longer, and the levels stay meanwhile."""
    begins = begins_ns(steps)
    first_ns = next(
        (at for at, one in zip(begins, steps, strict=True) if isinstance(one, Inject | Drive | Follow)), 0
    )
    end_ns = max(_least_ns(steps), first_ns + window_ns)
    found: list[Level] = []
    for at_ns, step in zip(begins, steps, strict=True):
        brought = list(_brought(step))
        ended = {quantity for quantity, _ in brought} | (set(CURRENTS) if _moves_current(step) else set())
        found = [
            replace(one, lasts_ns=min(one.lasts_ns, at_ns - one.from_ns)) if one.quantity in ended else one
            for one in found
        ]
        if not isinstance(step, Inject | Drive):
            continue
        lasts_ns = end_ns - at_ns
        if isinstance(step, Inject):
            lasts_ns = min(lasts_ns, step.ttl_ns, lasts_ns if step.duration_ns is None else step.duration_ns)
        # A charger keeps to the limit that the DUT announces: only an injected charge current is there for sure.
        sure = isinstance(step, Inject) or step.current_a > 0
        found += [
            Level(quantity=name, value=value, step=step.step, from_ns=at_ns, lasts_ns=lasts_ns, sure=sure)
            for name, value in brought
        ]
    return found


def begins_ns(steps: Sequence[Step]) -> list[int]:
    """When each step begins at the earliest, since the first one."""
    return [_least_ns(steps[:place]) for place in range(len(steps))]


def _least_ns(steps: Sequence[Step]) -> int:
    return longest_ns(one for one in steps if not isinstance(one, ConstantVoltage))  # may be done at once


def _moves_current(step: Step) -> bool:
    """A mode asked for may open the contactors."""
    return isinstance(step, Drive | Follow | ConstantVoltage | Park | Request)


def _brought(step: Step) -> Iterator[tuple[str, float]]:
    if isinstance(step, Inject):
        yield from step.fault.levels()
        carried = step.fault.carried()
        yield from ((one.quantity, one.value) for one in carried if one.quantity in QUANTITIES and one.number)
    elif isinstance(step, Drive):
        yield from current_levels(step.current_a)
