"""What a script hands in wrongly is one line before anything is driven; a run without its evidence is no PASS."""

import asyncio
import re
import shutil
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from small_bench import ONE, hil_here, run_folders, small_bench

from bench import Bench, CalledWrongly, Planned, ShotDone, ShotsEnded, Verdict


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bench(tmp_path_factory.mktemp("door"))


@pytest.fixture(scope="module")
def bench(folder: Path) -> Bench:
    return Bench.open(folder / "hil_config.toml")


async def waits(event: object) -> None:
    """What nobody would await."""


class Waits:
    async def __call__(self, event: object) -> None:
        """The same."""


class Unshown:
    def __repr__(self) -> str:
        raise LookupError("mine")


WRONG: dict[str, tuple[Callable[[Any], object], str]] = {
    "a number to call": (lambda b: b.run(ONE, progress=5), "progress: found 5; expected a plain function"),
    "an async def": (lambda b: b.run(ONE, progress=waits), "progress: found <function wai"),
    "an async partial": (
        lambda b: b.run(ONE, progress=partial(waits)),
        "progress: found .*; expected a plain function",
    ),
    "an async object": (lambda b: b.run(ONE, progress=Waits()), "progress: found <"),
    "what has no repr": (lambda b: b.run(ONE, progress=Unshown()), "progress: found <Unshown instance"),
    "bytes": (lambda b: b.run(b"ov"), "select: found b'ov'; expected scenario ids, files or folders"),
    "a number": (lambda b: b.check(5), "select: found 5; expected scenario ids, files or folders"),
    "a dict": (lambda b: b.check({ONE: 1}), "select: found {'weld-plus-at-opening--inside': 1}; expected"),
    "numbers": (lambda b: b.scenarios([ONE, 5]), "select: found 5; expected the id of a scenario"),
    "an empty text": (lambda b: b.run(""), "select: found ''; expected the id of a scenario, a file"),
    "an empty text among others": (lambda b: b.run([ONE, ""]), "select: found ''; expected the id of"),
    "no bench file": (lambda _: Bench.open(None), "config: found None; expected the path of a bench file"),  # type: ignore[arg-type]
    "an empty path": (lambda _: Bench.open(""), "config: found ''; expected the path of a bench file"),
    "a firmware": (lambda b: Bench.open(b.config, firmware=5), "firmware: found 5; expected a text"),  # type: ignore[arg-type]
    "a seed to open": (lambda b: Bench.open(b.config, seed="1"), "seed: found '1'; expected a whole number"),  # type: ignore[arg-type]
    "repeat=True": (lambda b: b.run(ONE, repeat=True), "repeat: found True; expected a whole number of at"),
    "workers=2.0": (lambda b: b.run(ONE, workers=2.0), "workers: found 2.0; expected a whole number of at"),
    "seed=1.5": (lambda b: b.run(ONE, seed=1.5), "seed: found 1.5; expected a whole number"),
    "seed='1'": (lambda b: b.run(ONE, seed="1"), "seed: found '1'; expected a whole number"),
    "seed=True": (lambda b: b.judge(ONE, seed=True), "seed: found True; expected a whole number"),
    "only": (lambda b: b.run(only=5), "only: found 5; expected a text, or None"),
    "long": (lambda b: b.run(ONE, long="no"), "long: found 'no'; expected True or False"),
    "about": (
        lambda b: b.run(ONE, about="nightly"),
        "about: found 'nightly'; expected what is said of the run",
    ),
    "out": (lambda b: b.run(ONE, out=5), "out: found 5; expected the path of a folder, or None"),
    "no scenario": (lambda b: b.judge(None), "scenario: found None; expected the id of a scenario"),
    "scenarios": (lambda b: b.shoot([ONE]), "scenario: found \\['weld-plus-at-opening--inside'\\]"),
    "index": (lambda b: b.shoot(ONE, True), "index: found True; expected a whole number from 0"),
    "a mode": (lambda b: b.rig(mode=5), "mode: found 5; expected a text"),
    "a charge": (lambda b: b.rig(soc=7), "soc: found 7; expected a number from 0 to 1, or None"),
    "a shift": (lambda b: b.compare("a", "b", shift=5), "shift: found 5; expected a duration"),
    "budgets": (lambda b: b.rejudge("a", budgets=5), "budgets: found 5; expected the path of a file"),
    "async": (lambda b: awaited(b.run_async(ONE, progress=waits)), "progress: found <function wai"),
    "async select": (lambda b: awaited(b.run_async({ONE: 1})), "select: found {"),
    "async seed": (lambda b: awaited(b.shoot_async(ONE, seed="1")), "seed: found '1'"),
    "async scenario": (lambda b: awaited(b.judge_async(5)), "scenario: found 5"),
    "cells": (lambda b: awaited(b.rig().set_cell_voltage(5.5, 4.1)), "cells: found 5.5; expected a cell's"),
    "seconds": (lambda b: awaited(b.rig().wait("x")), "wait: found 'x'; expected a finite number"),
}


def awaited(what: Coroutine[Any, Any, object]) -> object:
    return asyncio.run(what)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_argument_is_one_line_before_anything_is_driven(
    bench: Bench, folder: Path, wrong: str
) -> None:
    call, words = WRONG[wrong]
    before = run_folders(folder)
    with pytest.raises(CalledWrongly, match=words) as raised:
        call(bench)
    assert "\n" not in str(raised.value) and run_folders(folder) == before


def test_a_callback_that_makes_a_coroutine_ends_the_run_before_anything_is_driven(bench: Bench) -> None:
    told: list[object] = []

    def later(event: object) -> object:
        told.append(event)
        return waits(event)

    with pytest.raises(CalledWrongly, match="progress: found a callback that makes a coroutine"):
        bench.run(ONE, repeat=1, workers=1, progress=later)
    assert [type(one) for one in told] == [Planned]


def test_what_can_be_gone_through_once_is_asked_for_as_a_list_of_it(bench: Bench, tmp_path: Path) -> None:
    run = bench.run(iter([ONE]), repeat=1, workers=1, out=tmp_path)
    assert f'"by id: {ONE}"' in (run.folder / "header.json").read_text() and run.passed


@pytest.mark.parametrize("when", [ShotDone, ShotsEnded])
def test_a_run_whose_evidence_is_gone_is_no_pass(bench: Bench, tmp_path: Path, when: type) -> None:
    def destroys(event: object) -> None:
        if isinstance(event, when):
            for one in tmp_path.glob("*/scenarios"):
                shutil.rmtree(one)

    run = bench.run(ONE, repeat=1, workers=1, out=tmp_path, progress=destroys)
    assert run.result.verdict is Verdict.PASS and run.troubles
    assert run.verdict is Verdict.INCONCLUSIVE and not run.passed and run.exit_code == 3
    assert str(run).startswith("INCONCLUSIVE")


def test_the_command_says_so_in_its_last_line(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("bench.stored.finish.write_junit", nothing)
    words = ("--config", str(folder / "hil_config.toml"), "--workers", "1", "--out", str(tmp_path))
    assert hil_here("run", "-k", ONE, "--repeat", "1", *words) == 3
    last = capfd.readouterr().out.splitlines()[-1]
    assert last.startswith("INCOMPLETE, not all evidence is written; it says: PASS 1 of 1 scenarios")


@pytest.mark.parametrize(
    "glob", ["inputs/*-weld_plus_at_opening.toml", "inputs/*-bms.dbc", "library.json", "header.json"]
)
@pytest.mark.parametrize("how", ["gone", "changed"])
def test_an_input_that_is_not_what_was_run_makes_no_pass(
    bench: Bench, tmp_path: Path, glob: str, how: str
) -> None:
    def spoils(event: object) -> None:
        if isinstance(event, ShotDone):
            (file,) = tmp_path.glob(f"*/{glob}")
            file.unlink() if how == "gone" else file.write_bytes(file.read_bytes()[:-3])

    run = bench.run(ONE, repeat=1, workers=1, out=tmp_path, progress=spoils)
    assert run.verdict is Verdict.INCONCLUSIVE and run.exit_code == 3
    (told,) = run.troubles
    assert re.search("vanished( or changed)? while the run was going on", told) and "\n" not in told
