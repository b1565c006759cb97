"""A comparison of two builds in words: Markdown for a pull request, rows for a terminal and the HTML report."""

import math
from collections.abc import Sequence

from bench.report import markdown as md
from bench.report.extras import ReportExtras
from bench.scenario.library import Library
from bench.timing.evidence_class import CLASS_WORDS
from bench.units import format_ns
from bench.verdict.compare import ALPHA, Comparison, Metric
from bench.verdict.result import RunResult, ScenarioResult, Verdict
from bench.verdict.shift import Change

_MOST_UNFOLDED = 40  # rows of passed scenarios; more of them are folded
_MOST_ALTERED = 8
_MOST_NAMED = 5
_MOST_ROWS = 250  # a comment on GitHub holds 65,536 characters
HEADINGS = (
    "scenario", "", "n", "shift (95 %)", "relevant", "p", "relative", "absolute", "decided by", "tail of budget",
)  # fmt: skip


def comparison_rows(found: Comparison) -> list[tuple[str, ...]]:
    """A row for each metric; both verdicts stand side by side and are never mixed."""
    absolute = {s.scenario_id: s.judgement.verdict.name for s in found.new.scenarios}
    rows: list[tuple[str, ...]] = [
        (
            m.scenario_id,
            m.name,
            f"{m.shift.n_base} / {m.shift.n_new}",
            shift_words(m),
            format_ns(round(m.relevant_ns)),
            p_words(min(m.p_location, m.p_tail)),
            m.change.value,
            absolute[m.scenario_id],
            _decided_by(m),
            tail_words(m),
        )
        for m in found.metrics
    ]
    measured = {m.scenario_id for m in found.metrics}
    for h in found.handled:
        if h.scenario_id not in measured or h.worse:
            counts = f"{h.base_bad} → {h.new_bad} failed"
            change = "worse" if h.worse else "no change shown"
            rows.append(
                (h.scenario_id, "passed", f"{h.base_n} / {h.new_n}", counts, "", p_words(h.p), change,
                 absolute[h.scenario_id], "", "")
            )  # fmt: skip
    return rows


def _decided_by(m: Metric) -> str:
    """What would settle the row, and what "same" means in it."""
    if m.paired:
        return f"shot by shot ({m.paired}), within {format_ns(round(m.within_ns))}"
    if not m.undecided:
        return "" if m.within_ns == m.relevant_ns else f"within {format_ns(round(m.within_ns))}"
    return f"{m.shots} shots" if m.shots else f"no number of shots: {_coarse(m)}"


def _coarse(m: Metric) -> str:
    return f"the DUT's reports hide {format_ns(round(m.shift.resolution_ns))}"


def shift_words(m: Metric) -> str:
    """`+10.1 ms (+8.2 … +12.0)`."""
    moved = _signed(round(m.shift.shift_ns))
    if m.shift.low_ns is None or m.shift.high_ns is None:
        return f"{moved} (no interval: too few shots)"
    low, high = (_signed(round(v)) for v in (m.shift.low_ns, m.shift.high_ns))
    return f"{moved} ({low} … {high})"


def tail_words(m: Metric) -> str:
    """`p95 86 → 99.8 %`: the upper bound of the highest quantile that has one, in both builds, of the budget."""
    last = m.shift.tails[-1]
    if last.base.high_ns is None or last.new.high_ns is None:
        return "no bound"
    before, after = (
        f"{math.ceil(1000 * one / m.budget_ns) / 10:g}" for one in (last.base.high_ns, last.new.high_ns)
    )
    return f"p{100 * last.share:g} {before} → {after} %"


def p_words(p: float) -> str:
    """A p value (0 to 1) in words."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _signed(value_ns: int) -> str:
    text = format_ns(abs(value_ns))
    return f"−{text}" if value_ns < 0 else f"+{text}"


def headline(found: Comparison) -> str:
    """One sentence for the top, the same in terminal, Markdown and HTML."""
    if found.refused:
        return "Not comparable: " + "; ".join(found.refused)
    if not found.handled:
        return "Nothing to compare: the runs have no scenario in common that is the same in both"
    if found.regressions:
        worse = dict.fromkeys(text.partition(":")[0] for text in found.regressions)
        return f"Worse than the base build: {', '.join(worse)}{_open(found)}"
    failing = [s.scenario_id for s in found.new.scenarios if s.judgement.verdict is Verdict.FAIL]
    if failing:
        slower = "not decided whether anything became slower" if found.undecided else "nothing became slower"
        return f"{len(failing)} scenario(s) FAIL: {_some(failing)}; {slower}{_open(found)}"
    if found.undecided:
        return f"Undecided{_open(found)}"
    if found.not_judged:
        told = [f"{s.scenario_id} {s.judgement.verdict.name}" for s in found.not_judged]
        return f"Undecided: without a verdict that says anything of the build: {_some(told)}"
    if found.left_out:
        return (
            f"Undecided: nothing became slower, but {len(found.left_out)} scenario(s) could not be compared"
        )
    return f"No regression, scenarios compared: {len(found.handled)} (chance of a false alarm at most {ALPHA:.0%})"


def notes(found: Comparison) -> list[str]:
    """What the reader has to know of shots that may be copies of each other."""
    names = found.unrecorded
    if not names:
        return []
    return [
        f"where in the DUT's cycle the shots met it was not recorded, so they may be copies: {_some(names)}"
    ]


def _open(found: Comparison) -> str:
    """What has not been decided, and with how many shots of each build it would be; "" where all is."""
    parts = []
    slower = [m for m in found.undecided if m.change is Change.LOOKS_SLOWER]
    if slower:
        told = [f"{m.scenario_id} ({m.name} {_signed(round(m.shift.shift_ns))})" for m in slower]
        parts.append(f"looks slower: {_some(told)}")
    rest = len(found.undecided) - len(slower)
    if rest:
        parts.append(f"neither slower nor the same is shown of {rest} of {len(found.metrics)} latencies")
    hidden = [m for m in found.undecided if not m.shots]
    enough = [m.shots for m in found.undecided if m.shots]
    if enough and not hidden:  # else no number decides all of it; the rows have those of each latency
        parts.append(f"{max(enough)} shots of each build decide")
    if hidden:
        least = max(m.shift.resolution_ns for m in hidden)
        parts.append(
            f"no number of shots shows less than the {format_ns(round(least))} that the DUT's reports hide"
        )
    return f": {'; '.join(parts)}" if parts else ""


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (
        f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
    )


def comparison_markdown(found: Comparison) -> str:
    """For a pull request."""
    altered = "ALTERED, not compared: " if found.altered else ""
    lines = [
        f"### {altered}{md.code(found.new.firmware_identity)} against {md.code(found.base.firmware_identity)}",
        "",
        f"**{md.text(headline(found))}**",
        "",
    ]
    if found.metrics or found.handled:
        lines += md.table(HEADINGS, comparison_rows(found))
        lines += ["", "Absolute: against the budget of the safety goal. Relative: against the base build."]
        lines += [
            "p is corrected for all tests (Holm). Tail of budget: upper bounds of the highest quantile that has one, "
            "in both builds, as shares of the budget. `looks slower`: the interval lies beyond the relevant size, "
            "but it is no alarm yet. `undecided`: neither a change nor sameness is shown."
        ]
    lines += [f"- not compared: {md.text(told)}" for told in found.left_out]
    lines += [f"- {md.text(told)}" for told in notes(found)]
    runs = f"{md.text(found.base.run_id)} → {md.text(found.new.run_id)}"
    lines += ["", f"<sub>{runs}, {CLASS_WORDS[found.new.evidence_class]}</sub>"]
    return "\n".join(lines) + "\n"


def run_markdown(
    run: RunResult,
    covered: str,
    qualification: str | None,
    altered: Sequence[str] = (),
    *,
    qualified_by: str = "",
    library: Library | None = None,
    extras: ReportExtras | None = None,
) -> str:
    """The summary of one run for a pull request. covered: the denominator; qualification: what is wrong with it.

    altered: what of the stored run is not as it was written. qualified_by: which covers it, where nothing is wrong.
    library: what there was to be run. extras: what sections of their own are told of.
    """
    from bench.report.anomalies import anomaly_lines
    from bench.report.at_once_words import at_once_words
    from bench.report.finding_words import joined_words
    from bench.report.format_words import format_2_words
    from bench.report.goals import NOT_SHOWN, goals_words, not_shown, partly_words, shown_goals
    from bench.report.mismatch import misfit_words, mismatch_markdown, of_the_build, run_word
    from bench.report.sampling import bounds_words
    from bench.report.section import Place, sections_markdown
    from bench.report.uncertainty import markdown_lines
    from bench.report.words import EVIDENCE_WORTH, rules_words

    goals = list(shown_goals(run, library=library).values())
    goal_lines = [f"- **{NOT_SHOWN}** {md.text(one.words)}" for one in not_shown(goals)]
    verdict = "ABORTED" if run.aborted is not None else run_word(run)
    bad = [f"- altered: {md.code(line)}" for line in altered[:_MOST_ALTERED]]
    if altered:
        verdict = f"ALTERED since it was written, no evidence (it says {verdict})"
        bad += [f"- and {len(altered) - _MOST_ALTERED} more"] if altered[_MOST_ALTERED:] else []
    lines = [
        f"### {verdict}: {md.code(run.firmware_identity)}, {md.text(run.chemistry)}",
        "",
        *([*bad, ""] if bad else []),
        EVIDENCE_WORTH[run.evidence_class],
        "",
        *([f"**{md.text(misfit_words(run))}.**", ""] if run.mismatch else []),
        *([f"**Mind:** {older}.", ""] if (older := rules_words(run)) else []),
        *([f"{md.text(goals_words(goals))}.", ""] if goal_lines or partly_words(goals) else []),
    ]
    worst_first = sorted(of_the_build(run.scenarios), key=lambda one: -one.judgement.verdict)
    told = [s for s in worst_first if s.judgement.verdict is not Verdict.PASS]
    passed = [s for s in worst_first if s.judgement.verdict is Verdict.PASS]
    if len(passed) <= _MOST_UNFOLDED:
        lines += _scenario_table([*told, *passed])
    else:
        lines += [*_scenario_table(told), ""] if told else []
        lines += ["<details>", f"<summary>{len(passed)} scenarios and twins passed</summary>", ""]
        lines += [*_scenario_table(passed[:_MOST_ROWS]), ""]
        lines += [f"and {len(passed) - _MOST_ROWS} more", ""] if len(passed) > _MOST_ROWS else []
        lines += ["</details>"]
    lines += mismatch_markdown(run.scenarios)
    lines += [
        "",
        *(f"{line}." for line in (at_once_words(run.scenarios), *bounds_words(run.scenarios)) if line),
    ]
    lines += ["", f"Coverage: {md.text(covered)}."]
    if qualification is not None:
        lines += ["", f"Bench not qualified for this run: {md.text(qualification)}."]
    elif qualified_by:
        lines += ["", f"Bench qualified by {md.text(qualified_by)}."]
    lines += ["", *goal_lines] if goal_lines else []
    known = extras or ReportExtras(library=library)
    lines += sections_markdown(run, known, 0, Place.DETAILS)
    reasons = [
        f"- **{md.text(s.scenario_id)}** {s.judgement.verdict.name}: {md.text(joined_words(s.judgement))}"
        for s in run.scenarios
        if s.judgement.verdict is not Verdict.PASS
    ]
    lines += ["", *reasons] if reasons else []
    odd = [f"- anomaly: {md.text(line)}" for line in anomaly_lines(run.scenarios)]
    lines += ["", *odd] if odd else []
    if old := format_2_words(run):
        lines += ["", f"- format 1, {md.text(old)}"]
    if budgets := markdown_lines(run):
        lines += ["", *budgets]
    lines += sections_markdown(run, known, Place.DETAILS)
    return "\n".join([*lines, "", f"<sub>{md.text(run.run_id)}, seed {run.seed}</sub>"]) + "\n"


def _scenario_table(scenarios: Sequence[ScenarioResult]) -> list[str]:
    from bench.report.words import margin_ns, margin_words, max_words

    headings = ("scenario", "goal", "n", "FDTI max", "FHTI max", "margin to FHTI budget", "verdict")
    rows: list[tuple[str, ...]] = []
    for s in scenarios:
        margin = margin_words(margin_ns(s.fhti, s.budget.fhti_ns))
        goal = f"{s.budget.safety_goal} (ASIL {s.budget.asil})"
        cells = (s.scenario_id, goal, str(len(s.shots)), max_words(s.fdti), max_words(s.fhti), margin)
        rows.append((*cells, s.judgement.verdict.name))
    return md.table(headings, rows)
