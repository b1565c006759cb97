"""Parts that bring themselves: found by their place in the house, and by entry point where others bring them.

Nothing is imported to list names. A part is imported when it is asked for; a broken one stops only whoever asks.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, distributions, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from bench.errors import ConfigError, choices, clear, nearest
from bench.part_code import hash_of, outside

T = TypeVar("T")
HOUSE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which code a part is. sha256: of every file of the package (or the one module) that its entry point names, and
    of whatever else that leads to (`bench.part_code`).
    """

    distribution: str
    version: str
    module: str
    sha256: str

    @classmethod
    def of(cls, point: EntryPoint, files: Iterable[Path] = ()) -> "Origin":
        """files: the part's files, in any folder."""
        name, version = (point.dist.name, point.dist.version) if point.dist is not None else ("none", "none")
        return cls(
            distribution=name, version=version, module=point.module, sha256=hash_of(point.module, files)
        )


class Shelf(Generic[T]):
    """All parts of one sort, by name.

    house: the name and the module of every part of the house, as `read_house` takes it; by default there is none.
    attribute: what a module calls its part. every: all parts of a module are taken, whatever it calls them (`beside`).
    lacks: what a part of that name is not complete without, "" where it is.
    files: what a part is made of beside code; None: nothing.
    """

    def __init__(
        self,
        *,
        what: str,
        group: str,
        kind: type[T],
        house: Callable[[], Mapping[str, str]] = dict,
        attribute: str = "KIND",
        lacks: Callable[[str, T], str] = lambda *_: "",
        read_house: Callable[[str], Any] = import_module,
        files: Callable[[T], Iterable[Path]] | None = None,
        every: bool = False,
    ) -> None:
        self.what, self.group = what, group
        self._find_house, self._read_house = house, read_house
        self._kind, self._attribute, self._lacks = kind, attribute, lacks
        self._files, self._every = files, every
        self._found: dict[str, T] = {}

    @cached_property
    def house(self) -> Mapping[str, str]:
        return dict(sorted(self._find_house().items()))

    @cached_property
    def brought(self) -> Mapping[str, tuple[EntryPoint, ...]]:
        """What distributions bring. More than one under a name: none of them is taken."""
        points: dict[str, tuple[EntryPoint, ...]] = {}
        for point in sorted(points_of(self.group), key=lambda one: (one.name, _distribution(one))):
            points[point.name] = (*points.get(point.name, ()), point)
        return points

    def names(self) -> tuple[str, ...]:
        """Every name, sorted: those of the house first."""
        return (*self.house, *(name for name in self.brought if name not in self.house))

    def __contains__(self, name: str) -> bool:
        return name in self.house or name in self.brought

    def get(self, name: str) -> T:
        """Raises ConfigError, in one line, for a name that is not there and for a part that is broken."""
        if name not in self._found:
            if name in self.house:
                where = f"{self.what} '{name}' of {self.house[name]}"
                self._found[name] = self._loaded(name, where, lambda: self._read_house(self.house[name]))
            else:
                self._found[name] = self._from_distribution(name)
        return self._found[name]

    def all(self) -> dict[str, T]:
        """Every part that is sound."""
        return {name: self.get(name) for name in self.names() if not self.broken(name)}

    def troubles(self) -> list[str]:
        """What is wrong with any part, a line each."""
        hidden = [
            f"{_named(self, point)}: its name is that of a part of the house, which is taken; {_rename(point)}"
            for name, points in self.brought.items()
            if name in self.house
            for point in points
        ]
        second = [] if self._every else [self._second(name) for name in self.names() if self.beside(name)]
        return hidden + second + [told for name in self.names() if (told := self.broken(name))]

    def beside(self, name: str) -> tuple[T, ...]:
        """Further parts in the module that holds this one, in its order; not those that have a name of their own."""
        if self.broken(name):
            return ()
        found = self._read_house(self.house[name]) if name in self.house else self.brought[name][0].load()
        if not isinstance(found, ModuleType):
            return ()
        own = {id(one) for one in self.all().values()}
        others = (one for one in vars(found).values() if isinstance(one, self._kind) and id(one) not in own)
        return tuple({id(one): one for one in others}.values())

    def _second(self, name: str) -> str:
        where = self.house[name] if name in self.house else _named(self, self.brought[name][0])
        count = len(self.beside(name)) + 1
        return (
            f"{self.what} '{name}' of {where}: found {count} of a {self._kind.__name__} in it, and only "
            f"{self._attribute} is taken; expected each in a file of its own"
        )

    def origin(self, name: str) -> "Origin | None":
        """Who brings it; None for a part of the house. Only one that is made of files is imported for it."""
        points = () if name in self.house else self.brought.get(name, ())
        if points and not _well_formed(points[0]):
            return None
        files: Iterable[Path] = ()
        if points and self._files is not None and not self.broken(name):
            files = self._files(self.get(name))
        return Origin.of(points[0], files) if points else None

    def broken(self, name: str) -> str:
        """What is wrong with the part of this name, in one line; "" for one that is sound."""
        try:
            self.get(name)
        except ConfigError as error:
            return str(error)
        return ""

    def _from_distribution(self, name: str) -> T:
        points = self.brought.get(name, ())
        if not points:
            known = choices(name, self.names())
            raise ConfigError(
                f"{self.what}: found '{name}'; expected one of {known}{nearest(name, self.names())}"
            )
        if len(points) > 1:
            others = ", ".join(sorted(_distribution(point) for point in points))
            raise ConfigError(
                f"{self.what} '{name}': found it in several distributions ({others}), and none is taken; "
                "expected one: uninstall the others"
            )
        where = _named(self, points[0])
        if not _well_formed(points[0]):
            raise ConfigError(
                f"{where}: names no module; expected 'package.module', or 'package.module:NAME'"
            )
        module = points[0].module
        part = self._loaded(name, where, points[0].load)
        if (strange := outside(module, part)) is not None:
            raise ConfigError(
                f"{where}: its {self._attribute} comes from {strange}, which no import of {module} leads to, so that "
                "no hash would tell of a change; expected it to be imported by its name"
            )
        return part

    def _loaded(self, name: str, where: str, load: Callable[[], Any]) -> T:
        try:
            found = load()
            part = getattr(found, self._attribute, found)
        except (Exception, SystemExit) as error:  # whatever a stranger's module does at its import
            raise ConfigError(
                f"{where}: cannot be imported: {told_of(error)}; expected a module that can: mend it, "
                "or install what it needs"
            ) from error
        if not isinstance(part, self._kind):
            raise ConfigError(
                f"{where}: found no {self._attribute} that is a {self._kind.__name__} "
                f"({type(part).__name__}); expected one (CONTRIBUTING.md, 'Where things go')"
            )
        if lacking := self._lacks(name, part):
            raise ConfigError(f"{where}: its {self._attribute} is not complete: {lacking}")
        return part


def modules(package: str, pattern: str) -> Callable[[], Mapping[str, str]]:
    """Names and modules of the house's parts: `pattern` is "*.py", or "*/kind.py" where each is a folder."""

    def found() -> Mapping[str, str]:
        folder = HOUSE.joinpath(*package.split(".")[1:])
        paths = [path for path in folder.glob(pattern) if path.stem != "__init__"]
        if "/" in pattern:
            return {path.parent.name: f"{package}.{path.parent.name}.{path.stem}" for path in paths}
        return {path.stem: f"{package}.{path.stem}" for path in paths}

    return found


def files_of(folder: Path, pattern: str) -> Callable[[], Mapping[str, str]]:
    """Names and paths of the house's parts that are files of data."""
    return lambda: {path.stem: str(path) for path in folder.glob(pattern)}


def points_of(group: str) -> list[EntryPoint]:
    """The entry points of a group. A distribution whose list cannot be read has none (`unreadable`)."""
    try:
        return list(entry_points(group=group))
    except Exception:  # noqa: BLE001 - one torn list would cost all others
        pass
    found: dict[str, list[EntryPoint]] = {}
    for one in distributions():
        try:
            found.setdefault(one.name or "", [point for point in one.entry_points if point.group == group])
        except Exception:  # noqa: BLE001 - told by `unreadable`
            continue
    return [point for points in found.values() for point in points]


def unreadable() -> list[str]:
    """Distributions whose list of entry points cannot be read, a line each."""
    told = []
    for one in distributions():
        try:
            tuple(one.entry_points)
        except Exception as error:  # noqa: BLE001 - whatever is torn in it
            told.append(
                f"distribution {one.name} {one.version} (in {one.locate_file('')}): its entry_points.txt cannot be "
                f"read ({type(error).__name__}); expected it to be installed anew, or uninstalled"
            )
    return told


def _well_formed(point: EntryPoint) -> bool:
    return EntryPoint.pattern.match(point.value) is not None


def _distribution(point: EntryPoint) -> str:
    return (
        f"{point.dist.name} {point.dist.version}"
        if point.dist is not None
        else "a distribution without a name"
    )


def _named(shelf: Shelf[Any], point: EntryPoint) -> str:
    return (
        f"{shelf.what} '{point.name}' of {_distribution(point)} ({point.value}, entry point of {shelf.group})"
    )


def _rename(point: EntryPoint) -> str:
    return "expected a name of its own: rename the entry point" + (
        f", or uninstall {point.dist.name}" if point.dist is not None else ""
    )


def told_of(error: BaseException) -> str:
    """The error in one line, with the place in the part's own file."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "importlib" not in one.filename]
    place = (
        f" ({frames[-1].filename}:{frames[-1].lineno})" if frames and frames[-1].filename != __file__ else ""
    )
    return f"{type(error).__name__}: {clear(' '.join(str(error).split()), 300)}{place}"
