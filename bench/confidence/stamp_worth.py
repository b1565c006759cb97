"""What this rig's stamps are worth, as its own qualification has measured it: in place of the table of interfaces."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.confidence.sealed import ROWS
from bench.record.shot import read_json
from bench.running.results import Covered
from bench.timing.clock import Timebase
from bench.units import format_ns
from bench.verdict.evidence import coverage_of
from bench.wiring.common import MeasuredStamps, Wired

_CONFIDENCE = 0.95


def with_measured_stamps(wired: Wired, covered: Covered) -> Wired:
    """The bench whose stamps are worth what the ruler found, where a good qualification of this rig covers the run.

    Raises RecordError where the qualification cannot be read.
    """
    if wired.config.simulated or covered.path is None or covered.trouble is not None:
        return wired
    return replace(wired, stamps=measured_stamps(read_json(covered.path / ROWS), covered.path.name))


def measured_stamps(content: Mapping[str, Any], name: str) -> MeasuredStamps | None:
    """Half of the ruler's worst error for each of the two stamps of an interval; None where it made no shot.

    The ruler's error is that of both stamps together: no interval of its shots is wrong by more than 2 u. The share of
    such errors that this bounds is that of the condition with the fewest shots.
    """
    rows = [row["measured"] for row in content["ruler"] if row["timebase"] == Timebase.HOST.value]
    if not rows or not all(rows):
        return None
    worst_twice_ns = max(abs(low + high - 2 * truth) for row in rows for truth, low, high, _ in row)
    u_ns = -(-worst_twice_ns // 4)
    fewest = min(len(row) for row in rows)
    share = math.floor(coverage_of(fewest, _CONFIDENCE) * 1000) / 10
    worth = (
        f"±{format_ns(u_ns)} measured by this rig's qualification {name}: worst of {sum(map(len, rows))} shots of "
        f"the ruler in {len(rows)} conditions, {share:g} % of errors with {_CONFIDENCE * 100:g} % confidence"
    )
    return MeasuredStamps(u_ns=u_ns, worth=worth)
