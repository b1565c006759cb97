"""What a machine changes in a C source: one change each, by the usual operators of mutation testing.

After Agrawal et al., "Design of mutant operators for the C programming language" (SERC-TR-41-P, 1989): relational,
arithmetic and logical operators, constants, deleted statements, negated conditions, swapped arguments, returns.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from firmware_stubs.machine.c_text import CLOSING, OPENING, CText, Function, Statement, Token, matching

_RELATIONAL = ("<", "<=", ">", ">=", "==", "!=")
_ARITHMETIC = ("+", "-", "*", "/", "%")
_BITWISE = ("&", "|", "^")
_OTHERS = {
    "<<": (">>",), ">>": ("<<",), "++": ("--",), "--": ("++",), "+=": ("-=", "="), "-=": ("+=", "="),
    "*=": ("/=",), "/=": ("*=",), "|=": ("&=", "="), "&=": ("|=", "="), "^=": ("|=",),
}  # fmt: skip
_TYPES = frozenset(("bool", "char", "int", "void", "double", "float", "unsigned", "long", "const"))
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|[\d.]+(?:[eE][-+]?\d+)?)([uUlLfF]*)$")
_IN_HEADERS = ("faults.h", "bms.h", "measurement.h", "monitors.h", "uds.h", "nvm.h", "dtc_memory.h")


class Operator(StrEnum):
    """What kind of change it is."""

    RELATIONAL = "relational"
    ARITHMETIC = "arithmetic"
    LOGICAL = "logical"
    CONSTANT = "constant"
    DELETION = "deletion"
    NEGATION = "negation"
    ARGUMENTS = "arguments"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Characters begin..end of a file are replaced. where: the function or macro; "" outside of any."""

    operator: Operator
    where: str
    begin: int
    end: int
    replacement: str


def is_changed(file_name: str) -> bool:
    """Sources, and those headers that have sets and constants. Not limits.h: a bench gives limits when it starts."""
    return file_name.endswith(".c") or file_name in _IN_HEADERS


def changes_of(text: CText, source: str) -> Iterator[Change]:
    """Every change of one file, in the order of its functions."""
    for define in text.defines:
        yield from _in_words(define.tokens, define.name)
    yield from _constants(text.outside, "")
    for function in text.functions:
        for statement in function.statements:
            if not statement.never:
                yield from _in_statement(function, statement, source)


def _in_words(tokens: Sequence[Token], where: str) -> Iterator[Change]:
    yield from _constants(tokens, where)
    yield from _signs(tokens, where)
    for at in range(len(tokens) - 3):
        if tokens[at].text == "BIT" and len(tokens) > 4:  # one member of a set is missing
            last = tokens[matching(tokens, at + 1)]
            yield Change(
                operator=Operator.LOGICAL,
                where=where,
                begin=tokens[at].begin,
                end=last.end,
                replacement="UINT64_C(0)",
            )


def _in_statement(function: Function, statement: Statement, source: str) -> Iterator[Change]:
    tokens: Sequence[Token] = function.tokens[statement.first : statement.last + 1]
    where = function.name
    first = tokens[0].text
    whole = source[tokens[0].begin : tokens[-1].end]
    if "IS_MUTANT" in whole and not statement.head:
        tokens = [token for token in tokens if not token.text.startswith("IS_MUTANT")]
    yield from _constants(tokens, where)
    yield from _signs(tokens, where)
    yield from _arguments(tokens, where, source)
    if statement.head in ("if", "while"):
        inner = source[tokens[2].begin : tokens[-2].end]
        for replacement in (f"!({inner})", "1", "0"):
            if statement.head == "if" or replacement != "1":
                yield Change(
                    operator=Operator.NEGATION,
                    where=where,
                    begin=tokens[2].begin,
                    end=tokens[-2].end,
                    replacement=replacement,
                )
    elif first == "return" and len(tokens) > 2:
        yield from _returns(function, tokens, source)
    elif not statement.head and not _declares(tokens):
        yield Change(
            operator=Operator.DELETION,
            where=where,
            begin=tokens[0].begin,
            end=tokens[-1].end,
            replacement=";",
        )


def _declares(tokens: Sequence[Token]) -> bool:
    """Whether the statement makes a variable, without which nothing would compile."""
    first = tokens[0].text
    if first in ("static", "const", "struct", "enum") or first in _TYPES or first.endswith("_t"):
        return True
    return tokens[0].kind == "name" and tokens[1].kind == "name"


def _returns(function: Function, tokens: Sequence[Token], source: str) -> Iterator[Change]:
    begin, end = tokens[1].begin, tokens[-2].end
    inner = source[begin:end]
    if inner in ("true", "false"):
        return  # a constant
    if function.returns == ("bool",):
        replacements = [f"!({inner})", "true", "false"]
    elif "*" in function.returns or "struct" in function.returns:
        replacements = ["0"]
    else:
        replacements = ["0", f"({inner}) + 1", f"-({inner})"]
    for replacement in replacements:
        if replacement != inner:
            yield Change(
                operator=Operator.RETURN,
                where=function.name,
                begin=begin,
                end=end,
                replacement=replacement,
            )


def _constants(tokens: Sequence[Token], where: str) -> Iterator[Change]:
    for token in tokens:
        for replacement in _beside(token):
            yield Change(
                operator=Operator.CONSTANT,
                where=where,
                begin=token.begin,
                end=token.end,
                replacement=replacement,
            )


def _beside(token: Token) -> Sequence[str]:
    """One more and one less; of a number with a point, in its last digit."""
    if token.text in ("true", "false"):
        return ("false" if token.text == "true" else "true",)
    found = _NUMBER.match(token.text) if token.kind == "number" else None
    if found is None:
        return ()
    digits, suffix = found.groups()
    if digits[:2].lower() == "0x":
        return tuple(
            f"0x{int(digits, 16) + step:X}{suffix}" for step in (1, -1) if int(digits, 16) + step >= 0
        )
    if "." in digits or "e" in digits.lower():
        point = len(digits.partition(".")[2].lower().partition("e")[0]) or 1
        return tuple(f"{float(digits) + step * 10.0**-point:.{point}f}{suffix}" for step in (1, -1))
    return (f"{int(digits) + 1}{suffix}", f"({int(digits)}{suffix} - 1)")


def _signs(tokens: Sequence[Token], where: str) -> Iterator[Change]:
    for at, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        operator, replacements = _instead_of(tokens, at)
        for replacement in replacements:
            yield Change(
                operator=operator,
                where=where,
                begin=token.begin,
                end=token.end,
                replacement=replacement,
            )


def _instead_of(tokens: Sequence[Token], at: int) -> tuple[Operator, Sequence[str]]:
    word = tokens[at].text
    if word in _RELATIONAL:
        return Operator.RELATIONAL, [other for other in _RELATIONAL if other != word]
    if word in ("&&", "||"):
        return Operator.LOGICAL, ("||" if word == "&&" else "&&",)
    if word in ("!", "~"):
        return Operator.LOGICAL, ("",)
    if word in _OTHERS:
        bitwise = word[0] in "&|^<>"
        return (Operator.LOGICAL if bitwise else Operator.ARITHMETIC), _OTHERS[word]
    if word in _ARITHMETIC and _is_binary(tokens, at):
        return Operator.ARITHMETIC, [other for other in _ARITHMETIC if other != word]
    if word in _BITWISE and _is_binary(tokens, at):
        return Operator.LOGICAL, [other for other in _BITWISE if other != word]
    return Operator.LOGICAL, ()


def _is_binary(tokens: Sequence[Token], at: int) -> bool:
    """Between two operands: neither a sign, an address nor a pointer's star."""
    if at == 0 or at + 1 == len(tokens):
        return False
    before = tokens[at - 1]
    if before.text == "return":
        return False
    if before.kind == "name":
        is_type = before.text in _TYPES or before.text.endswith("_t")
        return not is_type and not (at > 1 and tokens[at - 2].text in ("struct", "enum"))
    if before.text == ")":  # behind a cast it belongs to what follows
        inner = tokens[at - 2].text
        return inner not in _TYPES and not inner.endswith("_t") and inner != "*"
    return before.kind == "number" or before.text == "]"


def _arguments(tokens: Sequence[Token], where: str, source: str) -> Iterator[Change]:
    for at, token in enumerate(tokens[:-1]):
        is_call = token.kind == "name" and tokens[at + 1].text == "("
        if not is_call or token.text in ("if", "for", "while", "switch", "return", "sizeof", "IS_MUTANT"):
            continue
        spans = _spans(tokens, at + 1)
        for (begin, middle), (start, end) in pairwise(spans):
            one, other = source[begin:middle], source[start:end]
            if one != other:
                yield Change(
                    operator=Operator.ARGUMENTS,
                    where=where,
                    begin=begin,
                    end=end,
                    replacement=other + source[middle:start] + one,
                )


def _spans(tokens: Sequence[Token], opening: int) -> list[tuple[int, int]]:
    """The characters of each argument."""
    end = matching(tokens, opening)
    spans, begun, depth = [], opening + 1, 0
    for at in range(opening + 1, end + 1):
        word = tokens[at].text if tokens[at].kind == "sign" else ""
        if at == end or (word == "," and depth == 0):
            if at > begun:
                spans.append((tokens[begun].begin, tokens[at - 1].end))
            begun = at + 1
        elif word:
            depth += (word in OPENING) - (word in CLOSING)
    return spans
