"""The commands of `hil`: those of this folder, and those that installed distributions bring.

One that cannot be used stands in `hil --help`, too, and says in one line what is wrong when it is called. The
others go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from bench.cli.command import Command
from bench.errors import ConfigError
from bench.parts import Shelf, told_of

GROUP = "bms_hil.commands"
LAST = 1000  # the place of a command that cannot be read, so that its own is not known


def commands() -> list[Command]:
    """All of them in the order of `hil --help`: by place, then by name."""
    return sorted(_by_name().values(), key=lambda one: (one.place, one.name))


def troubles() -> list[str]:
    """What is wrong with commands, a line each."""
    return [*_house()[1], *_taken(), *brought().troubles(), *_unbuilt()]


@cache
def brought() -> Shelf[Command]:
    """The commands of installed distributions, by name."""
    return Shelf(
        what="command",
        group=GROUP,
        kind=Command,
        attribute="COMMAND",
        lacks=lambda name, one: (
            _lacks(one) or ("" if one.name == name else f"found the name '{one.name}'; expected '{name}'")
        ),
    )


def stand_in(name: str, why: str, place: int = LAST) -> Command:
    """A command that says why its name cannot be used, and does nothing else."""

    def call() -> None:
        raise ConfigError(why)

    call.__doc__ = f"Cannot be used: {why}"
    return Command(name=name, call=call, place=place)


def unbuildable(one: Command) -> str:
    """Why no command line can be made of its signature; "" where one can."""
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command(name=one.name)(one.call)
    try:
        typer.main.get_command(alone)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's signature leads to
        return (
            f"command '{one.name}' of {one.call.__module__}: no command line can be made of its signature: "
            f"{told_of(error)}; expected arguments as Typer takes them"
        )
    return ""


def mended() -> list[Command]:
    """All of them, with a stand-in for each of which no command line can be made."""
    return [stand_in(one.name, why, one.place) if (why := unbuildable(one)) else one for one in commands()]


def _unbuilt() -> Iterator[str]:
    return (why for one in commands() if (why := unbuildable(one)))


@cache
def _house() -> tuple[tuple[Command, ...], tuple[str, ...]]:
    """Those of the folder in the order of its files, and what is wrong with files that hold none."""
    found: list[Command] = []
    wrong: list[str] = []
    for file in sorted(Path(__file__).parent.glob("*_command*.py")):
        where = f"command of bench.cli.{file.stem}"
        try:
            module = import_module(f"bench.cli.{file.stem}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a file does at its import
            why = f"{where}: cannot be imported: {told_of(error)}; expected a file that can: mend it"
        else:
            own = [one for one in vars(module).values() if isinstance(one, Command)]
            lacks = [f"{where}: {told}" for one in own if (told := _lacks(one))]
            why = lacks[0] if lacks else "" if own else f"{where}: found no COMMAND; expected a Command"
            found += [] if lacks else own
        if why:
            wrong.append(why)
            found.append(stand_in(file.stem.partition("_command")[0], why))
    return tuple(found), tuple(wrong)


def _by_name() -> dict[str, Command]:
    """Two files of the folder that give the same name: neither is taken. A distribution never takes a name of it."""
    found: dict[str, Command] = {}
    for one in _house()[0]:
        twice = one.name in found and LAST not in (one.place, found[one.name].place)
        found[one.name] = stand_in(one.name, _twice(one.name), one.place) if twice else one
    for name in brought().brought:
        why = brought().broken(name)
        found.setdefault(name, stand_in(name, why) if why else brought().get(name))
    return found


def _taken() -> Iterator[str]:
    """Names that two files of the folder give, and names of the folder that a distribution brings."""
    house = [one.name for one in _house()[0] if one.place != LAST]
    yield from (_twice(name) for name in sorted({name for name in house if house.count(name) > 1}))
    for name in brought().brought:
        if name in house and not brought().broken(name):
            where = brought().get(name).call.__module__
            yield f"command '{name}' of {where}: its name is that of a command of the house; expected another"


def _twice(name: str) -> str:
    files = ", ".join(sorted(one.call.__module__ for one in _house()[0] if one.name == name))
    return f"command '{name}': found it in several files ({files}), and none is taken; expected one"


def _lacks(one: Any) -> str:
    """What is wrong with a command, as far as that is known without its signature."""
    if not isinstance(one.name, str) or not one.name.replace("-", "").replace("_", "").isalnum():
        return f"found the name {one.name!r}; expected letters, digits, - and _"
    if not callable(one.call):
        return f"found {one.call!r} as its 'call'; expected a function"
    if not isinstance(one.place, int):
        return f"found {one.place!r} as its 'place'; expected a whole number"
    return (
        ""
        if one.call.__doc__
        else "found no docstring of its function; expected what `hil --help` says of it"
    )
