"""What waits for real clocks, or shares an expensive fixture, is kept on one worker: by the end of its node id."""

import pytest


@pytest.mark.xdist_group("a group")
def test_a_group_is_told_to_who_hands_out_the_tests(request: pytest.FixtureRequest) -> None:
    if hasattr(request.config, "workerinput"):
        assert request.node.nodeid.endswith("@a group"), (
            "this pytest and this pytest-xdist do not fit each other"
        )


@pytest.mark.real_time
def test_tests_in_real_time_are_such_a_group(request: pytest.FixtureRequest) -> None:
    if hasattr(request.config, "workerinput"):
        assert request.node.nodeid.endswith("@real-time")
