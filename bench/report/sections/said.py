"""Who ran it, where, on which device, and what they call it. Nothing where only the bench file speaks."""

from bench.report.extras import ReportExtras
from bench.report.section import Place, Section, Told
from bench.verdict.result import RunResult

_OF_THE_BENCH_FILE = ("rig", "place")


def _tell(_: RunResult, extras: ReportExtras) -> Told | None:
    if not any(name not in _OF_THE_BENCH_FILE for name in extras.said):
        return None
    return Told(headings=("Who and where", ""), rows=tuple(extras.said.items()))


SECTION = Section(title="This run", place=Place.GOALS - 20, tell=_tell)
