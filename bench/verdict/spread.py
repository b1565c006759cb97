"""Whether shots are independent looks at the DUT: the phases of its cycle at which they met it are spread.

H0: the phases are independent and uniform over the cycle. Tested with Kuiper's V, which has no favourite place on the
circle (Stephens, Biometrika 52, 1965), against `REFUSED_BELOW`: of a thousand well spread scenarios one at most is
refused. Phases that are spread more evenly than chance (strata) only make V smaller. Fewer than five shots cannot be
refused, nor do they bound anything worth the name.
"""

import math
from collections.abc import Iterable, Sequence

from bench.verdict.result import ShotResult

REFUSED_BELOW = 0.001


def kuiper_p(turns: Sequence[float]) -> float:
    """How often n uniform phases would look at least as bunched as these. `turns`: each in [0, 1)."""
    n = len(turns)
    if n == 0:
        raise ValueError("found no phase; expected one at least")
    ordered = sorted(turns)
    above = max((rank + 1) / n - turn for rank, turn in enumerate(ordered))
    below = max(turn - rank / n for rank, turn in enumerate(ordered))
    root = math.sqrt(n)
    scaled = (above + below) * (root + 0.155 + 0.24 / root)
    if scaled < 0.4:  # the series needs hundreds of terms here, and is 1 to six places
        return 1.0
    terms = (
        (4 * (j * scaled) ** 2 - 1) * math.exp(-2 * (j * scaled) ** 2)
        for j in range(1, math.ceil(8 / scaled) + 2)
    )
    return min(1.0, max(0.0, 2 * math.fsum(terms)))


def spread_p(shots: Iterable[ShotResult]) -> float | None:
    """`kuiper_p` of the phases at which the DUT met the onset; None where they were not kept for every latency."""
    turns = []
    for shot in shots:
        found = shot.measurement
        if found is None or (found.fdti is None and found.fhti is None):
            continue
        if found.dut_phase_ns is None or found.dut_cycle_ns <= 0:
            return None
        turns.append(found.dut_phase_ns / found.dut_cycle_ns)
    return kuiper_p(turns) if turns else None
