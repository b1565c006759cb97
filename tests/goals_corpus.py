"""Files of safety goals made by chance, right and wrong ones, and what is loaded or told of each, whole.

`PYTHONPATH=.:tests python tests/goals_corpus.py` writes what is loaded and told today.
"""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whole_value import digest

from bench.config.user_file import toml_of
from bench.errors import ConfigError
from bench.verdict.accepted_states import is_weaker, unknown_states, weaker_words
from bench.verdict.budgets import lint_budgets, load_budgets
from bench.verdict.goal_on_chemistry import chemistries_of, unknown_chemistries

STORED = Path(__file__).parent / "data" / "goals_corpus.txt"
GROUPS, CASES = 8, 60
STATES = ("open", "warn", "hold", "warn_and_open", "derate", "limit", "warn_and_inhibit", "opne")
CLASSES = ("severity", "exposure", "controllability")
TEXTS = (
    '"t"',
    '""',
    '" "',
    "3",
    '"assumed: by us"',
    '"ASSUMED: x"',
    '"TBD"',
    '"unknown: none"',
    '"none: no sensor"',
    "[]",
)
TIMES = (
    '"900 ms"',
    '"500 ms"',
    '"100 ms"',
    '"400 ms"',
    '"0 ms"',
    '"1 s"',
    '"900"',
    "7",
    '"1.5 s"',
    '"-1 s"',
    '"620 ms"',
)
HAZARDS = {"QM": "S1 E1 C1", "A": "S2 E4 C1", "B": "S3 E3 C2", "C": "S3 E4 C2", "D": "S3 E4 C3"}
KEYS: dict[str, tuple[str, ...]] = {
    "title": TEXTS, "asil": ('"B"', '"D"', '"QM"', '"E"', "2"), "ftti": TIMES, "fdti": TIMES, "frti": TIMES,
    "fhti": ('"600 ms"', '"700 ms"', '"899 ms"', *TIMES), "safe_state": ('"warn"', '"limit"', *TEXTS),
    "provenance": TEXTS, "latched": ("true", "false", "1"), "severity": ('"S0"', '"S2"', '"S9"', "3", '""'),
    "exposure": ('"E1"', '"E5"', '"E3"'), "controllability": ('"C0"', '"C1"', '"C3"'), "hazard_source": TEXTS,
    "hazard_given": ("true", "true", "false", '"yes"'), "owner": ('"me"', *TEXTS),
    "coverage": ('"95 %"', '"50 %"', '"49 %"', '"100 %"', "0.95", '"99"', '"9 x"'),
    "confidence": ('"90 %"', '"99.9 %"'),
    "severity_why": TEXTS, "exposure_why": TEXTS, "controllability_why": TEXTS,
    "inherits": ('["SG-0"]', '["SG-1", "SG-0"]', '["SG-9"]', "[3]", '"SG-0"', '["SG-2", "SG-3", "SG-1"]'),
    "of": ('"SG-0"', '"SG-1"', '"SG-9"', '"SG-3"', '""'),
    "probe": ('"a wire"', '"None:"', '"none: nothing would"', *TEXTS),
    "derivation": ('"a model"', *TEXTS), "eotti": ('"5 s"', '"899 ms"', *TIMES),
    "emergency_states": ('["limit"]', '["open"]', '["derate", "limit"]', "[]", '"limit"', "[1]"),
    "accepts": ('["warn_and_open"]', '["open"]', '["limit", "opne"]', "[]", "[1]"),
    "accepts_why": ('"it opens too"', '""'),
    "latchet": ("true",), "ftit": ('"1 s"',), "serverity": ('"S1"',),
}  # fmt: skip
ON_CHEMISTRY = (*CLASSES, "asil", "ftti", "fdti", "frti", "fhti", "source", "given", "tilte", "title")


def _file(rng: random.Random, number: int) -> str:
    """Every third has a key, one after the other, with another value; a few have one more."""
    wrong = [list(KEYS)[number // 3 % len(KEYS)]] if number % 3 == 0 else []
    wrong += rng.sample(list(KEYS), rng.random() < 0.1)
    goals = [_goal(rng, k) for k in range(rng.randint(2, 6))]
    of = {name: table for name, table, _ in goals}
    for _, table, _ in goals:  # most lend to a goal, and have its ASIL
        head = of.get(table.get("of", "").strip('"'))
        if head is not None and rng.random() < 0.9:
            while "of" in head:
                head = of[head["of"].strip('"')]
                table["of"] = next(f'"{name}"' for name, one in of.items() if one is head)
            table["asil"] = head["asil"]
    for key in wrong:
        table = rng.choice(goals)[1]
        if rng.random() < 0.2 and key in table:
            del table[key]
        else:
            table[key] = rng.choice(KEYS[key])
    lines: list[str] = []
    for name, table, chemistries in goals:
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in table.items())]
        for chemistry, own in chemistries.items():
            lines += [f"[{name}.chemistry.{chemistry}]", *(f"{key} = {value}" for key, value in own.items())]
    odd = rng.random()
    return "\n".join(["SG-X = 3", *lines] if odd < 0.02 else [*lines, "[SG-0"] if odd < 0.03 else lines)


def _goal(rng: random.Random, k: int) -> tuple[str, dict[str, str], dict[str, dict[str, str]]]:
    asil = rng.choice(list(HAZARDS))
    table = {
        "title": f'"goal {k}"', "asil": f'"{asil}"', "ftti": '"900 ms"', "fdti": rng.choice(('"500 ms"', '"630 ms"')),
        "frti": '"100 ms"', "safe_state": f'"{rng.choice(STATES[:4])}"',
        "provenance": rng.choice(('"p"', '"TBD by k"', '"source unknown"', '"n/a"')),
    }  # fmt: skip
    if rng.random() < 0.7:
        table |= {key: f'"{one}"' for key, one in zip(CLASSES, HAZARDS[asil].split(), strict=True)}
        given = rng.random() < 0.3
        for key in rng.sample(CLASSES, rng.choice((0, 0, 2, 3))):
            table[f"{key}_why"] = '"because"' if given or rng.random() < 0.5 else '"assumed: so"'
        if given:
            table |= {"hazard_given": "true", "hazard_source": '"HARA 7"'}
        table |= _some(rng, hazard_source=('"HARA 7"', *(() if given else ('"assumed: x"',))))
        if k and not given and rng.random() < 0.4:
            table["inherits"] = '["SG-0", "SG-1"]' if k > 1 and rng.random() < 0.4 else '["SG-0"]'
            if rng.random() < 0.8:
                table |= {"asil": '"D"'} | dict(zip(CLASSES, ('"S3"', '"E4"', '"C3"'), strict=True))
    elif k and rng.random() < 0.8:
        table |= {"of": f'"SG-{rng.randrange(k)}"', "probe": '"a thermocouple"'} | _some(
            rng, derivation=('"m"',)
        )
        table |= {"ftti": '"2 s"'}
    if k < 2 and rng.random() < 0.8:
        table |= (
            {}
            if "of" in table
            else {"asil": '"D"'} | dict(zip(CLASSES, ('"S3"', '"E4"', '"C3"'), strict=True))
        )
    if rng.random() < 0.3:
        table |= {"eotti": '"5 s"', "emergency_states": rng.choice(('["limit"]', '["derate", "limit"]'))}
    chemistries = ("lfp", "nmc", "lpf")
    few = (
        rng.sample(chemistries, rng.choice((0, 0, 1, 2))) if "of" not in table or rng.random() < 0.05 else ()
    )
    if rng.random() < 0.3 and "of" not in table:
        table |= {"accepts": '["warn_and_inhibit"]', "accepts_why": '"it opens as well"'}
    table |= _some(rng, latched=("true", "false"), owner=('"lab"',), coverage=('"99 %"',))
    if not few or rng.random() < 0.1:
        table |= _some(rng, fhti=('"735 ms"', '"600 ms"' if "5" in table["fdti"] else '"730 ms"'))
    return f"SG-{k}", table, {one: _on(rng) for one in few}


def _some(rng: random.Random, **choices: tuple[str, ...]) -> dict[str, str]:
    return {key: rng.choice(some) for key, some in choices.items() if rng.random() < 0.4}


def _on(rng: random.Random) -> dict[str, str]:
    own = {"source": rng.choice(('"a paper"', '"assumed: as on lfp"', '" assumed:  by us "'))}
    if "paper" in own["source"] and rng.random() < 0.6:
        own |= {"given": rng.choice(("true", "false"))}
    own |= _some(
        rng, ftti=('"2 s"', '"900 ms"', '"1 s"'), fdti=('"400 ms"', '"690 ms"'), frti=('"90 ms"', '"120 ms"')
    )
    if len(own) < 2 or rng.random() < 0.5:
        own |= dict(
            zip(CLASSES, (f'"{one}"' for one in rng.choice(list(HAZARDS.values())).split()), strict=True)
        )
    own |= _some(rng, asil=('"A"', '"B"')) if rng.random() < 0.1 else {}
    for key in rng.sample(ON_CHEMISTRY, rng.random() < 0.1):
        own[key] = rng.choice((*KEYS.get(key, ("true", '"x"', '""')),))
    return own


def _of_file(path: Path, rng: random.Random) -> Iterator[Any]:
    """What comes of one file, on each chemistry, and what is said of it."""
    for chemistry in (None, "lfp", "nmc"):
        try:
            goals = load_budgets(path, chemistry)
        except ConfigError as error:
            yield str(error).replace(str(path.parent), "")
            return
        lent = rng.sample(sorted(goals), min(2, len(goals)))
        measured = [(f"s{k}", rng.choice((*goals, "SG-99")), rng.choice((*STATES, ""))) for k in range(6)]
        yield goals, lint_budgets(goals), lint_budgets(goals, lent), weaker_words(goals, measured)
        yield unknown_states(goals.values(), STATES[:4]), [is_weaker(*_pair(goals, rng)) for _ in range(3)]
    table = toml_of(path.read_text(encoding="utf-8"))
    yield unknown_chemistries(table, ("lfp", "nmc", "lto")), [chemistries_of(one) for one in table.values()]


def _pair(goals: dict[str, Any], rng: random.Random) -> tuple[str, Any]:
    return rng.choice(STATES), goals[rng.choice(sorted(goals))]


def said(group: int) -> Iterator[str]:
    """One line a file: whether it loads, and a digest of all of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "goals.toml"
        for case in range(CASES):
            rng = random.Random(f"goals {group}/{case}")
            path.write_text(_file(rng, group * CASES + case), encoding="utf-8")
            found = list(_of_file(path, rng))
            loads = "told" if isinstance(found[-1], str) else "loads"
            yield f"{group}/{case} {loads} {digest(*found)}"


if __name__ == "__main__":
    lines = "".join(f"{line}\n" for group in range(GROUPS) for line in said(group))
    STORED.write_text(lines, encoding="utf-8")
