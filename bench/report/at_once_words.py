"""What holds of all scenarios at once, in words: the same in terminal, HTML and Markdown."""

from collections.abc import Sequence

from bench.verdict.family import CLAIMED, Alike, at_once
from bench.verdict.result import ScenarioResult

_MOST_GROUPS = 4
_NOTHING = 0.01  # of a share below, "bounded" would be too much said


def at_once_words(scenarios: Sequence[ScenarioResult]) -> str:
    """`All 296 scenarios at once, with 95 % confidence ...: right in at least 86.3 % of attempts in each of ...`."""
    found = at_once(scenarios)
    if found is None:
        return ""
    groups = [_group(one) for one in found.groups[:_MOST_GROUPS]]
    if rest := found.groups[_MOST_GROUPS:]:
        groups.append(f"less in {sum(one.scenarios for one in rest)} others")
    risk = 1 - found.confidence
    return (
        f"All {found.scenarios} scenarios at once, with {_percent(found.confidence)} confidence (union bound: a risk "
        f"of {risk:.2g}/{found.scenarios} each; {build_words(found.builds)}, each at one operating point): "
        f"{'; '.join(groups)}. {_percent(CLAIMED)} in each of them takes {found.shots_needed} clean attempts of every "
        "scenario"
    )


def _group(one: Alike) -> str:
    if one.copies:
        return f"nothing is bounded in {one.scenarios} ({one.shots} shots at bunched phases: copies)"
    of = f"(n = {one.shots}{f', {one.missed} of them missed' if one.missed else ''})"
    if one.share < _NOTHING:
        return f"nothing is bounded in {one.scenarios} {of}"
    return f"right in at least {int(one.share * 1000) / 10:g} % of attempts in each of {one.scenarios} {of}"


def build_words(builds: Sequence[str]) -> str:
    """`one build (27e9f388)`; several are no population of one DUT."""
    named = [one for one in builds if one]
    if not named:
        return "one build, which the DUT was not asked for"
    if len(builds) == 1:
        return f"one build ({named[0]})"
    return f"{len(builds)} builds ({', '.join(one or 'not named' for one in builds[:3])}): no population of one DUT"


def _percent(share: float) -> str:
    return f"{share * 100:g} %"
