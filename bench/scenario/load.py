"""From a scenario file to a Scenario. Everything that can be checked without a DUT is checked here."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.errors import ConfigError, ScenarioError, choices, nearest
from bench.faults.find import fault_names, kind
from bench.measure.ending import EndQuestion
from bench.measure.plan import OLD_REFUSE, Aim
from bench.scenario.clauses import clauses_of
from bench.scenario.known_gap import known_gap_of
from bench.scenario.mismatch import check_mismatch, mismatch_of
from bench.scenario.model import (
    AlternateText,
    ConstantVoltage,
    CycleText,
    Diagnose,
    DriveText,
    EndText,
    EstimateText,
    Expect,
    FaultReset,
    InjectText,
    Park,
    Quiet,
    Reaches,
    Request,
    Scenario,
    Start,
    StateText,
    StepText,
    Sweep,
    Wait,
)
from bench.scenario.stop_request import limits_asked
from bench.scenario.together import check_together
from bench.units import NS_PER_S, format_ns

if TYPE_CHECKING:
    from bench.config.toml_file import TomlFile
    from bench.scenario.shape import ScenarioShape
    from bench.scenario.step_shapes import CycleShape

NOT_SCENARIOS = {"budgets.toml", "fmea.toml", "tool_usage.toml"}  # what stands beside scenarios


def find_scenarios(paths: Iterable[Path]) -> list[Path]:
    """The scenario files among `paths`; a folder stands for every scenario in it. Sorted, each once.

    Raises ScenarioError with a line for each that is not there.
    """
    found: dict[Path, None] = {}
    mistakes: list[str] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*.toml") if p.name not in NOT_SCENARIOS)
            if not inside:
                mistakes.append(f"{path}: found no scenario in this folder; expected *.toml files")
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            found[path] = None
        else:
            near = nearest(path.name, (p.name for p in path.parent.iterdir())) if path.parent.is_dir() else ""
            mistakes.append(f"{path}: found no such file; expected a scenario file or a folder of them{near}")
    if mistakes:
        raise ScenarioError("\n".join(mistakes))
    return list(found)


def load_scenario(path: Path) -> Scenario:
    """Read and check one file. Raises ScenarioError with one line per mistake."""
    scenario, mistakes = read_scenario(path)
    if scenario is None or mistakes:
        raise ScenarioError("\n".join(mistakes))
    return scenario


def read_scenario(path: Path) -> tuple[Scenario | None, tuple[str, ...]]:
    """The scenario, and what is wrong with its file; None where too little is right to look any further."""
    try:
        state = path.stat()
    except OSError:
        return _read(path)  # and be told what is wrong
    return _unchanged(path, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=1 << 12)
def _unchanged(
    path: Path,
    mtime_ns: int,  # noqa: ARG001
    size: int,  # noqa: ARG001
    inode: int,  # noqa: ARG001
) -> tuple[Scenario | None, tuple[str, ...]]:
    """A run looks at the whole library twice: what it runs, and what it leaves out."""
    return _read(path)


def _read(path: Path) -> tuple[Scenario | None, tuple[str, ...]]:
    # Imported here: pydantic costs 0.1 s, which commands that never read a scenario need not pay.
    from bench.config.toml_file import read_toml

    try:
        file = read_toml(path, ScenarioError)
        return _scenario(file), tuple(dict.fromkeys(file.mistakes))
    except ConfigError as wrong:
        return None, tuple(str(wrong).splitlines())


def scenario_in(file: "TomlFile") -> Scenario:
    """The scenario that a file says, or would say: a hunt writes only what it has found."""
    scenario = _scenario(file)
    file.stop_on_mistakes()
    if scenario is None:  # unreachable after stop_on_mistakes; narrows the type
        raise ScenarioError(f"{file.path}: found no scenario; expected one")
    return scenario


def _scenario(file: "TomlFile") -> Scenario | None:
    """Mistakes are noted in `file`. A wrong step is one of waiting then, so that the others keep their place."""
    from bench.scenario import shape as shapes
    from bench.scenario.shape import ScenarioShape

    shape = file.check_on(ScenarioShape, file.data)
    tables = file.data.get("step")
    steps = [_step(file, table, n) for n, table in enumerate(tables)] if isinstance(tables, list) else []
    if shape is None:
        return None
    done = [Wait(duration_ns=0) if step is None else step for step in steps]
    check_together(file, shape, done, whole=all(step is not None for step in steps))
    check_mismatch(file, shape)
    known_gap = known_gap_of(file, shape)
    clauses = clauses_of(file, shape)
    return Scenario(
        file=file.path,
        id=shape.id,
        title=shape.title,
        safety_goal=shape.safety_goal,
        aim=Aim(shape.aim),
        standards=clauses.touches,
        performs=clauses.performs,
        requirements=tuple(shape.requirements),
        needs=tuple(shape.needs),
        start=_start(file, shape),
        steps=tuple(done),
        expect=_expect(file, shape),
        quiet=_quiet(shape, done),
        sweep=Sweep(phase_ns=shape.sweep.phase, repeat=shape.sweep.repeat),
        lines=file.lines,
        budget=shape.budget,
        lane=shape.lane,
        end=_end(file, shape),
        estimates=tuple(
            EstimateText(role=one.of, asks=tuple(one.asks), after_ns=one.after) for one in shape.estimate
        ),
        derivation=shape.derivation or ("requirements-analysis" if shape.requirements else ""),
        fully_verifies=shape.verifies == "fully",
        provenance=shape.provenance,
        hint=_hint(file, shape),
        hunt=dict(shape.hunt),
        known_gap=known_gap,
        mismatch=mismatch_of(shape),
        not_for=dict(shape.not_for),
        no_twins=shape.twins if isinstance(shape.twins, str) else None,
        twins_left_out={str(kind): why for kind, why in shape.twins.skip.items()}
        if isinstance(shape.twins, shapes.TwinsTable)
        else {},
        space_left_out=shape.space.removeprefix("none: ") if isinstance(shape.space, str) else None,
        space_skips=dict(shape.space.skip) if isinstance(shape.space, shapes.SpaceTable) else {},
        format=shape.format,
    )


def _hint(file: "TomlFile", shape: "ScenarioShape") -> str:
    """An old word that is still read."""
    if shape.aim != OLD_REFUSE:
        return ""
    line = file.lines.get("aim", 1)
    return f"{file.path}:{line} [aim]: found '{OLD_REFUSE}', which is called '{Aim.MUST_REFUSE}' now; it is still read"


def _start(file: "TomlFile", shape: "ScenarioShape") -> Start:
    start, reaches = shape.start, shape.start.reaches
    if reaches is not None and start.soc is not None:
        file.mistake(("start", "soc"), "found soc beside reaches; expected only one of them")
    return Start(
        mode=start.mode,
        soc=start.soc,
        current_a=0.0 if start.current is None else start.current.offset,
        current=start.current if start.current is not None and start.current.name is not None else None,
        soh=start.soh,
        polarised_by_a=start.polarised_by,
        hysteresis=start.hysteresis,
        beyond=start.beyond,
        control=tuple(dict.fromkeys(start.control)),
        reaches=None
        if reaches is None
        else Reaches(voltage=reaches.cell_voltage, current_a=reaches.current, after_ns=reaches.after),
    )


def _step(file: "TomlFile", table: Any, index: int) -> StepText | None:
    """One [[step]], chosen by its `do` and `fault`; None, and a mistake noted, where it is wrong."""
    from bench.scenario import step_shapes as s
    from bench.scenario.recorded import recorded_step

    place = ("step", index)
    if not isinstance(table, dict):
        file.mistake(place, "found no table; expected [[step]]")
        return None
    chosen = _chosen(file, table, place, "do", [*s.STEPS, "inject"])
    if chosen == "inject":
        fault = _chosen(file, table, place, "fault", list(fault_names()))
        return _injection(file, fault, table, place) if fault is not None else None
    shape = file.check(s.STEPS[chosen], table, *place) if chosen is not None else None
    match shape:
        case s.CycleShape():
            return _cycle(file, shape, place)
        case s.ReplayShape():
            return recorded_step(file, shape, place)
        case _:
            return _plain_step(shape, index)


def _plain_step(shape: object, index: int) -> StepText | None:
    """A step that needs no other file; None for a shape that is no step."""
    from bench.scenario import step_shapes as s

    match shape:
        case s.RequestShape():
            return Request(mode=shape.mode, mode_value=-1)
        case s.WaitShape():
            return Wait(duration_ns=shape.duration)
        case s.DriveShape():
            return DriveText(current=shape.current, step=index, beyond=shape.beyond)
        case s.FaultResetShape():
            return FaultReset(duration_ns=shape.duration)
        case s.DiagnoseShape():
            return Diagnose(request=shape.request, answer=shape.answer, step=index)
        case s.AlternateShape():
            return AlternateText(
                discharge=shape.discharge, charge=shape.charge, swing=shape.swing, lasts_ns=shape.duration
            )
        case s.ParkShape():
            return Park(duration_ns=shape.duration)
        case s.ConstantVoltageShape():
            return ConstantVoltage(
                voltage=shape.cell_voltage,
                current_a=shape.current,
                cutoff_a=shape.cutoff,
                at_most_ns=shape.at_most,
                step=index,
            )
        case _:
            return None


def _cycle(file: "TomlFile", shape: "CycleShape", place: tuple[str, int]) -> CycleText | None:
    """The cycle's file is read at once: what is wrong with it is as wrong as the scenario."""
    from bench.plant.drive_cycle import find_cycle, read_cycle

    try:
        cycle = read_cycle(find_cycle(shape.cycle, file.path.parent))
    except ConfigError as wrong:
        file.mistakes.extend(str(wrong).splitlines())
        return None
    except ValueError as unknown:
        file.mistake((*place, "cycle"), str(unknown))
        return None
    lasts_ns = round((cycle.times_s[-1] - cycle.times_s[0]) * NS_PER_S)
    end_ns = lasts_ns if shape.until is None else shape.until
    if not shape.from_ < end_ns <= lasts_ns:
        key = "from" if shape.until is None else "until"
        found = f"found {format_ns(shape.from_)} to {format_ns(end_ns)} of a cycle of {format_ns(lasts_ns)}"
        file.mistake((*place, key), f"{found}; expected a part of it")
        return None
    return CycleText(
        name=shape.cycle,
        cycle=cycle,
        scale=shape.scale / 100,
        repeat=shape.repeat,
        from_ns=shape.from_,
        until_ns=shape.until,
    )


def _injection(
    file: "TomlFile", fault: str, table: dict[str, Any], place: tuple[str, int]
) -> InjectText | None:
    from bench.faults.shapes import keys_of

    try:
        chosen = kind(fault)
        keys = keys_of(chosen)
    except ConfigError as broken:
        file.mistake((*place, "fault"), f"found '{fault}', which cannot be used: {broken}")
        return None
    shape = file.check(keys, table, *place)
    if shape is None:
        return None
    return InjectText(kind=chosen, shape=shape, duration_ns=shape.duration, ttl_ns=shape.ttl)


def _chosen(
    file: "TomlFile",
    table: dict[str, Any],
    place: tuple[str, int],
    key: Literal["do", "fault"],
    known: list[str],
) -> str | None:
    value = table.get(key)
    if isinstance(value, str) and value in known:
        return value
    found = f"no '{key}'" if value is None else f"'{value}'"
    near = nearest(str(value), known)
    at = (*place, key) if key in table else place
    file.mistake(at, f"found {found}; expected {key} to be one of {choices(str(value), known)}{near}")
    return None


def _expect(file: "TomlFile", shape: "ScenarioShape") -> Expect | None:
    expect = shape.expect
    if expect is None:
        return None
    written = file.data.get("expect", {})  # under a name that is nearly right it is told already
    return Expect(
        flag=expect.flag,
        also=tuple(expect.also),
        safe_state=expect.safe_state[-1].state,
        states=tuple(
            StateText(name=one.state, at_least_ns=one.at_least, at_most_ns=one.at_most)
            for place, one in enumerate(expect.safe_state, 1)
            if place < len(expect.safe_state) or one.at_least is not None or one.at_most is not None
        ),
        onset=expect.onset,
        step=None if expect.step is None else expect.step - 1,
        hold_ns=expect.hold,
        window_ns=expect.window,
        floor_ns=expect.floor,
        floor_from_profile=written.get("floor") == "profile",
        ceiling_ns=expect.ceiling,
        ceiling_from_profile=written.get("ceiling") == "profile",
        forbidden=tuple(expect.forbidden),
        dtc_status=tuple(expect.dtc_status),
        e2e=expect.e2e,
    )


def _end(file: "TomlFile", shape: "ScenarioShape") -> EndText | None:
    end = shape.end
    if end is None:
        return None
    others = (end.stable, end.hotter_than, end.voltage_share, end.after)
    if not (end.cut_off or end.signal) and all(one is None for one in others):
        file.mistake(
            ("end",),
            "found nothing that ends the test; expected cut_off, signal, stable, hotter_than, voltage_share or after",
        )
    return EndText(
        asked=EndQuestion(
            observe_ns=end.observe,
            cut_off=end.cut_off,
            signal=bool(end.signal),
            sound_before=True,
            stable_k=None if end.stable is None else end.stable.within,
            stable_ns=None if end.stable is None else end.stable.over,
            share=end.voltage_share,
            after_ns=end.after,
        ),
        hotter_than=end.hotter_than,
        stops=limits_asked(end.signal),
    )


def _quiet(shape: "ScenarioShape", steps: list[StepText]) -> Quiet | None:
    if shape.quiet is None:
        return None
    forbidden = shape.quiet.forbidden
    if forbidden is None:
        opens = shape.start.mode == "off" or any(
            isinstance(s, Park) or (isinstance(s, Request) and s.mode == "off") for s in steps
        )
        forbidden = ["any_trip", "state_error", *([] if opens else ["mains_open"])]
    return Quiet(
        window_ns=shape.quiet.window,
        forbidden=tuple(forbidden),
        e2e=shape.quiet.e2e,
        also=tuple(shape.quiet.also),
        reaches_ns=shape.quiet.reaches,
    )
