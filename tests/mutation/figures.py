"""Mutants of a chemistry's file: one figure off by a share, and how such a file is put into a process."""

import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mutation.made import ROOT, Mutant

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def off_by_a_share(table: str) -> list[Mutant]:
    """Of the [[figure]]s of a table: `places` ("thermal.cp_J_kgK") of a `file`, each `times` as large, one by one.

    Raises ValueError for a place that is not there once. A curve is scaled as a whole.
    """
    text = (ROOT / table).read_text(encoding="utf-8")
    return [
        _off(one["file"], place, float(one["times"]))
        for one in tomllib.loads(text)["figure"]
        for place in one["places"]
    ]


def _off(file: str, place: str, times: float) -> Mutant:
    whole = (ROOT / file).read_text(encoding="utf-8")
    section, key = place.rsplit(".", 1)
    found: list[int] = []
    lines, here, name = whole.splitlines(keepends=True), "", ""
    for number, line in enumerate(lines):
        if line.startswith("["):
            here, name = line.strip().strip("[]"), ""
        if line.startswith("name = "):
            name = "." + line.split('"')[1]
        if line.startswith(f"{key} = ") and here + (name if here == "abuse.reaction" else "") == section:
            found.append(number)
    if len(found) != 1:
        raise ValueError(f"{file}: {place} stands {len(found)} times")
    lines[found[0]] = _scaled(lines[found[0]], times)
    return Mutant(f"{file}: {place} x {times:g}", file, "".join(lines))


def _scaled(line: str, times: float) -> str:
    key, value = line.split(" = ", 1)
    end = (
        value.find("]") if value.startswith("[") else value.find(",") if value.startswith("{") else len(value)
    )
    return f"{key} = {_NUMBER.sub(lambda one: repr(float(one.group()) * times), value[:end])}{value[end:]}"


def put_file_in(mutant: Mutant) -> None:
    """For a forked child: whoever reads the chemistry from now on reads the mutant's."""
    from bench.plant import source  # not before pytest may rewrite it

    altered = Path(tempfile.mkdtemp()) / Path(mutant.file).name
    altered.write_text(mutant.altered, encoding="utf-8")
    read = vars(source)["read_chemistry"]

    def reads(path: Path) -> tuple[dict[str, Any], tuple[Path, ...]]:
        return read(altered if path.resolve() == ROOT / mutant.file else path)

    vars(source)["read_chemistry"] = reads


@contextmanager
def noting_reads(note: Callable[[str], None]) -> Iterator[None]:
    """For as long as it lasts, `note` hears of every file of a chemistry that is read, from the repository's root."""
    from bench.plant import source

    read = vars(source)["read_chemistry"]

    def reads(path: Path) -> tuple[dict[str, Any], tuple[Path, ...]]:
        content, based_on = read(path)
        for one in (path, *based_on):
            if one.resolve().is_relative_to(ROOT):
                note(one.resolve().relative_to(ROOT).as_posix())
        return content, based_on

    vars(source)["read_chemistry"] = reads
    try:
        yield
    finally:
        vars(source)["read_chemistry"] = read
