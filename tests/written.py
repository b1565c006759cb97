"""What is written, without what a build of the docs has left behind in the same folders."""

from collections.abc import Iterator
from pathlib import Path

MADE = frozenset({"_build", "_generated", "__pycache__"})


def written(folder: Path, pattern: str = "*") -> Iterator[Path]:
    """The files below a folder that a person wrote, in order of their names."""
    for file in sorted(folder.rglob(pattern)):
        if file.is_file() and not MADE & set(file.relative_to(folder).parts):
            yield file
