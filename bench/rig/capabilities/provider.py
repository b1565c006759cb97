"""Whoever serves a capability on a rig and is brought by another distribution: named in `[bench] providers`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.rig.capabilities.timers import Timers
from bench.timing.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RigGround:
    """What a provider is built on, for one shot.

    drivers: the driven instruments of the bench file, by their name there. They are connected and identified before
    anything is asked of the provider, and the bench makes them safe.
    before: who would serve each of its capabilities without it, so that the plant can follow; None where nobody
    would.
    """

    clock: Clock
    timers: Timers
    drivers: Mapping[str, Any]
    before: Mapping[type, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """title: as `hil list faults` names it. provides: capabilities of `bench.faults`. make: what keeps all of them.

    It is made again for each shot.
    """

    title: str
    provides: tuple[type, ...]
    make: Callable[[RigGround], object]
