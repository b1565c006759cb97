"""Where a hunt takes place: one scenario on one rig, its space, and the second faults that its library offers."""

from pathlib import Path

from bench.config.toml_file import read_toml
from bench.errors import ConfigError, ScenarioError, nearest
from bench.measure.plan import Aim
from bench.running.load import budgets_beside, library_above
from bench.scenario.load import find_scenarios, load_scenario, scenario_in
from bench.scenario.model import Expect, Scenario
from bench.scenario.prepare import prepare_one
from bench.scenario.second_fault import fits_as_second, may_open
from bench.scenario.space import SecondFault, bounded, space_of
from bench.search.hunt import Hunt, prepared_at
from bench.units import NS_PER_MS
from bench.verdict.budgets import load_budgets
from bench.wiring.common import Wired, why_not


def scenario_file(wired: Wired, name: str) -> Path:
    """A path, or the id of a scenario of the library. Raises ScenarioError."""
    path = Path(name)
    if path.is_file():
        return path
    root = library_above(wired.config.file) / "scenarios"
    known = {file.stem.replace("_", "-"): file for file in find_scenarios([root])} if root.is_dir() else {}
    if name in known:
        return known[name]
    raise ScenarioError(
        f"found no scenario '{name}'; expected a file or an id of the library{nearest(name, known)}"
    )


def ground(
    wired: Wired, file: Path, *, vary: dict[str, str], goal: str, budget: int, seed: int, workers: int
) -> Hunt:
    """Everything checked before anything is run. Raises ConfigError, one line per mistake."""
    if not wired.config.simulated:
        raise ConfigError(
            "hil hunt: found a bench in real time; expected simulated time, as it takes 2,000 runs"
        )
    toml = read_toml(file, ScenarioError)
    scenario = scenario_in(toml)
    if missing := why_not(wired, scenario.needs):
        raise ScenarioError(
            f"{file}: this rig cannot do {', '.join(missing)}; expected a scenario it can run"
        )
    budgets_file = library_above(wired.config.file) / "scenarios" / "budgets.toml"
    if not budgets_file.is_file():
        budgets_file = budgets_beside(file) or budgets_file
    budgets = load_budgets(budgets_file, wired.chemistry.id)
    thresholds, pack = wired.thresholds(), wired.config.pack
    prepare_one(scenario, wired.profile, thresholds, budgets, pack.cells, wired.databases, pack.sensors)
    space = space_of(
        scenario,
        toml.data,
        thresholds,
        pack.cells,
        pack.sensors,
        second_faults(wired, scenario),
        _noticed_ms(wired, scenario.expect.flag if scenario.expect is not None else ""),
    )
    try:
        space = bounded(space, {**scenario.hunt, **vary})
    except ValueError as wrong:
        raise ScenarioError(f"{'--vary' if vary else f'{file} [hunt]'}: {wrong}") from None
    if not space.knobs:
        raise ScenarioError(
            f"{file}: found nothing to vary in it; expected a level, a time, a place or a load"
        )
    hunt = Hunt(
        wired=wired,
        space=space,
        file=toml,
        budgets=dict(budgets),
        goal=goal,
        budget=budget,
        seed=seed,
        workers=workers,
    )
    _refuse_unfit_ends(hunt)
    return hunt


def _refuse_unfit_ends(hunt: Hunt) -> None:
    """The ends of what the user has freed have to be scenarios, at least one by one."""
    start = hunt.space.start
    for place, knob in enumerate(hunt.space.knobs):
        for index in (0, len(knob.texts) - 1) if knob.freed else ():
            try:
                prepared_at(hunt, (*start[:place], index, *start[place + 1 :]))
            except ConfigError as unfit:
                reason = str(unfit).splitlines()[0]
                raise ScenarioError(f"--vary {knob.name} at {knob.texts[index]}: {reason}") from None


def second_faults(wired: Wired, scenario: Scenario) -> tuple[SecondFault, ...]:
    """One of the library per flag: of another kind, from the same mode, and never against what the first demands."""
    expect = scenario.expect
    root = library_above(wired.config.file) / "scenarios"
    if scenario.aim is not Aim.MUST_TRIP or expect is None or expect.onset != "stimulus" or not root.is_dir():
        return ()
    found: dict[str, SecondFault] = {}
    for file in find_scenarios([root]):
        try:
            one = load_scenario(file)
        except ConfigError:
            continue  # a broken file is told by `hil check`
        if one.expect is not None and fits_as_second(scenario, one, wired.capabilities):
            found.setdefault(one.expect.flag, _as_second(wired, one, one.expect))
    return tuple(found[flag] for flag in sorted(found))


def _as_second(wired: Wired, one: Scenario, expect: Expect) -> SecondFault:
    return SecondFault(
        name=one.id,
        step=read_toml(one.file, ScenarioError).data["step"][0],
        capability=one.needs[0],
        flags=(expect.flag, *expect.also),
        noticed_ms=_noticed_ms(wired, expect.flag),
        earliest_ms=_earliest_ms(wired, expect.flag),
        opens=may_open(one),
    )


def _earliest_ms(wired: Wired, flag: str) -> float:
    """A fault far beyond its limit settles at once, and the first sample of the count may come at once, too."""
    known = wired.profile.flags.get(flag)
    debounce = known.debounce if known is not None else None
    return debounce.fills_ns / NS_PER_MS if debounce is not None else 0.0


def _noticed_ms(wired: Wired, flag: str) -> float:
    known = wired.profile.flags.get(flag)
    debounce = known.debounce if known is not None else None
    return debounce.full_ns / NS_PER_MS if debounce is not None else 0.0
