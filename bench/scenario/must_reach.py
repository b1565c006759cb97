"""Must-reach scenarios, made from the modes of a DUT's profile: a DUT that is heard healthy obeys a valid request.

One per mode: it is asked for from standby, "off" from the first of the others. They serve no safety goal: a DUT that
never closes its contactors is safe, and of no use; and what starts in that mode has nothing to say of it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.config.profile import DutProfile
from bench.errors import ScenarioError
from bench.measure.finding.reach import MUST_REACH_PREFIX
from bench.measure.plan import Aim
from bench.scenario.forbidden import state_of
from bench.scenario.model import Request, Scenario, Start, Sweep
from bench.scenario.prepare import Prepared
from bench.scenario.resolve import resolve
from bench.units import NS_PER_MS
from bench.verdict.result import Budget

if TYPE_CHECKING:
    from bench.codec.database import Database

SHOTS = 10  # a request is a matter of yes or no; every other shot begins with one too
NO_GOAL = "AVAILABILITY"


def _times(closed_ns: int) -> Budget:
    return Budget(
        safety_goal=NO_GOAL,
        title="The DUT comes into the mode that it is asked for",
        asil="QM",
        ftti_ns=2 * closed_ns,
        fdti_ns=closed_ns // 2,
        frti_ns=closed_ns // 2,
        safe_state="",
        provenance="the profile's wait for it",
    )


def must_reach(
    profile: DutProfile,
    thresholds: Mapping[str, float],
    cells: int,
    databases: Mapping[str, "Database"],
    sensors: int,
) -> list[Prepared]:
    """One per mode that can be asked for and known, in the profile's order. Raises ScenarioError."""
    made, mistakes = [], []
    times = _times(profile.waits.closed_ns)
    for scenario in scenarios_of(profile):
        try:
            plan, steps = resolve(scenario, profile, thresholds, times, cells, databases, sensors)
        except ScenarioError as wrong:
            mistakes += str(wrong).splitlines()
            continue
        made.append(Prepared(scenario=scenario, plan=plan, steps=tuple(steps), budget=times))
    if mistakes:
        raise ScenarioError("\n".join(dict.fromkeys(mistakes)))
    return made


def scenarios_of(profile: DutProfile) -> list[Scenario]:
    """A must-reach scenario for each mode of the profile that can be asked for."""
    known = [mode for mode in profile.modes if why_none(profile, mode) is None]
    first = next((mode for mode in known if mode != "off"), None)
    made = []
    for mode in known:
        if mode != "off":
            made.append(_scenario(profile, mode, "off"))
        elif first is not None:
            made.append(_scenario(profile, mode, first))
    return made


def why_none(profile: DutProfile, mode: str) -> str | None:
    """Why a mode has no must-reach scenario; None where it has one."""
    if profile.shown("mode_request", "==", 0.0) is None:
        return "the DUT is never shown a mode_request"
    if state_of(mode) not in profile.states:
        return f"[state] of the profile has no '{state_of(mode)}'"
    return None


def _scenario(profile: DutProfile, mode: str, start: str) -> Scenario:
    came = " again" if mode == "off" else ""
    return Scenario(
        file=profile.file,
        id=f"{MUST_REACH_PREFIX}{mode}",
        title=f"The healthy DUT enters {state_of(mode)}{came} when it is requested",
        safety_goal=NO_GOAL,
        aim=Aim.MUST_REACH,
        standards=(),
        derivation="design-analysis",  # of the modes that its profile says it has
        requirements=(),
        needs=(),
        start=Start(mode=start, soc=None, current_a=0.0),
        steps=(Request(mode=mode, mode_value=-1),),
        expect=None,
        quiet=None,
        sweep=Sweep(phase_ns=100 * NS_PER_MS, repeat=SHOTS),
        lines={"id": 1},
        format=2,
        provenance="made from the modes of the DUT's profile",
    )
