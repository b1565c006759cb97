"""A key for the very same object, and for no other that is equal to it."""

from bench.measure.identity import Same


def test_it_is_the_same_object_that_counts_and_not_an_equal_one() -> None:
    one, twin = [1, 2], [1, 2]
    assert Same(one) == Same(one) and hash(Same(one)) == hash(Same(one))
    assert Same(one) != Same(twin) and Same(one) != one
    known = {Same(one): "first"}
    assert known.get(Same(one)) == "first" and known.get(Same(twin)) is None
