"""An [[estimate]] of a scenario meets the DUT's profile and DBC: which signal, which of its promises, how fine."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.config.profile import Promise
from bench.errors import ConfigError, nearest
from bench.measure.estimate import EstimateQuestion
from bench.scenario.model import EstimateText

if TYPE_CHECKING:
    from bench.codec.database import Database

_PERCENT = 0.01  # every share is told in percent: DBC files write the unit in many ways
# A current is told in A; it is scored in shares of the chemistry's own limit.
_LIMITS = {"charge_limit": "oc_charge", "discharge_limit": "oc_discharge"}


def estimate_question(
    text: EstimateText,
    promises: Mapping[str, Promise],
    databases: Mapping[str, "Database"],
    thresholds: Mapping[str, float],
) -> EstimateQuestion:
    """ValueError, in words, for a role without promises, a promise that is not made, a signal that is not there."""
    if text.role not in promises:
        known = ", ".join(promises) or "none, its profile has no [estimate]"
        raise ValueError(
            f"found '{text.role}'; expected an estimate that the profile promises: {known}"
            f"{nearest(text.role, promises)}"
        )
    promise = promises[text.role]
    made = {
        "rms": promise.rms,
        "max": promise.max,
        "over": promise.over,
        "converges": promise.converges_ns if promise.band is not None else None,
        "drift": promise.drift_per_day,
    }
    broken = [ask for ask in text.asks if made[ask] is None]
    if broken:
        raise ValueError(
            f"found '{text.role}' asked for {', '.join(broken)}, which its profile does not promise; "
            f"expected it in [estimate.{text.role}] (converges needs band)"
        )
    role = promise.role
    described = databases.get(role.channel)
    if described is not None and (trouble := described.trouble(role.message)) is not None:
        raise ValueError(trouble)
    try:
        message = databases[role.channel][role.message]
        field = message.fields[role.signal]
    except (KeyError, ConfigError):
        raise ValueError(f"found {role}, which the DBC files lack; expected a signal of theirs") from None
    converges = "converges" in text.asks
    full = thresholds[_LIMITS[promise.truth]] if promise.truth in _LIMITS else None
    gain = _PERCENT if full is None else 1.0 / full
    return EstimateQuestion(
        name=text.role.replace("_", " "),
        truth=promise.truth,
        channel=role.channel,
        message=role.message,
        signal=role.signal,
        gain=gain,
        resolution=gain * abs(float(field.scale)),
        cycle_ns=message.cycle_ns,
        after_ns=max(text.after_ns, (promise.converges_ns or 0) if converges else 0),
        rms=promise.rms if "rms" in text.asks else None,
        max=promise.max if "max" in text.asks else None,
        over=promise.over if "over" in text.asks else None,
        full=full,
        band=promise.band if converges else None,
        converge_ns=promise.converges_ns if converges else None,
        drift_per_day=promise.drift_per_day if "drift" in text.asks else None,
    )
