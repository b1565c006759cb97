"""Where a scenario takes the pack out of the range its chemistry was fitted in, as far as its file says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.plan import Aim
from bench.report.fit_words import side_words
from bench.scenario.levels import CURRENTS, levels_of
from bench.scenario.model import ConstantVoltage, Follow, Inject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.plant.chemistry import Chemistry
    from bench.scenario.prepare import Prepared
    from bench.trace.events import Fitted


def leaves_the_fit(prepared: Prepared, chemistry: Chemistry, bench_soc: float, beside: int = 1) -> list[str]:
    """One line, each side that is sure to be left once, farthest; what faults heat or drain is not foreseen.

    beside: how many cells share the pack's current.
    """
    box = chemistry.validity
    if box is None or prepared.scenario.aim is Aim.MUST_REFUSE:
        return []
    farthest: dict[Fitted, tuple[float, float]] = {}
    rates = [one / (chemistry.capacity_ah * beside) for one in _currents(prepared)]
    charges, temperatures = _charges(prepared, bench_soc), _set(prepared, "ambient_c")
    for side, value, bound in (
        *box.rates(min(rates), max(rates)),
        *(box.charges(min(charges), max(charges)) if charges else ()),
        *(box.temperatures(min(temperatures), max(temperatures)) if temperatures else ()),
    ):
        farthest[side] = (value, bound)
    if not farthest:
        return []
    told = "; ".join(side_words(side, *found) for side, found in farthest.items())
    estimates = ", so that its estimates decide nothing" if prepared.plan.estimates else ""
    return [f"leaves the range {chemistry.id} was fitted in{estimates}: {told}"]


def _currents(prepared: Prepared) -> Iterator[float]:
    """In A, > 0 discharges: all that the start and the steps name."""
    start = prepared.scenario.start
    yield 0.0 if start.mode == "off" else start.current_a
    asked = prepared.scenario.expect or prepared.scenario.quiet
    for level in levels_of(prepared.steps, 0 if asked is None else asked.window_ns):
        if level.quantity in CURRENTS:
            yield level.value if level.quantity == "discharge_current" else -level.value
    for step in prepared.steps:
        if isinstance(step, Follow):
            yield from (min(step.trace.current_a), max(step.trace.current_a))
        elif isinstance(step, ConstantVoltage):
            yield -step.current_a


def _charges(prepared: Prepared, bench_soc: float) -> list[float]:
    start = prepared.scenario.start
    known = [] if start.reaches is not None else [bench_soc if start.soc is None else start.soc]
    return [*known, *_set(prepared, "soc")]


def _set(prepared: Prepared, what: str) -> list[float]:
    faults = (step.fault for step in prepared.steps if isinstance(step, Inject))
    return [value for fault in faults for name, value in fault.sets() if name == what]
