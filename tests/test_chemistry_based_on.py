"""A chemistry that gives only what differs from another is that other one, but for what it gives."""

from pathlib import Path

import pytest

from bench.config.user_file import toml_of
from bench.errors import ConfigError
from bench.plant.based_on import merged_file, read_chemistry, toml_text
from bench.plant.chemistry import SHIPPED, Chemistry
from firmware_stubs.reference_bms.limits import Limits

OWN = '[meta]\nid = "own"\nname = "Own cell"\n'


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_it_is_the_base_but_for_what_it_gives(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "own.toml",
        f'based_on = "lfp"\n{OWN}[limits]\nv_alarm_high = {{ v = 3.8, c = "E", s = "est" }}\n',
    )
    own, base = Chemistry.load(file), Chemistry.load("lfp")
    assert own.based_on == ("lfp",) and base.based_on == ()
    assert (own.id, own.v_alarm_high, own.capacity_ah) == ("own", 3.8, base.capacity_ah)
    assert own.figures["limits.v_alarm_high"] != base.figures["limits.v_alarm_high"]
    assert own.figures["limits.v_alarm_low"] == base.figures["limits.v_alarm_low"]
    # One file is what firmware reads, and what is hashed and stored: the same on every call.
    assert Limits.from_toml(own.path).ov_trip_v == 3.8
    assert Chemistry.load(own.path).thresholds() == own.thresholds()
    assert Chemistry.load(file).path == own.path


@pytest.mark.parametrize("name", Chemistry.shipped())
def test_a_chemistry_that_only_renames_another_is_that_one(tmp_path: Path, name: str) -> None:
    own = Chemistry.load(written(tmp_path, "own.toml", f'based_on = "{name}"\n{OWN}'))
    base = Chemistry.load(name)
    assert own.thresholds() == base.thresholds() and own.figures == base.figures
    content, _ = read_chemistry(SHIPPED / f"{name}.toml")
    assert toml_of(toml_text(content)) == content


def test_a_base_may_be_a_file_that_has_a_base(tmp_path: Path) -> None:
    written(
        tmp_path,
        "mid.toml",
        f'based_on = "nmc"\n{OWN}[thermal]\ncp_J_kgK = {{ v = 900.0, c = "E", s = "est" }}\n',
    )
    own = Chemistry.load(written(tmp_path, "own.toml", f'based_on = "mid.toml"\n{OWN}'))
    assert own.based_on == ("mid", "nmc") and own.heat_capacity_j_kg_k == 900.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f'based_on = "lpf"\n{OWN}',
            "own.toml .based_on.: found 'lpf'; "
            f"expected one of {', '.join(Chemistry.known())} or the path of a .toml file; did you mean 'lfp'",
        ),
        (f'based_on = "own.toml"\n{OWN}', "found a circle: own.toml → own.toml"),
        (f'based_on = "gone.toml"\n{OWN}', "gone.toml"),
        ("based_on = 7\n" + OWN, "found '7'; expected one of"),
        (f'based_on = "lfp"\n{OWN}"odd\\u0007; expected none" = 1\n', "own.toml .meta.: found key 'odd"),
        ('based_on = "lfp"\n', "found no id and name beside based_on"),
        (f'based_on = "lfp"\n{OWN}[cell]\ncapacity = 3.0\n', "unknown key 'capacity'"),
        (
            f'based_on = "lfp"\n{OWN}[ocv]\nsoc = [0.0, 1.0]\n',
            r"own.toml .validity.: found none beside .ocv., and that of lfp was fitted on another voltage",
        ),
        (
            f'based_on = "lfp"\n{OWN}[ocv]\nsoc = [0.0, 1.0]\n[validity]\nsoc_min = {{ v = 0.2, c = "E" }}\n',
            "own.toml",
        ),
    ],
)
def test_what_is_wrong_is_one_clear_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as raised:
        Chemistry.load(written(tmp_path, "own.toml", text))
    assert len(str(raised.value).splitlines()) == 1


def test_all_figures_that_follow_from_others_are_told_in_one_go(tmp_path: Path) -> None:
    capacity = '[cell]\ncapacity_Ah = { v = 40.0, c = "E", s = "est" }\n'
    volts = '[ocv]\nsoc = [0.0, 1.0]\nV = [2.5, 4.2]\nconf = "E"\nsrc = "est"\n'
    fit = '[validity]\nT_min_C = { v = 10.0, c = "E", s = "est" }\n'
    with pytest.raises(ConfigError) as raised:
        Chemistry.load(written(tmp_path, "own.toml", f'based_on = "nmc"\n{OWN}{capacity}{volts}{fit}'))
    told = str(raised.value).splitlines()
    for key in ("energy_Wh", "specific_energy_Wh_kg", "v_nominal"):
        assert sum(f"own.toml [cell.{key}]: " in line for line in told) == 1, told
    assert all(line.startswith(f"{tmp_path}/own.toml [cell.") for line in told), (
        "each line begins with its place"
    )
    assert len(told) == 3


def test_the_merged_file_is_made_once_and_made_anew_where_it_was_changed(tmp_path: Path) -> None:
    file = written(tmp_path, "own.toml", f'based_on = "nmc"\n{OWN.replace("Own cell", "Made once")}')
    content, _ = read_chemistry(file)
    merged = merged_file(file, content)
    merged.unlink()
    assert merged_file(file, content) == merged
    assert merged.read_text(encoding="utf-8") == toml_text(content)
    assert merged.name.startswith("own-") and len(merged.stem) == len("own-") + 16
    assert merged.parent.stat().st_mode & 0o777 == 0o700
    made = merged.stat()
    assert merged_file(file, content).stat().st_ino == made.st_ino, "it is not written again"
    merged.write_text("other", encoding="utf-8")
    assert merged_file(file, content).read_text(encoding="utf-8") == toml_text(content)
    assert [one.name for one in merged.parent.glob(f"{merged.stem}.*")] == [merged.name], (
        "nothing is left beside it"
    )
    other = {**content, "meta": {**content["meta"], "id": "another"}}
    assert merged_file(file, other) != merged


def test_the_text_of_a_chemistry_holds_every_kind_of_value() -> None:
    content = {
        "told": True,
        "name": 'ü"\n',
        "whole": 3,
        "share": 1e-07,
        "table": {"at": [0.0, {"v": 2.0, "c": "E"}], "deep er": {"v": [1, 2]}},
        "grün 🔋": {"Wärme 🔥": "🔋"},
    }
    text = toml_text(content)
    assert toml_of(text) == content
    assert text == (
        '"told" = true\n"name" = "ü\\"\\n"\n"whole" = 3\n"share" = 1e-07\n\n["table"]\n'
        '"at" = [0.0, { "v" = 2.0, "c" = "E" }]\n"deep er" = { "v" = [1, 2] }\n'
        '\n["grün 🔋"]\n"Wärme 🔥" = "🔋"\n'
    )
