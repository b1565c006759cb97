"""The hazard table for a terminal: one table per fault, a line per chemistry."""

from collections.abc import Mapping
from itertools import groupby

from rich import box
from rich.table import Table

from bench.hazard.margin import Margin
from bench.hazard.result import HarmStage, HazardStudy, seconds
from bench.report.hazard_words import band_words, bound_words, fhti_words, ftti_words, stage_words


def hazard_table(study: HazardStudy, margins: Mapping[tuple[str, str], Margin]) -> Table:
    """`margins` by (chemistry, case). Median [5 % … 95 %] of the samples."""
    table = Table(
        title=f"Time to hazard from the onset of the fault · computed, not measured · {study.samples} samples, "
        f"seed {study.seed}, horizon {seconds(study.horizon_s)}",
        title_justify="left",
        caption="median [5 % … 95 % of samples] · hazard: the first of venting, dry-out, runaway · left: from the "
        f"limit crossed to the hazard\nFTTI margin: earliest hazard − FTTI of the budgets (internal short: none, "
        "its 300 s are to warn, from the runaway) · FHTI margin: earliest time left − FHTI measured on the DUT (sim: "
        "simulated time)\n"
        f"{bound_words(study.samples)}",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for name in ("fault", "chemistry", "limit crossed", "damage", "venting", "runaway", "next cell"):
        table.add_column(name)
    for name in ("left", "FTTI (margin)", "FHTI (margin)"):
        table.add_column(name)
    ordered = sorted(study.results, key=lambda r: _order(study, r.case))
    for _, group in groupby(ordered, key=lambda r: r.case):
        for k, result in enumerate(group):
            margin = margins[result.chemistry, result.case]
            runaway = stage_words(result, HarmStage.RUNAWAY)
            if result.chemistry_has_water and not result.stages[HarmStage.DRY_OUT].never:
                runaway = f"none; dry {band_words(result.stages[HarmStage.DRY_OUT], result.horizon_s)}"
            table.add_row(
                f"{result.title}\n{result.goal}" if k == 0 else "",
                result.chemistry,
                stage_words(result, HarmStage.LIMIT),
                stage_words(result, HarmStage.DAMAGE),
                stage_words(result, HarmStage.VENT),
                runaway,
                stage_words(result, HarmStage.NEIGHBOUR),
                band_words(result.left, result.horizon_s),
                ftti_words(margin),
                fhti_words(margin),
            )
        table.add_section()
    return table


def _order(study: HazardStudy, case: str) -> int:
    return [result.case for result in study.results].index(case)
