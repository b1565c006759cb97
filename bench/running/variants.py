"""The space of a library on one bench: every scenario's variants, and why others have none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.faults.find import kind
from bench.scenario.lookup import AskedTests
from bench.scenario.model import Inject, InjectText, Scenario
from bench.scenario.prepare import Prepared
from bench.scenario.variants.find import dimensions
from bench.scenario.variants.make import Maker, SpaceOf, Variant
from bench.scenario.variants.subject import Subject, place_of, why_none
from bench.verdict.result import ScenarioSpace, ShotResult, SpaceResult, VariantResult
from bench.wiring.at_fault import faults_in
from bench.wiring.common import Wired, why_not

MOST = 6000  # variants with triples of all dimensions; beyond, only mode, depth and second fault are tripled


@dataclass(frozen=True, slots=True, kw_only=True)
class LibrarySpace:
    """spaces: of each scenario that has one. without: id of every other must-trip scenario, and why.

    triples_of_all: whether every three dimensions are combined, or mode, depth and second fault alone.
    """

    spaces: tuple[SpaceOf, ...]
    without: Mapping[str, str]
    triples_of_all: bool

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple(variant for one in self.spaces for variant in one.variants)


def space_of(
    wired: Wired, prepared: Sequence[Prepared], library: Sequence[Prepared], seed: int
) -> LibrarySpace:
    """prepared: of these variants are made. library: what says which combinations are known."""
    subjects, without = _subjects(wired, library)
    ids = {one.scenario.id for one in prepared}
    # Whatever is selected: a scenario has the same variants alone and in the whole library.
    triples_of_all = sum(map(Maker.least_rows, _makers(wired, subjects, seed, triples_of_all=True))) <= MOST
    chosen = [one for one in subjects if one.scenario.id in ids]
    return LibrarySpace(
        spaces=tuple(one.space() for one in _makers(wired, chosen, seed, triples_of_all=triples_of_all)),
        without={name: why for name, why in without.items() if name in ids},
        triples_of_all=triples_of_all,
    )


def _subjects(wired: Wired, library: Sequence[Prepared]) -> tuple[list[Subject], dict[str, str]]:
    """Those of which variants are made, and why others have none."""
    known = [one.scenario for one in library if _by_itself(one)]
    at_once = frozenset(one.scenario.id for one in library if _by_itself(one) and not _develops(one))
    without: dict[str, str] = {}
    subjects: list[Subject] = []
    for one in library:
        if not _by_itself(one) or one.scenario.expect is None:
            continue
        if why := _why_none(wired, one):
            without[one.scenario.id] = why
        else:
            subjects.append(_subject(wired, one, known, at_once))
    return subjects, without


def _makers(wired: Wired, subjects: Sequence[Subject], seed: int, *, triples_of_all: bool) -> list[Maker]:
    asked = AskedTests()
    return [
        Maker(
            subject,
            cells=wired.config.pack.cells,
            at_fault=lambda scenario, steps: faults_in(wired, scenario, steps),
            asked=asked,
            seed=seed,
            triples_of_all=triples_of_all,
        )
        for subject in subjects
    ]


def _by_itself(one: Prepared) -> bool:
    return not one.scenario.twin_of and one.scenario.mismatch is None


def _why_none(wired: Wired, one: Prepared) -> str:
    if why := why_none(one.scenario, wired.chemistry.id):
        return why
    if missing := why_not(wired, one.scenario.needs, one.steps):
        return f"this rig lacks {', '.join(missing)}"
    return "" if place_of(one.scenario) is not None else "no fault is measured in it"


def _develops(one: Prepared) -> bool:
    """Whether the measured fault is not there as soon as it is injected, or not gone as soon as it is cleared."""
    place = place_of(one.scenario)
    step = one.steps[place] if place is not None and place < len(one.steps) else None
    if not isinstance(step, Inject) or kind(step.kind).fault_class in ("communication", "contactors"):
        return False
    return not (step.fault.passes and (step.fault.at_once or step.fault.whole))


def _subject(wired: Wired, one: Prepared, library: Sequence[Scenario], at_once: frozenset[str]) -> Subject:
    scenario, place = one.scenario, place_of(one.scenario)
    assert scenario.expect is not None and place is not None  # noqa: S101 - `_why_none` has looked
    assert isinstance(scenario.steps[place], InjectText)  # noqa: S101
    return Subject(
        scenario=scenario,
        expect=scenario.expect,
        place=place,
        flag=wired.profile.flags[scenario.expect.flag],
        budget=one.budget,
        profile=wired.profile,
        thresholds=wired.thresholds(),
        databases=wired.databases,
        capabilities=wired.capabilities,
        sensors=wired.config.pack.sensors,
        develops=scenario.id not in at_once,
        library=library,
        at_once=at_once,
    )


def result_of(space: LibrarySpace, shots: Mapping[str, ShotResult]) -> SpaceResult:
    """What the shots that were fired cover of the space. shots: by the variant's id."""
    return SpaceResult(
        dimensions={one.name: tuple(level.name for level in one.levels) for one in dimensions()},
        scenarios=tuple(_counted(one, shots) for one in space.spaces),
        without=dict(space.without),
        triples_of_all=space.triples_of_all,
        variants=tuple(
            VariantResult(variant_id=one.id, scenario_id=one.of, levels=dict(one.levels), shot=shots[one.id])
            for one in space.variants
            if one.id in shots
        ),
    )


def _counted(space: SpaceOf, shots: Mapping[str, ShotResult]) -> ScenarioSpace:
    """A combination is covered where a shot that says something of the DUT had it."""
    decided = [
        set(one.levels.items())
        for one in space.variants
        if one.id in shots and shots[one.id].judgement.verdict.decided
    ]
    if decided:  # the scenario itself has its own levels, and is run with it
        decided.append(set(space.own.items()))

    def covered(asked: Sequence[Mapping[str, str]]) -> int:
        return sum(any(part.items() <= one for one in decided) for part in asked)

    return ScenarioSpace(
        scenario_id=space.scenario_id,
        variants=len(space.variants),
        pairs=len(space.pairs),
        pairs_covered=covered(space.pairs),
        triples=len(space.triples),
        triples_covered=covered(space.triples),
        never=dict(Counter(one.why for one in space.never)),
        not_possible=dict(Counter(one.why for one in space.not_possible)),
    )
