"""What a scenario's stimulus shows the DUT, beside the limit of the flag that it is about: for the words of a FAIL."""

from collections.abc import Mapping, Sequence

from bench.config.profile import QUANTITIES, DutProfile
from bench.measure.finding.scenario import LevelShown
from bench.scenario.model import Inject, Scenario, Step


def levels_shown(
    scenario: Scenario,
    steps: Sequence[Step],
    flag: str | None,
    profile: DutProfile,
    thresholds: Mapping[str, float],
) -> tuple[LevelShown, ...]:
    """Each level that an injection brings of the quantity of the flag's limit; () where flag or limit is not known."""
    about = profile.flags.get(flag or "")
    if about is None or about.limit is None or about.limit.threshold not in thresholds:
        return ()
    limit, debounce = about.limit, about.debounce
    found: dict[LevelShown, None] = {}
    for step in steps:
        if not isinstance(step, Inject):
            continue
        numbers: dict[float, list[int]] = {
            value: [] for name, value in step.fault.levels() if name == limit.quantity
        }
        for one in step.fault.carried():
            if one.quantity == limit.quantity and one.number:
                numbers.setdefault(one.value, []).append(one.number)
        short = scenario.twin_kind in ("glitch", "counter_reset") and debounce is not None
        for value, places in numbers.items():
            level = LevelShown(
                flag=about.name,
                quantity=limit.quantity,
                unit=QUANTITIES[limit.quantity],
                value=value,
                numbers=tuple(places),
                op=limit.op,
                threshold=limit.threshold,
                limit=thresholds[limit.threshold],
                lasts_ns=step.duration_ns if short else None,
                debounce_ns=debounce.full_ns if short and debounce is not None else None,
            )
            found[level] = None
    return tuple(found)
