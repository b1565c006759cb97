"""What a user types wrongly is told with what was meant, and an editor knows the files before they are run."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from small_bench import ROOT, hil_here, small_bench

from bench.config.bench_schema import bench_schema, profile_schema
from bench.errors import choices
from bench.scenario.scenario_schema import scenario_schema
from bench.units import parse_duration_ns, parse_quantity

jsonschema = pytest.importorskip("jsonschema")


def plain(file: Path) -> Any:
    """As an editor has it: a date is a text."""
    return json.loads(json.dumps(tomllib.loads(file.read_text()), default=str))


def test_every_shipped_file_fits_the_schema_that_an_editor_is_given() -> None:
    scenario = jsonschema.Draft202012Validator(scenario_schema())
    files = [one for one in sorted((ROOT / "scenarios").rglob("*.toml")) if one.parent != ROOT / "scenarios"]
    assert len(files) > 100
    wrong = [
        f"{file.name}: {error.json_path} {error.message}"
        for file in files
        for error in scenario.iter_errors(plain(file))
    ]
    assert wrong == []
    for profile in (
        "dbc/reference_bms.toml",
        "docs/examples/strings/string_pack.toml",
        "docs/examples/foxbms/foxbms2.toml",
    ):
        jsonschema.validate(plain(ROOT / profile), profile_schema())
    jsonschema.validate(plain(ROOT / "hil_config.toml"), bench_schema())


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("[[step]]", "[step]", "$.step"),
        ('fault = "cell_voltage"', 'fault = "cell_voltag"', "$.step[0].fault"),
        ("cells = [17]", "cels = [17]", "$.step[0]"),
        ('do = "inject"', 'do = "injekt"', "$.step[0].do"),
    ],
)
def test_the_schema_finds_a_mistake_at_its_place(before: str, after: str, place: str) -> None:
    text = (ROOT / "scenarios/cells/ov_step_cell17.toml").read_text()
    assert before in text
    validator = jsonschema.Draft202012Validator(scenario_schema())
    errors = list(validator.iter_errors(tomllib.loads(text.replace(before, after))))
    assert place in {error.json_path for error in errors}


@pytest.mark.parametrize("name", ["bench", "profile", "scenario"])
def test_schemas_of_files_are_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert hil_here("schema", name) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_a_unit_in_other_capitals_and_a_decimal_comma_are_named() -> None:
    with pytest.raises(ValueError, match=r"unit 'mv'; expected one of V, mV, kV; did you mean 'mV'\?"):
        parse_quantity("20 mv", "V")
    with pytest.raises(ValueError, match=r"unit 'MS'; .*; did you mean 'ms'\?"):
        parse_duration_ns("20 MS")
    with pytest.raises(ValueError, match=r"has a decimal comma; expected a point, as in '2\.5 s'"):
        parse_duration_ns("2,5 s")
    with pytest.raises(ValueError, match=r"has a decimal comma; expected a point, as in '-4\.25 V'"):
        parse_quantity("-4,25 V", "V")
    with pytest.raises(ValueError, match=r"is no quantity|has unit"):
        parse_quantity("1,000,000 V", "V")  # it may stand for a million


def test_one_table_where_a_list_is_due_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_bench(tmp_path))
    file = tmp_path / "scenarios/contactors/weld_plus_at_opening.toml"
    file.write_text(file.read_text().replace("[[step]]", "[step]"))
    assert hil_here("check") == 2
    assert "; of several write [[step]] above each" in capsys.readouterr().err
    file = tmp_path / "scenarios/contactors/weld_plus_at_opening.toml"
    file.write_text((ROOT / "scenarios/cells/ov_step_cell17.toml").read_text().replace("[[step]]", "[step]"))
    assert hil_here("check") == 2
    assert (
        "[step]: found [step], one table; expected a list of them: write [[step]]" in capsys.readouterr().err
    )


def test_a_long_list_is_cut_and_what_is_near_stands_first() -> None:
    known = [f"name-{letter}" for letter in "abcdefghijklmnop"] + ["overvoltage"]
    shown = choices("overvoltge", known)
    assert shown.startswith("overvoltage, name-a, ")
    assert shown.endswith("name-i and 7 more")
    assert choices("x", known[:10]) == ", ".join(known[:10])


def test_check_ends_with_its_one_line_and_hil_says_its_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert hil_here("check", "--config", str(ROOT / "hil_config.toml")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert "scenarios fit this bench" in lines[-1]
    assert hil_here("--version") == 0
    assert capsys.readouterr().out.startswith("hil 0.")


def test_a_shell_completes_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_HIL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "hil ru")
    monkeypatch.setenv("COMP_CWORD", "1")
    monkeypatch.setattr("sys.argv", ["hil"])
    from bench.cli.main import app

    with pytest.raises(SystemExit) as ended:
        app()
    assert ended.value.code == 0
    assert capsys.readouterr().out.split() == ["run", "runs"]
