"""`-k`: which scenarios are meant, in words joined by `and`, `or`, `not` and brackets.

A word stands for each id that contains it, and for a folder of that name; `=ID` for that id alone, without its twins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from bench.errors import ScenarioError

EXACTLY = "="
_TOKEN = re.compile(r"[()]|[^\s()]+")
_JOINS = ("and", "or", "not")

Fits = Callable[[str, str], bool]
"""Of a scenario's id and the name of its folder."""


def joined(asked: Sequence[str] | None, *, exact: bool = False) -> str | None:
    """Several `-k` as one: any of them. exact: each word is a whole id. None: no `-k`."""
    if not asked:
        return None
    words = [_exactly(one) if exact else one for one in asked]
    return words[0] if len(words) == 1 else " or ".join(f"({one})" if " " in one else one for one in words)


def _exactly(asked: str) -> str:
    tokens = _TOKEN.findall(asked)
    plain = (
        one if one in (*_JOINS, "(", ")") or one.startswith(EXACTLY) else EXACTLY + one for one in tokens
    )
    return " ".join(plain)


@cache
def filter_of(asked: str) -> Fits:
    """Raises ScenarioError, one line, where the words make no sense."""
    tokens = _Tokens(asked)
    if not tokens:
        return lambda _, __: True
    found = _any_of(tokens)
    if tokens:
        raise tokens.wrong("'and', 'or' or the end")
    return found


class _Tokens:
    def __init__(self, asked: str) -> None:
        self._asked = asked
        self._left: list[str] = _TOKEN.findall(asked)

    def __bool__(self) -> bool:
        return bool(self._left)

    @property
    def next(self) -> str | None:
        return self._left[0] if self._left else None

    def take(self) -> str:
        return self._left.pop(0)

    def took(self, word: str) -> bool:
        if self.next != word:
            return False
        self.take()
        return True

    def wrong(self, expected: str) -> ScenarioError:
        found = "the end" if self.next is None else f"'{self.next}'"
        return ScenarioError(f"-k '{self._asked}': found {found}; expected {expected}")


def _any_of(tokens: _Tokens) -> Fits:
    parts = [_all_of(tokens)]
    while tokens.took("or"):
        parts.append(_all_of(tokens))
    return lambda name, folder: any(fits(name, folder) for fits in parts)


def _all_of(tokens: _Tokens) -> Fits:
    parts = [_one(tokens)]
    while tokens.took("and"):
        parts.append(_one(tokens))
    return lambda name, folder: all(fits(name, folder) for fits in parts)


def _one(tokens: _Tokens) -> Fits:
    if tokens.next in (None, ")", "and", "or"):
        raise tokens.wrong("a part of an id, a folder, 'not' or '('")
    word = tokens.take()
    if word == "not":
        without = _one(tokens)
        return lambda name, folder: not without(name, folder)
    if word == "(":
        inside = _any_of(tokens)
        if not tokens.took(")"):
            raise tokens.wrong("')'")
        return inside
    if word.startswith(EXACTLY):
        return lambda name, _: name == word[len(EXACTLY) :]
    return lambda name, folder: word in name or word == folder
