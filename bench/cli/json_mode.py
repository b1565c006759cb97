"""`--json`: exactly one JSON document on standard output, whatever happens; what went wrong is one, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bench.timing.stopping import stopped_by

if TYPE_CHECKING:
    from bench.report.told.document import Document

JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", help="One JSON document on stdout, as `hil schema` describes it; words on stderr."
    ),
]


@dataclass(slots=True)
class _Command:
    """The command that runs: where its document goes, whether it has been written, and what stderr was told at its
    end.
    """

    out: TextIO | None
    lines: list[str] = field(default_factory=list)
    told: bool = False


_COMMAND: ContextVar[_Command | None] = ContextVar("command", default=None)


def say(document: Document, code: int) -> typer.Exit:
    """Print the document; what to raise, so that the command ends with `code`, which it names."""
    from bench.report.told.document import text_of

    struck = stopped_by()
    command = _COMMAND.get()
    out = None if command is None else command.out
    typer.echo(text_of(document, code if struck is None else 128 + struck), file=out)
    if command is not None:
        command.told = True
    return typer.Exit(code)


@contextmanager
def answering(out: TextIO | None) -> Iterator[None]:
    """A command whose document goes to `out`, whatever else is written to stdout meanwhile."""
    token = _COMMAND.set(_Command(out=out))
    try:
        yield
    finally:
        _COMMAND.reset(token)


def note_trouble(line: str) -> None:
    """A line on stderr that says why the command ends."""
    command = _COMMAND.get()
    if command is not None:
        command.lines.append(line)


def usage_words(end: BaseException) -> str | None:
    """What the command line's parser has told of a wrong usage: it writes to stderr itself."""
    words: Any = getattr(end.__context__, "format_message", None)
    return str(words()) if words is not None else None


def end_in_json(code: int) -> None:
    """The document of a command that ended without its own. `--help` has none, and needs none."""
    from bench.report.told.trouble import ErrorTold

    command = _COMMAND.get()
    if command is None or command.told or code == 0:
        return
    lines = [line for text in command.lines for line in text.splitlines()]
    said = ErrorTold(error=lines[-1] if lines else f"ended with exit code {code}", lines=tuple(lines))
    say(said, code)
