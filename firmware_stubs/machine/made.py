"""Builds mutants by machine: one object a mutant, beside the others which are compiled once.

A compiler's word counts only where it is one: `does not compile` needs an error at a place in the source. Whatever else
ends a compiler (killed, no room, a fault of its own) is raised, so that no mutant is left out of a count for it.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bench.c_library import compiler, source_hash, why_no_compiler
from bench.errors import DutError
from firmware_stubs.machine.mutants import CORE, PREFIX, MachineMutant, machine_mutant
from firmware_stubs.reference_bms_c.recipe import HERE, folders

RECORDER = f"{PREFIX}recorder"  # the good firmware, which writes tapes
_DIALECT = ("-std=c11", "-ffp-contract=off", "-fPIC")
_REFUSED = tuple(
    f"-Werror={one}"
    for one in ("incompatible-pointer-types", "int-conversion", "implicit-function-declaration")
)
_LEVEL = "-O2"
_LEVELS = ("-O1", "-O3", "-Os")  # where one of these makes the same code of both, they are the same
_AT_A_PLACE = re.compile(rb"^[^\n:]*:\d+:\d+: (?:fatal )?error: ", re.MULTILINE)
_NO_WORD = re.compile(
    rb"internal compiler error|Killed signal|terminated program|No space left|[Cc]annot allocate|out of memory"
    rb"|memory exhausted|Input/output error|Resource temporarily|Disk quota|unable to (?:make|execute)|PLEASE submit"
)
_PATIENCE_S = 300.0


class NoVerdict(DutError):
    """The compiler was ended, or had no room: it says nothing about the mutant."""


class NotCompiled(Exception):
    """The compiler refuses the mutant: it is no firmware."""


@dataclass(slots=True, kw_only=True)
class Workshop:
    """A folder in which mutants are built. Raises DutError without a compiler."""

    folder: Path
    _words: tuple[str, ...] = ()
    _good: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = compiler()
        if found is None:
            raise DutError(f"mutants by machine are built from C: {why_no_compiler()}; install gcc or clang")
        self._words = found
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (*sorted(CORE.glob("*.c")), HERE / "hosts/player.c", HERE / "hosts/recorder.c"):
            target = self.folder / f"{path.stem}.o"
            if not target.exists():
                self._compile(path.read_text(encoding="utf-8"), path.parent, target, _LEVEL)

    def recorder(self) -> Path:
        """The good firmware, which writes a tape of what is done to it."""
        return self._linked("recorder", [self.folder / f"{path.stem}.o" for path in _cores()], "recorder")

    def library(self, mutant: MachineMutant) -> Path:
        """Its library, which also plays tapes. Raises NotCompiled, NoVerdict."""
        own = self.folder / f"{mutant.name}.o"
        try:
            self._compile_mutant(mutant, own, _LEVEL)
            others = [] if mutant.file.endswith(".h") else [p for p in _cores() if p.name != mutant.file]
            objects = [own, *(self.folder / f"{path.stem}.o" for path in others)]
            return self._linked(mutant.name, objects, "player")
        finally:
            own.unlink(missing_ok=True)

    def same_code(self, mutant: MachineMutant, levels: Sequence[str] = (_LEVEL,)) -> str | None:
        """The optimisation at which mutant and good firmware are the same object code; None where there is none.

        The objects hold no lines and no paths, so equal bytes are equal code and data. Raises NotCompiled, NoVerdict.
        """
        own = self.folder / f"{mutant.name}.o"
        try:
            for level in levels:
                self._compile_mutant(mutant, own, level)
                if own.read_bytes() == self._good_object(mutant.file, level):
                    return level
        finally:
            own.unlink(missing_ok=True)
        return None

    def _good_object(self, file: str, level: str) -> bytes:
        known = self._good.get((file, level))
        if known is None:
            with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
                own = Path(scratch) / "good.o"
                self._compile_file(file, (CORE / file).read_text(encoding="utf-8"), own, level)
                known = self._good[file, level] = own.read_bytes()
        return known

    def _compile_mutant(self, mutant: MachineMutant, target: Path, level: str) -> None:
        self._compile_file(mutant.file, mutant.source(), target, level)

    def _compile_file(self, file: str, source: str, target: Path, level: str) -> None:
        """A header is compiled as all the sources, with itself in its place."""
        if not file.endswith(".h"):
            self._compile(source, CORE, target, level)
            return
        with self._with_header(file, source) as place:
            unit = "".join(f'#include "{path.name}"\n' for path in _cores())
            self._compile(unit, place, target, level)

    @contextmanager
    def _with_header(self, file: str, source: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            place = Path(scratch)
            for path in CORE.iterdir():
                shutil.copyfile(path, place / path.name)
            (place / file).write_text(source, encoding="utf-8")
            yield place

    def _compile(self, source: str, place: Path, target: Path, level: str) -> None:
        words = ("-c", "-x", "c", "-", "-o", str(target.absolute()))
        code, said = self._ran((*_DIALECT, level, *_REFUSED, *words), source.encode(), place)
        if code == 0 and target.exists():
            return
        if code == 1 and _AT_A_PLACE.search(said) and not _NO_WORD.search(said):
            raise NotCompiled(said.decode(errors="replace"))
        raise NoVerdict(_told(self._words, code, said))

    def _linked(self, name: str, objects: Sequence[Path], host: str) -> Path:
        path = self.folder / f"{name}.so"
        words = ("-shared", *map(str, objects), str(self.folder / f"{host}.o"), "-o", str(path))
        code, said = self._ran(words, b"", self.folder)
        if code or not path.exists():
            raise NoVerdict(_told(self._words, code, said))
        return path

    def _ran(self, words: Sequence[str], source: bytes, place: Path) -> tuple[int, bytes]:
        try:
            done = subprocess.run(
                (*self._words, *words),
                input=source,
                cwd=place,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NoVerdict(f"{self._words[0]} had not ended after {_PATIENCE_S:g} s") from None
        except OSError as error:
            raise NoVerdict(f"{self._words[0]} does not start: {error.strerror or error}") from None
        return done.returncode, done.stdout


def more_levels() -> Sequence[str]:
    """Where a survivor is compared again."""
    return _LEVELS


# Built ahead by whoever counts; a build that is asked for by its name alone is built then.
_LIBRARIES: dict[str, Path] = {}


def give_library(name: str, path: Path) -> None:
    """From now on the build called `name` is this file, in this process and those forked from it."""
    _LIBRARIES[name] = path


def library_of(name: str) -> Path:
    """The file of the mutant by machine called `name`. Raises DutError: no such mutant, or it is not built."""
    known = _LIBRARIES.get(name)
    if known is not None:
        return known
    mutant = machine_mutant(name)
    try:
        return _workshop().library(mutant)
    except NotCompiled as error:
        raise DutError(f"firmware '{name}' does not compile: {str(error).strip().splitlines()[0]}") from None


@cache
def _workshop() -> Workshop:
    """Beside the other built files; one for these sources."""
    own = f"machine-{source_hash(HERE).hex()[:16]}"
    for folder in folders():
        try:
            return Workshop(folder=folder / own)
        except OSError:
            continue
    return Workshop(folder=Path(tempfile.mkdtemp(prefix="bms-hil-")))


def known() -> Mapping[str, Path]:
    """What has been given so far."""
    return _LIBRARIES


@cache
def _cores() -> tuple[Path, ...]:
    return tuple(sorted(CORE.glob("*.c")))


def _told(words: Sequence[str], code: int, said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines() or ["nothing was said"]
    ended = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
    return f"{words[0]} {ended}, which says nothing about a mutant: {lines[0]}"
