"""A pytest plugin: each test once without any mutant, then each mutant, in a forked child, with tests that reach it.

In rounds: the quick tests and all mutants first, then the tests that shoot and what is left. A round learns which tests
come by which of its mutants and how long they take. A mutant meets those tests until one fails or their time is up: at
first those that caught most mutants of the same function, then the others in the order of the round.
"""

import gc
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import pytest
from _pytest.runner import runtestprotocol

from mutation.made import Mutant
from mutation.put_in import put_in
from mutation.reached import Reached, clear_caches

AT_LEAST_S, TIMES = (
    20,
    10,
)  # of processor time for a child: what takes ten times as long as unchanged is caught
WAITS_S, TIMES_WAITING = 120, 5  # by the wall's clock: for one that waits for what never comes
CAUGHT, SURVIVED, UNFIT, UNMET = 0, 7, 8, 9
FAVOURITES = 3  # tests that caught most of the same function, which are asked first
WORDS = {CAUGHT: "caught", SURVIVED: "survived", UNFIT: "not put in", UNMET: "met by no test"}


@dataclass(frozen=True)
class Round:
    """`most_s`: of its tests' time without a mutant, how much one mutant meets; None: all of it.

    to_the_point: short tests that come by few mutants first, not the shortest of every file.
    """

    name: str
    files: frozenset[str]
    most_s: float | None = None
    to_the_point: bool = False


class Meeting:
    """`outcomes` by the mutant's name, when pytest has ended; `told` hears each once its last round is over."""

    def __init__(
        self,
        mutants: Iterable[Mutant],
        rounds: tuple[Round, ...],
        workers: int,
        told: Callable[[Mutant, str], None],
    ) -> None:
        self.mutants, self.rounds, self.workers, self.told = list(mutants), rounds, workers, told
        self.outcomes: dict[str, str] = {}
        self.failing: list[str] = []
        self.caught_in: Counter[str] = Counter()
        self.took_s: dict[str, float] = {}
        self.skipped: Counter[str] = Counter()  # mutants of a round that met a part of their tests only

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        left = self.mutants
        for one in self.rounds:
            items = [item for item in session.items if item.path.name in one.files]
            if not items or not left:
                continue
            started = time.monotonic()
            other = next((item for item in session.items if item.path != items[-1].path), None)
            running = _Running(one, items, left, other)
            self.failing += running.failing
            running.meet_all(self.workers, partial(self._hear, one is self.rounds[-1]))
            caught = [m for m in left if self.outcomes[m.name].startswith("caught")]
            self.caught_in[one.name] += len(caught)
            self.skipped[one.name] += running.in_part
            self.took_s[one.name] = time.monotonic() - started
            left = [m for m in left if m not in caught]
        return True

    def _hear(self, last: bool, mutant: Mutant, word: str) -> None:
        before = self.outcomes.get(mutant.name)
        if before == "survived" and word == "met by no test":
            word = before
        self.outcomes[mutant.name] = word
        if last or word.startswith("caught"):
            self.told(mutant, word)


class _Running:
    """One round: learns when it is made."""

    def __init__(
        self, asked: Round, items: list[pytest.Item], mutants: list[Mutant], after: pytest.Item | None
    ) -> None:
        self.failing: list[str] = []
        self.in_part = 0
        self._asked, self._items, self._mutants = asked, items, mutants
        self._took_s: dict[str, float] = {}
        self._reached: dict[str, set[str]] = {}
        self._catchers: dict[str, Counter[int]] = {}
        reached = Reached(mutants)
        modules = [sys.modules[name] for name in {one.module for one in mutants} if name in sys.modules]
        with reached.marked():
            for item, following in zip(items, [*items[1:], after], strict=True):
                reached.seen.clear()
                clear_caches(modules)
                self._learn(item, following)
                self._reached[item.nodeid] = set(reached.seen)
        self._share()

    def _learn(self, item: pytest.Item, following: pytest.Item | None) -> None:
        started = time.process_time()
        reports = runtestprotocol(item, log=False, nextitem=following)
        self._took_s[item.nodeid] = time.process_time() - started
        if any(one.failed for one in reports):
            self.failing.append(item.nodeid)  # it takes no part: it fails under every mutant

    def _share(self) -> None:
        """What a fixture of the file came by, all tests that look at it came by."""
        shared: dict[tuple[str, str], list[pytest.Item]] = {}
        for item in self._items:
            made = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009
            for name, definitions in made.items():
                if definitions[-1].scope == "module":
                    shared.setdefault((str(item.path), name), []).append(item)
        for sharing in shared.values():
            together = set().union(*(self._reached[item.nodeid] for item in sharing))
            for item in sharing:
                self._reached[item.nodeid] |= together

    def meet_all(self, workers: int, hear: Callable[[Mutant, str], None]) -> None:
        gc.collect()
        gc.freeze()  # no child copies what it only counts
        running: dict[int, _Child] = {}
        for mutant in self._mutants:
            meeting = self._meeting(mutant)
            took_s = sum(self._took_s[self._items[n].nodeid] for n in meeting)
            sys.stdout.flush()
            ear, mouth = os.pipe()
            pid = os.fork()
            if not pid:
                _child(mutant, [self._items[n] for n in meeting], AT_LEAST_S + int(TIMES * took_s), mouth)
            os.close(mouth)
            until = time.monotonic() + WAITS_S + TIMES_WAITING * TIMES * took_s
            running[pid] = _Child(mutant, meeting, until, ear)
            while len(running) >= workers:
                self._note(_wait(running, hear))
        while running:
            self._note(_wait(running, hear))

    def _note(self, child: "_Child") -> None:
        """Which test caught it: the next mutants of that function meet it first."""
        with open(child.ear, encoding="ascii") as told:
            caught_by = told.read()
        if caught_by:
            catchers = self._catchers.setdefault(_place(child.mutant), Counter())
            catchers[child.meeting[int(caught_by)]] += 1

    def _meeting(self, mutant: Mutant) -> list[int]:
        """The favourites, then by the round's order, as far as the time goes."""
        coming = [
            n
            for n, item in enumerate(self._items)
            if mutant.name in self._reached[item.nodeid] and item.nodeid not in self.failing
        ]
        favourites = [
            n for n, _ in self._catchers.get(_place(mutant), Counter()).most_common(FAVOURITES) if n in coming
        ]
        meeting: list[int] = []
        spent_s = 0.0
        for n in [*favourites, *(n for n in self._ordered(coming) if n not in favourites)]:
            spent_s += self._took_s[self._items[n].nodeid]
            if meeting and self._asked.most_s is not None and spent_s > self._asked.most_s:
                self.in_part += 1
                break
            meeting.append(n)
        return meeting

    def _ordered(self, coming: list[int]) -> list[int]:
        """Of every file the shortest first, then of every file the next. Or the most to the point first: a test that
        is short and comes by few mutants.
        """
        took_s = {n: self._took_s[self._items[n].nodeid] for n in coming}
        if self._asked.to_the_point:
            return sorted(coming, key=lambda n: took_s[n] * len(self._reached[self._items[n].nodeid]))
        of_file: Counter[str] = Counter()
        ranked: list[tuple[int, float, int]] = []
        for n in sorted(coming, key=lambda n: took_s[n]):
            ranked.append((of_file[self._items[n].path.name], took_s[n], n))
            of_file[self._items[n].path.name] += 1
        return [n for _, _, n in sorted(ranked)]


@dataclass(frozen=True)
class _Child:
    """A process that meets `mutant`; `ear` hears which of its tests caught it, by its place in `meeting`."""

    mutant: Mutant
    meeting: list[int]
    until: float
    ear: int


def _place(mutant: Mutant) -> str:
    """The function of one made by machine, the file of one made by hand."""
    return mutant.name.split("#")[0] if "#" in mutant.name else mutant.file


def _wait(running: dict[int, _Child], hear: Callable[[Mutant, str], None]) -> _Child:
    """The first of the children that has ended, or has waited too long and is ended."""
    while True:
        for pid, child in running.items():
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del running[pid]
                code = os.waitstatus_to_exitcode(status)
                by_time = code in (-signal.SIGXCPU, -signal.SIGKILL)
                word = WORDS.get(code, "caught by time" if by_time else f"caught by its end {code}")
                hear(child.mutant, word)
                return child
            if time.monotonic() > child.until:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def _child(mutant: Mutant, meeting: list[pytest.Item], limit_s: int, mouth: int) -> None:
    """Never returns. Tells `mouth` which of the tests failed, by its place among them."""
    from hypothesis.database import DirectoryBasedExampleDatabase  # not before pytest may rewrite it

    code = UNFIT
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 5))
        DirectoryBasedExampleDatabase.save = lambda *_: None  # type: ignore[method-assign]  # no mutant helps the next
        put_in(mutant)
        code = CAUGHT
        failed = _first_that_fails(meeting)
        if failed is None:
            code = SURVIVED if meeting else UNMET
        else:
            os.write(mouth, str(failed).encode())
    finally:
        os._exit(code)


def _first_that_fails(meeting: list[pytest.Item]) -> int | None:
    following = [*meeting[1:], None]
    for number, (item, after) in enumerate(zip(meeting, following, strict=bool(meeting))):
        if any(one.failed for one in runtestprotocol(item, log=False, nextitem=after)):
            return number
    return None
