"""What the reader can filter the scenarios of a report by, for its script."""

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from bench.report.extras import share_used
from bench.verdict.result import ScenarioResult

_ALL = Markup('<option value="">all</option>')
_ORDERS = (
    ("", "as reported"),
    ("verdict", "verdict"),
    ("goal", "safety goal"),
    ("name", "name"),
    ("share", "share of budget used"),
)


def classes_of(entries: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The class of fault, which is the folder of its file, by scenario id. entries: (id, file)."""
    return {name: file.partition("/")[0] for name, file in entries if "/" in file}


def class_of(one: ScenarioResult, classes: Mapping[str, str]) -> str:
    """The class of fault of a scenario, for a twin that of its parent; "" where the run does not say."""
    return classes.get(one.scenario_id) or classes.get(one.scenario_id.partition("--")[0], "")


def sift_marks(one: ScenarioResult, classes: Mapping[str, str]) -> Markup:
    """The attributes of a scenario's section that the script reads."""
    return Markup(
        ' data-verdict="{}" data-goal="{}" data-class="{}" data-requirement="{}" data-share="{}"'
    ).format(
        one.judgement.verdict.name,
        one.budget.safety_goal,
        class_of(one, classes),
        "|".join(one.requirements),
        f"{share_used(one):.4f}",
    )


def sift_form(shown: Sequence[ScenarioResult], classes: Mapping[str, str]) -> Markup:
    """Hidden until the script shows it: without one it would do nothing."""
    verdicts = sorted({one.judgement.verdict for one in shown}, reverse=True)
    choices = (
        ("verdict", "Verdict", [one.name for one in verdicts]),
        ("goal", "Safety goal", sorted({one.budget.safety_goal for one in shown})),
        ("class", "Class of fault", sorted({found for one in shown if (found := class_of(one, classes))})),
        ("requirement", "Requirement", sorted({each for one in shown for each in one.requirements})),
    )
    selects = [
        Markup('<label>{} <select name="{}">{}{}</select></label>\n').format(
            words, name, _ALL, Markup("").join(Markup("<option>{}</option>").format(one) for one in values)
        )
        for name, words, values in choices
        if values
    ]
    orders = Markup("").join(Markup('<option value="{}">{}</option>').format(*one) for one in _ORDERS)
    return Markup(
        '<form class="sift" role="search" aria-label="Filter the scenarios" hidden>\n{}'
        '<label>Text <input type="search" name="text" autocomplete="off"></label>\n'
        '<label>Order <select name="order">{}</select></label>\n'
        '<button type="button" name="fold">Fold all</button> <button type="button" name="unfold">Unfold all</button> '
        '<button type="reset">Show all</button>\n<output></output>\n</form>'
    ).format(Markup("").join(selects), orders)
