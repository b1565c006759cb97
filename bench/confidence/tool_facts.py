"""What is known of the tool itself: requirements, malfunctions, strangers' counts, and the uses it is put to.

Requirements, malfunctions and counts come with the release (bench/confidence/tool/*.toml); the uses are the user's
(scenarios/tool_usage.toml).
"""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from bench.config.toml_file import Shape, read_toml
from bench.errors import RecordError
from bench.measure.finding.base import Blame
from bench.measure.finding.closed_set import FINDINGS
from bench.verdict.tables import rows

_FOLDER = Path(__file__).parent / "tool"
METHODS = ("1a", "1b", "1c", "1d")
ASILS = ("A", "B", "C", "D")


class _UseCase(Shape):
    id: str
    title: str
    impact: Literal["TI1", "TI2"]
    detection: Literal["TD1", "TD2", "TD3"]
    impact_reason: str = ""
    detection_reason: str = ""
    measures: list[str] = Field(default_factory=list)
    argument: str = ""  # files of older releases: one text for both, no measures


class _Measure(Shape):
    id: str
    title: str
    by: Literal["bench", "user"]
    detects: str
    requirements: list[str] = Field(default_factory=list)


class _Validation(Shape):
    id: str
    title: str


class _Limit(Shape):
    id: str
    title: str
    workaround: str


class _Usage(Shape):
    highest_asil: Literal["QM", "A", "B", "C", "D"]
    method: Literal["", "1a", "1b", "1c", "1d"] = ""
    method_reason: str = ""
    reviewed_by: str = ""  # of older releases: a word in a file is no review
    use_case: list[_UseCase]
    process_measure: list[_Measure] = Field(default_factory=list)
    validation: list[_Validation] = Field(default_factory=list)
    known_malfunction: list[_Limit]


class _Requirement(Shape):
    id: str
    text: str
    tests: list[str]
    mutant: list[str] = Field(default_factory=list)
    judge: list[str] = Field(default_factory=list)
    negative: list[str] = Field(default_factory=list)


class _Requirements(Shape):
    requirement: list[_Requirement]


class _Malfunction(Shape):
    id: str
    title: str
    consequence: str
    found: datetime.date
    mended: datetime.date | None = None
    workaround: str = ""
    codes: list[str] = Field(default_factory=list)
    changelog: str = ""


class _Malfunctions(Shape):
    malfunction: list[_Malfunction]


class _Count(Shape):
    id: str
    date: datetime.date | None = None
    what: str
    planted: int
    caught: int
    source: str


class _Counts(Shape):
    count: list[_Count]


def load_usage(path: Path) -> dict[str, Any]:
    """Use cases with their tool confidence level, measures, method and limits. Raises ConfigError."""
    content = _read(path, _Usage)
    levels = {(row["TI"], row["TD"]): row["TCL"] for row in rows("tcl_matrix")}
    for one in content["use_case"]:
        one["tcl"] = levels[one["impact"], one["detection"]]
    return content


def requirements() -> list[dict[str, Any]]:
    """The requirements on the tool, from requirements.toml."""
    return list(_read(_FOLDER / "requirements.toml", _Requirements)["requirement"])


def strangers() -> list[dict[str, Any]]:
    """The counts made by people who did not write the tool, from strangers.toml."""
    return list(_read(_FOLDER / "strangers.toml", _Counts)["count"])


def malfunctions() -> list[dict[str, Any]]:
    """Those of the register, then what the bench finds of itself, by code: a shot with such a finding does not pass."""
    told = _read(_FOLDER / "malfunctions.toml", _Malfunctions)["malfunction"]
    own = [
        {
            "id": code,
            "title": " ".join((kind.__doc__ or "").split("\n\n")[0].split()),
            "consequence": "the shot does not pass, and blames no DUT",
            "found": None,
            "mended": None,
            "workaround": f"hil explain {code}",
            "codes": [code],
            "changelog": "",
        }
        for code, kind in sorted(FINDINGS.items())
        if kind.blame is Blame.BENCH
    ]
    return [*told, *own]


def recommended(tcl: str, method: str, asil: str) -> str:
    """What tables 4 and 5 of ISO 26262-8:2018 say of it, ++ or +; "" where nothing is asked: TCL1, or QM."""
    found = (row for row in rows("tool_methods") if row["tcl"] == tcl and row["method"] == method)
    return next((row[asil] for row in found), "") if asil in ASILS else ""


def why_no_use(use: Mapping[str, Any], measures: Mapping[str, Mapping[str, Any]]) -> str | None:
    """What keeps a use case from being argued: a level that its TI and TD do not make, or no reason for them."""
    levels = {(row["TI"], row["TD"]): row["TCL"] for row in rows("tcl_matrix")}
    name = use["id"]
    if levels[use["impact"], use["detection"]] != use["tcl"]:
        return f"{name} is {use['tcl']}; {use['impact']} and {use['detection']} make another level"
    if not use["impact_reason"] or not use["detection_reason"]:
        return f"{name} gives no reason for its {use['impact']} or its {use['detection']}"
    if strange := [one for one in use["measures"] if one not in measures]:
        return f"{name} names {strange[0]}, which is no measure in the process"
    if use["detection"] != "TD3" and not use["measures"]:
        return f"{name} is {use['detection']} by no measure in the process; validation is no reason for it"
    return None


def _read(path: Path, shape: type[Shape]) -> dict[str, Any]:
    file = read_toml(path)
    found = file.check(shape, file.data)
    file.stop_on_mistakes()
    if found is None:
        raise RecordError(f"{path}: found nothing; expected some")
    return found.model_dump(mode="json")
