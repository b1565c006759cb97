"""Parts that bring themselves: found by their place in the house, and by entry point where others bring them.

Nothing is imported to list names. A part is imported when it is asked for; a broken one stops only whoever asks.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from bench.errors import ConfigError, clear, nearest
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

    house: the name and the module of every part of the house, as `read_house` takes it. attribute: what a module calls
    its part.
    lacks: what a part of that name is not complete without, "" where it is.
    files: what a part is made of beside code; None: nothing.
    """

    def __init__(
        self,
        *,
        what: str,
        group: str,
        house: Callable[[], Mapping[str, str]],
        kind: type[T],
        attribute: str = "KIND",
        lacks: Callable[[str, T], str] = lambda *_: "",
        read_house: Callable[[str], Any] = import_module,
        files: Callable[[T], Iterable[Path]] | None = None,
    ) -> None:
        self.what, self.group = what, group
        self._find_house, self._read_house = house, read_house
        self._kind, self._attribute, self._lacks = kind, attribute, lacks
        self._files = files
        self._found: dict[str, T] = {}

    @cached_property
    def house(self) -> Mapping[str, str]:
        return dict(sorted(self._find_house().items()))

    @cached_property
    def brought(self) -> Mapping[str, tuple[EntryPoint, ...]]:
        """What distributions bring. More than one under a name: none of them is taken."""
        points: dict[str, tuple[EntryPoint, ...]] = {}
        for point in sorted(entry_points(group=self.group), key=lambda one: (one.name, _distribution(one))):
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
        return {name: self.get(name) for name in self.names() if name in self.house or not self._broken(name)}

    def troubles(self) -> list[str]:
        """What is wrong with parts that distributions bring, a line each."""
        hidden = [
            f"{_named(self, point)}: its name is that of a part of the house, which is taken; {_rename(point)}"
            for name, points in self.brought.items()
            if name in self.house
            for point in points
        ]
        return hidden + [
            told for name in self.brought if name not in self.house and (told := self._broken(name))
        ]

    def origin(self, name: str) -> "Origin | None":
        """Who brings it; None for a part of the house. Only one that is made of files is imported for it."""
        points = () if name in self.house else self.brought.get(name, ())
        files: Iterable[Path] = ()
        if points and self._files is not None and not self._broken(name):
            files = self._files(self.get(name))
        return Origin.of(points[0], files) if points else None

    def _broken(self, name: str) -> str:
        try:
            self.get(name)
        except ConfigError as error:
            return str(error)
        return ""

    def _from_distribution(self, name: str) -> T:
        points = self.brought.get(name, ())
        if not points:
            known = ", ".join(self.names())
            raise ConfigError(
                f"{self.what}: found '{name}'; expected one of {known}{nearest(name, self.names())}"
            )
        if len(points) > 1:
            others = ", ".join(sorted(_distribution(point) for point in points))
            raise ConfigError(
                f"{self.what} '{name}': found it in several distributions ({others}), and none is taken; "
                "expected one: uninstall the others"
            )
        where, module = _named(self, points[0]), points[0].module
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
                f"{where}: cannot be imported: {_told(error)}; expected a module that can: mend it, "
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


def _told(error: BaseException) -> str:
    """The error in one line, with the place in the part's own file."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "importlib" not in one.filename]
    place = (
        f" ({frames[-1].filename}:{frames[-1].lineno})" if frames and frames[-1].filename != __file__ else ""
    )
    return f"{type(error).__name__}: {clear(' '.join(str(error).split()), 300)}{place}"
