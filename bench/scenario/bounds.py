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
    elif ceiling_ns is not None and ceiling_ns < (finest := resolvable_ns(lookup, flag))[0]:
        lookup.mistake(
            ("expect", "ceiling"),
            f"found {format_ns(ceiling_ns)}, too fine for this rig; "
            f"expected at least {format_ns(finest[0])}, {finest[1]}",
        )
    return floor_ns, ceiling_ns


def resolvable_ns(lookup: Lookup, flag: Flag) -> tuple[int, str]:
    """How wide an FDTI interval is at least, and why: the cycle of the flag's message, and the width of its lag.

    The stamps add 2u each once the links are open; no file knows it before.
    """
    cycle_ns, lag = lookup.cycle_ns(flag.role), lookup.profile.lags.get(flag.role)
    if lag is None or not lag.width_ns:
        return cycle_ns, f"the cycle of {flag.role.message}"
    return cycle_ns + lag.width_ns, f"the cycle of {flag.role.message} and the width of its lag"


def check_budget(lookup: Lookup, flag: Flag) -> None:
    """A bound that the rig cannot resolve is refused."""
    budget, expect = lookup.budget, lookup.scenario.expect
    finest_ns, why = resolvable_ns(lookup, flag)
    for name, limit_ns in (("FDTI", budget.fdti_ns), ("FRTI", budget.frti_ns)):
        if limit_ns < finest_ns:
            lookup.mistake(
                ("safety_goal",),
                f"found {budget.safety_goal} with {name} {format_ns(limit_ns)}, too fine for this rig; "
                f"expected at least {format_ns(finest_ns)}, {why}",
            )
    if budget.fhti_ns > budget.ftti_ns:
        lookup.mistake(
            ("safety_goal",),
            f"found {budget.safety_goal} with FDTI + FRTI = {format_ns(budget.fhti_ns)}; "
            f"expected at most its FTTI of {format_ns(budget.ftti_ns)}",
        )
    if expect is not None and expect.window_ns < budget.fhti_ns:
        lookup.mistake(
            ("expect", "window"),
            f"found {format_ns(expect.window_ns)}; expected at least the budget's FDTI + FRTI of "
            f"{format_ns(budget.fhti_ns)}",
        )
