"""Put a mutant into this process: every function of the module gets the mutant's code, wherever it was imported to."""

import functools
import importlib
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from mutation.made import ROOT, Mutant


def put_in(mutant: Mutant) -> None:
    """For a forked child: there is no way back. Raises ValueError where the mutant could not be put in whole."""
    if mutant.of_data:
        from mutation.figures import put_file_in

        put_file_in(mutant)
        return
    module = importlib.import_module(mutant.module)
    altered = ModuleType(mutant.module)
    altered.__file__ = str(ROOT / mutant.file)
    code = compile(mutant.altered, str(ROOT / mutant.file), "exec")
    kept = sys.modules[mutant.module]
    sys.modules[mutant.module] = altered  # dataclasses look their module up while they are made
    try:
        exec(code, vars(altered))
    finally:
        sys.modules[mutant.module] = kept
    functions = dict(functions_of(vars(altered), mutant.module))
    changed = 0
    for name, function in functions_of(vars(module), mutant.module):
        changed += _take_over(function, functions[name])
    changed += _constants(module, altered)
    if not changed:
        raise ValueError(f"{mutant.name}: nothing of it could be put in")
    for one in list(vars(module).values()):
        if hasattr(one, "cache_clear"):
            one.cache_clear()


def functions_of(names: dict[str, Any], module: str) -> Iterator[tuple[str, FunctionType]]:
    """(name, function) of a module and of its classes, under whatever decorators."""
    for name, value in list(names.items()):
        if getattr(value, "__module__", None) != module:
            continue
        if isinstance(value, type):
            for inner, member in list(vars(value).items()):
                if (function := _plain(member)) is not None and function.__module__ == module:
                    yield f"{name}.{inner}", function
        elif (function := _plain(value)) is not None:
            yield name, function


def _plain(member: Any) -> FunctionType | None:
    if isinstance(member, property):
        member = member.fget
    elif isinstance(member, functools.cached_property):
        member = member.func
    member = getattr(member, "__func__", member)
    while hasattr(member, "__wrapped__"):
        member = member.__wrapped__
    written = isinstance(member, FunctionType) and member.__code__.co_filename != "<string>"
    return member if written else None


def _take_over(function: FunctionType, other: FunctionType) -> bool:
    same = function.__code__.co_code == other.__code__.co_code and _said(function) == _said(other)
    if not same:
        function.__code__ = other.__code__
        function.__defaults__, function.__kwdefaults__ = other.__defaults__, other.__kwdefaults__
    return not same


def _said(function: FunctionType) -> object:
    def of(code: Any) -> object:
        inner = [of(one) if hasattr(one, "co_code") else (type(one), repr(one)) for one in code.co_consts]
        return code.co_code, code.co_names, code.co_varnames, code.co_freevars, inner

    return of(function.__code__), repr(function.__defaults__), repr(function.__kwdefaults__)


def _constants(module: ModuleType, altered: ModuleType) -> int:
    """Values of the module that differ, wherever they were imported to."""
    changed = 0
    for name, value in list(vars(module).items()):
        now = vars(altered).get(name, value)
        plain = isinstance(value, int | float | str | tuple | frozenset | dict | list)
        if name.startswith("__") or not plain or repr(now) == repr(value) or " at 0x" in repr(value):
            continue
        for other in list(sys.modules.values()):
            if vars(other).get(name) is value:
                setattr(other, name, now)
        changed += 1
    return changed
