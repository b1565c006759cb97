"""Mutants of the plant made by hand: each still changes a line or a figure of the plant as it is today."""

from collections import Counter

import pytest
from mutation.figures import off_by_a_share
from mutation.made import Mutant, by_hand

TABLE = "tests/plant_mutants.toml"
MUTANTS = [*by_hand(TABLE), *off_by_a_share(TABLE)]


def test_there_are_as_many_as_are_claimed_and_each_has_a_name_of_its_own() -> None:
    assert len(MUTANTS) >= 60
    assert max(Counter(one.name for one in MUTANTS).values()) == 1


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_each_differs_from_the_plant_in_what_it_names(mutant: Mutant) -> None:
    lines = mutant.difference.splitlines()
    assert lines
    if mutant.of_data:
        key = mutant.name.split(" x ")[0].rsplit(".", 1)[1]
        assert [line[1:].startswith(f"{key} = ") for line in lines] == [True, True]
