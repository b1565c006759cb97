"""What a fault asks of a rig: the types of the arguments of its `apply` and its `clear`."""

from collections.abc import Callable
from functools import cache
from inspect import Parameter, getsourcefile, signature, unwrap
from typing import Any, get_type_hints

from bench.errors import clear
from bench.faults.port import Actuation, Fault, Kind
from bench.rig.capabilities.provided import Provided

_UNNAMED = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD, Parameter.POSITIONAL_ONLY)


class NotAsked(TypeError):
    """A mistake in a fault whose arguments do not say what they ask for: what, where, found and expected, in one
    line.
    """


@cache
def asked_by(fault: type[Fault]) -> tuple[type, ...]:
    """The capabilities that its `apply` and its `clear` take, each once. Raises NotAsked."""
    return tuple(dict.fromkeys([*_asked(fault.apply).values(), *_asked(fault.clear).values()]))


def asked_by_kind(kind: Kind) -> tuple[type, ...]:
    """The same of the fault that a kind's shape makes."""
    return asked_by(made_by(kind))


def lacks_of(kind: Kind) -> str:
    """What of a kind does not say what it asks for, in words; "" where all of it does."""
    try:
        asked_by_kind(kind)
    except NotAsked as wrong:
        return str(wrong)
    return ""


def made_by(kind: Kind) -> type[Fault]:
    """The class of the fault that its shape makes. Raises NotAsked."""
    resolve = getattr(kind.shape, "resolve", None)
    made = _hints(resolve).get("return")
    if not isinstance(made, type) or made is Fault:
        raise NotAsked(
            f"{_place(resolve)}: found no class of a fault as what it gives back; expected `-> YourFault`"
        )
    for name in ("apply", "clear"):
        if not callable(getattr(made, name, None)):
            raise NotAsked(f"{_place(resolve)}: found {made.__name__}, which has no {name}; expected a fault")
    return made


@cache
def _asked(method: Callable[..., Any]) -> dict[str, type]:
    arguments = list(signature(method).parameters.values())[1:]  # without self
    found = _hints(method)
    for one in arguments:
        if one.kind in _UNNAMED or not isinstance(found.get(one.name), type):
            raise NotAsked(
                f"{_place(method)}: found argument '{one.name}' without a capability as its type; "
                f"expected one, as in `{one.name}: CellVoltages`"
            )
    return {one.name: found[one.name] for one in arguments}


def _hints(method: Any) -> dict[str, Any]:
    try:
        return get_type_hints(method)
    except Exception as error:  # whatever a stranger's annotation does where it is looked up
        told = clear(" ".join(str(error).split()), 200)
        raise NotAsked(f"{_place(method)}: found types that cannot be read: {told}; expected some") from error


def _place(method: Any) -> str:
    """`resolve of Shape (file:line)`, as far as that is known."""
    try:
        inner = unwrap(method)
        return f"{inner.__qualname__} ({getsourcefile(inner)}:{inner.__code__.co_firstlineno})"
    except (TypeError, AttributeError, ValueError):
        return getattr(method, "__qualname__", type(method).__name__)


async def put_on(fault: Fault, provided: Provided) -> Actuation:
    """Apply the fault by what the rig provides. InstrumentError, and nothing done, where it does not."""
    return await fault.apply(**_given(type(fault).apply, provided))


async def take_off(fault: Fault, provided: Provided) -> None:
    """Clear the fault, with the capabilities that it asks for."""
    await fault.clear(**_given(type(fault).clear, provided))


def refuse_unprovided(fault: Fault, provided: Provided) -> None:
    """InstrumentError for what the fault asks and this rig does not provide."""
    for protocol in asked_by(type(fault)):
        provided.give(protocol)


def _given(method: Callable[..., Any], provided: Provided) -> dict[str, Any]:
    return {name: provided.give(protocol) for name, protocol in _asked(method).items()}
