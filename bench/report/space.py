"""The space of a run in words: pairs covered of those possible, variants under their scenario, and what cannot be."""

from dataclasses import dataclass

from bench.report.finding_words import joined_words
from bench.verdict.result import ScenarioSpace, SpaceResult, VariantResult, Verdict
from bench.verdict.space import counted

COVERAGE = "a variant's shot is coverage: it is counted in no bound and shows no goal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A scenario and its variants. shown: those that failed, straddled a bound or were not decided."""

    scenario_id: str
    fired: int
    passed: int
    shown: tuple[VariantResult, ...]


def space_words(space: SpaceResult) -> list[str]:
    """Lines for the top: what there is, what was covered, what cannot be."""
    found = counted(space.scenarios)
    sizes = ", ".join(f"{name} ({len(levels)})" for name, levels in space.dimensions.items())
    triples = "all dimensions" if space.triples_of_all else "mode, depth and second fault"
    lines = [
        f"space: {len(space.scenarios)} scenarios, {found.variants:,} variants over {sizes}",
        f"pairs: {_covered(found.pairs_covered, found.pairs, space)}; triples of {triples}, where the ASIL is C or D: "
        f"{_covered(found.triples_covered, found.triples, space)}",
        f"not possible: {sum(found.never.values()):,} levels, {sum(found.not_possible.values()):,} pairs",
    ]
    if space.without:
        lines.append(f"without variants: {len(space.without)} scenarios")
    if space.variants:
        passed = sum(one.verdict is Verdict.PASS for one in space.variants)
        lines.append(f"fired: {len(space.variants):,} variants, {passed:,} PASS; {COVERAGE}")
    return lines


def _covered(covered: int, possible: int, space: SpaceResult) -> str:
    """`7,120 of 7,120 possible`; where nothing was fired, only how many there are."""
    if not space.variants:
        return f"{possible:,} possible, all of them in the variants"
    share = f" ({covered / possible:.1%})" if possible else ""
    return f"{covered:,} of {possible:,} possible covered{share}"


def row_words(one: ScenarioSpace, *, fired: bool) -> tuple[str, str, str, str]:
    """(variants, pairs, triples, not possible) of a scenario."""

    def of(covered: int, possible: int) -> str:
        return f"{covered} of {possible}" if fired else str(possible)

    none = sum(one.never.values()), sum(one.not_possible.values())
    return (
        str(one.variants),
        of(one.pairs_covered, one.pairs),
        of(one.triples_covered, one.triples) if one.triples else "–",
        f"{none[0]} levels, {none[1]} pairs",
    )


def folded(space: SpaceResult) -> list[Folded]:
    """Scenarios with a variant that did not pass, the worst first."""
    by_scenario: dict[str, list[VariantResult]] = {}
    for one in space.variants:
        by_scenario.setdefault(one.scenario_id, []).append(one)
    found = [
        Folded(
            scenario_id=name,
            fired=len(own),
            passed=sum(one.verdict is Verdict.PASS for one in own),
            shown=tuple(sorted((one for one in own if one.verdict is not Verdict.PASS), key=_place)),
        )
        for name, own in by_scenario.items()
    ]
    return sorted((one for one in found if one.shown), key=lambda one: _place(one.shown[0]))


def _place(one: VariantResult) -> tuple[int, str]:
    return -one.verdict.value, one.variant_id


def folded_lines(space: SpaceResult, most: int) -> list[str]:
    """A line for each variant that did not pass, at most `most` of a scenario."""
    lines = []
    for group in folded(space):
        lines.append(f"{group.scenario_id}: {group.passed} of {group.fired} variants passed")
        for one in group.shown[:most]:
            levels = "+".join(one.variant_id.split("+")[1:])
            lines.append(f"  {one.verdict.name} +{levels}: {joined_words(one.shot.judgement) or 'no reason'}")
        if rest := group.shown[most:]:
            lines.append(f"  and {len(rest)} more")
    return lines


def not_run_lines(space: SpaceResult) -> list[str]:
    """Scenarios whose variants were not all fired, and those that have none."""
    fired: dict[str, int] = {}
    for one in space.variants:
        fired[one.scenario_id] = fired.get(one.scenario_id, 0) + 1
    short = [
        one for one in space.scenarios if space.variants and fired.get(one.scenario_id, 0) < one.variants
    ]
    return [
        *(
            f"not run: {one.variants - fired.get(one.scenario_id, 0)} variants of {one.scenario_id}"
            for one in short
        ),
        *(f"no variants of {name}: {why}" for name, why in space.without.items()),
    ]
