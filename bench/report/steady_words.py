"""Why shots bound nothing though they met the DUT everywhere in its cycle: it changed while they were fired."""

from collections.abc import Sequence

from bench.measure.interval import Measurement
from bench.verdict.result import ShotResult
from bench.verdict.spread import REFUSED_BELOW
from bench.verdict.steady import in_firing_order, trend_p, trend_z


def drift_words(shots: Sequence[ShotResult], name: str, *, short: bool = False) -> str:
    """name: FDTI or FHTI. "" where no drift is shown, or none can be: they were fired in the order of the phase.

    short: without figures, so that scenarios of one reason are told together.
    """
    fired, shuffled = in_firing_order(shots)
    found = [one.measurement for one in fired if one.measurement is not None]
    series = [high for one in found if (high := _high_ns(one, name)) is not None]
    p = trend_p(series) if shuffled else None
    if p is None or p >= REFUSED_BELOW:
        return ""
    way = "later" if trend_z(series) > 0 else "earlier"
    said = f"the {name} came {way} from shot to shot in the order of firing"
    figures = f" (Mann-Kendall p = {p:.1g}, expected at least {REFUSED_BELOW:g})"
    return f"{said}{'' if short else figures}: rig or DUT has changed meanwhile, so the shots are of no one population"


def _high_ns(one: Measurement, name: str) -> float | None:
    latency = one.fdti if name == "FDTI" else one.fhti
    return None if latency is None else float(latency.interval.high_ns)
