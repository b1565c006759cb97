"""BMS and pack that do not fit: in a part of their own, since they are no results of the build that was tested.

Every shot of them has to fail. Where all do, the scenario is CAUGHT, and counts for no goal and in no denominator.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from bench.report import markdown as md
from bench.report.anomalies import anomaly_lines
from bench.report.finding_words import reasons_words
from bench.verdict.result import RunResult, ScenarioResult, Verdict

CAUGHT = "CAUGHT"
TITLE = "BMS and pack that do not fit"
WHAT = "no results of this build: another firmware, or another pack; each shot has to fail"


def of_the_build(scenarios: Iterable[ScenarioResult]) -> list[ScenarioResult]:
    """The scenarios that are no deliberate mismatch."""
    return [one for one in scenarios if not one.mismatch]


def mismatched(scenarios: Iterable[ScenarioResult]) -> list[ScenarioResult]:
    """Worst first."""
    return sorted((one for one in scenarios if one.mismatch), key=lambda one: -one.judgement.verdict)


def word(scenario: ScenarioResult) -> str:
    """Its verdict; CAUGHT where all shots failed, as they must."""
    caught = scenario.mismatch and scenario.judgement.verdict is Verdict.PASS
    return CAUGHT if caught else scenario.judgement.verdict.name


def run_word(run: RunResult) -> str:
    """The run's verdict; CAUGHT where the run tests deliberate mismatches only and all of them failed, as they must."""
    if run.verdict is Verdict.PASS and run.scenarios and not of_the_build(run.scenarios):
        return CAUGHT
    return run.verdict.name


def misfit_words(run: RunResult) -> str:
    """A line for a run whose firmware is made for another chemistry than its pack's."""
    return f"The whole run is of {run.mismatch}: it has to fail, and is no result of this build on a pack of its own"


def caught_words(scenarios: Sequence[ScenarioResult]) -> str:
    """`5 of 6 mismatches CAUGHT, 1 FAIL`; "" without any."""
    counts = Counter(word(one) for one in scenarios if one.mismatch)
    if not counts:
        return ""
    many = counts.total()
    others = "".join(f", {count} {name}" for name, count in counts.items() if name != CAUGHT)
    return f"{counts[CAUGHT]} of {many} mismatch{'es' if many != 1 else ''} {CAUGHT}{others}"


def failed_words(scenario: ScenarioResult) -> str:
    """How many shots of a mismatch failed; all of them have to."""
    failed = sum(shot.judgement.verdict is Verdict.FAIL for shot in scenario.shots)
    shots = len(scenario.shots)
    told = f"{failed} of {shots} shot{'s' if shots != 1 else ''} failed"
    return f"{told}, as they must" if word(scenario) == CAUGHT else f"{told}; all have to"


def why_words(scenario: ScenarioResult) -> list[str]:
    """What was caught, or why not; what was seen of a caught one is for those who want to know."""
    reasons = reasons_words(scenario.judgement)
    return reasons[:1] if word(scenario) == CAUGHT else reasons


def mismatch_markdown(scenarios: Sequence[ScenarioResult]) -> list[str]:
    """Lines of a part of its own; none without any."""
    found = mismatched(scenarios)
    if not found:
        return []
    rows = [(one.scenario_id, one.mismatch, failed_words(one), word(one)) for one in found]
    return [
        "",
        f"**{TITLE}** ({WHAT}): {caught_words(found)}.",
        "",
        *md.table(("scenario", "what does not fit", "shots", "verdict"), rows),
    ]


def mismatch_html(scenarios: Sequence[ScenarioResult]) -> Markup:
    """A part of its own, with anchors as the sections of other scenarios have; "" without any."""
    found = mismatched(scenarios)
    if not found:
        return Markup("")
    rows = "".join(_row(one) for one in found)
    odd = "".join(f"<li>{escape(line)}</li>" for line in anomaly_lines(found))
    seen = f'<details><summary class="soft tiny">Anomalies in these</summary><ul class="tiny">{odd}</ul></details>'
    return Markup(
        f'<h2 id="mismatches">{escape(TITLE)}</h2>\n'
        f'<p>{escape(caught_words(found))}. <span class="soft">{escape(WHAT[0].upper() + WHAT[1:])}. They count for '
        "no safety goal and in no number above.</span></p>\n"
        '<table class="overview"><thead><tr><th>Scenario</th><th>What does not fit, and what it would let happen</th>'
        f"<th>Shots</th><th>Verdict</th></tr></thead><tbody>\n{rows}</tbody></table>\n{seen if odd else ''}"
    )  # every text in it is escaped


def _row(one: ScenarioResult) -> str:
    why = "".join(f"<br>{escape(line)}" for line in why_words(one))
    more = reasons_words(one.judgement)[len(why_words(one)) :]
    seen = "".join(f"<li>{escape(line)}</li>" for line in more)
    fold = (
        f'<details><summary class="soft tiny">what was seen</summary><ul class="tiny">{seen}</ul></details>'
    )
    return (
        f'<tr id="{one.timebase.value}-{escape(one.scenario_id)}"><td style="width: 30%">{escape(one.title)}<br>'
        f'<span class="soft tiny">{escape(one.scenario_id)}</span></td>'
        f'<td>Deliberate mismatch, {escape(one.mismatch)}<span class="tiny">{why}</span>{fold if seen else ""}</td>'
        f"<td>{escape(failed_words(one))}</td>"
        f'<td><span class="chip v-{word(one)}">{word(one)}</span></td></tr>\n'
    )
