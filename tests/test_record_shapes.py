"""A sound record that holds other JSON than the bench writes, sealed anew: one line with file and shot."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from evidence import alter_text
from test_record_altered import hil, shot, written
from test_record_signature import reseal

from bench.record.statement import STATEMENT

SHAPES = ("null", "[]", "7", '"text"', "true", "{}", "[" * 100_000)
QUICK = {("head", "[]"), ("mark", "7"), ("result", "null"), ("result", "{}")}
__all__ = ["written"]


@pytest.fixture
def run(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "runs" / written.name)


def one_line(run: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    code, out, err = hil(capsys, *words)
    assert code == 3 and "Traceback" not in out + err and "hil-crash" not in out + err, out + err
    lines = [line for line in err.splitlines() if line]
    assert len(lines) == 1 and "shot-001" in lines[0] and str(run) in lines[0], err
    return lines[0]


@pytest.mark.parametrize(
    ("at", "shape"),
    [
        pytest.param(
            at, shape, id=f"{what}-{shape[:8]}", marks=() if (what, shape) in QUICK else pytest.mark.slow
        )
        for at, what in ((0, "head"), (1, "mark"), (-1, "result"))
        for shape in SHAPES
    ],
)
def test_json_of_another_shape_in_a_shot_is_told_with_its_place(
    at: int, shape: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(lines: list[str]) -> list[str]:
        lines[at] = shape
        return lines

    alter_text(shot(run), change)
    reseal(run)
    one_line(run, ("rejudge", str(run)), capsys)


def test_a_shot_whose_result_is_null_costs_a_report_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        alter_text(shot(run).with_name(f"shot-00{number}"), lambda lines: [*lines[:-1], "null"])
    reseal(run)
    page = tmp_path / "report.html"
    code, out, err = hil(capsys, "report", str(run), "--out", str(page))
    assert code == 3 and len(err.splitlines()) == 1 and "shot-000" in err, out + err


def passed(run: Path) -> None:
    text = (run / STATEMENT).read_text()
    assert '"FAILED"' in text
    (run / STATEMENT).write_text(text.replace('"FAILED"', '"PASSED"'))


def said_twice(run: Path) -> None:
    text = (run / STATEMENT).read_text()
    (run / STATEMENT).write_text(text.replace('"result":', '"result": "PASSED", "result":', 1))


def none_at_all(run: Path) -> None:
    (run / STATEMENT).write_text("[]")


@pytest.mark.parametrize("forge", [passed, said_twice, none_at_all])
def test_a_statement_that_its_run_does_not_make_is_neither_good_nor_signed(
    forge: Callable[[Path], None], run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from bench.record.chain import FOOTER, seal
    from bench.record.shot import write_json
    from bench.record.signature import new_key

    forge(run)
    write_json(run / FOOTER, seal(run, run.name))
    code, out, _ = hil(capsys, "verify", str(run))
    assert code == 1 and out.startswith(f"altered {STATEMENT}: is not what result.json"), out
    assert json.loads(hil(capsys, "verify", str(run), "--json")[1])["intact"] is False
    pytest.importorskip("cryptography")
    new_key(tmp_path / "me.pem")
    code, _, err = hil(capsys, "sign", str(run), "--key", str(tmp_path / "me.pem"))
    assert code == 3 and STATEMENT in err and not (run / "signature.json").exists()
