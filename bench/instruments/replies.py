"""The answers of instruments, as numbers and error codes. They are read here only, and text that is no number is
refused.

`float` and `int` accept more than an instrument may say: nan, inf, `1_0`, digits of other scripts. They raise
ValueError for text such as `+-0`. A reply must never be the reason why outputs stay on.
"""

import re

from bench.errors import InstrumentError

NO_NUMBER = 9.9e37
"""SCPI's own: 9.9E+37 stands for infinity, 9.91E+37 for "not a number", with either sign."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_ERROR = re.compile(r'\s*([+-]?\d{1,6})\s*,\s*("[^"]*(?:""[^"]*)*")\s*', re.ASCII)


def number_in(word: str) -> float:
    """A finite number as SCPI writes it (NR1, NR2, NR3). InstrumentError for anything else, SCPI's NaN among it."""
    value = _written(word)
    if abs(value) >= NO_NUMBER:
        raise InstrumentError(f"'{word.strip()}' is SCPI's word for no number")
    return value


def reading_in(word: str) -> float | None:
    """As `number_in`; None where the instrument says, in SCPI's own way, that there is nothing to be read."""
    value = _written(word)
    return None if abs(value) >= NO_NUMBER else value


def numbers_in(reply: str) -> list[float]:
    """Several, with commas between them."""
    return [number_in(word) for word in reply.split(",")]


def whole_in(value: float, least: int, most: int) -> int:
    """`value` as a whole number, such as a state. Raises InstrumentError for any other number."""
    if not (least <= value <= most and value.is_integer()):
        raise InstrumentError(f"{value:g} is no whole number from {least} to {most}")
    return int(value)


def error_code_in(reply: str) -> int:
    """The number of an entry of SCPI's error queue, such as `0,"No error"`. InstrumentError for anything else."""
    match = _ERROR.fullmatch(reply)
    if match is None:
        raise InstrumentError(f"'{reply.strip()}' is no entry of an error queue")
    return int(match[1])


def _written(word: str) -> float:
    text = word.strip()
    if _NUMBER.fullmatch(text) is None:
        raise InstrumentError(f"'{text[:40]}' is no number")
    return float(text)
