"""What a scenario's times rest on besides frames: the DUT's word, and how late its reports come."""

from collections.abc import Iterator, Sequence

from bench.measure.interval import Latency
from bench.measure.plan import Aim, Plan
from bench.units import format_ns
from bench.verdict.result import ShotResult


def state_notes(shots: Sequence[ShotResult]) -> Iterator[str]:
    """When the further safe states were reached, over all shots: each from the lowest end to the highest."""
    seen: dict[str, list[Latency | None]] = {}
    for shot in shots:
        for one in shot.measurement.states if shot.measurement is not None else ():
            seen.setdefault(one.name, []).append(one.latency)
    for name, times in seen.items():
        spans = [one.interval for one in times if one is not None]
        told = f"safe state '{name}' reached in {len(spans)} of {len(times)} shots"
        if not spans:
            yield told
            continue
        low_ns, high_ns = min(one.low_ns for one in spans), max(one.high_ns for one in spans)
        yield f"{told}, {format_ns(low_ns)} to {format_ns(high_ns)} after onset"


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
