"""The spaces of several scenarios counted together."""

from collections import Counter
from collections.abc import Sequence

from bench.verdict.result import ScenarioSpace


def counted(scenarios: Sequence[ScenarioSpace]) -> ScenarioSpace:
    """All of them together, under no id."""
    never: Counter[str] = Counter()
    not_possible: Counter[str] = Counter()
    for one in scenarios:
        never.update(one.never)
        not_possible.update(one.not_possible)
    return ScenarioSpace(
        scenario_id="",
        variants=sum(one.variants for one in scenarios),
        pairs=sum(one.pairs for one in scenarios),
        pairs_covered=sum(one.pairs_covered for one in scenarios),
        triples=sum(one.triples for one in scenarios),
        triples_covered=sum(one.triples_covered for one in scenarios),
        never=dict(never),
        not_possible=dict(not_possible),
    )
