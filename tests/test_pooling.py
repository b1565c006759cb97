"""Runs of several rigs and labs, merged once each and pooled; every fraud that a merge can see is refused or told."""

import dataclasses
import json
import math
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_bench import hil_here, run_folders, small_bench

from bench.errors import ConfigError
from bench.pooling import merge as merging
from bench.pooling.bundle import Bundle, BundleFacts, BundleShots, Why
from bench.pooling.effects import pooled_mean, pooled_share
from bench.pooling.merge import merge
from bench.pooling.pooled import Pooled, pool_of

pytest.importorskip("duckdb")
ASKED = ("run", "-k", "=weld-plus-at-opening", "--repeat", "3")


# --- the statistics, against what others published ------------------------------------------------------------


def test_the_mean_over_labs_is_that_of_dersimonian_and_laird() -> None:
    """The BCG vaccine trials (Colditz and others, JAMA 271, 1994) as the R package metafor publishes them: -0.7141, a
    standard error of 0.1787, tau² of 0.3088 and I² of 92.12 %.
    """
    means = [
        -0.8893,
        -1.5854,
        -1.3481,
        -1.4416,
        -0.2175,
        -0.7861,
        -1.6209,
        0.0120,
        -0.4694,
        -1.3713,
        -0.3394,
        0.4459,
    ]
    means.append(-0.0173)
    variances = [
        0.3256,
        0.1946,
        0.4154,
        0.0200,
        0.0512,
        0.0069,
        0.2230,
        0.0040,
        0.0564,
        0.0730,
        0.0124,
        0.5325,
    ]
    variances.append(0.0714)
    found = pooled_mean(means, variances)
    assert found.mean == pytest.approx(-0.7141, abs=5e-4)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(0.1787, abs=2e-4)
    assert found.between**2 == pytest.approx(0.3088, abs=1e-3)
    assert found.inconsistency == pytest.approx(0.9212, abs=1e-3) and found.differ_p < 1e-20


LAB = st.tuples(st.floats(-5, 5), st.floats(1e-6, 4))


@given(st.lists(LAB, min_size=1, max_size=8), st.floats(-3, 3))
def test_a_mean_lies_among_its_labs_and_moves_with_them(
    labs: list[tuple[float, float]], shift: float
) -> None:
    means, variances = [mean for mean, _ in labs], [variance for _, variance in labs]
    found, moved = pooled_mean(means, variances), pooled_mean([one + shift for one in means], variances)
    assert min(means) - 1e-9 <= found.mean <= max(means) + 1e-9 and found.low < found.mean < found.high
    assert moved.mean == pytest.approx(found.mean + shift, abs=1e-6)
    assert moved.between == pytest.approx(found.between, abs=1e-5)


def test_one_lab_alone_gives_its_own_figures() -> None:
    alone = pooled_mean([2.6], [0.01])
    assert (alone.mean, alone.between, alone.differ_p) == (2.6, 0.0, 1.0)
    assert alone.high - alone.mean == pytest.approx(0.196, abs=1e-3)
    share = pooled_share([57], [59])
    assert share.share == pytest.approx(57 / 59, abs=1e-4) and share.differ_p == 1.0


def test_labs_that_agree_count_as_one_and_labs_that_do_not_widen_the_share() -> None:
    alike, unlike = pooled_share([57, 58, 57, 58], [59] * 4), pooled_share([59, 59, 59, 53], [59] * 4)
    assert alike.correlation < 0.001 and alike.differ_p > 0.3
    assert unlike.correlation > 0.02 and unlike.differ_p < 0.01
    assert unlike.high - unlike.low > 1.5 * (alike.high - alike.low)
    whole = pooled_share([59] * 10, [59] * 10)
    assert (whole.share, whole.high) == (1.0, 1.0) and 0.7 < whole.low < 0.9, (
        "ten labs say little of an eleventh"
    )


def test_the_interval_of_a_share_holds_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(5)
    inside = 0
    for _ in range(100):
        handled = [sum(chance.random() < 0.9 for _ in range(50)) for _ in range(6)]
        found = pooled_share(handled, [50] * 6)
        inside += found.low <= 0.9 <= found.high
    assert inside >= 88, inside  # 95 expected; below 88 once in 300


@pytest.mark.parametrize("counts", [[], [(3, 2)], [(0, 0)], [(-1, 5)]])
def test_counts_that_no_lab_can_have_are_refused(counts: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="expected a count"):
        pooled_share([k for k, _ in counts], [n for _, n in counts])
    with pytest.raises(ValueError, match="expected one above zero"):
        pooled_mean([1.0], [0.0])


# --- real runs ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three labs with a run each; the first and the third under one seed."""
    base = tmp_path_factory.mktemp("labs")
    with pytest.MonkeyPatch.context() as patch:
        for name, seed in (("A", "1"), ("B", "2"), ("C", "1")):
            (base / name).mkdir()
            small_bench(base / name)
            file = base / name / "hil_config.toml"
            file.write_text(file.read_text().replace("[bench]\n", f'[bench]\nplace = "Lab {name}"\n', 1))
            patch.chdir(base / name)
            assert hil_here(*ASKED, "--seed", seed) == 0
    return base


@pytest.fixture
def own(labs: Path, tmp_path: Path) -> Path:
    """The labs' runs, to be altered."""
    shutil.copytree(labs, tmp_path / "labs")
    return tmp_path / "labs"


def run_of(labs: Path, name: str) -> Path:
    (folder,) = run_folders(labs / name)
    return folder


def test_runs_of_labs_are_pooled_and_shots_of_one_seed_count_once(labs: Path, tmp_path: Path) -> None:
    merged = merge(tmp_path / "pool", [labs / "A" / "runs", run_of(labs, "B"), run_of(labs, "C")])
    assert [(one.added, one.shots, one.why) for one in merged] == [(True, 3, None)] * 3
    found = pool_of(tmp_path / "pool")
    assert (found.runs, found.labs, found.shots, found.again) == (3, 3, 9, 3) and found.differing == ()
    (fault,) = found.faults
    assert (fault.scenario, fault.tried, fault.handled, fault.undecided) == ("weld-plus-at-opening", 6, 6, 0)
    assert fault.handled_at_least == pytest.approx(0.05 ** (1 / 6))
    assert [(one.lab, one.tried) for one in fault.labs] == [("Lab A", 3), ("Lab B", 3)]
    assert fault.fhti_s is not None and 0.15 < fault.fhti_s.low < fault.fhti_s.high < 0.25
    assert fault.contradicts == ()


def test_a_pool_is_the_same_however_often_and_in_whatever_order_it_is_merged(
    labs: Path, tmp_path: Path
) -> None:
    runs = [run_of(labs, name) for name in "ABC"]
    merge(tmp_path / "one", runs)
    again = merge(tmp_path / "one", runs)
    assert [(one.added, one.why) for one in again] == [(False, None)] * 3
    merge(tmp_path / "two", runs[::-1])
    assert pool_of(tmp_path / "one") == pool_of(tmp_path / "two")
    files = [{one.name: one.read_bytes() for one in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert files[0] == files[1]


def _edited(run: Path) -> None:
    file = run / "result.json"
    file.write_text(file.read_text().replace('"PASS"', '"FAIL"', 1))


def _dropped(run: Path) -> None:
    content = json.loads((run / "result.json").read_text())
    content["scenarios"][0]["shots"].pop()
    (run / "result.json").write_text(json.dumps(content))


def _back_dated(run: Path) -> None:
    file = run / "header.json"
    file.write_text(file.read_text().replace("2026-", "2025-"))


def _renamed(run: Path) -> None:
    file = run / "header.json"
    file.write_text(file.read_text().replace('"chemistry": "nmc"', '"chemistry": "lfp"'))


def _unfinished(run: Path) -> None:
    (run / "footer.json").unlink()


def _garbage(run: Path) -> None:
    (run / "header.json").write_bytes(b"\xff\x00")


@pytest.mark.parametrize(
    ("fraud", "why"),
    [
        (_edited, Why.ALTERED),
        (_dropped, Why.ALTERED),
        (_back_dated, Why.ALTERED),
        (_renamed, Why.ALTERED),
        (_unfinished, Why.UNFINISHED),
        (_garbage, Why.UNREADABLE),
    ],
)
def test_a_run_that_is_not_as_it_was_written_stays_outside(
    fraud: Callable[[Path], None], why: Why, own: Path, tmp_path: Path
) -> None:
    fraud(run_of(own, "A"))
    merged = merge(tmp_path / "pool", [run_of(own, name) for name in "AB"])
    assert merged[0].why in {why, Why.ALTERED} and merged[0].words and merged[1].added
    assert pool_of(tmp_path / "pool").runs == 1


def test_another_run_of_the_same_id_is_refused_by_its_hash(labs: Path, tmp_path: Path) -> None:
    merge(tmp_path / "pool", [run_of(labs, "A")])
    file = next((tmp_path / "pool").glob("*.parquet"))
    shutil.copy(file, tmp_path / "kept")
    merge(tmp_path / "other", [run_of(labs, "B")])
    shutil.copy(
        next((tmp_path / "other").glob("*.parquet")), file
    )  # as if a lab had given another run this id
    (merged,) = merge(tmp_path / "pool", [run_of(labs, "A")])
    assert merged.why is Why.CONFLICT and not merged.added
    assert file.read_bytes() != (tmp_path / "kept").read_bytes()


def test_the_command_says_what_it_pooled_and_what_not(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "pool.html"
    runs = [str(run_of(own, name)) for name in "AB"]
    assert hil_here("pool", *runs, "--out", str(page)) == 0
    out = " ".join(capfd.readouterr().out.split())
    assert "weld-plus-at-opening" in out and "2 runs of 2 labs (2 new), 6 shots" in out
    shown = page.read_text(encoding="utf-8")
    assert "Lab A" in shown and "<svg" in shown and "http" not in shown.replace("http://www.w3.org", "")
    _edited(run_of(own, "B"))
    assert hil_here("pool", runs[1]) == 3
    assert f"not pooled: {runs[1]}: ALTERED: result.json: changed" in capfd.readouterr().err
    assert hil_here("pool", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert told["schema"] == "bms-hil-bench/pool/1" and told["faults"][0]["tried"] == 6
    assert hil_here("pool", "--into", "empty") == 2


# --- ten labs, made up -----------------------------------------------------------------------------------------


def made(folder: Path, odd: int | None = None, evidence: str = "hardware", seeds: str = "own") -> Pooled:
    """Ten labs with two rigs of 100 shots each. odd: the lab that is 25 ms late and misses nine faults."""
    chance = random.Random(1)
    folder.mkdir()
    with merging.connection() as columns:
        for lab in range(10):
            for rig in "ab":
                late_ns = round(chance.gauss(0, 2e6)) + (25_000_000 if lab == odd else 0)
                shots = BundleShots()
                for k in range(100):
                    low = 2_400_000_000 + late_ns + chance.randrange(20_000_000)
                    mark = f"{k}" if seeds == "shared" else f"{lab}{rig}{k}"
                    values = {
                        "scenario": "ov", "scenario_hash": "h", "goal": "SG-OV", "seed": mark,
                        "digest": mark if seeds == "shared" else f"{lab}{rig}{k}",
                        "verdict": "FAIL" if lab == odd and k < 9 else "PASS",
                        "fdti_low_ns": low, "fdti_high_ns": low + 10_000_000,
                        "fhti_low_ns": low + 200_000_000, "fhti_high_ns": low + 210_000_000,
                    }  # fmt: skip
                    for field in dataclasses.fields(shots):
                        getattr(shots, field.name).append(values[field.name])
                facts = BundleFacts(
                    run_id=f"run-{lab}{rig}", chain=f"{lab}{rig}", lab=f"Lab {lab + 1}", rig=f"{lab}{rig}",
                    chemistry="sodium_ion", build="bms@1", evidence=evidence, seed="1", started_utc="2026-11-01",
                )  # fmt: skip
                merging.add(columns, folder, folder, Bundle(facts=facts, shots=shots, left=0))
    return pool_of(folder)


def test_ten_labs_that_agree_narrow_the_bound(tmp_path: Path) -> None:
    (fault,) = made(tmp_path / "pool").faults
    assert fault.contradicts == () and (fault.tried, fault.handled) == (2000, 2000)
    assert fault.handled_at_least == pytest.approx(0.05 ** (1 / 2000))
    assert fault.fhti_s is not None
    assert fault.fhti_s.low < 2.615 < fault.fhti_s.high
    one = fault.labs[0].fhti_s
    assert one is not None and fault.fhti_s.high - fault.fhti_s.low < 0.6 * 2 * 1.96 * one[1]
    assert [lab.lab for lab in fault.labs][-2:] == ["Lab 9", "Lab 10"]


def test_a_lab_that_differs_is_a_contradiction(tmp_path: Path) -> None:
    (fault,) = made(tmp_path / "pool", odd=7).faults
    assert fault.contradicts == ("share", "fdti", "fhti")
    assert fault.fhti_s is not None and fault.fhti_s.between > 0.005


@pytest.mark.parametrize("evidence", ["hardware", "simulated"])
def test_one_shot_told_by_ten_labs_counts_once(tmp_path: Path, evidence: str) -> None:
    """By its frames in real time, by its seed in simulated time."""
    found = made(tmp_path / "pool", evidence=evidence, seeds="shared")
    assert (found.shots, found.again, found.faults[0].tried) == (2000, 1900, 100)


def test_frames_that_differ_though_all_else_is_the_same_are_told(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    with merging.connection() as columns:
        for run in "ab":
            values = dict.fromkeys(("scenario", "scenario_hash", "goal", "seed"), "x") | {
                "verdict": "PASS",
                "digest": run,
            }
            shots = BundleShots(**{f.name: [values.get(f.name)] for f in dataclasses.fields(BundleShots)})
            facts = BundleFacts(
                **{f.name: "y" for f in dataclasses.fields(BundleFacts)}
                | {"run_id": run, "evidence": "simulated"}
            )
            merging.add(columns, tmp_path / "pool", tmp_path, Bundle(facts=facts, shots=shots, left=0))
    found = pool_of(tmp_path / "pool")
    assert found.differing == (("x", "x", "a, b"),) and found.faults[0].fhti_s is None
    assert math.isclose(found.faults[0].handled_at_least, 0.05)


def test_of_one_shot_told_twice_a_failure_counts(tmp_path: Path) -> None:
    """A PASS that is dated before it hides it not."""
    (tmp_path / "pool").mkdir()
    with merging.connection() as columns:
        for run, verdict, day in (
            ("a", "PASS", "2026-01-01"),
            ("b", "FAIL", "2026-01-02"),
            ("c", "ERROR", "2026-01-03"),
        ):
            values = dict.fromkeys(("scenario", "scenario_hash", "goal", "seed", "digest"), "x") | {
                "verdict": verdict
            }
            shots = BundleShots(**{f.name: [values.get(f.name)] for f in dataclasses.fields(BundleShots)})
            names = {f.name: "y" for f in dataclasses.fields(BundleFacts)}
            facts = BundleFacts(**names | {"run_id": run, "evidence": "simulated", "started_utc": day})
            merging.add(columns, tmp_path / "pool", tmp_path, Bundle(facts=facts, shots=shots, left=0))
    (fault,) = pool_of(tmp_path / "pool").faults
    assert (fault.tried, fault.handled, fault.undecided) == (1, 0, 0)


def test_a_folder_without_runs_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found no run"):
        merge(tmp_path / "pool", [tmp_path])
    with pytest.raises(ConfigError, match="found no pooled run"):
        pool_of(tmp_path / "nothing")
