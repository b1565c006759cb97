"""Providers of capabilities that distributions bring, by name."""

import inspect
from functools import cache

from bench.config.bench_file import BenchConfig
from bench.errors import ConfigError, InstrumentError, nearest
from bench.parts import Shelf
from bench.rig import capabilities
from bench.rig.capabilities.provider import Provider

GROUP = "bms_hil.providers"


def _known() -> tuple[type, ...]:
    """Every protocol that a fault may ask for."""
    found = (getattr(capabilities, name) for name in capabilities.__all__)
    return tuple(one for one in found if isinstance(one, type) and getattr(one, "_is_protocol", False))


def _lacks(name: str, one: Provider) -> str:  # noqa: ARG001
    if not one.title:
        return "found no 'title'; expected one, for `hil list faults`"
    if not one.provides:
        return "found nothing that it provides; expected capabilities of bench.faults"
    strange = [str(getattr(kind, "__name__", kind)) for kind in one.provides if kind not in _known()]
    if strange:
        return f"found {', '.join(strange)} in 'provides'; expected capabilities of bench.faults"
    if capabilities.Timers in one.provides:
        return "found Timers in 'provides'; expected other capabilities: the rig has one clock"
    return "" if callable(one.make) else "found no 'make'; expected what builds it"


@cache
def providers() -> Shelf[Provider]:
    """The providers of capabilities that installed distributions bring."""
    return Shelf(what="provider", group=GROUP, kind=Provider, attribute="PROVIDER", lacks=_lacks)


def asked_for(config: BenchConfig) -> dict[str, Provider]:
    """Those that a bench file names. ConfigError for one that is not there or is broken, and for two of one thing."""
    place = f"{config.file} [bench.providers]"
    found: dict[str, Provider] = {}
    taken: dict[type, str] = {}
    known = providers() if config.providers else ()
    for name in config.providers:
        if name not in known:
            have = ", ".join(providers().names()) or "none is installed"
            near = nearest(name, providers().names())
            raise ConfigError(f"{place}: found '{name}'; expected one of {have}{near}")
        found[name] = providers().get(name)
        for kind in found[name].provides:
            if kind in taken:
                told = f"found '{taken[kind]}' and '{name}', which both provide {kind.__name__}; expected one"
                raise ConfigError(f"{place}: {told}")
            taken[kind] = name
    return found


def refuse_unkept(name: str, made: object, kinds: tuple[type, ...]) -> None:
    """InstrumentError for what a provider says that it provides, and cannot be asked."""
    for kind in kinds:
        verbs = [verb for verb, _ in inspect.getmembers(kind, inspect.isfunction) if not verb.startswith("_")]
        if missing := [verb for verb in verbs if not callable(getattr(made, verb, None))]:
            raise InstrumentError(
                f"provider '{name}': found no {', '.join(missing)}; expected all of {kind.__name__}"
            )
