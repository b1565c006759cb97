"""What is said to be given has a source that gives it: neither one that says "assumed", nor a goal that assumes."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.errors import ConfigError
from bench.safety.fmea_file import load_fmea
from bench.scenario.library import Library, list_library
from bench.scenario.load import find_scenarios
from bench.verdict.budgets import load_budgets
from bench.verdict.fmea import FailureMode
from bench.verdict.result import Budget

ROOT = Path(__file__).parents[1]
BUDGETS = ROOT / "scenarios" / "budgets.toml"
FMEA = ROOT / "scenarios" / "fmea.toml"
FIRST = 'severity = 10\nseverity_source = "assumed: S3 of SG-OV, fire possible"\n'
ZINC = "chemistry.zn_chitosan"
OWN = f'{ZINC}.severity = 8\n{ZINC}.given = ["severity"]\n{ZINC}.severity_source = '


@pytest.fixture(scope="module")
def library() -> Library:
    return list_library(find_scenarios([ROOT / "scenarios"]))


@pytest.fixture(scope="module")
def goals() -> Mapping[str, Budget]:
    return load_budgets(BUDGETS)


def of(tmp_path: Path, first: str) -> Path:
    """The shipped file, and another severity of its first failure mode."""
    text = FMEA.read_text(encoding="utf-8")
    assert FIRST in text
    (tmp_path / "fmea.toml").write_text(text.replace(FIRST, first, 1), encoding="utf-8")
    return tmp_path / "fmea.toml"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("assumed: fire possible", "says that it is assumed"),
        ("  Assumed, as everybody does", "says that it is assumed"),
        ("guess of the team", "says that it is assumed"),
        ("no field data of this charger", "says that it is assumed"),
        ("inherits SG-OTC: self-heating unseen", "takes it from SG-OTC, whose classes are assumed"),
        ("S3 of SG-OV", "takes it from SG-OV, whose classes are assumed"),
        ("inherits SG-OTX", "names no goal of budgets.toml (SG-OTX)"),
    ],
)
@pytest.mark.parametrize("place", ["", OWN])
def test_given_beside_a_source_that_gives_nothing_is_refused(
    tmp_path: Path, library: Library, goals: Mapping[str, Budget], source: str, told: str, place: str
) -> None:
    """`hil safety --claims` confirmed and refuted by sources that begin with "assumed"."""
    plain = f'given = ["severity"]\nseverity = 10\nseverity_source = "{source}"\n'
    file = of(tmp_path, f'{FIRST}{place}"{source}"\n' if place else plain)
    with pytest.raises(ConfigError) as caught:
        load_fmea(file, goals, library)
    (line,) = str(caught.value).splitlines()
    assert "fmea.toml:" in line and "severity_source" in line and "FM-CHG-LIMIT" in line
    assert told in line and "expected a source that gives it, or given without 'severity'" in line
    assert ("on zn_chitosan" in line) == bool(place)


def test_what_a_source_gives_is_given(tmp_path: Path, library: Library, goals: Mapping[str, Budget]) -> None:
    def first(source: str, of_goals: Mapping[str, Budget]) -> FailureMode:
        given = f'given = ["severity"]\nseverity = 10\nseverity_source = "{source}"\n'
        return load_fmea(of(tmp_path, given), of_goals, library)[0]

    assert first("abuse test of 12 cells, report 7", goals).given == ("severity",)
    analysed = tmp_path / "budgets.toml"
    given = 'hazard_given = true\nhazard_source = "HARA 7"\nseverity_why = "fire"'
    analysed.write_text(BUDGETS.read_text(encoding="utf-8").replace('severity_why = "fire"', given, 1))
    assert first("inherits SG-OV: no cell voltages", load_budgets(analysed)).given == ("severity",)


def test_nothing_that_is_shipped_is_given(library: Library, goals: Mapping[str, Budget]) -> None:
    modes = load_fmea(FMEA, goals, library)
    assert len(modes) > 50 and not any(one.given or one.on for one in modes)
    assert all(one.severity_source.startswith("assumed: ") for one in modes)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('hazard_given = true\nhazard_source = "assumed: fire"', "SG-OV.hazard_source]"),
        ("hazard_given = true", "no text beside hazard_given"),
        ('hazard_given = true\nhazard_source = "HARA 7"\ninherits = ["SG-OTC"]', "classes of SG-OTC are assumed"),
        ('chemistry.nmc.ftti = "5 s"\nchemistry.nmc.given = true\nchemistry.nmc.source = "Assumed: x"',
         "SG-OV.chemistry.nmc.source]"),
    ],
)  # fmt: skip
def test_a_hazard_analysis_that_is_assumed_gives_nothing(tmp_path: Path, keys: str, told: str) -> None:
    file = tmp_path / "budgets.toml"
    text = BUDGETS.read_text(encoding="utf-8").replace("[SG-OV]\n", f"[SG-OV]\n{keys}\n", 1)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_budgets(file)
    assert told in str(caught.value), str(caught.value)
