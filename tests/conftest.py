"""What every test may lean on: the repository's own bench, loaded once; no thread left behind by a test.

The whole suite runs on one worker more than there are cores (pytest-xdist), because one of them mostly waits for real
clocks; tests that are named run in this process.
"""

import functools
import gc
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import typer.main
import typer.testing
from hypothesis import HealthCheck, settings
from postgres import new_database, postgres_server

from bench.cli.options import load_rig, load_scenarios
from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired

# No test is judged by the speed of the machine it runs on; pytest-timeout ends what hangs.
settings.register_profile("bench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bench")

ROOT = Path(__file__).resolve().parents[1]
MOST_WORKERS = 5  # the tests that wait for real clocks run one after the other: more would wait for them

# The tests start some hundred processes; each would compile the bench anew, and each worker rewrite all assertions.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A rig is held in the user's state folder: of the rigs that tests make up, nothing is to stay there.
_STATE = tempfile.TemporaryDirectory(prefix="hil-state-")
os.environ["XDG_STATE_HOME"] = _STATE.name


# A suite started in the background inherits SIGINT as ignored, one started by nohup SIGHUP; so would every process that
# a test stops with them.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """`pytest` alone runs on workers. Whoever names tests, marks, a debugger or -n gets what he asks for."""
    asked = config.option
    if hasattr(config, "workerinput"):
        asked.loadgroup = True  # a worker is told the command line only, not what is set here
    elif config.pluginmanager.hasplugin("xdist"):
        if whole_suite(config):
            asked.numprocesses = min((os.cpu_count() or 2) + 1, MOST_WORKERS)
        if asked.numprocesses and asked.dist == "no":
            asked.dist = "loadgroup"
            asked.loadscopereorder = (
                False  # in the order of pytest_collection_modifyitems: the longest group first
            )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """A file is a piece of work: handed out one by one, its tests would make its fixtures again on every worker."""
    from xdist.scheduler import LoadGroupScheduling

    class ByFile(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            scope = super()._split_scope(nodeid)
            return nodeid.split("::", 1)[0] if scope == nodeid else scope

    return ByFile(config, log) if config.option.dist == "loadgroup" else None


def whole_suite(config: pytest.Config) -> bool:
    asked = config.option
    narrowed = asked.keyword or asked.usepdb or asked.collectonly or asked.numprocesses is not None
    default_marks = asked.markexpr in config.getini("addopts")
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and default_marks and not narrowed


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that wait for real clocks are one group: side by side they would make each other late."""
    if hasattr(config, "workerinput"):
        waiting = {item for item in items if item.get_closest_marker("real_time")}
        for item in waiting:
            item.add_marker(pytest.mark.xdist_group("real-time"))
        items.sort(key=lambda item: item not in waiting)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Reading the tests makes objects that stay: to look for garbage among them was a seventh of its cost."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


_stepped_back = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What only computes lets the real clocks go first. They are their worker's first group, so it has not yet."""
    global _stepped_back
    if hasattr(item.config, "workerinput") and not _stepped_back and not item.get_closest_marker("real_time"):
        os.nice(5)
        _stepped_back = True


@pytest.fixture(scope="session")
def wired() -> Wired:
    """The bench of hil_config.toml with the reference firmware, in simulated time."""
    return load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)


@pytest.fixture(scope="session")
def prepared(wired: Wired) -> dict[str, Prepared]:
    """Every scenario of the library by its id, resolved for `wired`."""
    return {one.scenario.id: one for one in load_scenarios(wired, None, None)[0]}


@pytest.fixture(scope="session", autouse=True)
def _command_line_made_once() -> Iterator[None]:
    """typer makes a command line anew for each call, in 40 ms; a process makes it once."""
    made = typer.main.get_command
    once = functools.cache(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", once)
        patch.setattr(typer.testing, "_get_command", once)
        yield


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """A command that ends a process leaves it deaf to signals; in this one the next test has to hear them."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for one, handler in before.items():
        if signal.getsignal(one) != handler:
            signal.signal(one, handler)


@pytest.fixture(autouse=True)
def _no_thread_left_behind() -> Iterator[None]:
    """A thread that outlives its test would disturb the timing of all later ones."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=2.0)
        assert not thread.is_alive(), f"the test left the thread {thread.name!r} running"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server, by the URL of its first database; skipped where none can be started."""
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def results_at(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where results go: an empty database of each kind that the bench is tested with."""
    if request.param == "sqlite":
        return tmp_path / "results.sqlite"
    return new_database(request.getfixturevalue("postgres"))
