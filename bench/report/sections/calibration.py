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
        "Where the stimulus is a ramp, the expanded uncertainty of what puts it out is a term of the onset, of the "
        "uncertainty over the ramp's slope either way; an uncertainty in seconds is one as it stands. Elsewhere it is "
        "an uncertainty of the level, and in no time: each budget says which.",
    )
    headings = ("Instrument", "Certificate", "Calibrated", "Due", "Expanded uncertainty", "")
    return Told(lines=lines, headings=headings, rows=rows)


SECTION = Section(title="Calibration", place=Place.MADE_OF - 10, tell=_tell)
