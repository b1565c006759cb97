"""A pytest plugin: each test once without any mutant, then each mutant, in a forked child, with tests that reach it.

The first round learns which functions of the judge a test calls and how long it takes; a mutant meets the tests that
call what it changed, the shortest first, until one fails.
"""

import ast
import difflib
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from mutation.made import MUTATED, ROOT, Mutant
from mutation.put_in import put_in

AT_LEAST_S, TIMES = (
    30,
    10,
)  # of processor time for a child: what takes ten times as long as without a mutant is caught
CAUGHT, SURVIVED, UNFIT, UNMET = 0, 7, 8, 9

Function = tuple[str, int]  # file and first line


class Meeting:
    """`outcomes` by the mutant's name, when pytest has ended."""

    def __init__(self, mutants: Iterable[Mutant], workers: int, told: Callable[[Mutant, str], None]) -> None:
        self.mutants, self.workers, self.told = mutants, workers, told
        self.outcomes: dict[str, str] = {}
        self.failing: list[str] = []
        self._reached: dict[str, set[Function]] = {}
        self._took_s: dict[str, float] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = session.items
        for item, following in zip(items, [*items[1:], items[0]], strict=True):
            self._learn(item, following)
        if not self.failing:
            self._meet_all(items)
        return True

    def _learn(self, item: pytest.Item, following: pytest.Item) -> None:
        folders = tuple(str(ROOT / one) + os.sep for one in MUTATED)
        reached: set[CodeType] = set()

        def note(frame: FrameType, event: str, _argument: Any) -> None:
            if event == "call":
                reached.add(frame.f_code)

        started = time.thread_time()
        sys.setprofile(note)
        threading.setprofile(note)
        try:
            reports = runtestprotocol(item, log=False, nextitem=following)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
        self._took_s[item.nodeid] = time.thread_time() - started
        self._reached[item.nodeid] = {
            (code.co_filename, code.co_firstlineno)
            for code in reached
            if code.co_filename.startswith(folders)
        }
        if any(one.failed for one in reports):
            self.failing.append(item.nodeid)

    def _meet_all(self, items: list[pytest.Item]) -> None:
        waiting, running = iter(self.mutants), dict[int, Mutant]()
        for mutant in waiting:
            meeting = sorted(self._meeting(items, mutant), key=lambda item: self._took_s[item.nodeid])
            pid = os.fork()
            if not pid:
                _child(mutant, meeting, self._limit_s(meeting))
            running[pid] = mutant
            if len(running) >= self.workers:
                self._wait(running)
        while running:
            self._wait(running)

    def _limit_s(self, meeting: list[pytest.Item]) -> int:
        return AT_LEAST_S + int(TIMES * sum(self._took_s[item.nodeid] for item in meeting))

    def _wait(self, running: dict[int, Mutant]) -> None:
        pid, status = os.wait()
        if pid not in running:
            return
        mutant = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        words = {CAUGHT: "caught", SURVIVED: "survived", UNFIT: "not put in", UNMET: "met by no test"}
        self.outcomes[mutant.name] = words.get(
            code, "caught by time" if code == -24 else f"caught by its end {code}"
        )
        self.told(mutant, self.outcomes[mutant.name])

    def _meeting(self, items: list[pytest.Item], mutant: Mutant) -> Iterator[pytest.Item]:
        changed = set(_changed_functions(mutant))
        for item in items:
            reached = self._reached[item.nodeid]
            of_file = {line for file, line in reached if file == str(ROOT / mutant.file)}
            if of_file & changed or (not changed and of_file):
                yield item


def _changed_functions(mutant: Mutant) -> Iterator[int]:
    """First lines, as code objects have them, of the functions that hold a changed line; none: of the module."""
    was, now = mutant.was.splitlines(), mutant.altered.splitlines()
    lines = [
        line
        for tag, start, end, *_ in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes()
        if tag != "equal"
        for line in range(start + 1, max(end, start + 1) + 1)
    ]
    for one in ast.walk(ast.parse(mutant.was)):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
            if any(first <= line <= (one.end_lineno or first) for line in lines):
                yield first


def _child(mutant: Mutant, meeting: list[pytest.Item], limit_s: int) -> None:
    """Never returns."""
    from hypothesis.database import DirectoryBasedExampleDatabase  # not before pytest may rewrite it

    code = UNFIT
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 5))
        DirectoryBasedExampleDatabase.save = lambda *_: None  # type: ignore[method-assign,assignment]  # no mutant helps the next
        put_in(mutant)
        code = CAUGHT
        if not _fails(meeting):
            code = SURVIVED if meeting else UNMET
    finally:
        os._exit(code)


def _fails(meeting: list[pytest.Item]) -> bool:
    following = [*meeting[1:], None]
    return any(
        any(one.failed for one in runtestprotocol(item, log=False, nextitem=after))
        for item, after in zip(meeting, following, strict=bool(meeting))
    )
