"""Limits from a chemistry file."""

from pathlib import Path

import pytest

from bench.errors import ConfigError
from firmware_stubs.reference_bms import Limits

NMC = Path(__file__).parent.parent / "bench" / "plant" / "chemistries" / "nmc.toml"


def test_the_defaults_are_those_of_the_nmc_file() -> None:
    read, default = Limits.from_toml(NMC), Limits()
    for name in Limits.__dataclass_fields__:
        if name != "ocv_v":
            assert getattr(read, name) == pytest.approx(getattr(default, name)), name
    assert list(read.ocv_v) == sorted(read.ocv_v)


def test_a_missing_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(NMC.read_text(encoding="utf-8").replace("v_alarm_high", "v_alarm_hihg"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine\.toml \[limits\.v_alarm_high\]"):
        Limits.from_toml(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        Limits.from_toml(tmp_path / "none.toml")
