"""A lane that counts mutants: which tests they meet, what is drawn, which survivors are argued, and how it ends.

`.ci/judge_mutants` and `.ci/plant_mutants` are such lanes; what differs between them is in `Lane`.
"""

import argparse
import hashlib
import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import pytest

from mutation import made
from mutation.meeting import Meeting, Round

ROOT = Path(__file__).resolve().parents[2]
AT_LEAST = 0.95


@dataclass(frozen=True, kw_only=True)
class Lane:
    """folders: what the machine alters. by_hand: those made by hand. survivors: the file that argues for them.

    rounds: of tests, by whether only the quick ones are asked for.
    """

    about: str
    folders: tuple[str, ...]
    by_hand: Callable[[], Iterable[made.Mutant]]
    survivors: str
    rounds: Callable[[bool], tuple[Round, ...]]
    unargued: list[str] = field(default_factory=list)

    def count(self) -> int:
        """The exit code: 1 where too few are caught, a survivor is not argued, or a test fails without any mutant."""
        asked = _asked(self.about)
        mutants = self._chosen(asked)
        out = os.fdopen(os.dup(1), "w")  # pytest keeps the other for itself while tests run
        told: list[str] = []

        def tell(mutant: made.Mutant, word: str) -> None:
            told.append(mutant.name)
            if len(told) % 100 == 0:
                _say(f"\n{len(told)} of {len(mutants)} done", file=out)
            if word.startswith("caught"):
                return
            why = self._argued(mutant.name, mutant.difference)
            if why is None:
                self.unargued.append(mutant.name)
            _say(f"\n{mutant.name}: {word}; {why or 'NOT ARGUED'}\n{mutant.difference}", file=out)

        asked_of = self.rounds(asked.quick)
        meeting = Meeting(mutants, asked_of, asked.workers, tell)
        words = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--timeout", "600"]
        pytest.main(
            [*words, *sorted(f"tests/{name}" for one in asked_of for name in one.files)], plugins=[meeting]
        )
        return self._ended(asked, meeting, len(mutants))

    def _chosen(self, asked: argparse.Namespace) -> list[made.Mutant]:
        if asked.by_hand:
            named = {one.name: one for one in self.by_hand() if re.search(asked.only, one.name)}
            names = list(named) if asked.all else _sample(asked, list(named))
            return [named[name] for name in names]
        places = {name: place for name, place in made.by_machine(self.folders) if re.search(asked.only, name)}
        mutants, words = [], 0
        for name in _sample(asked, list(places), all_of_them=True):
            mutant = places[name].mutant(name)
            if mutant.of_words_only:
                words += 1
                continue
            mutants.append(mutant)
            if not asked.all and len(mutants) >= asked.count:
                break
        _say(
            f"{len(mutants)} of {len(places)} mutants by machine, seed {asked.seed}; "
            f"{words} on the way change the words of an error only",
        )
        return mutants

    def _argued(self, name: str, difference: str) -> str | None:
        text = (ROOT / self.survivors).read_text(encoding="utf-8")
        squeezed = " ".join(difference.split())
        reasons = tomllib.loads(text).get("survivor", [])
        fitting = (
            one["why"] for one in reasons if one["in"] in name and " ".join(one["change"].split()) in squeezed
        )
        return next(fitting, None)

    def _ended(self, asked: argparse.Namespace, meeting: Meeting, chosen: int) -> int:
        if meeting.failing:
            _say("\nthese tests fail without any mutant, so they took no part:", *meeting.failing, sep="\n  ")
        if len(meeting.outcomes) < chosen:
            _say(f"only {len(meeting.outcomes)} of {chosen} mutants were met")
            return 1
        counts = Counter(meeting.outcomes.values())
        caught = sum(n for word, n in counts.items() if word.startswith("caught"))
        met = sum(counts.values())
        for name, n in meeting.caught_in.items():
            told = f"{n} caught in {meeting.took_s[name]:.0f} s; {meeting.skipped[name]} met a part of the tests only"
            _say(f"\n{name}: {told}", end="")
        argued = f"{len(self.unargued)} of {met - caught} not argued"
        _say(f"\n{caught} of {met} caught ({caught / met:.1%}); {argued}; {dict(counts)}")
        lacking = caught < asked.at_least * met or (bool(self.unargued) and not asked.quick)
        return int(lacking or bool(meeting.failing))


def _say(*words: str, file: TextIO | None = None, **how: Any) -> None:
    print(*words, file=file, flush=True, **how)


def _sample(asked: argparse.Namespace, names: list[str], all_of_them: bool = False) -> list[str]:
    """By the name of each: a change draws anew among the mutants of what it changed, and no others."""
    drawn = sorted(names, key=lambda name: hashlib.sha256(f"{asked.seed} {name}".encode()).digest())
    return drawn if all_of_them else drawn[: asked.count]


def _asked(about: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="", help="whose file and function this regular expression fits")
    parser.add_argument("--by-hand", action="store_true")
    parser.add_argument("--quick", action="store_true", help="without the tests that shoot")
    parser.add_argument("--at-least", type=float, default=AT_LEAST, help="share that has to be caught")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    return parser.parse_args()
