"""Notes that people have made on a run after it: which anomaly is closed, by whom and why, and who approves the run."""

import hashlib
from dataclasses import dataclass

from bench.report.anomalies import AnomalyCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """anomaly: the id of the one that is closed; "" where the run as a whole is approved."""

    by: str
    utc: str
    reason: str
    anomaly: str = ""


def of_anomaly(one: AnomalyCount) -> str:
    """`A3f2c1`: of its kind, the same in every run; figures are no part of it."""
    return "A" + hashlib.sha256(repr(one.finding.alike()).encode()).hexdigest()[:5]
