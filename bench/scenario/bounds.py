"""How early and how late a detection may come, and whether the rig can tell it as finely as the budget asks."""

from bench.config.profile import Flag
from bench.scenario.lookup import Lookup
from bench.units import format_ns


def detection_bounds(lookup: Lookup, flag: Flag) -> tuple[int | None, int | None]:
    """(floor, ceiling) of the FDTI in ns: as the scenario says, or as the profile predicts."""
    expect = lookup.scenario.expect
    if expect is None:
        return None, None
    floor_ns, ceiling_ns = expect.floor_ns, expect.ceiling_ns
    if expect.floor_from_profile or expect.ceiling_from_profile:
        if flag.debounce is None:
            which = "floor" if expect.floor_from_profile else "ceiling"
            lookup.mistake(
                ("expect", which),
                f"found 'profile', but flag '{flag.name}' has no debounce there; expected a duration",
            )
            return None, None
        cycle_ns = lookup.cycle_ns(flag.role)
        if expect.floor_from_profile:
            floor_ns = flag.debounce.floor_ns(lookup.profile.base_period_ns)
        if expect.ceiling_from_profile:
            ceiling_ns = flag.debounce.ceiling_ns(cycle_ns, lookup.profile.base_period_ns)
    if floor_ns is not None and ceiling_ns is not None and floor_ns > ceiling_ns:
        lookup.mistake(
            ("expect", "floor"),
            f"found {format_ns(floor_ns)}; expected at most the ceiling, {format_ns(ceiling_ns)}",
        )
    return floor_ns, ceiling_ns


def check_budget(lookup: Lookup, flag: Flag) -> None:
    """A budget the rig cannot resolve is none: detection is seen once per cycle of the flag's message."""
    budget, cycle_ns = lookup.budget, lookup.cycle_ns(flag.role)
    for name, limit_ns in (("FDTI", budget.fdti_ns), ("FRTI", budget.frti_ns)):
        if limit_ns < cycle_ns:
            lookup.mistake(
                ("safety_goal",),
                f"found {budget.safety_goal} with {name} {format_ns(limit_ns)}, too fine for this rig; "
                f"expected at least {format_ns(cycle_ns)}, the cycle of {flag.role.message}",
            )
    if budget.fhti_ns > budget.ftti_ns:
        lookup.mistake(
            ("safety_goal",),
            f"found {budget.safety_goal} with FDTI + FRTI = {format_ns(budget.fhti_ns)}; "
            f"expected at most its FTTI of {format_ns(budget.ftti_ns)}",
        )
    expect = lookup.scenario.expect
    if expect is not None and expect.window_ns < budget.fhti_ns:
        lookup.mistake(
            ("expect", "window"),
            f"found {format_ns(expect.window_ns)}; expected at least the budget's FDTI + FRTI of "
            f"{format_ns(budget.fhti_ns)}",
        )
