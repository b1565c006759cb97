"""Which code a part of others is: its own package, and whatever that imports outside the house, whoever brings it."""

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache, partial
from importlib import metadata
from importlib.util import find_spec
from inspect import unwrap
from pathlib import Path

_HOUSE = ("bench", "firmware_stubs")  # the header names the source of one, and the build of the other
_DISTRIBUTION = "bms-hil-bench"
_IMPORTS = re.compile(
    rb"^[ \t]*from[ \t]+([A-Za-z_][\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]*)"
    rb"|(?:^|;)[ \t]*import[ \t]+([A-Za-z_][^\n#;]*)"
    rb"|\b(?:import_module|__import__)\([ \t\n]*[\"']([A-Za-z_][\w.]*)",
    re.MULTILINE,
)


def hash_of(module: str, files: Iterable[Path] = ()) -> str:
    """Over names and bytes of all code that the module leads to, and of files of the part that lie elsewhere.

    "not found" where there is no such module. Nothing is imported for it but namespaces.
    """
    places = code_of(module)
    if not places:
        return "not found"
    own = next(iter(places))
    apart = [file for file in dict.fromkeys(files) if not any(_within(file, one) for one in places.values())]
    if len(places) == 1 and not apart:
        return _hash(places[own])
    told = hashlib.sha256()
    for name, place in sorted(places.items()):
        told.update(f"{name}\0{_hash(place)}\n".encode())
    for file in apart:
        told.update(f"{file.name}\0{_bytes_of(file)}\n".encode())
    return told.hexdigest()


def code_of(module: str) -> dict[str, Path]:
    """The package (or the one module) of `module` first, then of all that its files import, and theirs."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name, place = _place(waiting.pop())
        if place is None or name in found or (found and _is_library(name)):
            continue
        found[name] = place
        if not _is_house(name):
            waiting += sorted(one for one in _imported(place) if not _is_house(one))
    return found


def outside(module: str, part: object) -> str | None:
    """The module of a class or a function of the part that `code_of` does not lead to; None where all are known."""
    code = code_of(module)
    for one in _modules_of(part):
        if not _is_house(one) and _place(one)[0] not in code and not _is_library(one):
            return one
    return None


def _modules_of(part: object) -> Iterator[str]:
    values = [getattr(part, one.name) for one in fields(part)] if is_dataclass(part) else []
    for value in [part, *values]:
        while isinstance(value, partial):
            value = value.func
        classes = value.__mro__ if isinstance(value, type) else (type(value),)
        named = [unwrap(value)] if callable(value) else []
        for one in (*named, *classes):
            if isinstance(found := getattr(one, "__module__", None), str):
                yield found


@cache
def _libraries() -> frozenset[str]:
    """What the house itself is installed with: the header names their versions."""
    try:
        needs = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        needs = ["numpy", "python-can", "cantools", "pydantic"]
    wanted = {_plain(match[0]) for need in needs if (match := re.match(r"[A-Za-z0-9._-]+", need))}
    tops = metadata.packages_distributions()
    return frozenset(top for top, names in tops.items() if wanted & set(map(_plain, names)))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_library(module: str) -> bool:
    return module.partition(".")[0] in _libraries()


def _is_house(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in _HOUSE


def _imported(place: Path) -> set[str]:
    found: set[str] = set()
    for file in _files(place):
        if file.suffix != ".py":
            continue
        for of, taken, plain, called in _IMPORTS.findall(_read(file)):
            names = [of or called] if of or called else plain.split(b",")
            names += [of + b"." + one for one in re.findall(rb"\w+", taken)]  # of a namespace: its modules
            found |= {words[0].decode(errors="replace") for one in names if (words := one.split())}
    return found


def _place(module: str) -> tuple[str, Path | None]:
    """The outermost package that is no namespace, or the one module, and where it lies; None: nowhere."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        try:
            spec = find_spec(name)  # imports what is above it: namespaces only
        except (ImportError, ValueError):
            break
        if spec is None:
            break
        if spec.origin is not None and spec.has_location:
            file = Path(spec.origin)
            return name, file.parent if spec.submodule_search_locations is not None else file
    return module, None


def _within(file: Path, place: Path) -> bool:
    return file.resolve().is_relative_to(place.resolve())


def _files(place: Path) -> list[Path]:
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    return [one for one in files if one.is_file() and "__pycache__" not in one.parts]


def _hash(place: Path) -> str:
    told = hashlib.sha256()
    for file in _files(place):
        name = file.relative_to(place.parent).as_posix()
        told.update(f"{name}\0{_bytes_of(file)}\n".encode())
    return told.hexdigest()


def _bytes_of(file: Path) -> str:
    return hashlib.sha256(_read(file)).hexdigest()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}".encode()
