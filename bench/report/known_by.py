"""What a scenario's times rest on besides frames: the DUT's word, and how late its reports come."""

from collections.abc import Iterator

from bench.measure.plan import Aim, Plan
from bench.units import format_ns


def known_by_notes(plan: Plan) -> Iterator[str]:
    """Sentences without a full stop, for the notes of a scenario's result."""
    if plan.aim is not Aim.MUST_TRIP:
        return
    if plan.safe_by_word:
        yield (
            "the safe state is known by the DUT's word alone: the bench itself saw no coil, no auxiliary contact and "
            "no current"
        )
    lags = {f"{one.message}.{one.signal}": one.lag for one in (*plan.detection, *plan.safe_state)}
    for signal, lag in lags.items():
        if lag is not None:
            why = (
                f"according to {lag.source}"
                if lag.source
                else "which is assumed: the profile names no source"
            )
            yield (
                f"{signal} tells a fact {format_ns(lag.low_ns)} to {format_ns(lag.high_ns)} after it, {why}; the times "
                "carry this as a term"
            )
