"""A C source as its tokens, in functions and statements: as much of the language as the firmware here is written in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<space>\s+|\\\n)"
    r"|(?P<comment>/\*.*?\*/|//[^\n]*)"
    r"|(?P<text>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+|\d+\.\d*(?:[eE][-+]?\d+)?|\d+)[uUlLfF]*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w+)((?:\\\n|[^\n])*)", re.MULTILINE)
_HEADED = ("if", "for", "while", "switch")
OPENING, CLOSING = "([{", ")]}"


class NotRead(ValueError):
    """A source that is not written as this reader expects."""


@dataclass(frozen=True, slots=True)
class Token:
    """kind: number, name, text or sign. begin, end: its characters in the file."""

    kind: str
    text: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Tokens first..last of the function's body, without braces around it.

    head: its keyword, "" for a simple one, which ends with its semicolon. A headed one ends with its parenthesis.
    never: it stands under a condition that no build but a mutant by hand fulfils.
    """

    first: int
    last: int
    head: str
    never: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """returns: the words before its name. tokens: its body's, braces left out."""

    name: str
    returns: tuple[str, ...]
    tokens: tuple[Token, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Define:
    """A macro: the tokens that it stands for."""

    name: str
    tokens: tuple[Token, ...]


@dataclass(slots=True, kw_only=True)
class CText:
    """outside: what stands in no function and no macro, such as tables and enumerations."""

    functions: list[Function] = field(default_factory=list)
    defines: list[Define] = field(default_factory=list)
    outside: list[Token] = field(default_factory=list)


def read_c(source: str) -> CText:
    """Raises NotRead. What a switch for a mutant by hand puts in is left out."""
    text = CText()
    blank = list(source)
    hidden: list[bool] = []  # for each #if around: is its present branch one of a mutant by hand
    last = 0
    for one in _DIRECTIVE.finditer(source):
        if any(hidden):
            _blank(blank, last, one.start())
        last = one.end()
        _blank(blank, one.start(), one.end())
        word, rest = one.group(1), one.group(2)
        if word in ("if", "ifdef", "ifndef"):
            hidden.append(word == "if" and "IS_MUTANT" in rest)
        elif word == "elif":
            hidden[-1] = "IS_MUTANT" in rest
        elif word == "else":
            hidden[-1] = False
        elif word == "endif":
            hidden.pop()
        elif word == "define" and not any(hidden):
            begin = one.start(2)
            tokens = tuple(_tokens(source[: one.end(2)], begin))
            if tokens and source[tokens[0].end : tokens[0].end + 1] != "(":
                text.defines.append(Define(name=tokens[0].text, tokens=tokens[1:]))
    if hidden:
        raise NotRead("an #if without its #endif")
    _split(text, list(_tokens("".join(blank), 0)))
    return text


def matching(tokens: Sequence[Token], at: int) -> int:
    """Where the bracket that opens at `at` is closed."""
    depth = 0
    for place in range(at, len(tokens)):
        word = tokens[place].text
        if tokens[place].kind == "sign":
            depth += (word in OPENING) - (word in CLOSING)
            if depth == 0:
                return place
    raise NotRead(f"'{tokens[at].text}' at character {tokens[at].begin} is not closed")


def _blank(characters: list[str], begin: int, end: int) -> None:
    for at in range(begin, end):
        if characters[at] != "\n":
            characters[at] = " "


def _tokens(source: str, at: int) -> Iterator[Token]:
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise NotRead(f"found '{source[at]}' at character {at}; expected C")
        at = found.end()
        kind = found.lastgroup or ""
        if kind not in ("space", "comment"):
            yield Token(kind, found.group(), found.start(), at)


def _split(text: CText, tokens: list[Token]) -> None:
    at = begun = 0
    while at < len(tokens):
        word = tokens[at].text
        if word == ";":
            text.outside += tokens[begun : at + 1]
            begun = at + 1
        elif word == "(":
            at = matching(tokens, at)
        elif word == "{":
            end = matching(tokens, at)
            if tokens[at - 1].text == ")":
                text.functions.append(_function(tokens[begun:at], tokens[at + 1 : end]))
                begun = end + 1
            at = end
        at += 1
    text.outside += tokens[begun:]


def _function(before: list[Token], body: list[Token]) -> Function:
    name = next(at for at, token in enumerate(before) if token.text == "(") - 1
    return Function(
        name=before[name].text,
        returns=tuple(token.text for token in before[:name] if token.text not in ("static", "inline")),
        tokens=tuple(body),
        statements=tuple(_statements(body)),
    )


def _statements(body: list[Token]) -> Iterator[Statement]:
    at = 0
    never: list[int] = []  # ends of the blocks that are never entered
    waiting = False  # the next block or statement is one
    while at < len(body):
        while never and at > never[-1]:
            never.pop()
        word = body[at].text
        if word == "{":
            if waiting:
                never.append(matching(body, at))
            waiting = False
            at += 1
        elif word in ("}", "else", "do", ";"):
            waiting = False
            at += 1
        elif word in ("case", "default"):
            at = next(place for place in range(at, len(body)) if body[place].text == ":") + 1
        elif word in _HEADED:
            end = matching(body, at + 1)
            yield Statement(first=at, last=end, head=word, never=bool(never))
            waiting = word == "if" and _is_of_mutants(body[at + 2 : end])
            at = end + 1
        else:
            end = _semicolon(body, at)
            yield Statement(first=at, last=end, head="", never=bool(never) or waiting)
            waiting = False
            at = end + 1


def _is_of_mutants(condition: list[Token]) -> bool:
    words = [token.text for token in condition]
    return "IS_MUTANT" in words and "||" not in words and words[words.index("IS_MUTANT") - 1 :][0] != "!"


def _semicolon(body: list[Token], at: int) -> int:
    while at < len(body):
        if body[at].kind == "sign" and body[at].text in OPENING:
            at = matching(body, at)
        elif body[at].text == ";":
            return at
        at += 1
    raise NotRead("a statement without its semicolon")
