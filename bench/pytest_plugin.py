"""pytest plugin: `pytest scenarios/` collects scenario files; the `rig` fixture is for scripts in Python.

pytest scenarios/ --hil-config hil_config.toml --hil-repeat 5
def test_mine(rig): assert rig.shoot("scenarios/cells/ov_step_cell17.toml").judgement.verdict is Verdict.PASS
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.report.finding_words import joined_words, reasons_words

if TYPE_CHECKING:
    from bench.door.session import Bench
    from bench.scenario.prepare import Prepared

_BENCH = pytest.StashKey["Bench"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's options."""
    group = parser.getgroup("hil", "BMS HIL bench")
    group.addoption(
        "--hil-config", default=None, help="bench file (default: hil_config.toml above the scenario)"
    )
    group.addoption(
        "--hil-time", default=None, choices=("simulated", "real"), help="override the bench file's mode"
    )
    group.addoption("--hil-firmware", default=None, help="firmware build to test")
    group.addoption(
        "--hil-repeat", default=None, type=int, help="shots per scenario (default: the scenario's own)"
    )
    group.addoption("--hil-seed", default=1, type=int, help="everything random derives from it")
    group.addoption("--hil-long", action="store_true", help="with the scenarios of the long lane")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files are TOML files under a folder named scenarios. Budgets and other tables are no scenarios."""
    if file_path.suffix != ".toml" or "scenarios" not in file_path.parent.parts:
        return None
    from bench.scenario.load import NOT_SCENARIOS

    return None if file_path.name in NOT_SCENARIOS else ScenarioFile.from_parent(parent, path=file_path)


class ScenarioFile(pytest.File):
    """One scenario file: an item for the scenario, and one for each twin made of it."""

    def collect(self) -> Iterable[pytest.Item]:
        from bench.errors import BenchError

        try:
            ids = _bench_of(self.config, self.path).scenarios(self.path)
        except BenchError:  # told by the item itself, where pytest shows it as a failure
            ids = ()
        first, *twins = ids or (self.path.stem,)
        yield ScenarioItem.from_parent(self, name=self.path.stem, scenario_id=first)
        for twin in twins:
            yield ScenarioItem.from_parent(self, name=twin, scenario_id=twin)


class NotPassed(Exception):
    """A scenario's verdict other than PASS; its text gives the reasons."""


class ScenarioItem(pytest.Item):
    """Runs all shots of one scenario. BLOCKED, and the long lane unasked, are skips that say why; GAP is an xfail."""

    def __init__(self, *, scenario_id: str, **known: Any) -> None:
        super().__init__(**known)
        self.scenario_id = scenario_id

    def runtest(self) -> None:
        from bench.door.choosing import chosen
        from bench.door.single import shots_of
        from bench.verdict.result import Verdict

        bench = _bench_of(self.config, self.path)
        prepared = chosen(bench.wired, self.path, None, long=True).prepared
        wanted = next((one for one in prepared if one.scenario.id == self.scenario_id), prepared[0])
        self._skip_long_lane(wanted)
        result = shots_of(bench.wired, wanted, self.config.getoption("--hil-repeat"), bench.seed)
        for name, value in (
            ("safety_goal", result.budget.safety_goal),
            ("asil", result.budget.asil),
            ("timebase", result.timebase.value),
            ("evidence", bench.evidence.value),
            ("requirements", ", ".join(result.requirements)),
        ):
            self.user_properties.append((name, value))
        verdict = result.judgement.verdict
        if verdict is Verdict.BLOCKED:
            pytest.skip(f"blocked: {joined_words(result.judgement)}")
        if verdict is Verdict.GAP:  # counted apart from what passed, and no failure of the suite
            pytest.xfail(joined_words(result.judgement))
        if verdict is not Verdict.PASS:
            raise NotPassed(f"{verdict.name}: " + "\n".join(reasons_words(result.judgement)))

    def _skip_long_lane(self, wanted: Prepared) -> None:
        """As `hil run` does: hours of simulated time only when they are asked for, by option or by their file."""
        named = self.session.isinitpath(self.path)
        if wanted.scenario.lane == "long" and not named and not self.config.getoption("--hil-long"):
            pytest.skip("of the long lane: --hil-long, or its file named on the command line")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from bench.errors import BenchError

        if isinstance(excinfo.value, NotPassed | BenchError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


def _bench_of(config: pytest.Config, near: Path) -> Bench:
    """The bench named by the options, else by the nearest hil_config.toml above `near`; opened once a session."""
    from bench.door.session import Bench

    bench = config.stash.get(_BENCH, None)
    if bench is None:
        named = config.getoption("--hil-config")
        bench = Bench.open(
            Path(named) if named else nearest_config(near),
            time=config.getoption("--hil-time"),
            firmware=config.getoption("--hil-firmware"),
            seed=config.getoption("--hil-seed"),
        )
        config.stash[_BENCH] = bench
    return bench


def nearest_config(near: Path) -> Path:
    """hil_config.toml in the folder of `near` or above it. The plain name where there is no such file."""
    for folder in (near.resolve(), *near.resolve().parents):
        if (folder / "hil_config.toml").is_file():
            return folder / "hil_config.toml"
    return Path("hil_config.toml")


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Bench:
    """The bench, for engineers who script in Python."""
    return _bench_of(request.config, request.path)
