"""What every test may lean on: the repository's own bench, loaded once; no thread left behind by a test."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bench.cli.options import load_rig, load_scenarios
from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired

# No test is judged by the speed of the machine it runs on; pytest-timeout ends what hangs.
settings.register_profile("bench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bench")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def wired() -> Wired:
    """The bench of hil_config.toml with the reference firmware, in simulated time."""
    return load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)


@pytest.fixture(scope="session")
def prepared(wired: Wired) -> dict[str, Prepared]:
    """Every scenario of the library by its id, resolved for `wired`."""
    return {one.scenario.id: one for one in load_scenarios(wired, None, None)[0]}


@pytest.fixture(autouse=True)
def _no_thread_left_behind() -> Iterator[None]:
    """A thread that outlives its test would disturb the timing of all later ones."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=2.0)
        assert not thread.is_alive(), f"the test left the thread {thread.name!r} running"
