"""The contacts of [safety] on a rig, and what they say now for whoever only looks."""

import datetime
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.config.bench_file import BenchConfig
from bench.config.safety import SafetyInput, Source
from bench.links.contact import open_contact
from bench.record.latch import latch, refuse_if_latched
from bench.rig.safety_inputs import SafetyInputs
from bench.timing.clock import Clock
from bench.timing.host import host_now_ns, wall_now_ns
from bench.trace.timeline import Trace
from bench.trace.trouble import line_of
from bench.units import NS_PER_S


def safety_inputs(config: BenchConfig, clock: Clock, trace: Trace) -> SafetyInputs | None:
    """None where the bench file has none."""
    if not config.safety:
        return None
    rig = config.record.rig
    return SafetyInputs(
        inputs=config.safety,
        clock=clock,
        trace=trace,
        latch=partial(_latched, rig),
        may_drive=partial(refuse_if_latched, rig),
    )


def utc_now() -> str:
    """The time of day in UTC, ISO 8601."""
    return datetime.datetime.fromtimestamp(wall_now_ns() // NS_PER_S, tz=datetime.UTC).isoformat()


def look(config: BenchConfig, *, in_any_time: bool = False) -> Iterator[tuple[SafetyInput, str, bool]]:
    """(contact, what it says now in words, whether it is closed), each read once and proven where that can be done.

    in_any_time: real contacts are read also where time is simulated.
    """
    for one in config.safety:
        if config.simulated and not in_any_time and one.source is not Source.PLAYED:
            yield one, "not asked: simulated time drives nothing real", True
            continue
        yield one, *_looked(one)


def _looked(one: SafetyInput) -> tuple[str, bool]:
    contact = None
    try:
        contact = open_contact(one, host_now_ns, _wait, simulated=False)
        proof = contact.prove()
        return (f"closed; {proof}", True) if contact.closed() else ("open", False)
    except Exception as error:  # noqa: BLE001 - whatever it is: what cannot be read is open
        return f"cannot be read, which counts as open: {line_of(error)}", False
    finally:
        if contact is not None:
            contact.close()


def _wait(seconds: float) -> None:
    until_ns = host_now_ns() + round(seconds * NS_PER_S)
    while host_now_ns() < until_ns:
        pass


def _latched(rig_folder: Path, why: str, contacts: Sequence[SafetyInput]) -> None:
    latch(rig_folder, why, utc_now(), [one.place for one in contacts])
