"""From a subject and levels to a variant that can be shot, and from a subject to all its variants."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import prod

from bench.errors import ConfigError
from bench.measure.plan import Aim
from bench.scenario.levels import CURRENTS, levels_of
from bench.scenario.lookup import AskedTests, Lookup
from bench.scenario.model import Request, Scenario, Step
from bench.scenario.prepare import Prepared
from bench.scenario.resolve import resolve_in
from bench.scenario.steps import resolve_step
from bench.scenario.variants.cover import Cover, Factor, Part, Row, cover
from bench.scenario.variants.dimension import Dimension
from bench.scenario.variants.draft import VariantDraft
from bench.scenario.variants.find import dimensions
from bench.scenario.variants.subject import Subject

VARIANT = "+"  # between a scenario's id and the levels of its variant
TRIPLED = ("mode", "depth", "second")
TRIPLED_ASIL = ("C", "D")

AtFault = Callable[[Scenario, Sequence[Step]], list[str]]
"""What is wrong with a scenario's stimulus on this bench, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """levels: by dimension, all of them; the file's own among them."""

    id: str
    of: str
    levels: Mapping[str, str]
    prepared: Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPossible:
    """A combination of levels, by dimension, and why it cannot be."""

    levels: Mapping[str, str]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceOf:
    """The space of one scenario. pairs, triples: combinations that are possible; its variants have all of them.

    own: the levels that it has by its file. never: levels that the scenario cannot have. not_possible: pairs that
    cannot be although each of both can.
    """

    scenario_id: str
    own: Mapping[str, str]
    variants: tuple[Variant, ...]
    pairs: tuple[Mapping[str, str], ...]
    triples: tuple[Mapping[str, str], ...]
    never: tuple[NotPossible, ...]
    not_possible: tuple[NotPossible, ...]


class Maker:
    """Makes the space of one subject.

    asked: what tests of the profile ask of the databases, shared by all. triples_of_all: of all dimensions, not of
    `TRIPLED` alone, where the ASIL asks for triples.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        cells: int,
        at_fault: AtFault,
        asked: AskedTests,
        seed: int,
        triples_of_all: bool = False,
    ) -> None:
        self.subject = subject
        self._cells, self._at_fault, self._asked = cells, at_fault, asked
        self._seed = f"{seed}/{subject.scenario.id}"
        self._triples_of_all = triples_of_all
        self._dimensions = dimensions()
        self._own = {one.name: one.own(subject) for one in self._dimensions}
        self._never = {
            (one.name, level.name): why
            for one in self._dimensions
            for level in one.levels
            if level.name != self._own[one.name] and (why := one.why_not(subject, level.name))
        }
        self._factors = [
            _factor(one, self._own[one.name], {level for name, level in self._never if name == one.name})
            for one in self._dimensions
        ]
        self._refused: dict[Part, str] = {}
        self._made: dict[Row, Variant | str] = {}

    def space(self) -> SpaceOf:
        """Rows that turn out not to be possible teach which pair is at fault, and the array is fitted again."""
        strengths = self._strengths()
        while True:
            found = cover(self._factors, self._why_not, self._seed, strengths)
            learnt = [self._learn(row) for row in found.rows]  # from every row, before the array is made anew
            if not any(learnt):
                return self._space(found)

    def least_rows(self) -> int:
        """Fewer rows cannot have what is asked for: as many as the largest factors have combinations."""
        sizes = sorted((len(one.levels) for one in self._factors), reverse=True)
        return prod(sizes[: 3 if self._is_tripled else 2])

    @property
    def _is_tripled(self) -> bool:
        return self._triples_of_all and self.subject.budget.asil in TRIPLED_ASIL

    def _strengths(self) -> list[tuple[int, ...]]:
        count = range(len(self._factors))
        asked: list[tuple[int, ...]] = list(combinations(count, 2))
        if self.subject.budget.asil in TRIPLED_ASIL:
            names = [one.name for one in self._factors]
            few = tuple(sorted(names.index(one) for one in TRIPLED))
            asked += combinations(count, 3) if self._triples_of_all else [few]
        return asked

    def _space(self, found: Cover) -> SpaceOf:
        made = [one for row in found.rows if isinstance(one := self._variant(row), Variant)]
        return SpaceOf(
            scenario_id=self.subject.scenario.id,
            own=dict(self._own),
            variants=tuple({one.id: one for one in made}.values()),
            pairs=tuple(self._named(part) for part in found.covered if len(part) == 2),
            triples=tuple(self._named(part) for part in found.covered if len(part) == 3),
            never=tuple(
                NotPossible(levels={name: level}, why=why) for (name, level), why in self._never.items()
            ),
            not_possible=tuple(
                NotPossible(levels=self._named(part), why=why)
                for part, why in found.impossible.items()
                if len(part) == 2
            ),
        )

    def _named(self, part: Part) -> dict[str, str]:
        return {self._factors[n].name: self._factors[n].levels[level] for n, level in part}

    # --- what is possible ---------------------------------------------------------------------------------

    def _why_not(self, part: Part) -> str:
        if part in self._refused:
            return self._refused[part]
        levels = [(self._dimensions[n], self._factors[n].levels[level]) for n, level in part]
        if len(levels) == 1:
            return self._why_not_alone(*levels[0])
        (one, mine), (other, theirs) = levels
        for dimension, level, beside in ((one, mine, theirs), (other, theirs, mine)):
            if why := dimension.clashes.get((level, beside), ""):
                return why
            if level != self._own[dimension.name] and (why := dimension.clash(self.subject, level, beside)):
                return why
        return ""

    def _why_not_alone(self, dimension: Dimension, level: str) -> str:
        if level == self._own[dimension.name]:
            return ""
        return self.subject.scenario.space_skips.get(level, "")

    def _learn(self, row: Row) -> bool:
        """Whether a row has shown something to be impossible that seemed possible."""
        why = self._variant(row)
        if isinstance(why, Variant):
            return False
        changed = [(n, level) for n, level in enumerate(row) if level]
        for size in (1, 2):
            for part in combinations(changed, size):
                alone = tuple(dict(part).get(n, 0) for n in range(len(row)))
                told = why if alone == row else self._variant(alone)
                if isinstance(told, str):
                    self._refused[part] = told
                    return True
        for part in combinations(changed, 2):  # more than two together: the first pair stands for them
            if part not in self._refused:
                self._refused[part] = why
                return True
        return False

    # --- making one ---------------------------------------------------------------------------------------

    def _variant(self, row: Row) -> Variant | str:
        """The variant, or why there is none."""
        found = self._made.get(row)
        if found is None:
            levels = self._named(tuple(enumerate(row)))
            try:
                found = self.made(levels)
            except ConfigError as wrong:
                found = _plain(str(wrong), self.subject)
            self._made[row] = found
        return found

    def made(self, levels: Mapping[str, str]) -> Variant:
        """Raises ConfigError where the bench refuses it."""
        subject = self.subject
        changed = [
            (one, levels[one.name]) for one in self._dimensions if levels[one.name] != self._own[one.name]
        ]
        name = f"{subject.scenario.id}{VARIANT}{VARIANT.join(level for _, level in changed)}"
        draft = VariantDraft.of(subject, name)
        for dimension, level in changed:
            dimension.apply(draft, level)
        scenario = draft.scenario(f"{subject.scenario.title}: {', '.join(level for _, level in changed)}")
        prepared = self._prepared(scenario)
        if wrong := self._at_fault(prepared.scenario, prepared.steps):
            raise ConfigError(wrong[0])
        return Variant(id=name, of=subject.scenario.id, levels=dict(levels), prepared=prepared)

    def _lookup(self, scenario: Scenario) -> Lookup:
        subject = self.subject
        on = (subject.databases, self._cells, subject.sensors, self._asked)
        return Lookup(scenario, subject.profile, dict(subject.thresholds), subject.budget, *on)

    def _prepared(self, scenario: Scenario) -> Prepared:
        lookup = self._lookup(scenario)
        steps = [resolve_step(text, n, lookup) for n, text in enumerate(scenario.steps)]
        lookup.stop_on_mistakes()
        scenario = self._with_what_comes_along(scenario, steps)
        plan, steps = resolve_in(self._lookup(scenario))
        return Prepared(scenario=scenario, plan=plan, steps=tuple(steps), budget=self.subject.budget)

    def _with_what_comes_along(self, scenario: Scenario, steps: Sequence[Step]) -> Scenario:
        """Flags whose published limits a level crosses too may come, and a quicker trip may take a current away."""
        expect, flags = scenario.expect, self.subject.profile.flags
        assert expect is not None and scenario.aim is Aim.MUST_TRIP  # noqa: S101 - so is every subject
        modes = {scenario.start.mode} | {one.mode for one in steps if isinstance(one, Request)}
        own = flags[expect.flag]
        beside: list[str] = []
        for level in levels_of(steps, expect.window_ns):
            for flag in flags.values():
                limit = flag.limit
                if limit is None or limit.quantity != level.quantity or flag.name in (own.name, *expect.also):
                    continue
                at = self.subject.thresholds.get(limit.threshold)
                if at is None or not limit.crossed(level.value, at) or limit.mode not in (None, *modes):
                    continue
                if flag.trips and (not own.trips or level.quantity in CURRENTS):
                    raise ConfigError(f"'{flag.name}' trips at that level, and '{own.name}' is asked for")
                beside.append(flag.name)
        also = tuple(dict.fromkeys([*expect.also, *beside]))
        return replace(scenario, expect=replace(expect, also=also))


def _factor(dimension: Dimension, own: str, never: Collection[str]) -> Factor:
    """Its levels that the scenario can have, with the file's own one first."""
    levels = sorted(
        (one for one in dimension.levels if one.name not in never), key=lambda one: one.name != own
    )
    return Factor(
        name=dimension.name,
        levels=tuple(one.name for one in levels),
        since=tuple(1 if one.name == own else one.since for one in levels),
        dear=frozenset(one.name for one in levels if one.dear),
    )


def _plain(told: str, subject: Subject) -> str:
    """The first line of what the bench refuses, without the place in a file that has no such line."""
    first = told.splitlines()[0]
    return first.removeprefix(str(subject.scenario.file)).lstrip(":0123456789 ")
