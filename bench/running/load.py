"""From file names to a rig and prepared scenarios: everything is checked before anything is driven."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from bench.running.filter_words import filter_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.config.bench_file import BenchConfig
    from bench.scenario.library import Library
    from bench.scenario.prepare import Prepared
    from bench.verdict.result import Budget, RunResult
    from bench.wiring.common import Wired


def load_rig(
    config: Path,
    time: str | None,
    firmware: str | None,
    chemistry: str | None,
    firmware_chemistry: str | None = None,
) -> Wired:
    """Bench file, profile, DBC, chemistry, firmware: everything checked before anything is driven."""
    from bench.config.bench_file import load_bench
    from bench.config.profile_file import load_profile
    from bench.errors import ConfigError
    from bench.wiring.common import load_wired
    from bench.wiring.dut import check_life

    bench: BenchConfig = load_bench(config)
    if time is not None:
        if time not in ("simulated", "real"):
            raise ConfigError(f"--time: found '{time}'; expected simulated or real")
        bench = dataclasses.replace(bench, simulated=time == "simulated")
    if firmware is not None:
        bench = dataclasses.replace(bench, dut=dataclasses.replace(bench.dut, firmware=firmware))
    if chemistry is not None:
        bench = dataclasses.replace(bench, pack=dataclasses.replace(bench.pack, chemistry=chemistry))
    if firmware_chemistry is not None:
        bench = dataclasses.replace(bench, dut=dataclasses.replace(bench.dut, chemistry=firmware_chemistry))
    profile = load_profile(bench.dut.profile)

    def wired() -> Wired:
        return load_wired(
            bench,
            profile,
            chemistry_place=None if chemistry is None else "--chemistry",
            firmware_chemistry_place=None if firmware_chemistry is None else "--firmware-chemistry",
        )

    try:
        check_life(bench, profile)
    except ConfigError as wrong:  # what else is wrong is told in the same go
        raise ConfigError("\n".join([*str(wrong).splitlines(), *_told(wired)])) from wrong
    return wired()


def mistakes_of_files(config: Path, paths: list[Path] | None) -> list[str]:
    """What is wrong with profile, budgets and scenario files by themselves, for a bench that cannot be loaded."""
    from bench.config.profile_file import load_profile
    from bench.config.user_file import MOST_TOML_BYTES, is_file, read_text, toml_of
    from bench.errors import ConfigError
    from bench.scenario.load import find_scenarios, read_scenario
    from bench.verdict.budgets import load_budgets

    if not is_file(config) and _is_there(config):
        return []  # a device or a pipe has no files beside it that anybody meant
    root = library_above(config)
    if not paths and not _is_there(config) and not (root / "scenarios").exists():
        return []  # nothing is here at all, which the line about the bench file says
    budgets_file = root / "scenarios" / "budgets.toml"
    if paths and not budgets_file.is_file():
        budgets_file = budgets_beside(paths[0]) or budgets_file
    told: list[str] = []
    with contextlib.suppress(ConfigError, OSError, ValueError, KeyError, TypeError):
        content = toml_of(read_text(config, "TOML text", most=MOST_TOML_BYTES))
        told += _told(lambda: load_profile(config.parent / content["dut"]["profile"]))
    told += _told(lambda: load_budgets(budgets_file))
    try:
        files = find_scenarios(paths or [root / "scenarios"])
    except ConfigError as missing:
        return [*told, *str(missing).splitlines()]
    return [*told, *(line for file in files for line in read_scenario(file)[1])]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # of a name that no file can have
        return False


def _told(load: Callable[[], object]) -> list[str]:
    from bench.errors import ConfigError

    try:
        load()
    except ConfigError as wrong:
        return str(wrong).splitlines()
    return []


def library_above(config: Path) -> Path:
    """The nearest folder at or above the bench file with a scenarios/budgets.toml; the bench file's own without one."""
    folder = config.resolve().parent
    near = (one for one in (folder, *folder.parents) if (one / "scenarios" / "budgets.toml").is_file())
    found = next(near, folder)
    return config.parent if found == folder else found


def budgets_beside(scenario: Path) -> Path | None:
    """The budgets.toml in the folder of a scenario, or above it: a bench file may lie anywhere."""
    above = (scenario.resolve(), *scenario.resolve().parents)
    return next((one / "budgets.toml" for one in above if (one / "budgets.toml").is_file()), None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Scenarios ready to be run, what they are judged by, and the ids that only their lane has kept out."""

    prepared: list[Prepared]
    budgets_file: Path
    left_out: tuple[str, ...]


def load_scenarios(
    wired: Wired,
    paths: list[Path] | None,
    only: str | None,
    *,
    long: bool = False,
    mismatches: bool = False,
) -> tuple[list[Prepared], Path]:
    """The prepared scenarios and the budgets file they are judged by, as `select_scenarios` chooses them."""
    selected = select_scenarios(wired, paths, only, long=long, mismatches=mismatches)
    return selected.prepared, selected.budgets_file


def select_scenarios(
    wired: Wired,
    paths: list[Path] | None,
    only: str | None,
    *,
    long: bool = False,
    mismatches: bool = False,
) -> Selected:
    """Everything that is asked for, checked.

    Those of the long lane are among them when asked for: by `long`, by their own file (a folder does not ask), or by an
    `only` that nothing shorter matches.
    mismatches: also the scenarios that must fail; whoever asks whether a firmware is right has no use for them.
    A whole library brings the must-reach scenarios of the DUT's modes with it; a part of one does not.
    only: other files than those it asks for are read, and not held against the bench.
    """
    from bench.errors import ConfigError, ScenarioError
    from bench.scenario.load import find_scenarios
    from bench.scenario.needed import needed
    from bench.verdict.budgets import load_budgets

    root = library_above(wired.config.file)
    budgets_file = root / "scenarios" / "budgets.toml"
    if paths and not budgets_file.is_file():
        budgets_file = budgets_beside(paths[0]) or budgets_file
    files: dict[Path, None] = {}
    mistakes: list[str] = []
    prepared: list[Prepared] = []
    for path in paths or [root / "scenarios"]:
        try:
            files.update(dict.fromkeys(find_scenarios([path])))
        except ScenarioError as missing:
            mistakes.append(_no_file(wired, path) or str(missing))
    budgets = None
    try:
        budgets = load_budgets(budgets_file, wired.chemistry.id)
    except ConfigError as wrong:
        mistakes.append(str(wrong))
    of_them = list(files) if only is None else needed(list(files), filter_of(only))
    try:
        prepared = _on_the_pack(wired, paths, of_them, budgets)
    except ScenarioError as wrong:
        mistakes.append(str(wrong))
    if mistakes:
        raise ScenarioError("\n".join(mistakes))
    if not mismatches:
        prepared = [one for one in prepared if one.scenario.mismatch is None]
    if only is not None:
        kept = [one for one in prepared if matches(only, one.scenario.id, one.scenario.file)]
        if not kept:
            whole = select_scenarios(wired, paths, None, long=True, mismatches=mismatches)
            silent = _silent(of_them, only, wired.chemistry.id)
            if silent:
                raise ScenarioError(
                    f"-k '{only}': found {', '.join(silent)}, which say nothing on {wired.chemistry.id} (not_for); "
                    "expected another chemistry, or a scenario that is for this one"
                )
            raise ScenarioError(
                f"-k '{only}': no scenario id contains it, and no folder has this name; "
                f"`hil list` shows all {len(whole.prepared)}"
            )
        prepared = kept
    kept = prepared if long else _short_lane(prepared, paths or [], only)
    here = {one.scenario.id for one in kept}
    left = tuple(one.scenario.id for one in prepared if one.scenario.id not in here)
    return Selected(prepared=kept, budgets_file=budgets_file, left_out=left)


def _no_file(wired: Wired, path: Path) -> str:
    """What a path says that is no file but an id of the library: how to ask for that; "" for any other."""
    from bench.errors import BenchError
    from bench.scenario.load import find_scenarios, read_scenario
    from bench.scenario.must_reach import scenarios_of

    root = library_above(wired.config.file) / "scenarios"
    if _is_there(path) or path.parent != Path() or not root.is_dir():
        return ""
    try:
        known = {one.id for file in find_scenarios([root]) if (one := read_scenario(file)[0]) is not None}
        known |= {one.id for one in scenarios_of(wired.profile)}
    except BenchError:  # is told with all else that is wrong
        return ""
    if path.name.partition("--")[0] not in known:  # a twin has its scenario's id, and its kind behind it
        return ""
    return (
        f"{path}: found no such file; expected a scenario file or a folder of them, or -k ={path} for this id"
    )


def _silent(files: Sequence[Path], only: str, chemistry: str) -> list[str]:
    """The scenarios that were asked for and are not for this chemistry."""
    from bench.scenario.load import load_scenario

    found = [load_scenario(path) for path in files]
    return [one.id for one in found if chemistry in one.not_for and matches(only, one.id, one.file)]


def _on_the_pack(
    wired: Wired, paths: list[Path] | None, files: Sequence[Path], budgets: Mapping[str, Budget] | None
) -> list[Prepared]:
    """The scenarios of the files and of the DUT's modes that say something on this chemistry. Raises ScenarioError."""
    from bench.scenario.prepare import on_chemistry, prepare
    from bench.wiring.at_fault import faults_in

    chemistry = wired.chemistry.id
    prepared = prepare(
        files,
        wired.profile,
        wired.thresholds(),
        budgets,
        wired.config.pack.cells,
        wired.databases,
        wired.config.pack.sensors,
        wired.capabilities,
        lambda one, steps: [] if chemistry in one.not_for else faults_in(wired, one, steps),
    )
    prepared += _must_reach(wired, paths)
    return [on_chemistry(one, chemistry) for one in prepared if chemistry not in one.scenario.not_for]


def _must_reach(wired: Wired, paths: list[Path] | None) -> list[Prepared]:
    """Those of the profile, where a whole library is asked for: no path, or a folder with its own budgets.toml."""
    from bench.scenario.must_reach import must_reach

    if paths and not any((path / "budgets.toml").is_file() for path in paths):
        return []
    config = wired.config.pack
    return must_reach(wired.profile, wired.thresholds(), config.cells, wired.databases, config.sensors)


def _short_lane(prepared: list[Prepared], paths: list[Path], only: str | None) -> list[Prepared]:
    """The scenarios without the long lane, except files that are named. Raises ScenarioError where nothing else was
    asked for.
    """
    from bench.errors import ScenarioError

    named = {path.resolve() for path in paths if path.is_file()}
    short = [one for one in prepared if one.scenario.lane != "long" or one.scenario.file.resolve() in named]
    if prepared and not short and only is None:
        where = " ".join(map(str, paths)) or "scenarios"
        raise ScenarioError(
            f"{where}: found scenarios of the long lane only; expected --long, or a file of them"
        )
    return short or prepared


def matches(only: str, scenario_id: str, file: Path) -> bool:
    """`-k TEXT`: a part of the id, or the folder's name; several of them joined by and, or, not."""
    return filter_of(only)(scenario_id, file.parent.name)


ENDED_EARLY = "ended early"  # by a rule of the run; begins what `aborted` says then
LONG_LANE = "of the long lane: hil run --long, or named on the command line"


# How a record says what was asked for, where it was neither files nor `-k`.
BY_ID = "by id: "
EARNED = "hil safety --earn "


def selection_words(paths: list[Path] | None, only: str | None) -> str:
    """What the command line asked for, as the record keeps it; "" for everything."""
    parts = [f"-k '{only}'"] if only is not None else []
    return " ".join([*parts, *(path.as_posix() for path in paths or ())])


def whole_library(wired: Wired, also: Sequence[Path] = ()) -> Library:
    """Every scenario of the bench's own folder, and the files named beside it, whatever is run."""
    from bench.scenario.library import entry_of, list_library
    from bench.scenario.load import find_scenarios
    from bench.scenario.must_reach import scenarios_of

    root = library_above(wired.config.file) / "scenarios"
    files = find_scenarios([root]) if root.is_dir() else []
    known = {
        file.resolve() for file in (*files, wired.profile.file)
    }  # must-reach ones are made of the profile
    listed = list_library([*files, *(file for file in dict.fromkeys(also) if file.resolve() not in known)])
    made = tuple(entry_of(one) for one in scenarios_of(wired.profile))
    return dataclasses.replace(listed, entries=(*listed.entries, *made))


def exit_code(result: RunResult) -> int:
    """0 all pass, or fail as known · 1 a FAIL · 3 anything else that is no pass, and a run that was ended early.

    Where a rule of the run itself ended it (`-x`), a FAIL stands.
    """
    from bench.verdict.result import Verdict

    verdicts = {scenario.judgement.verdict for scenario in result.scenarios}
    if result.aborted is not None:
        return 1 if result.aborted.startswith(ENDED_EARLY) and Verdict.FAIL in verdicts else 3
    if Verdict.FAIL in verdicts:
        return 1
    return 0 if verdicts and all(verdict.expected for verdict in verdicts) else 3
