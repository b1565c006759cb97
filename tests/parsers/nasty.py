"""Values that have broken parsers, here or elsewhere: where a number, a quantity, a name, a path or a table stands."""

import random
from typing import Any

QUANTITIES = (
    "0 s",
    "-1 s",
    "1_0 s",
    "1__0 s",
    "1e999 A",
    "-1e999 V",
    "1e18 s",
    "9e17 d",
    "9223372036854775808 ns",
    "1e-400 s",
    "nan V",
    "inf s",
    "-5 kWh",
    "-0 V",
    "+3 A",
    "٣ s",
    "1 s\n",
    "0x10 s",
    "1 S",
    "1",
    "s",
    "",
    " ",
    "1 s s",
    "1  V",
    "5 %",
    "101 %",
    "-1 %",
    "1e2 %",
    "3.7 V",
    "20 mV",
    "250 ms",
    "uv_trip - 20 mV",
    "ov_trip + 1e300 V",
    "ov_trip +",
    "uv_trip" + " - 1 mV" * 50,
    "1 " + " " * 3000 + "x",
    "9" * 400 + " s",
)
NAMES = (
    "a" * 5000,
    "x" * 200,
    "\x00",
    "\x1b[2J\x1b[31mPASS",
    "a\nb",
    "\u202e gnp",
    "|",
    "@everyone",
    "<script>alert(1)</script>",
    "[x](http://example.invalid)",
    "__init__",
    "__class__",
    "../../../../etc/passwd",
    "/dev/zero",
    "/dev/stdin",
    "/proc/self/mem",
    "~",
    ".",
    "..",
    "con",
    "a" * 300 + ".dbc",
    "%s%n",
    "{0}",
    "{x!r}",
    "'; drop table runs; --",
    "none",
    "None",
    "nan",
    "inf",
    "true",
    "profile",
    "virtual",
    "tcp://",
    "tcp://[::1",
    "tcp://a:99999999",
    "sqlite://",
    "postgresql://x",
    "reference",
    "é" * 50,
    "𝔘" * 10,
    "ﷺ",
)
NUMBERS: tuple[int | float, ...] = (
    0,
    1,
    -1,
    2,
    7,
    8,
    64,
    255,
    256,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63),
    -(2**63) - 1,
    10**19,
    10**30,
    10**400,
    0.0,
    -0.0,
    0.5,
    1e-9,
    1e308,
    -1e308,
    5e-324,
    float("nan"),
    float("inf"),
    float("-inf"),
)


def deep(depth: int, rng: random.Random) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def value(rng: random.Random) -> Any:
    """Of any type that TOML and JSON know."""
    which = rng.randrange(8)
    if which < 3:
        return rng.choice(QUANTITIES)
    if which < 4:
        return rng.choice(NAMES)
    if which < 6:
        return rng.choice(NUMBERS)
    return rng.choice(
        (True, False, [], {}, [[]], [1, "a"], [{}], {"a": 1}, [None] * 0, deep(rng.choice((3, 40)), rng))
    )


def kin(old: Any, rng: random.Random) -> Any:
    """A nasty value of the same type, so that it gets past the first check."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return rng.choice([one for one in NUMBERS if isinstance(one, int)])
    if isinstance(old, float):
        return rng.choice([one for one in NUMBERS if isinstance(one, float)])
    if isinstance(old, str):
        quantity = old[:1].isdigit() and " " in old
        return rng.choice(QUANTITIES if quantity or rng.random() < 0.3 else NAMES)
    return value(rng)
