"""What holds of all scenarios at once, in words: the same in terminal, HTML and Markdown."""

from collections.abc import Sequence

from bench.verdict.family import CLAIMED, Alike, at_once
from bench.verdict.result import ScenarioResult

_MOST_GROUPS = 4
_NOTHING = 0.01  # of a share below, "bounded" would be too much said


def at_once_words(scenarios: Sequence[ScenarioResult]) -> str:
    """`Of all 296 scenarios at once, with 95 % confidence ...: handled in at least 86.3 % of attempts in ...`."""
    found = at_once(scenarios)
    if found is None:
        return ""
    shown = found.groups[:_MOST_GROUPS]
    rest = found.groups[_MOST_GROUPS:]
    groups = [_group(one) for one in shown]
    if rest:
        groups.append(f"less in {sum(one.scenarios for one in rest)} others")
    return (
        f"Of all {found.scenarios} scenarios at once, with {found.confidence:.0%} confidence (union bound, "
        f"{1 - found.confidence:.2g}/{found.scenarios} for each; {build_words(found.builds)}, one operating point "
        f"each): right in {', '.join(groups)}. {CLAIMED:.0%} in each of them takes {found.shots_needed} clean "
        "attempts of every scenario"
    )


def _group(one: Alike) -> str:
    missed = f", {one.missed} missed" if one.missed else ""
    share = f"at least {_down(one.share)} %" if one.share >= _NOTHING else "no share worth the name"
    return f"{share} of attempts in {'each of ' if one.scenarios > 1 else ''}{one.scenarios} (n = {one.shots}{missed})"


def build_words(builds: Sequence[str]) -> str:
    """`one build (27e9f388)`; several are no population of one DUT."""
    named = [one for one in builds if one]
    if not named:
        return "one build, which the DUT was not asked for"
    if len(builds) == 1:
        return f"one build ({named[0]})"
    return f"{len(builds)} builds ({', '.join(one or 'not named' for one in builds[:3])}): no population of one DUT"


def _down(share: float) -> str:
    return f"{int(share * 1000) / 10:g}"
