"""How a command that shows a stored run tells that it is not as it was written: first of all, with exit code 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from bench.cli.json_mode import note_trouble
from bench.errors import BenchError

EXIT_ALTERED = 3
_MOST = 5


def tell_altered(name: object, lines: Sequence[str], *, err: bool = False) -> None:
    """Nothing where nothing was altered."""
    if not lines:
        return
    typer.echo(f"ALTERED {name}: not as it was written; nothing below is evidence", err=err)
    for line in lines[:_MOST]:
        typer.echo(f"altered {line}", err=err)
    if lines[_MOST:]:
        typer.echo(f"and {len(lines) - _MOST} more: `hil verify` tells all", err=err)


@contextmanager
def reading_on(altered: Sequence[str]) -> Iterator[None]:
    """What was altered may break whatever reads it: then one line, after what has been told."""
    try:
        yield
    except (BenchError, LookupError, ValueError, TypeError, AttributeError, OSError, RecursionError) as error:
        if not altered:
            raise
        words = str(error) if isinstance(error, BenchError) else repr(error)
        line = f"it can be read no further: {words}"
        note_trouble(line)
        typer.echo(line, err=True)
        raise typer.Exit(EXIT_ALTERED) from error


def end(code: int, altered: Sequence[str]) -> typer.Exit:
    """`code`, unless the run was altered."""
    return typer.Exit(ended_with(code, altered))


def ended_with(code: int, altered: Sequence[str]) -> int:
    """`code`, unless the run was altered."""
    return EXIT_ALTERED if altered else code
