"""The hazard study for machines. A stage that is never reached is null, not a large number."""

import json
import math
from collections.abc import Mapping
from typing import Any

from bench.hazard.margin import Margin
from bench.hazard.result import Band, HazardStudy


def hazard_json(study: HazardStudy, margins: Mapping[tuple[str, str], Margin]) -> str:
    return json.dumps(
        {
            "kind": "computed, not measured",
            "seed": study.seed,
            "samples": study.samples,
            "horizon_s": study.horizon_s,
            "results": [
                {
                    "chemistry": one.chemistry,
                    "fault": one.case,
                    "safety_goal": one.goal,
                    "stages": {stage.name.lower(): _band(band) for stage, band in one.stages.items()},
                    "hazard": _band(one.hazard),
                    "hazard_is": one.hazard_is.name.lower() if one.hazard_is else None,
                    "left": _band(one.left),
                    "ftti_s": margins[one.chemistry, one.case].ftti_s,
                    "ftti_margin_s": _finite(margins[one.chemistry, one.case].ftti_margin_s),
                    "fhti_margin_s": _finite(margins[one.chemistry, one.case].fhti_margin_s),
                }
                for one in study.results
            ],
            "assumed": [
                {
                    "chemistry": one.chemistry,
                    "figure": one.place,
                    "value": one.value,
                    "confidence": one.confidence,
                    "source": one.source,
                }
                for one in study.assumed
            ],
        },
        indent=1,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _band(band: Band) -> dict[str, Any]:
    return {
        "p5_s": _finite(band.low_s),
        "p50_s": _finite(band.mid_s),
        "p95_s": _finite(band.high_s),
        "reached": band.reached,
        "samples": band.samples,
    }
