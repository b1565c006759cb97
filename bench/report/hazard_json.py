"""The hazard study for machines. A stage that is never reached is null, not a large number."""

from collections.abc import Mapping

from bench.hazard.margin import Margin
from bench.hazard.published import beside
from bench.hazard.result import MEANING, Band, HazardStudy, bound_order, draws_of
from bench.report.told.physics import (
    AssumedTold,
    BandTold,
    HazardCase,
    HazardTold,
    PublishedTold,
    ShareTold,
)


def hazard_told(study: HazardStudy, margins: Mapping[tuple[str, str], Margin]) -> HazardTold:
    """The study and its margins as the document of `hil hazard --json`."""
    return HazardTold(
        kind="computed, not measured",
        seed=study.seed,
        samples=study.samples,
        draws=draws_of(study.samples),
        bound_order=bound_order(study.samples),
        stages={stage.name.lower(): meaning for stage, meaning in MEANING.items()},
        horizon_s=study.horizon_s,
        results=tuple(
            HazardCase(
                chemistry=one.chemistry,
                fault=one.case,
                safety_goal=one.goal,
                stages={stage.name.lower(): _band(band) for stage, band in one.stages.items()},
                hazard=_band(one.hazard),
                hazard_is=one.hazard_is.name.lower() if one.hazard_is else None,
                left=_band(one.left),
                allowed=None if one.allowed is None else _band(one.allowed),
                spread=_band(one.spread),
                shares=tuple(
                    ShareTold(figure=of.figure, share=round(of.share, 4), later=of.later) for of in one.shares
                ),
                ftti_s=margins[one.chemistry, one.case].ftti_s,
                ftti_margin_s=margins[one.chemistry, one.case].ftti_margin_s,
                fhti_margin_s=margins[one.chemistry, one.case].fhti_margin_s,
            )
            for one in study.results
        ),
        assumed=tuple(
            AssumedTold(
                chemistry=one.chemistry,
                figure=one.place,
                value=one.value,
                confidence=one.confidence,
                source=one.source,
            )
            for one in study.assumed
        ),
        published=tuple(
            PublishedTold(
                chemistry=one.published.chemistry,
                fault=one.published.case,
                what=one.published.what,
                low=one.published.low,
                high=one.published.high,
                computed=one.computed.mid_s,
                far_off=one.far_off,
                source=one.published.source,
            )
            for one in beside(study.results)
        ),
    )


def _band(band: Band) -> BandTold:
    return BandTold(
        p5_s=band.low_s,
        p50_s=band.mid_s,
        p95_s=band.high_s,
        reached=band.reached,
        samples=band.samples,
        floor_s=band.floor_s,
        ceiling_s=band.ceiling_s,
    )
