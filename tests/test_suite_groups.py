"""What waits for real clocks, or shares an expensive fixture, is kept on one worker: by the end of its node id."""

from contextlib import suppress

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


@pytest.mark.parametrize("_", range(8))
def test_a_file_is_kept_on_one_worker_so_its_fixtures_are_made_once(
    _: int, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not hasattr(request.config, "workerinput"):
        return
    here = tmp_path_factory.getbasetemp()
    told = here.parent / "first-of-this-file"
    with suppress(FileExistsError), told.open("x") as first:
        first.write(here.name)
    assert told.read_text() == here.name
