"""Which ranges of the bus descriptions the profile put right, and why: else a reader takes the vendor's for true."""

from bench.report.extras import ReportExtras
from bench.report.section import Place, Section, Told
from bench.verdict.result import RunResult


def _tell(_: RunResult, extras: ReportExtras) -> Told | None:
    if not extras.corrected:
        return None
    return Told(
        lines=("The profile takes these ranges in place of those that the files state.",),
        headings=("Signal", "File", "Range in the file", "Range taken", "Reason"),
        rows=extras.corrected,
    )


SECTION = Section(title="Corrected ranges", place=Place.MADE_OF - 5, tell=_tell)
