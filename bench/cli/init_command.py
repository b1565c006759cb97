"""`hil init`: the first files of a bench, so that the next command is `hil run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.command import Command
from bench.errors import BenchError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.starting.begin import Begun


def init(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE.dbc]... [DIR]",
            help="Bus descriptions of your BMS (DBC, KCD, SYM, ARXML), and where to write (default: here).",
            show_default=False,
        ),
    ] = None,
    demo: Annotated[
        Path | None,
        typer.Option(
            "--demo", help="Lay out the example bench and its library in this folder.", show_default=False
        ),
    ] = None,
    dut: Annotated[
        str, typer.Option("--dut", help="The node of the files that is your BMS.", show_default=False)
    ] = "",
    firmware: Annotated[
        str,
        typer.Option(
            "--firmware",
            help="A firmware in Python, as module:factory, for simulated time.",
            show_default=False,
        ),
    ] = "",
    chemistry: Annotated[
        str,
        typer.Option("--chemistry", help="The pack's cells, see `hil list chemistries`.", show_default=False),
    ] = "",
) -> None:
    """Write the first files of a bench, from your DBC or as an example: profile, bench file, scenario.

    What is guessed says so in its file. What cannot be guessed is asked at a terminal, else it stays as a line that
    `hil check` names.
    """
    if demo is not None:
        if files:
            raise ConfigError("hil init: found files beside --demo; expected one of them")
        _demo(demo)
    elif not files:
        raise ConfigError(
            "hil init: found nothing to begin with; expected the DBC of your BMS, or --demo DIR"
        )
    else:
        _begin(files, dut, firmware, chemistry)


def _demo(folder: Path) -> None:
    from bench.door.demo import lay_out_demo

    files = lay_out_demo(folder)
    scenarios = sum("scenarios" in file.relative_to(folder).parts for file in files)
    typer.echo(f"{folder}: bench file, messages and profile, {scenarios} files of scenarios and safety goals")
    typer.echo(f"next: {_there(folder)}hil run scenarios/cells --repeat 5     (half a minute)")


def _there(folder: Path) -> str:
    """How to go there; nothing where one is there already."""
    return "" if folder.resolve() == Path().resolve() else f"cd {folder} && "


def _begin(files: Sequence[Path], dut: str, firmware: str, chemistry: str) -> None:
    from bench.door.demo import demo_source
    from bench.plant.chemistry import Chemistry
    from bench.starting.begin import Beginning, begin
    from bench.starting.nodes import ENDINGS
    from bench.starting.page import nobody_asked

    described = tuple(one for one in files if one.suffix.lower() in ENDINGS)
    folders = [one for one in files if one not in described]
    if not described:
        raise ConfigError(f"hil init: found '{files[0]}'; expected a bus description ({', '.join(ENDINGS)})")
    if len(folders) > 1:
        raise ConfigError(
            f"hil init: found the folders {folders[0]} and {folders[1]}; expected one to write in"
        )
    begun = begin(
        Beginning(
            files=described,
            folder=folders[0] if folders else Path(),
            dut=dut,
            firmware=firmware,
            chemistry=chemistry,
            chemistries=tuple(Chemistry.known()),
            shipped=demo_source(),
            ask=_asked if sys.stdin.isatty() else nobody_asked,
        )
    )
    _tell(begun, folders[0] if folders else Path())


def _asked(question: str, answers: Sequence[str]) -> str | None:
    """At a terminal: a number, or nothing to leave it open."""
    typer.echo(f"{question}:")
    for number, answer in enumerate(answers, 1):
        typer.echo(f"  {number}  {answer}")
    said = typer.prompt("  number (Enter leaves it open)", default="", show_default=False).strip()
    return answers[int(said) - 1] if said.isdigit() and 1 <= int(said) <= len(answers) else None


def _tell(begun: Begun, folder: Path) -> None:
    """What was written, what `hil check` says of it, and what to do next."""
    from bench.door.checked import check_files

    for file in begun.files:
        typer.echo(f"written: {file}")
    typer.echo(
        f"{begun.guesses} {'guess' if begun.guesses == 1 else 'guesses'}, each marked in its file; "
        f"{begun.open} {'line' if begun.open == 1 else 'lines'} to be answered"
    )
    if begun.deciding:
        from bench.starting.page import DECIDES

        typer.echo(f'read first what "{DECIDES}": {", ".join(begun.deciding)}')
    for note in begun.notes:
        typer.echo(f"note: {note}")
    config = begun.files[0]
    typer.echo(f"hil check --config {config}:")
    try:
        made = check_files(config, (None, None, None, None), None, None)
    except BenchError as wrong:
        for line in str(wrong).splitlines():
            typer.echo(f"  {line}")
        typer.echo(f"next: {_still_to_do(begun, folder)}")
        return
    for told in made.lines:
        typer.echo(f"  {told.text}")
    typer.echo(f"  {len(made.scenarios)} scenarios fit this bench")
    if begun.firmware:
        command = _with_firmware(begun, "hil run", folder)
        typer.echo(f"next: read the guesses, then {command}     (tests {begun.firmware})")
    else:
        typer.echo(f"next: read the guesses, then {_there(folder)}hil doctor, then hil run")


def _still_to_do(begun: Begun, folder: Path) -> str:
    """What lies between these files and a check that has nothing to refuse."""
    from bench.dut.firmware import HOW_TO_WRITE

    todo = ["answer these lines"] if begun.open else []
    unwritten = _unwritten(begun.firmware)
    if unwritten:
        module, _, factory = begun.firmware.partition(":")
        todo.append(f"write {folder / module.replace('.', '/')}.py with {factory}() ({HOW_TO_WRITE})")
    command = (
        f"{_there(folder)}PYTHONPATH=. hil check" if unwritten else _with_firmware(begun, "hil check", folder)
    )
    return f"{' and '.join(todo) or 'mend these lines'}, then {command}"


def _with_firmware(begun: Begun, command: str, folder: Path) -> str:
    """The command where the user's own module is found: from here, as now; for all else, in the bench's folder."""
    if ":" in begun.firmware:
        return f"PYTHONPATH=. {command} --config {begun.files[0]}"
    return f"{_there(folder)}{command}"


def _unwritten(firmware: str) -> bool:
    """Whether there is no such module yet, or no such factory in it."""
    from bench.errors import DutError
    from bench.wiring.dut import build_firmware

    module, colon, factory = firmware.partition(":")
    try:
        if colon:
            build_firmware(firmware)
    except DutError as wrong:
        cause = wrong.__cause__
        if isinstance(cause, ModuleNotFoundError):
            return f"{module}.".startswith(f"{cause.name}.")  # not a module that it imports in turn
        return isinstance(cause, AttributeError) and not hasattr(sys.modules.get(module), factory)
    return False


COMMAND = Command(name="init", call=init, place=5)
