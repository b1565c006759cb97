"""Mutants: the whole text of a file of the bench with one place changed."""

import ast
import difflib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """`file` is relative to the repository, `altered` its whole text as the mutant has it."""

    name: str
    file: str
    altered: str

    @property
    def of_data(self) -> bool:
        """A file that is read, not imported."""
        return not self.file.endswith(".py")

    @property
    def module(self) -> str:
        return ".".join(Path(self.file).with_suffix("").parts)

    @property
    def was(self) -> str:
        return _text(self.file)

    @cached_property
    def difference(self) -> str:
        lines = difflib.unified_diff(self.was.splitlines(), self.altered.splitlines(), n=0, lineterm="")
        return "\n".join(one for one in lines if one[:3] not in ("+++", "---") and one[:2] != "@@")

    @property
    def of_words_only(self) -> bool:
        """Whether it differs in the words of a raised error and in nothing else."""
        pairs = enumerate(zip(self.was.splitlines(), self.altered.splitlines(), strict=False), 1)
        first = next((number for number, (was, now) in pairs if was != now), 0)
        if not any(first in lines for lines in _raises(self.file)):
            return False
        return _without_words(self.was) == _without_words(self.altered)


@cache
def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def _raises(file: str) -> tuple[range, ...]:
    """The lines of each statement that raises."""
    found = (one for one in ast.walk(ast.parse(_text(file))) if isinstance(one, ast.Raise))
    return tuple(range(one.lineno, (one.end_lineno or one.lineno) + 1) for one in found)


def by_hand(table: str) -> list[Mutant]:
    """Those of a table of the repository. Raises ValueError where a place is not there once."""
    text = (ROOT / table).read_text(encoding="utf-8")
    return [_by_hand(one, table) for one in tomllib.loads(text)["mutant"]]


def _by_hand(one: dict[str, str], table: str) -> Mutant:
    whole = (ROOT / one["file"]).read_text(encoding="utf-8")
    if (times := whole.count(one["was"])) != 1:
        raise ValueError(f"{table}: '{one['was']}' stands {times} times in {one['file']}")
    return Mutant(f"{one['file']}: {one['what']}", one["file"], whole.replace(one["was"], one["now"]))


def by_machine(folders: Iterable[str]) -> Iterator[tuple[str, "Place"]]:
    """(name, place) of all that mutmut makes, in the order of the files."""
    from mutmut.mutation.file_mutation import create_mutations  # type: ignore[import-not-found,unused-ignore]

    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            module, mutations, *_ = create_mutations(str(path), path.read_text(encoding="utf-8"))
            seen: dict[str, int] = {}
            for one in mutations:
                function = one.contained_by_top_level_function
                if not hasattr(function, "name"):  # a value of the module: it is set before a mutant lives
                    continue
                owner = f"{file}:{function.name.value}"
                seen[owner] = seen.get(owner, 0) + 1
                yield f"{owner}#{seen[owner]}", Place(file, module, one)


@dataclass(frozen=True)
class Place:
    """Where a mutant of mutmut lies; its text is written out when it is asked for."""

    file: str
    tree: object
    mutation: object

    def mutant(self, name: str) -> Mutant:
        from mutmut.mutation.file_mutation import deep_replace

        replaced = deep_replace(self.tree, self.mutation.original_node, self.mutation.mutated_node)  # type: ignore[attr-defined]
        return Mutant(name, self.file, replaced.code)


class _Worded(ast.NodeTransformer):
    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        for one in ast.walk(node):
            if isinstance(one, ast.Call):
                one.args = [ast.Constant("") if _is_text(argument) else argument for argument in one.args]
        return node


def _is_text(node: ast.expr) -> bool:
    """Text, or the None that a mutant puts in its place."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | None)
    )


def _without_words(text: str) -> str:
    return ast.dump(_Worded().visit(ast.parse(text)))
