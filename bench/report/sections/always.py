"""What holds in every shot: how often it was judged, what did not hold, what was switched off, and why."""

from collections import Counter

from bench.measure.finding.always import StatementUnjudged
from bench.report.always_words import statement_words, unjudged_words
from bench.report.extras import ReportExtras
from bench.report.section import Place, Section, Told
from bench.verdict.result import RunResult


def _tell(run: RunResult, extras: ReportExtras) -> Told | None:
    if not extras.always:
        return None
    measured = [
        shot.measurement
        for scenario in run.scenarios
        for shot in scenario.shots
        if shot.measurement is not None
    ]
    broken: Counter[str] = Counter()
    never: Counter[str] = Counter()
    why: dict[str, Counter[str]] = {}
    for one in measured:
        broken.update({getattr(found, "statement", "") for found in one.always})
        for found in one.always_unjudged:
            if isinstance(found, StatementUnjudged):
                never[found.statement] += not found.judged
                why.setdefault(found.statement, Counter())[unjudged_words(found)] += 1
    rows: list[tuple[object, ...]] = []
    for name, how, reason in extras.always:
        words = statement_words(name)
        if how == "holds":
            told = f"in {len(measured) - never[name]} of {len(measured)} shots"
            reasons = "; ".join(
                f"{text} ({count} shots)" for text, count in why.get(name, Counter()).most_common()
            )
            rows.append((name, words, told, broken[name], reasons))
        elif how == "off":
            rows.append((name, words, "switched off by the profile", "–", reason))
        else:
            rows.append((name, words, "not judged", "–", f"the profile has no {reason}"))
    lines = (
        "Looked at in every shot, whatever its scenario asks. A shot in which one of them did not hold is a FAIL.",
    )
    headings = (
        "Statement",
        "What holds",
        "Judged",
        "Did not hold (shots)",
        "Not judged, or not for all of a shot",
    )
    return Told(lines=lines, headings=headings, rows=rows)


SECTION = Section(title="What always holds", place=Place.HANDLED - 10, tell=_tell)
