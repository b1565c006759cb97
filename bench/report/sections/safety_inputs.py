"""What emergency stop and interlock did in this run, and how long it took to switch off."""

from bench.measure.finding.safety import SafetyInputOpen
from bench.report.extras import ReportExtras
from bench.report.safety_words import safety_words
from bench.report.section import Place, Section, Told
from bench.verdict.result import RunResult


def _tell(run: RunResult, extras: ReportExtras) -> Told | None:  # noqa: ARG001
    rows = [
        (scenario.scenario_id, shot.index, safety_words(reason.finding))
        for scenario in run.scenarios
        for shot in scenario.shots
        for reason in shot.judgement.reasons
        if isinstance(reason.finding, SafetyInputOpen)
    ]
    if not rows:
        return None
    lines = ("The rig was stopped by hand or by its interlock. What had finished before is kept and valid.",)
    return Told(lines=lines, headings=("Scenario", "Shot", "What stopped it"), rows=rows)


SECTION = Section(title="Emergency stop and interlock", place=Place.GOALS - 10, tell=_tell)
