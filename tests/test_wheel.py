"""The wheel by itself, installed elsewhere: it brings a bench and a library, and runs them."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from small_bench import hil_here

ROOT = Path(__file__).resolve().parents[1]


def said(*words: str | Path, cwd: Path, code: int = 0, **more: str) -> str:
    """stdout and stderr of a command that has to end with `code`."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [*map(str, words)], cwd=cwd, env={**kept, **more}, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_wheel_alone_lays_out_an_example_and_runs_it(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="builds the wheel; pip install hatchling")
    source = tmp_path / "source"
    source.mkdir()
    for name in (
        "bench",
        "firmware_stubs",
        "dbc",
        "scenarios",
        "hil_config.toml",
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        "LICENSE",
    ):
        (source / name).symlink_to(ROOT / name)
    said(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "made", cwd=source)
    (wheel,) = (tmp_path / "made").glob("*.whl")
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=True)
    python = bare / "bin" / "python"
    said(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    # Its dependencies as they are installed here; an editable install of this tree is not among them.
    known = {"PYTHONPATH": sysconfig.get_path("purelib")}
    hil = (python, "-m", "bench")
    where = said(python, "-c", "import bench; print(bench.__file__)", cwd=tmp_path, **known)
    assert Path(where.strip()).is_relative_to(bare), "not the one that is tested here already"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "`hil init --demo DIR`" in said(*hil, "run", cwd=empty, code=2, **known)
    assert "next: cd mine" in said(*hil, "init", "--demo", "mine", cwd=empty, **known)
    mine = empty / "mine"
    assert (mine / "dbc/bms.dbc").read_bytes() == (ROOT / "dbc/bms.dbc").read_bytes()
    assert "scenarios fit this bench" in said(*hil, "check", cwd=mine, **known)
    told = said(*hil, "run", "-k", "ov-step-cell17", "--repeat", "2", cwd=mine, **known)
    assert "PASS 3 of 3 scenarios" in told


def test_an_example_is_laid_out_once_and_a_wrong_bench_file_names_a_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hil_here("check") == 2
    assert capsys.readouterr().err.strip().endswith("`hil init --demo DIR` lays out an example that runs")
    assert hil_here("init", "--demo", ".") == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["dbc", "hil_config.toml", "scenarios"]
    assert hil_here("init", "--demo", ".") == 2
    assert "so that nothing is lost" in capsys.readouterr().err
    for name, found in {
        "hil_confg.toml": "no such file; expected a bench file; did you mean 'hil_config.toml'?",
        "dbc/reference_bms.toml": "a DUT profile; expected a bench file, such as hil_config.toml",
        "scenarios/budgets.toml": "safety goals; expected a bench file, such as hil_config.toml",
        "scenarios/cells/ov_step_cell17.toml": "a scenario; expected a bench file, such as hil_config.toml",
    }.items():
        assert hil_here("check", "--config", name) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line == f"{name}: found {found}"
