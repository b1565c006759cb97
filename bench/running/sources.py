"""Which code this is: a version number stays the same while its files change."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import bench

# Nothing of these is imported for a shot or its judgement (tests/test_qualification.py): they show what was found.
SHOWING = frozenset({"cli", "doctor", "hazard", "live", "report"})


@cache
def source_hash(without: frozenset[str] = frozenset()) -> str:
    """SHA-256 over every file of code and every table of the bench, by name and content; `without`: rooms left out."""
    root = Path(bench.__file__).parent
    named = ((path.relative_to(root), path) for path in _files(root))
    return hash_of((name.as_posix(), path) for name, path in named if name.parts[0] not in without)


def hash_of(named: Iterable[tuple[str, Path]]) -> str:
    """The hash of files under their names, in the order of the names."""
    found = hashlib.sha256()
    for name, path in sorted(named):
        found.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def package_files(package: Path) -> list[tuple[str, Path]]:
    """The files of a package, named from its own folder's name on."""
    return [(f"{package.name}/{path.relative_to(package).as_posix()}", path) for path in _files(package)]


def in_repository(file: Path) -> str:
    """`file` as its repository names it, so that links can be made of it; without one, below the working folder."""
    file = file.resolve()
    root = next((one for one in file.parents if (one / ".git").exists()), Path.cwd())
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name


def _files(root: Path) -> Iterable[Path]:
    return (
        path
        for path in root.rglob("*")
        if path.is_file()
        and path.suffix in (".py", ".c", ".h", ".csv", ".toml", ".j2")
        and "__pycache__" not in path.parts
    )
