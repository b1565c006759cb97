"""Lines of a file that is written for a user: what is guessed says so, what is open waits for an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from bench.config.unanswered import QUESTION
from bench.starting.rules import Choice
from bench.starting.signals import Signal

Ask = Callable[[str, Sequence[str]], str | None]
"""Puts a question to the user: what is asked, and the answers that are equally good. None: left open."""

_COLUMN, _MOST_NAMED = 48, 6


def nobody_asked(question: str, answers: Sequence[str]) -> str | None:  # noqa: ARG001
    """Where no user sits at a terminal, each question stays in its file."""
    return None


def quoted(text: str) -> str:
    """As TOML has a text."""
    return json.dumps(text, ensure_ascii=False)


DECIDES = "decides a verdict"


class Draft:
    """One file. open: how many of its lines are to be answered. guesses: how many say that they are guessed.

    deciding: what the guesses are about that decide a verdict: another answer, and PASS may be FAIL.
    """

    def __init__(self, ask: Ask = nobody_asked) -> None:
        self._ask = ask
        self._lines: list[str] = []
        self.open = 0
        self.guesses = 0
        self.deciding: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self._lines).strip() + "\n"

    def line(self, text: str = "", comment: str = "") -> None:
        self._lines.append(f"{text:<{_COLUMN - 1}} # {comment}" if comment else text)

    def guess(self, text: str, why: str, decides: str = "") -> None:
        """A line that is guessed, with the reason. decides: what of a verdict depends on it, in a word or two."""
        self.guesses += 1
        if decides and decides not in self.deciding:
            self.deciding.append(decides)
        self.line(text, f"guess: {why}" + (f"; {DECIDES}" if decides else ""))

    def answer(self, question: str, answers: Sequence[str] = ()) -> tuple[str, str]:
        """(TOML text of the answer, comment beside it); a question where nobody answers."""
        named = list(answers[:_MOST_NAMED])
        chosen = self._ask(question, named) if named else None
        if chosen is not None:
            return quoted(chosen), "as answered"
        self.open += 1
        told = f": {' or '.join(named)}" if named else ""
        more = f" or {len(answers) - len(named)} more" if len(answers) > len(named) else ""
        return quoted(f"{QUESTION}{question}{told}{more}"), ""

    def role(self, key: str, choice: Choice, what: str, form: str = "{}", decides: str = "") -> bool:
        """`key = "bus.Message.Signal"`, guessed or asked; False where no signal fits. form: of a table around it."""
        if not choice.best:
            return False
        if choice.sure is not None:
            self.guess(f"{key} = {form.format(quoted(choice.sure.role))}", why(choice.sure), decides)
            return True
        text, comment = self.answer(what, [one.role for one in choice.best])
        self.line(f"{key} = {form.format(text)}", comment)
        return True


def why(signal: Signal) -> str:
    """What of a signal speaks for its role."""
    by = ["its name"]
    if signal.unit:
        by.append(f"{signal.unit}")
    if signal.field.choices:
        by.append(f"{len(signal.field.choices)} named values")
    return "by " + ", ".join(by)
