"""Covering arrays: every possible combination is in a row, none that is not, and rows stay as they are."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.scenario.variants.cover import Factor, Part, cover

SIZES = (5, 3, 3, 3, 4, 3, 4, 4, 6, 2)


def factors(sizes: tuple[int, ...], later: frozenset[tuple[int, int]] = frozenset()) -> list[Factor]:
    return [
        Factor(
            name=f"f{n}",
            levels=tuple(f"l{level}" for level in range(size)),
            since=tuple(2 if (n, level) in later else 1 for level in range(size)),
        )
        for n, size in enumerate(sizes)
    ]


def always(part: Part) -> str:
    return ""


def pairs(sizes: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(combinations(range(len(sizes)), 2))


def test_ten_dimensions_take_little_more_than_the_two_largest_have_pairs() -> None:
    found = cover(factors(SIZES), always, "seed", pairs(SIZES))
    assert found.possible == sum(a * b for a, b in combinations(SIZES, 2))
    assert 29 <= len(found.rows) <= 36  # 5 times 6, the file's own row apart


def test_a_level_of_a_later_generation_leaves_every_row_as_it_was() -> None:
    before = cover(factors(SIZES), always, "seed", pairs(SIZES)).rows
    wider = (*SIZES[:6], SIZES[6] + 1, *SIZES[7:])
    after = cover(factors(wider, frozenset({(6, 4)})), always, "seed", pairs(wider)).rows
    assert after[: len(before)] == before
    assert len(after) > len(before)


def test_a_dimension_of_a_later_generation_leaves_every_row_as_it_was() -> None:
    before = cover(factors(SIZES), always, "seed", pairs(SIZES)).rows
    wider = (*SIZES, 3)
    after = cover(factors(wider, frozenset({(10, 1), (10, 2)})), always, "seed", pairs(wider)).rows
    assert after[: len(before)] == tuple((*row, 0) for row in before)


def test_what_becomes_impossible_changes_only_rows_that_had_it() -> None:
    before = cover(factors(SIZES), always, "seed", pairs(SIZES)).rows

    def why_not(part: Part) -> str:
        return "never" if (0, 2) in part or part == ((3, 1), (8, 4)) else ""

    after = cover(factors(SIZES), why_not, "seed", pairs(SIZES)).rows
    untouched = [row for row in before if row[0] != 2 and not (row[3] == 1 and row[8] == 4)]
    assert set(untouched) <= set(after)


def test_a_dear_level_is_in_few_rows() -> None:
    plain = factors(SIZES)
    dear = [
        *plain[:5],
        Factor(name="f5", levels=plain[5].levels, since=(1, 1, 1), dear=frozenset({"l2"})),
        *plain[6:],
    ]
    counts = [
        sum(row[5] == 2 for row in cover(one, always, "seed", pairs(SIZES)).rows) for one in (plain, dear)
    ]
    assert counts[1] < counts[0]
    assert counts[1] >= 6  # each level of the largest dimension needs it once


spaces = st.lists(st.integers(1, 4), min_size=2, max_size=6).map(tuple)


@settings(max_examples=60, deadline=None)
@given(spaces, st.data())
def test_every_combination_is_covered_or_named_impossible(
    sizes: tuple[int, ...], data: st.DataObject
) -> None:
    every = [
        ((a, x), (b, y))
        for a, b in combinations(range(len(sizes)), 2)
        for x in range(sizes[a])
        for y in range(sizes[b])
        if x or y  # of the file's own levels two always go together
    ]
    forbidden = set(data.draw(st.lists(st.sampled_from(every), max_size=4))) if every else set()
    asked = [*pairs(sizes), *combinations(range(len(sizes)), 3)]

    def why_not(part: Part) -> str:
        return "forbidden" if part in forbidden else ""

    found = cover(factors(sizes), why_not, "seed", asked)
    rows = [(0,) * len(sizes), *found.rows]
    for row in rows:
        assert not any(row[a] == x and row[b] == y for (a, x), (b, y) in forbidden)
    for part in found.covered:
        assert any(all(row[n] == level for n, level in part) for row in rows)
    assert forbidden <= set(found.impossible)
    assert not set(found.covered) & set(found.impossible)
