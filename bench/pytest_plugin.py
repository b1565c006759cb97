"""pytest plugin: `pytest scenarios/` collects scenario files; the `rig` fixture is for scripts in Python.

pytest scenarios/ --hil-config hil_config.toml --hil-repeat 5
def test_mine(rig): assert rig.shoot("scenarios/cells/ov_step_cell17.toml").judgement.verdict is Verdict.PASS
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bench.door.as_item import Item, ItemOrder
    from bench.door.session import Bench
    from bench.scenario.prepare import Prepared

_BENCH = pytest.StashKey["Bench"]()
_RIG_GROUP = "hil-rig"  # of pytest-xdist: one rig serves one process


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's options: those of `hil run` that pytest has no option of its own for (docs/python.md)."""
    group = parser.getgroup("hil", "BMS HIL bench")
    group.addoption(
        "--hil-config", default=None, help="bench file (default: hil_config.toml above the scenario)"
    )
    group.addoption(
        "--hil-time", default=None, choices=("simulated", "real"), help="override the bench file's mode"
    )
    group.addoption("--hil-firmware", default=None, help="firmware build to test")
    group.addoption("--hil-chemistry", default=None, help="cell chemistry of the pack")
    group.addoption(
        "--hil-firmware-chemistry",
        default=None,
        help="chemistry that the firmware is made for (default: the pack's)",
    )
    group.addoption(
        "--hil-core", default=None, choices=("native", "python"), help="what simulated time runs on"
    )
    group.addoption(
        "--hil-repeat", default=None, type=int, help="shots per scenario (default: the scenario's own)"
    )
    group.addoption("--hil-seed", default=1, type=int, help="everything random derives from it")
    group.addoption("--hil-long", action="store_true", help="with the scenarios of the long lane")
    group.addoption(
        "--hil-evidence",
        default="failing",
        choices=("failing", "all", "none"),
        help="of which items a run folder is kept (default: failing)",
    )
    group.addoption(
        "--hil-out", default=None, help="where run folders go (default: runs/pytest of the bench)"
    )
    group.addoption("--hil-operator", default="", help="who runs it, for the head of its reports")
    group.addoption("--hil-label", default="", help="a name by which commands find its runs")
    group.addoption("--hil-note", default="", help="why it is made, for the head of its reports")
    group.addoption("--hil-dut-serial", default="", help="which device is on the rig")


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
            bench = _bench_of(self.config, self.path)
            ids, real = bench.scenarios(self.path), not bench.simulated
        except BenchError:  # told by the item itself, where pytest shows it as a failure
            ids, real = (), False
        first, *twins = ids or (self.path.stem,)
        for name, scenario_id in ((self.path.stem, first), *((twin, twin) for twin in twins)):
            item = ScenarioItem.from_parent(self, name=name, scenario_id=scenario_id)
            if real:
                item.add_marker(pytest.mark.xdist_group(_RIG_GROUP))
            yield item


class NotPassed(Exception):
    """A scenario's verdict other than PASS; its text gives the reasons, the times, and where the evidence lies."""


class ScenarioItem(pytest.Item):
    """Runs all shots of one scenario. BLOCKED, and the long lane unasked, are skips that say why; GAP is an xfail."""

    def __init__(self, *, scenario_id: str, **known: Any) -> None:
        super().__init__(**known)
        self.scenario_id = scenario_id

    def runtest(self) -> None:
        from bench.door.as_item import fired
        from bench.door.choosing import chosen
        from bench.verdict.result import Verdict

        bench = _bench_of(self.config, self.path)
        if not bench.simulated:
            _refuse_shared_rig(self.config)
        selected = chosen(bench.wired, self.path, None, long=True)
        found = selected.prepared
        wanted = next((one for one in found if one.scenario.id == self.scenario_id), found[0])
        self._skip_long_lane(wanted)
        item = fired(bench, wanted, selected.budgets_file, _order_of(self.config))
        self.user_properties += _properties(item, bench)
        if item.verdict is Verdict.BLOCKED:
            pytest.skip(item.line())
        if item.verdict is Verdict.GAP:  # counted apart from what passed, and no failure of the suite
            pytest.xfail(item.line())
        if item.verdict is not Verdict.PASS:
            raise NotPassed(item.told())

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


def _properties(item: Item, bench: Bench) -> list[tuple[str, object]]:
    """What a JUnit file says of an item; times of the worst shot, in ms."""
    result = item.result
    found: list[tuple[str, object]] = [
        ("safety_goal", result.budget.safety_goal),
        ("asil", result.budget.asil),
        ("timebase", result.timebase.value),
        ("evidence", bench.evidence.value),
        ("requirements", ", ".join(result.requirements)),
    ]
    found += [
        (f"{name}_max_ms", f"{one.max_high_ns / 1e6:.3f}")
        for name, one in (("fdti", result.fdti), ("fhti", result.fhti))
        if one is not None
    ]
    return found + ([("evidence_folder", str(item.folder))] if item.folder is not None else [])


def _order_of(config: pytest.Config) -> ItemOrder:
    from bench.door.as_item import ItemOrder, Keeps
    from bench.record.said import About

    out = config.getoption("--hil-out")
    said = {
        name: config.getoption(f"--hil-{name.replace('_', '-')}") for name in ("operator", "label", "note")
    }
    return ItemOrder(
        repeat=config.getoption("--hil-repeat"),
        evidence=Keeps(config.getoption("--hil-evidence")),
        out=None if out is None else Path(out),
        about=About(**said, dut_serial=config.getoption("--hil-dut-serial")),
    )


def _refuse_shared_rig(config: pytest.Config) -> None:
    """Raises CalledWrongly where several workers of pytest-xdist share one rig, which serves one process."""
    from bench.errors import CalledWrongly

    count = int(getattr(config, "workerinput", {}).get("workercount", 1))
    if count > 1 and not getattr(config.option, "loadgroup", False):
        raise CalledWrongly(
            f"-n {count}: found several processes for one rig in real time; expected -n 0, or --dist loadgroup, "
            "which keeps the scenarios on one of them"
        )


def _bench_of(config: pytest.Config, near: Path) -> Bench:
    """The bench named by the options, else by the nearest hil_config.toml above `near`; opened once a session."""
    from bench.core.choice import CoreName, take_core
    from bench.door.session import Bench

    bench = config.stash.get(_BENCH, None)
    if bench is None:
        if (core := config.getoption("--hil-core")) is not None:
            take_core(CoreName(core))
        named = config.getoption("--hil-config")
        bench = Bench.open(
            Path(named) if named else nearest_config(near),
            time=config.getoption("--hil-time"),
            firmware=config.getoption("--hil-firmware"),
            chemistry=config.getoption("--hil-chemistry"),
            firmware_chemistry=config.getoption("--hil-firmware-chemistry"),
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
