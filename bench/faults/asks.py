"""What a fault asks of a rig: the types of the arguments of its `apply` and its `clear`."""

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any, get_type_hints

from bench.faults.port import Actuation, Fault, Kind
from bench.rig.capabilities.provided import Provided


@cache
def asked_by(fault: type[Fault]) -> tuple[type, ...]:
    """The capabilities that its `apply` and its `clear` take, each once."""
    return tuple(dict.fromkeys([*_asked(fault.apply).values(), *_asked(fault.clear).values()]))


def asked_by_kind(kind: Kind) -> tuple[type, ...]:
    """The same of the fault that a kind's shape makes."""
    made = get_type_hints(kind.shape.resolve)["return"]
    return asked_by(made)


@cache
def _asked(method: Callable[..., Any]) -> dict[str, type]:
    _, *arguments = signature(method).parameters  # without self
    found = get_type_hints(method)
    return {name: found[name] for name in arguments}


async def put_on(fault: Fault, provided: Provided) -> Actuation:
    """Apply the fault by what the rig provides. InstrumentError, and nothing done, where it does not."""
    return await fault.apply(**_given(type(fault).apply, provided))


async def take_off(fault: Fault, provided: Provided) -> None:
    await fault.clear(**_given(type(fault).clear, provided))


def refuse_unprovided(fault: Fault, provided: Provided) -> None:
    """InstrumentError for what the fault asks and this rig does not provide."""
    for protocol in asked_by(type(fault)):
        provided.give(protocol)


def _given(method: Callable[..., Any], provided: Provided) -> dict[str, Any]:
    return {name: provided.give(protocol) for name, protocol in _asked(method).items()}
