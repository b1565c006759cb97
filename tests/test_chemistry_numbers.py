"""Nothing of a chemistry's file is dropped in silence: each number is read or refused, each key is known."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from bench.errors import ConfigError
from bench.plant.chemistry import SHIPPED, Chemistry

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")


def numbers_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Every number of a file by its place, and of a list its middle one: (place, start, end) in the text."""
    section, at, entries = "", 0, {}
    for line in text.splitlines(keepends=True):
        if line.startswith("["):
            section = line.strip().strip("[]")
            if line.startswith("[["):
                entries[section] = entries.get(section, -1) + 1
                section = f"{section}.{entries[section]}"
        elif " = " in line and not line.startswith("#"):
            key, value = line.split(" = ", 1)
            bare = re.sub(r'"[^"]*"', lambda quoted: "~" * len(quoted[0]), value)
            found = list(_NUMBER.finditer(bare))
            if found:
                chosen, offset = found[len(found) // 2], at + len(key) + 3
                yield f"{section}.{key}", offset + chosen.start(), offset + chosen.end()
        at += len(line)


def thinned(text: str) -> str:
    """With nine knots to a curve: what is asked of its numbers is asked in a quarter of the time."""

    def fewer(found: re.Match[str]) -> str:
        values = found[2].split(", ")
        last = len(values) - 1
        kept = values if last < 9 else [values[round(k * last / 8)] for k in range(9)]
        return f"{found[1]} = [{', '.join(kept)}]"

    return re.sub(r"(?m)^(\w+) = \[(.*)\]$", fewer, text)


def facts(value: object) -> object:
    """A chemistry as plain data that compares; without its pedigree, where every number would be seen."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: facts(getattr(value, f.name)) for f in fields(value) if f.name not in ("figures", "path")
        }
    if isinstance(value, tuple):
        return [facts(one) for one in value]
    return value


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
def test_every_number_of_a_file_changes_what_is_read_or_is_refused(chemistry: str, tmp_path: Path) -> None:
    """Eleven constants of thermal runaway were once dropped in silence: NMC then peaked at 500 degC."""
    text = thinned((SHIPPED / f"{chemistry}.toml").read_text(encoding="utf-8"))
    copy = tmp_path / "changed.toml"
    copy.write_text(text, encoding="utf-8")
    before = facts(Chemistry.load(copy))
    unread, seen = [], 0
    for place, start, end in numbers_of(text):
        value = float(text[start:end])
        copy.write_text(f"{text[:start]}{value * 1.02 if value else 0.02!r}{text[end:]}", encoding="utf-8")
        seen += 1
        try:
            if facts(Chemistry.load(copy)) == before:
                unread.append(place)
        except ConfigError:
            continue
    assert unread == []
    assert seen > 80


def keys_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Every key and every table's name: (name, start, end) in the text."""
    for found in re.finditer(r"(?m)^(?:\[+([\w.]+)\]+$|(\w+) = )", text):
        group = 1 if found[1] else 2
        yield found[group], found.start(group), found.end(group)


@pytest.mark.parametrize("chemistry", Chemistry.shipped())
def test_a_misspelt_key_or_table_is_refused_wherever_it_stands(chemistry: str, tmp_path: Path) -> None:
    text = thinned((SHIPPED / f"{chemistry}.toml").read_text(encoding="utf-8"))
    copy = tmp_path / "misspelt.toml"
    told = re.compile(r"note|form|conf|src|sign|warning|geometry|evidence")
    for name, start, end in keys_of(text[: text.index("[sources]")]):
        if told.search(name):
            continue
        copy.write_text(f"{text[:start]}{name}x{text[end:]}", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            Chemistry.load(copy)
        message = str(caught.value)
        assert "\n" not in message and str(copy) in message
        assert "expected" in message
