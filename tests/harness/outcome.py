"""What is counted: faults that struck, and what must never come of one."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Wrong(StrEnum):
    """What no fault may bring about."""

    FALSE_PASS = "PASS without a confirmed safe state"
    UNTOLD = "unsafe end untold"
    RUN_ENDED = "run ended, or another shot spoilt, by one shot"
    LOST = "finished result lost"
    TRACEBACK = "traceback"
    HUNG = "run that did not end"
    ORPHAN = "process left behind"
    BLAMED = "DUT blamed for it"


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Of one fault. fault: in words, enough to look for it; struck: it came to pass; left_on: outputs were really on.

    verdict: of the shot that was struck, "" where the fault was not in a shot.
    """

    fault: str
    struck: bool = False
    left_on: bool = False
    missed: bool = False
    verdict: str = ""
    wrong: list[tuple[Wrong, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Tally:
    """All outcomes of a run of the harness, by class of fault."""

    outcomes: list[tuple[str, int, Outcome]] = field(default_factory=list)

    def add(self, name: str, number: int, outcome: Outcome) -> None:
        self.outcomes.append((name, number, outcome))

    @property
    def wrong(self) -> Counter[Wrong]:
        return Counter(kind for _, _, one in self.outcomes for kind in {kind for kind, _ in one.wrong})

    def lines(self) -> list[str]:
        """The counts, and a line for each fault that came to something it must not."""
        told = []
        for name in dict.fromkeys(name for name, _, _ in self.outcomes):
            ones = [one for its, _, one in self.outcomes if its == name]
            verdicts = Counter(one.verdict or "no shot" for one in ones)
            told.append(
                f"{name}: {len(ones)} faults, {sum(one.struck for one in ones)} struck, "
                f"{sum(one.missed for one in ones)} safe states missed and told, "
                f"{sum(one.left_on for one in ones)} really left outputs on; "
                + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
            )
        for name, number, one in self.outcomes:
            told += [f"WRONG {name} {number}: {kind}: {one.fault}: {words}" for kind, words in one.wrong]
        total = self.wrong
        told.append(
            f"{len(self.outcomes)} faults: " + ", ".join(f"{total.get(kind, 0)} × {kind}" for kind in Wrong)
        )
        return told
