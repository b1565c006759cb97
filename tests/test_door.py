"""The front door as a script uses it: the same run, shots, verdicts and mistakes as the command line."""

import ast
import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_bench import ONE, hil_here, run_folders, small_bench

import bench as public
from bench import (
    Bench,
    BenchError,
    CalledWrongly,
    Noted,
    Planned,
    Run,
    ScenarioError,
    ShotDone,
    ShotsEnded,
    Stopped,
    Verdict,
)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bench(tmp_path_factory.mktemp("door"))


@pytest.fixture(scope="module")
def bench(folder: Path) -> Bench:
    return Bench.open(folder / "hil_config.toml")


@pytest.fixture(scope="module")
def events() -> list[object]:
    return []


@pytest.fixture(scope="module")
def run(bench: Bench, events: list[object]) -> Run:
    return bench.run(ONE, repeat=2, workers=1, progress=events.append)


def content(path: Path) -> dict[str, object]:
    return json.loads(path.read_text())


def test_a_run_leaves_the_evidence_of_the_command(
    run: Run, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = folder / "commanded"
    words = ("--config", str(folder / "hil_config.toml"), "--workers", "1", "--out", str(out))
    assert hil_here("run", "-k", ONE, "--repeat", "2", *words) == run.exit_code == 0
    (commanded,) = out.glob("*/")
    files = [sorted(str(file.relative_to(of)) for file in of.rglob("*")) for of in (commanded, run.folder)]
    assert files[0] == files[1]
    mine, its = content(run.folder / "header.json"), content(commanded / "header.json")
    differ = {key for key in mine.keys() | its.keys() if mine.get(key) != its.get(key)}
    assert differ - {"started_utc", "time_zero"} == {"run_id", "selection"}
    assert mine["selection"] == f"by id: {ONE}"
    shots = [[shot["digest"] for shot in content(of / "result.json")["scenarios"][0]["shots"]]  # type: ignore[index]
             for of in (commanded, run.folder)]  # fmt: skip
    assert shots[0] == shots[1] == [shot.digest for shot in run.scenarios[0].shots]
    assert run.passed and run.verdict is Verdict.PASS
    assert hil_here("verify", str(run.folder)) == 0


def test_a_shot_is_the_one_of_the_run(bench: Bench, run: Run) -> None:
    shot = bench.shoot(ONE, index=1, repeat=2)
    assert shot == run.scenarios[0].shots[1].__class__(
        **{**fields(run.scenarios[0].shots[1]), "folder": shot.folder}
    )


def fields(of: object) -> dict[str, object]:
    return {name: getattr(of, name) for name in of.__slots__}  # type: ignore[attr-defined]


def test_rejudging_by_the_door_is_that_of_the_command(
    bench: Bench, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    made = bench.rejudge(run)
    code = hil_here("rejudge", str(run.folder), "--json")
    told = json.loads(capfd.readouterr().out)
    assert made.agreed and code == made.exit_code == 0
    for name in ("shots", "agreed", "scenarios", "scenarios_agreed", "aborted"):
        assert told[name] == getattr(made.found, name), name
    assert list(made.found.of_run) == told["of_run"] == []


def test_runs_are_found_again_by_what_one_has(bench: Bench, run: Run) -> None:
    (stored,) = bench.results(newest=1).runs
    assert stored.folder.resolve() == run.folder.resolve() and stored.result == run.result
    assert bench.results(firmware="nobody").runs == ()
    found = bench.compare(run.folder.name, run)
    assert found.base == found.new == run.result


def test_an_altered_run_agrees_with_nothing(bench: Bench, tmp_path: Path) -> None:
    made = bench.run(ONE, repeat=1, out=tmp_path)
    with (made.folder / "junit.xml").open("a") as file:
        file.write(" ")
    again = bench.rejudge(made)
    assert again.altered and not again.agreed and again.exit_code == 3


def test_progress_tells_a_run_in_its_order(run: Run, events: list[object]) -> None:
    told = [one for one in events if not isinstance(one, Noted)]
    assert [type(one) for one in told] == [Planned, ShotDone, ShotDone, ShotsEnded]
    planned, first, last, ended = told
    assert isinstance(planned, Planned) and planned.shots == {ONE: 2}
    assert isinstance(first, ShotDone) and isinstance(last, ShotDone) and isinstance(ended, ShotsEnded)
    assert (first.done, last.done, last.of) == (1, 2, 2)
    assert {first.result.digest, last.result.digest} == {shot.digest for shot in run.scenarios[0].shots}
    assert ended.aborted is None
    assert str(last).endswith("PASS (2 of 2)")


def test_what_a_callback_raises_comes_after_the_evidence(bench: Bench, tmp_path: Path) -> None:
    def callback(event: object) -> None:
        if isinstance(event, ShotDone):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        bench.run(ONE, repeat=3, workers=1, out=tmp_path, progress=callback)
    (left,) = tmp_path.glob("*/")
    result = bench.rejudge(left)
    assert (result.found.shots, result.found.aborted) == (1, True)


@pytest.mark.parametrize("raised", [SystemExit(7), GeneratorExit(), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("when", [ShotDone, ShotsEnded])
def test_no_callback_ends_a_run_without_its_evidence(
    bench: Bench, tmp_path: Path, when: type, raised: BaseException
) -> None:
    def callback(event: object) -> None:
        if isinstance(event, when):
            raise raised

    stop = when is ShotDone and isinstance(raised, KeyboardInterrupt)  # as Ctrl-C in the middle of it
    with pytest.raises(Stopped if stop else type(raised)):
        bench.run(ONE, repeat=2, workers=1, out=tmp_path, progress=callback)
    (left,) = tmp_path.glob("*/")
    assert (left / "report.html").is_file() and not (left / "crash.txt").exists()
    assert (left / "footer.json").is_file() == (when is ShotsEnded)  # a run that was cut short has none


def test_a_chemistry_may_be_the_path_of_its_file(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('based_on = "lfp"\n[meta]\nid = "own"\nname = "Own cell"\n')
    assert Bench.open(folder / "hil_config.toml", chemistry=file).check().chemistry == "own"


def test_what_fits_together_is_told(bench: Bench, folder: Path) -> None:
    made = bench.check()
    assert made.ok and ONE in made.scenarios and made.config == folder / "hil_config.toml"
    assert set(bench.scenarios()) == set(made.scenarios)


WRONG = {
    "no such file; expected a bench file": lambda bench: Bench.open("nowhere.toml"),
    "found no scenario 'weld-plus-at-openin--inside'; .* did you mean 'weld-plus-at-opening--inside'": (
        lambda bench: bench.run("weld-plus-at-openin--inside")
    ),
    "scenarios/none.toml: found no such file": lambda bench: bench.run("scenarios/none.toml"),
    "found an empty list": lambda bench: bench.run([]),
    "repeat: found 0; expected a whole number of at least 1": lambda bench: bench.run(ONE, repeat=0),
    "found index 7; expected 0 to 1, for 'weld-.*' has 2 shots": lambda bench: bench.shoot(ONE, 7, repeat=2),
    "found index -1; expected 0 to": lambda bench: bench.shoot(ONE, -1),
    "'none': no run folder": lambda bench: bench.rejudge("none"),
    "--time: found 'wall'": lambda bench: Bench.open(bench.config, time="wall"),
}


@pytest.mark.parametrize("words", WRONG)
def test_a_mistake_is_one_line(bench: Bench, folder: Path, words: str) -> None:
    before = run_folders(folder)
    with pytest.raises(BenchError, match=words) as raised:
        WRONG[words](bench)
    assert "\n" not in str(raised.value)
    assert run_folders(folder) == before


def test_wrong_calls_and_wrong_scenarios_are_told_apart(bench: Bench) -> None:
    with pytest.raises(CalledWrongly):
        bench.shoot(ONE, 99, repeat=2)
    with pytest.raises(ScenarioError):
        bench.shoot("weld")


def test_inside_a_running_loop_it_says_what_to_write(bench: Bench) -> None:
    async def main() -> None:
        bench.run(ONE)

    with pytest.raises(CalledWrongly, match=r"await bench\.run_async"):
        asyncio.run(main())


SCRIPT = """
import sys
from bench import Bench, Stopped
bench = Bench.open(sys.argv[1])
try:
    bench.run("weld-plus-at-opening", repeat=500, workers=int(sys.argv[2]), progress=lambda one: print(one, flush=True))
except Stopped as stopped:
    print("kept", stopped.run.folder, len(stopped.run.scenarios[0].shots), stopped.run.passed)
    raise
"""


@pytest.mark.parametrize(
    ("one", "workers"), [(signal.SIGINT, 1), pytest.param(signal.SIGTERM, 2, marks=pytest.mark.slow)]
)
def test_a_script_that_is_stopped_keeps_what_had_finished(
    folder: Path, bench: Bench, one: signal.Signals, workers: int
) -> None:
    line = [sys.executable, "-c", SCRIPT, str(folder / "hil_config.toml"), str(workers)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    seen = [next(process.stdout) for _ in range(3)]
    time.sleep(0.05)
    process.send_signal(one)
    out, err = process.communicate(timeout=60)
    last = out.splitlines()[-1].split()
    assert last[0] == "kept" and last[3] == "False", (seen, out, err)
    assert err.strip().splitlines()[-1].startswith("bench.door.run.Stopped: stopped; what had finished is in")
    left = bench.rejudge(last[1]).found
    assert left.aborted and left.shots == left.agreed
    assert 2 <= int(last[2]) <= left.shots <= int(last[2]) + workers  # those in hand are kept as cut short


def test_importing_bench_alone_reads_nothing_else() -> None:
    line = "import sys, bench; print([one for one in sys.modules if one.startswith('bench.')])"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_public_names_are_exported_once_and_typed() -> None:
    stub = ast.parse((ROOT / "bench" / "__init__.pyi").read_text())
    typed = [alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted([*typed, "__version__"]) == sorted(public.__all__)
    for name in public.__all__:
        assert getattr(public, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Benches'"):
        public.Benches  # type: ignore[attr-defined]  # noqa: B018
