"""By which certificates the instruments of a run were calibrated, and how uncertain they are."""

from bench.report.extras import ReportExtras
from bench.report.section import Place, Section, Told
from bench.verdict.result import RunResult

_KEYS = ("certificate", "calibrated", "calibration_due", "uncertainty")


def _tell(run: RunResult, extras: ReportExtras) -> Told | None:
    day = run.started_utc[:10]
    rows = []
    for name, facts in sorted(extras.equipment.items()):
        if not facts.get("certificate") and not facts.get("uncertainty"):
            continue
        due = facts.get("calibration_due", "")
        told = [facts.get(key, "") or "not stated" for key in _KEYS]
        rows.append((name.removeprefix("instrument."), *told, "overdue" if due and due < day else ""))
    if not rows:
        return None
    lines = (
        "The uncertainty of what an instrument puts out or reads is that of its certificate, and is not in the budgets "
        "of the times: those hold stamps, clocks and cycles. It moves a time only where the stimulus is a ramp: by "
        "the uncertainty over its rate.",
    )
    headings = ("Instrument", "Certificate", "Calibrated", "Due", "Expanded uncertainty", "")
    return Told(lines=lines, headings=headings, rows=rows)


SECTION = Section(title="Calibration", place=Place.MADE_OF - 10, tell=_tell)
