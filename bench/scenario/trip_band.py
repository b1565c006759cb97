"""Where a DUT with a tolerance around its limit may take a stimulus that climbs for a fault: from the lower end on, or
from the upper end on only. A step crosses both at once; a ramp takes a while from one to the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.config.profile import Flag, RoleTest
from bench.faults.port import Fault
from bench.measure.signal_test import SignalTest
from bench.scenario.lookup import Lookup
from bench.scenario.model import Inject, Step
from bench.scenario.onset import Onset

_OUTWARDS = {">=": 1.0, ">": 1.0, "<=": -1.0, "<": -1.0}


def trip_band(
    lookup: Lookup, steps: Sequence[Step], onset: Onset, flag: Flag
) -> tuple[tuple[SignalTest, ...], tuple[SignalTest, ...]]:
    """(questions of the earliest onset, of the latest). The latter is empty where the tolerance makes no difference.

    Half a step of the signal's scale counts with the tolerance: a frame may show that much too little or too much.
    """
    limit, measured = flag.limit, _measured(steps, onset)
    if limit is None or flag.limit_tolerance <= 0 or onset.whole or measured is None:
        return onset.tests, ()
    inside = lookup.thresholds[limit.threshold] - _OUTWARDS[limit.op] * flag.limit_tolerance
    early = _tests(lookup, measured, {limit.threshold: inside})
    if early == onset.tests or len(early) != len(onset.tests):  # the onset is not asked by this limit
        return onset.tests, ()
    # The upper end lies as far beyond the limit as the lower one before it, also where the ramp ends between the two.
    late = tuple(
        replace(test, value=2 * test.value - one.value) for test, one in zip(onset.tests, early, strict=True)
    )
    return tuple(_moved(lookup, early, -0.5)), tuple(_moved(lookup, late, 0.5))


def _measured(steps: Sequence[Step], onset: Onset) -> Inject | None:
    return next((step for step in steps if isinstance(step, Inject) and step.step == onset.step), None)


def _tests(lookup: Lookup, step: Inject, moved: dict[str, float]) -> tuple[SignalTest, ...]:
    at = lookup.terminals(step.step)
    fault: Fault = step.fault
    found = fault.onset(replace(at, thresholds={**at.thresholds, **moved}))
    return tuple(lookup.test(one) for one in found if isinstance(one, RoleTest))


def _moved(lookup: Lookup, tests: Iterable[SignalTest], steps: float) -> Iterable[SignalTest]:
    for test in tests:
        scale = float(abs(lookup.databases[test.channel][test.message].fields[test.signal].scale))
        yield replace(test, value=test.value + _OUTWARDS.get(test.op, 0.0) * steps * scale)
