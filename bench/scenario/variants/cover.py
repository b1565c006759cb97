"""Covering arrays: few rows in which every combination of two levels, or of three of some factors, occurs.

One row at a time, greedily (as AETG and PICT do). The rows of the whole space are made first, from the names of factors
and levels and a seed alone. Then each is fitted to what is possible, and the combinations that are still missing get
rows of their own. So a combination that becomes impossible changes only the rows that had it. A level with a later
`since` gets rows after all others: those stay as they are.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product

_TRIES = 3  # rows that compete for a place in the array


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One dimension. levels: the first is the one that the scenario's file has. since: generation of each level.

    dear: levels that are in no more rows than they have to be.
    """

    name: str
    levels: tuple[str, ...]
    since: tuple[int, ...]
    dear: frozenset[str] = frozenset()


Row = tuple[int, ...]
"""Index of a level for each factor."""

Part = tuple[tuple[int, int], ...]
"""A combination: (factor, level) of some factors, in their order."""

WhyNot = Callable[[Part], str]
"""Why two levels, or one alone, cannot be: "" where they can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """rows: the array, the file's own levels not among them. covered: combinations that they have, and the file.

    impossible: each combination that cannot be, and why. strengths: which factors were combined.
    """

    rows: tuple[Row, ...]
    covered: tuple[Part, ...]
    impossible: dict[Part, str]

    @property
    def possible(self) -> int:
        return len(self.covered)


def cover(
    factors: Sequence[Factor],
    why_not: WhyNot,
    seed: str,
    strengths: Sequence[tuple[int, ...]],
) -> Cover:
    """strengths: sets of factors (by index) whose levels are combined each with each, in this order of importance."""
    targets = _targets(factors, strengths)
    fit = _Fit(factors, why_not)
    impossible = {part: why for part in targets if (why := fit.why_never(part))}
    wanted = dict.fromkeys(part for part in targets if part not in impossible)
    open_, rows = dict(wanted), []
    for row in (fit.start, *_whole(factors, targets, seed)):
        fitted = fit.nearest(row, seed)
        # One that needs no fitting stays, whatever became of others.
        if (_close(open_, fitted, strengths) or fitted == row) and fitted != fit.start:
            rows.append(fitted)
    while open_:
        made = fit.completed(next(iter(open_)), open_, strengths, seed)
        _close(open_, made, strengths)
        rows.append(made)
    return Cover(rows=tuple(dict.fromkeys(rows)), covered=tuple(wanted), impossible=impossible)


def _targets(factors: Sequence[Factor], strengths: Sequence[tuple[int, ...]]) -> list[Part]:
    """Every combination asked for, those of the earliest generation first."""
    found = [
        tuple(zip(chosen, levels))
        for chosen in strengths
        for levels in product(*(range(len(factors[one].levels)) for one in chosen))
    ]
    return sorted(found, key=lambda part: _since(factors, part))


def _since(factors: Sequence[Factor], part: Part) -> int:
    """A factor is there when it has a second level: what its first one is combined with says nothing before."""
    return max(max(factors[factor].since[level], _born(factors[factor])) for factor, level in part)


def _born(factor: Factor) -> int:
    return sorted(factor.since)[1] if len(factor.since) > 1 else factor.since[0]


def _rank(*names: object) -> int:
    """The same number for the same names, on every machine."""
    return int.from_bytes(hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=8).digest())


def _parts(row: Row, strengths: Sequence[tuple[int, ...]]) -> Iterator[Part]:
    return (tuple((one, row[one]) for one in chosen) for chosen in strengths)


def _close(open_: dict[Part, None], row: Row, strengths: Sequence[tuple[int, ...]]) -> bool:
    """Whether the row has anything that was still missing; it is not any more."""
    found = [part for part in _parts(row, strengths) if part in open_]
    for part in found:
        del open_[part]
    return bool(found)


def _whole(factors: Sequence[Factor], targets: Sequence[Part], seed: str) -> Iterator[Row]:
    """The array of the space in which everything is possible, generation by generation."""
    own = [one.name for one in factors]
    dear = [{n for n, level in enumerate(one.levels) if level in one.dear} for one in factors]
    names = [[_rank(seed, one.name, level) for level in one.levels] for one in factors]
    of_factor: list[list[tuple[int, ...]]] = [[] for _ in factors]
    strengths = list(dict.fromkeys(tuple(factor for factor, _ in part) for part in targets))
    for chosen in strengths:
        for one in chosen:
            of_factor[one].append(chosen)
    for age in sorted({_since(factors, part) for part in targets}):
        known = [[n for n, since in enumerate(one.since) if since <= age] for one in factors]
        asked = sorted(
            (part for part in targets if _since(factors, part) == age),
            key=lambda part: (-len(part) < -2, _rank(seed, *(names[f][n] for f, n in part))),
        )
        open_ = dict.fromkeys(asked)
        number = 0
        while open_:
            first = next(iter(open_))
            row = max(
                (
                    _filled(first, own, dear, known, open_, of_factor, (seed, age, number, t))
                    for t in range(_TRIES)
                ),
                key=lambda one: sum(part in open_ for part in _parts(one, strengths)),
            )
            _close(open_, row, strengths)
            number += 1
            yield row


def _filled(
    first: Part,
    names: Sequence[str],
    dear: Sequence[set[int]],
    known: Sequence[Sequence[int]],
    open_: dict[Part, None],
    of_factor: Sequence[Sequence[tuple[int, ...]]],
    seed: tuple[str, int, int, int],
) -> Row:
    """A row that has `first`, and of each other factor the level that brings most of what is missing."""
    row = dict(first)
    order = sorted((n for n in range(len(known)) if n not in row), key=lambda n: _rank(*seed, names[n]))
    for factor in order:
        ready = [chosen for chosen in of_factor[factor] if all(one in row or one == factor for one in chosen)]

        def gain(level: int, factor: int = factor, ready: list[tuple[int, ...]] = ready) -> tuple[int, int]:
            row[factor] = level
            brings = sum(tuple((one, row[one]) for one in chosen) in open_ for chosen in ready)
            price = 1 + len(ready) // 2 if level in dear[factor] else 0
            return brings - price, _rank(*seed, names[factor], level)

        row[factor] = max(known[factor], key=gain)
    return tuple(row[n] for n in range(len(known)))


class _Fit:
    """What is possible: single levels and pairs of them, as far as `why_not` says; each is asked once."""

    def __init__(self, factors: Sequence[Factor], why_not: WhyNot) -> None:
        self._factors = factors
        self._ask = why_not
        self._known: dict[Part, str] = {}
        self.start: Row = (0,) * len(factors)

    def why_not(self, part: Part) -> str:
        found = self._known.get(part)
        if found is None:
            found = self._known[part] = self._ask(part)
        return found

    def why_never(self, part: Part) -> str:
        """Why no whole row can have it; "" where one can."""
        for size in (1, 2):
            for some in combinations(part, size):
                if why := self.why_not(some):
                    return why
        if self._search(dict(part), [n for n in range(len(self._factors)) if n not in dict(part)]) is None:
            return "no level of another dimension goes with both"
        return ""

    def fits(self, row: dict[int, int], factor: int, level: int) -> bool:
        own = (factor, level)
        return not self.why_not((own,)) and not any(
            self.why_not(tuple(sorted((own, other)))) for other in row.items() if other[0] != factor
        )

    def nearest(self, row: Row, seed: str) -> Row:
        """The row with as many of its levels as go together; the file's own where one does not."""
        kept: dict[int, int] = {}
        for factor in sorted(range(len(row)), key=lambda n: _rank(seed, row, n)):
            levels = range(len(self._factors[factor].levels))
            for level in (row[factor], *sorted(levels, key=partial(self._place, seed, row, factor))):
                if self.fits(kept, factor, level):
                    kept[factor] = level
                    break
            else:
                return self.start
        return tuple(kept[n] for n in range(len(row)))

    def _place(self, seed: str, row: Row, factor: int, level: int) -> tuple[bool, int]:
        """In which order other levels are tried: dear ones last."""
        own = self._factors[factor]
        return own.levels[level] in own.dear, _rank(seed, row, factor, level)

    def completed(
        self, part: Part, open_: dict[Part, None], strengths: Sequence[tuple[int, ...]], seed: str
    ) -> Row:
        """A row that has the part, and much of what is missing besides."""

        def brings(row: dict[int, int], factor: int, level: int) -> tuple[int, int]:
            with_it = {**row, factor: level}
            found = sum(
                tuple((one, with_it[one]) for one in chosen) in open_
                for chosen in strengths
                if factor in chosen and all(one in with_it for one in chosen)
            )
            dear = self._factors[factor].levels[level] in self._factors[factor].dear
            return 2 * dear - found, _rank(seed, part, factor, level)

        left = sorted(
            (n for n in range(len(self._factors)) if n not in dict(part)), key=lambda n: _rank(seed, part, n)
        )
        found = self._search(dict(part), left, brings)
        assert found is not None  # noqa: S101 - why_never has found one
        return tuple(found[n] for n in range(len(self._factors)))

    def _search(
        self,
        row: dict[int, int],
        left: list[int],
        first: Callable[[dict[int, int], int, int], tuple[int, int]] | None = None,
    ) -> dict[int, int] | None:
        if not left:
            return row
        factor, *others = left
        levels: Sequence[int] = range(len(self._factors[factor].levels))
        if first is not None:
            levels = sorted(levels, key=lambda level: first(row, factor, level))
        for level in levels:
            if self.fits(row, factor, level):
                found = self._search({**row, factor: level}, others, first)
                if found is not None:
                    return found
        return None
