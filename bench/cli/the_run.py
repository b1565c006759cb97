"""A stored run as it is named on the command line: a path, a run id, `last`, a label, or a firmware build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import DEFAULT_CONFIG

_RUNS = Path("runs")


def record_folder(config: Path = DEFAULT_CONFIG) -> Path:
    """Where the bench file of this folder records; `runs` where there is none that says so.

    Nothing else of the bench file is read: a mistake in it is no reason not to find yesterday's run.
    """
    import tomllib

    try:
        said = tomllib.loads(config.read_text(encoding="utf-8"))["record"]["folder"]
    except (OSError, ValueError, KeyError, TypeError):
        return config.parent / _RUNS
    return config.parent / said if isinstance(said, str) else config.parent / _RUNS


def named_run(name: str) -> Path:
    """The folder. A path is taken as it stands; the command says what is wrong with it. Raises NotARun else."""
    from bench.stored.builds import find_run

    if "/" in name or Path(name).exists():
        return Path(name)
    return find_run(name, record_folder())


def _parser(text: str) -> Path:
    return named_run(text)


RUN_HELP = "A run: its folder, its id, 'last', a label, or a firmware build (its newest run)."
RunArgument = Annotated[Path, typer.Argument(help=RUN_HELP, parser=_parser, metavar="RUN")]
