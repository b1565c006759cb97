"""pytest plugin: `pytest scenarios/` collects scenario files; the `rig` fixture is for scripts in Python.

pytest scenarios/ --hil-config hil_config.toml --hil-repeat 5
def test_mine(rig): assert rig.shoot("scenarios/cells/ov_step_cell17.toml").judgement.verdict is Verdict.PASS
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.report.finding_words import joined_words, reasons_words

if TYPE_CHECKING:
    from bench.scenario.prepare import Prepared
    from bench.timing.evidence_class import EvidenceClass
    from bench.verdict.result import ScenarioResult, ShotResult
    from bench.wiring.common import Wired

_WIRED = pytest.StashKey["Wired"]()


def pytest_addoption(parser: pytest.Parser) -> None:
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
    """Scenario files are TOML files under a folder named scenarios; budgets and other tables there are none."""
    if file_path.suffix != ".toml" or "scenarios" not in file_path.parent.parts:
        return None
    from bench.scenario.load import NOT_SCENARIOS

    return None if file_path.name in NOT_SCENARIOS else ScenarioFile.from_parent(parent, path=file_path)


class ScenarioFile(pytest.File):
    """One scenario file: an item for the scenario, and one for each twin made of it."""

    def collect(self) -> Iterable[pytest.Item]:
        from bench.errors import BenchError

        try:
            prepared = Bench.of(self.config, self.path).prepare_all(self.path)
        except BenchError:  # told by the item itself, where pytest shows it as a failure
            prepared = []
        first, *twins = [one.scenario.id for one in prepared] or [self.path.stem]
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
        from bench.verdict.result import Verdict

        bench = Bench.of(self.config, self.path)
        prepared = bench.prepare_all(self.path)
        wanted = next((one for one in prepared if one.scenario.id == self.scenario_id), prepared[0])
        self._skip_long_lane(wanted)
        result = bench.run_prepared(wanted, self.config.getoption("--hil-repeat"))
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


@dataclass(frozen=True, slots=True)
class Bench:
    """What the `rig` fixture hands out: shoot scenario files, in the timebase of the bench file."""

    wired: Wired
    seed: int

    @property
    def evidence(self) -> EvidenceClass:
        from bench.running.results import evidence_class

        return evidence_class(self.wired).evidence

    @classmethod
    def of(cls, config: pytest.Config, near: Path) -> Bench:
        """The bench named by the options, else by the nearest hil_config.toml above `near`; loaded once a session."""
        from bench.running.load import load_rig

        wired = config.stash.get(_WIRED, None)
        if wired is None:
            named = config.getoption("--hil-config")
            wired = load_rig(
                Path(named) if named else nearest_config(near),
                config.getoption("--hil-time"),
                config.getoption("--hil-firmware"),
                None,
            )
            config.stash[_WIRED] = wired
        return cls(wired, config.getoption("--hil-seed"))

    def prepare(self, scenario: str | Path) -> Prepared:
        return self.prepare_all(scenario)[0]

    def prepare_all(self, scenario: str | Path) -> list[Prepared]:
        """The scenario of a file, and the twins made of it."""
        from bench.running.load import load_scenarios

        return load_scenarios(self.wired, [Path(scenario)], None, mismatches=True)[0]

    def shoot(self, scenario: str | Path, index: int = 0) -> ShotResult:
        """One shot, measured and judged. Raises ScenarioError for a wrong file."""
        from bench.running.shots import shoot

        return shoot(self.wired, self.prepare(scenario), index, 1, self.seed, None)

    def run(self, scenario: str | Path, repeat: int | None = None) -> ScenarioResult:
        """All shots of a scenario and what they add up to."""
        return self.run_prepared(self.prepare(scenario), repeat)

    def run_prepared(self, prepared: Prepared, repeat: int | None = None) -> ScenarioResult:
        from bench.running.firing import firing_order
        from bench.running.results import scenario_result, timebase_of
        from bench.running.shots import shoot

        if repeat is None:
            repeat = prepared.scenario.sweep.repeat if self.wired.config.simulated else 1
        shots = [
            shoot(self.wired, prepared, index, repeat, self.seed, None, place=place)
            for place, index in enumerate(firing_order(self.seed, prepared.scenario.id, repeat))
        ]
        return scenario_result(
            prepared, shots, timebase_of(self.wired), self.wired.profile, self.wired.chemistry.id
        )


def nearest_config(near: Path) -> Path:
    """hil_config.toml in the folder of `near` or above it; the plain name where there is none, for a clear error."""
    for folder in (near.resolve(), *near.resolve().parents):
        if (folder / "hil_config.toml").is_file():
            return folder / "hil_config.toml"
    return Path("hil_config.toml")


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Bench:
    """The bench, for engineers who script in Python."""
    return Bench.of(request.config, request.path)
