"""How a time to hazard is said: a band, a share of samples, or none within the horizon; never a large number."""

import math

from bench.hazard.margin import Margin
from bench.hazard.result import DRAWS_FOR_BOUND, Band, CaseResult, HarmStage, bound_order, draws_of, seconds
from bench.timing.evidence_class import EvidenceClass

MARKS = {
    "M": "measured or stated in a source that was read",
    "Mr": "recalled from a paper, not re-read",
    "P": "parameter of a published set",
    "F": "fitted or calibrated",
    "D": "definition or arithmetic",
    "E": "engineering estimate",
    "B": "stated by the project's brief, unverified",
}

_KINDS = {
    EvidenceClass.SIMULATED: "sim",
    EvidenceClass.REAL_TIME: "no board",
    EvidenceClass.HARDWARE: "hardware",
}
SHOWN = (
    HarmStage.LIMIT,
    HarmStage.DAMAGE,
    HarmStage.VENT,
    HarmStage.DRY_OUT,
    HarmStage.RUNAWAY,
    HarmStage.NEIGHBOUR,
    HarmStage.PROPAGATION,
)


def band_words(band: Band, horizon_s: float) -> str:
    """`"20 min [15 … 31]"`; where some samples never get there, how many do."""
    if band.never:
        return f"none within {seconds(horizon_s)}"
    high = seconds(band.high_s) if math.isfinite(band.high_s) else "none"
    if math.isinf(band.mid_s):
        low = seconds(band.low_s) if math.isfinite(band.low_s) else "late"
        return f"{band.reached} of {band.samples}: {low} … none"
    share = "" if band.reached == band.samples else f" ({band.reached} of {band.samples})"
    return f"{seconds(band.mid_s)} [{seconds(band.low_s)} … {high}]{share}"


def stage_words(result: CaseResult, stage: HarmStage) -> str:
    """A stage that the chemistry has no way to is told apart from one that was not reached."""
    water_based = result.chemistry_has_water
    if stage in (HarmStage.RUNAWAY, HarmStage.PROPAGATION) and water_based:
        return "no path in the model"
    if stage in (HarmStage.NEIGHBOUR, HarmStage.PROPAGATION) and result.neighbour_alike:
        return "same fault"
    if stage is HarmStage.DRY_OUT and not water_based:
        return "–"
    return band_words(result.stages[stage], result.horizon_s)


def bound_words(samples: int) -> str:
    """What the earliest time is: a bound over the draws, or none."""
    order, draws = bound_order(samples), draws_of(samples)
    if not order:
        return (
            f"no bound: {draws} draws, {DRAWS_FOR_BOUND} make one (--samples {DRAWS_FOR_BOUND + 1}); "
            "earliest: 5 % of the samples"
        )
    which = "smallest" if order == 1 else f"number {order} from below"
    return f"earliest: the {which} of {draws} draws, a bound of 95 % of all draws with 95 % confidence"


def margin_words(margin_s: float | None, reference: str) -> str:
    """`"4.0 s (+159 s)"`; a negative margin says by how much the time is too short."""
    if margin_s is None:
        return reference
    if math.isinf(margin_s):
        return f"{reference} (no hazard)"
    sign = "+" if margin_s >= 0 else "−"
    return f"{reference} ({sign}{seconds(abs(margin_s))})"


def ftti_words(margin: Margin) -> str:
    """The margin to the FTTI in words."""
    if margin.ftti_s is None:
        return "no such goal"
    if margin.ftti_margin_s is None:
        return f"{margin.ftti_s:g} s to warn, from the runaway"
    return margin_words(margin.ftti_margin_s, f"{margin.ftti_s:g} s")


def fhti_words(margin: Margin) -> str:
    """The margin to the measured FHTI in words."""
    if margin.fhti is None:
        return "not measured"
    kind = _KINDS[margin.fhti.evidence]
    return margin_words(margin.fhti_margin_s, f"{margin.fhti.fhti_s:.2f} s {kind}")
