"""Time, place and people of a run, for the head of its report. What nobody said is told as not stated."""

from collections.abc import Mapping

from bench.report.extras import ReportExtras
from bench.verdict.result import RunResult

_NOT_STATED = "not stated"
_PEOPLE = {
    "rig": "Rig",
    "place": "Place",
    "operator": "Operator",
    "DUT serial": "DUT serial",
    "label": "Label",
    "note": "Note",
}


def run_facts(run: RunResult, extras: ReportExtras) -> list[tuple[str, str]]:
    """(name, words) in the order of reading."""
    qualified = "current" if extras.qualification is None else "none that covers this run"
    return [
        ("Run", run.run_id),
        ("Started", run.started_utc),
        ("Firmware identity", run.firmware_identity),
        ("Chemistry", run.chemistry),
        *((words, extras.said.get(name) or _NOT_STATED) for name, words in _PEOPLE.items()),
        ("Calibration", calibration_words(extras.equipment, run.started_utc[:10])),
        ("Qualification", qualified),
        ("Bench", run.bench_version),
        ("Seed", str(run.seed)),
    ]


def calibration_words(equipment: Mapping[str, Mapping[str, str]], day: str) -> str:
    """How many instruments have a certificate, and how many of these had run out on `day` (ISO date)."""
    own = [facts for name, facts in equipment.items() if name.startswith("instrument.")]
    if not own:
        return "no instruments"
    played = sum("simulated" in facts for facts in own)
    if played == len(own):
        return "nothing to calibrate: all instruments are simulated"
    proven = [facts for facts in own if facts.get("certificate")]
    late = sum(bool(facts.get("calibration_due")) and facts["calibration_due"] < day for facts in proven)
    told = f"{len(proven)} of {len(own) - played} instruments with a certificate"
    overdue = f", {late} of them overdue" if late else ", none overdue" if proven else ""
    return told + overdue + (f"; {played} simulated" if played else "")
