"""A chemistry that gives only what differs from another is that other one, but for what it gives."""

from pathlib import Path

import pytest

from bench.config.user_file import toml_of
from bench.errors import ConfigError
from bench.plant.based_on import read_chemistry, toml_text
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
            "own.toml .based_on.: found 'lpf'; expected one of .*did you mean 'lfp'",
        ),
        (f'based_on = "own.toml"\n{OWN}', "found a circle: own.toml → own.toml"),
        (f'based_on = "gone.toml"\n{OWN}', "gone.toml"),
        ("based_on = 7\n" + OWN, "found '7'; expected one of"),
        ('based_on = "lfp"\n', "found no id and name beside based_on"),
        (f'based_on = "lfp"\n{OWN}[cell]\ncapacity = 3.0\n', "unknown key 'capacity'"),
        (f'based_on = "lfp"\n{OWN}[ocv]\nsoc = [0.0, 1.0]\n', "own.toml"),
    ],
)
def test_what_is_wrong_is_one_clear_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as raised:
        Chemistry.load(written(tmp_path, "own.toml", text))
    assert len(str(raised.value).splitlines()) == 1
