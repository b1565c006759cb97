"""Which tests come by which mutants: a mark before the statement that holds a mutant, and nothing else is watched.

A test that never executes that statement cannot tell the mutant from the judge. Marks cost one call each, where a
profile of the process costs one for every function it calls.
"""

import ast
import difflib
import importlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType

from mutation.made import ROOT, Mutant
from mutation.put_in import functions_of

_MET = "__mutants_met__"


class Reached:
    """`seen`: names of the mutants that were come by since it was last emptied."""

    def __init__(self, mutants: Iterable[Mutant]) -> None:
        self.seen: set[str] = set()
        self._of_file: dict[str, list[Mutant]] = {}
        self._of_data: dict[str, list[str]] = {}
        for one in mutants:
            if one.of_data:
                self._of_data.setdefault(one.file, []).append(one.name)
            else:
                self._of_file.setdefault(one.file, []).append(one)

    @contextmanager
    def marked(self) -> Iterator[None]:
        """For as long as it lasts, the functions and files that hold a mutant note it in `seen`."""
        kept: list[tuple[FunctionType, CodeType]] = []
        try:
            for mutants in self._of_file.values():
                kept += self._mark(importlib.import_module(mutants[0].module), mutants)
            with self._files():
                yield
        finally:
            for function, code in kept:
                function.__code__ = code

    @contextmanager
    def _files(self) -> Iterator[None]:
        if not self._of_data:
            yield
            return
        from mutation.figures import noting_reads

        with noting_reads(lambda file: self.seen.update(self._of_data.get(file, ()))):
            yield

    def _mark(self, module: ModuleType, mutants: list[Mutant]) -> Iterator[tuple[FunctionType, CodeType]]:
        tree = ast.parse(mutants[0].was)
        whole = [f for _, f in functions_of(vars(module), module.__name__)]
        for mutant in mutants:
            if not _mark_statements(tree, mutant):
                _mark_functions(tree, mutant)
        code = compile(tree, str(ROOT / mutants[0].file), "exec", dont_inherit=True)
        marked = {(one.co_qualname, one.co_firstlineno): one for one in _inner(code)}
        vars(module)[_MET] = self.seen
        for function in whole:
            was = function.__code__
            function.__code__ = marked[was.co_qualname, was.co_firstlineno]
            yield function, was


def clear_caches(modules: Iterable[ModuleType]) -> None:
    """What a test of before left there would keep the next one from coming by."""
    for module in modules:
        for one in list(vars(module).values()):
            if hasattr(one, "cache_clear"):
                one.cache_clear()


def _changed_lines(mutant: Mutant) -> list[int]:
    was, now = mutant.was.splitlines(), mutant.altered.splitlines()
    return [
        line
        for tag, start, end, *_ in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes()
        if tag != "equal"
        for line in range(start + 1, max(end, start + 1) + 1)
    ]


def _mark_statements(tree: ast.Module, mutant: Mutant) -> bool:
    """Before the innermost statements of a function that hold a changed line; whether there are any."""
    found = [_innermost(tree, line) for line in _changed_lines(mutant)]
    for body, statement in filter(None, found):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False  # its head, a default: known when it was made
        body.insert(body.index(statement), _mark_of(mutant))
    return bool(found) and all(found)


def _mark_functions(tree: ast.Module, mutant: Mutant) -> None:
    """Nothing in a function, such as a value of the module: every function of the file may read it."""
    for one in ast.walk(tree):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            one.body.insert(int(ast.get_docstring(one, clean=False) is not None), _mark_of(mutant))


def _innermost(tree: ast.Module, line: int) -> tuple[list[ast.stmt], ast.stmt] | None:
    found: tuple[list[ast.stmt], ast.stmt] | None = None
    body: list[ast.stmt] | None = tree.body
    in_function = False
    while body is not None:
        statement = next((one for one in body if _holds(one, line)), None)
        if statement is None:
            break
        if in_function:
            found = body, statement
        in_function |= isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        body = next((one for one in _bodies(statement) if any(_holds(inner, line) for inner in one)), None)
    return found


def _bodies(statement: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if isinstance(inner := getattr(statement, name, None), list):
            yield inner
    for name in ("handlers", "cases"):
        for one in getattr(statement, name, ()):
            yield one.body


def _holds(statement: ast.stmt, line: int) -> bool:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(one.lineno for one in decorators)])
    return first <= line <= (statement.end_lineno or first)


def _mark_of(mutant: Mutant) -> ast.stmt:
    return ast.parse(f"{_MET}.add({mutant.name!r})").body[0]


def _inner(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _inner(one)
