"""A stored run that was altered in many ways: every command that shows it says so first, none takes it for good."""

import dataclasses
import json
import os
import shutil
import socket
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from evidence import alter_frames, alter_result, remove_shot
from small_bench import file_of

from bench.cli.main import run as command_line
from bench.record.chain import FOOTER, SIGNATURE, chain, seal
from bench.record.codable import run_to_dict
from bench.record.database import ResultsDatabase
from bench.record.folder import verify_read, verify_run
from bench.record.shot import write_json
from bench.record.signature import new_key, sign
from bench.running.load import load_rig, load_scenarios
from bench.running.local import Campaign, run_all
from bench.running.results import Collector, open_evidence

ROOT = Path(__file__).parents[1]
FIRMWARE = "late_overvoltage"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shots of a build that FAILs, finished and sealed; results.sqlite beside the run."""
    wired = load_rig(ROOT / "hil_config.toml", "simulated", FIRMWARE, None)
    record = dataclasses.replace(wired.config.record, folder=tmp_path_factory.mktemp("runs"))
    wired = dataclasses.replace(wired, config=dataclasses.replace(wired.config, record=record))
    prepared, budgets = load_scenarios(wired, [file_of("ov-step-cell17")], "ov-step-cell17")
    folder, run_id, started, hashes = open_evidence(wired, prepared, budgets, 1, repeat=2)
    campaign = Campaign(wired=wired, prepared=prepared, run_seed=1, repeat=2, folder=folder, workers=1)
    collector = Collector(campaign=campaign, run_id=run_id, started_utc=started, hashes=hashes)
    run_all(campaign, collector.add)
    result = collector.result(None)
    folder.finish(run_to_dict(result))
    ResultsDatabase(folder.path.parent / "results.sqlite").add(result)
    return folder.path


@pytest.fixture
def run(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written.parent, tmp_path / "runs")
    return tmp_path / "runs" / written.name


def replace_in(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def result_edited(run: Path) -> None:
    replace_in(run / "result.json", '"FAIL"', '"PASS"')


def result_longer(run: Path) -> None:
    replace_in(run / "result.json", "{", "{ ")


def shot_edited(run: Path) -> None:
    alter_result(shot(run), lambda text: text.replace('"FAIL"', '"PASS"'))


def frame_edited(run: Path) -> None:
    alter_frames(shot(run))


def build_edited(run: Path) -> None:
    replace_in(run / "header.json", FIRMWARE, "reference")


def id_edited(run: Path) -> None:
    replace_in(run / "header.json", run.name, f"{run.name}2")


def input_edited(run: Path) -> None:
    file = next((run / "inputs").glob("*.dbc"))
    file.write_bytes(file.read_bytes() + b"\n")


def shot_removed(run: Path) -> None:
    remove_shot(shot(run))


def scenario_emptied(run: Path) -> None:
    shutil.rmtree(shot(run).parent)


def file_added(run: Path) -> None:
    (run / "inputs" / "more.toml").write_text("")


def folder_added(run: Path) -> None:
    (run / "scenarios" / "another").mkdir()


def fifo_added(run: Path) -> None:
    os.mkfifo(run / "inputs" / "pipe")


def socket_added(run: Path) -> None:
    here = Path.cwd()
    os.chdir(run)  # a socket's path may have some hundred characters only
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("s")
    finally:
        os.chdir(here)


def device_added(run: Path) -> None:
    try:
        os.mknod(run / "inputs" / "zero", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")


def link_added(run: Path) -> None:
    (run / "inputs" / "more").symlink_to("/dev/zero")


def shot_behind_a_link(run: Path) -> None:
    """The same content, at another place, which can change later."""
    elsewhere = run.parent.parent / "elsewhere"
    shots = shot(run).parent / "shots.hil"
    shutil.move(shots, elsewhere)
    shots.symlink_to(elsewhere)


def header_behind_a_link(run: Path) -> None:
    elsewhere = run.parent.parent / "header.json"
    shutil.move(run / "header.json", elsewhere)
    (run / "header.json").symlink_to(elsewhere)


def result_is_a_fifo(run: Path) -> None:
    (run / "result.json").unlink()
    os.mkfifo(run / "result.json")


def footer_behind_a_link(run: Path) -> None:
    elsewhere = run.parent.parent / "footer.json"
    shutil.move(run / FOOTER, elsewhere)
    (run / FOOTER).symlink_to(elsewhere)


def footer_is_a_fifo(run: Path) -> None:
    (run / FOOTER).unlink()
    os.mkfifo(run / FOOTER)


def signature_behind_a_link(run: Path) -> None:
    (run / SIGNATURE).symlink_to("/dev/null")


def footer(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def alter(run: Path) -> None:
        content = json.loads((run / FOOTER).read_text())
        write_json(run / FOOTER, changed if isinstance(changed := change(content), dict) else content)

    return alter


def footer_bytes(change: Callable[[str], str]) -> Callable[[Path], None]:
    def alter(run: Path) -> None:
        (run / FOOTER).write_text(change((run / FOOTER).read_text()))

    return alter


def resealed_without_the_chain(run: Path) -> None:
    """What a forger does who knows of the hashes, but not of the chain."""
    result_edited(run)
    stated = json.loads((run / FOOTER).read_text())
    write_json(run / FOOTER, {**seal(run, run.name), "chain": stated["chain"]})


def scenario_struck_out(run: Path) -> None:
    shutil.rmtree(shot(run).parent)
    content = json.loads((run / FOOTER).read_text())
    for table in ("sha256", "blocks"):
        content[table] = {k: v for k, v in content[table].items() if "scenarios/" not in k}
    write_json(run / FOOTER, content)


def run_renamed(run: Path) -> None:
    run.rename(run.with_name(run.name.replace(FIRMWARE, "reference")))


def shot(run: Path) -> Path:
    return run / "scenarios" / "ov-step-cell17" / "shot-001"


FOLDER: dict[str, Callable[[Path], None]] = {
    function.__name__: function
    for function in (
        result_edited, result_longer, shot_edited, frame_edited, build_edited, id_edited, input_edited, shot_removed,
        scenario_emptied, file_added, folder_added, fifo_added, socket_added, device_added, link_added,
        shot_behind_a_link, header_behind_a_link, result_is_a_fifo, footer_behind_a_link, footer_is_a_fifo,
        signature_behind_a_link,
        resealed_without_the_chain, scenario_struck_out, run_renamed,
    )
}  # fmt: skip
ALTERATIONS = FOLDER | {
    "footer_without_chain": footer(lambda f: f.pop("chain")),
    "footer_without_blocks": footer(lambda f: f.pop("blocks")),
    "blocks_emptied": footer(lambda f: f.update(blocks={})),
    "blocks_of_a_file_emptied": footer(lambda f: f["blocks"].update({"header.json": ""})),
    "blocks_of_a_file_replaced": footer(lambda f: f["blocks"].update({"header.json": "00000000"})),
    "blocks_of_another_file": footer(lambda f: f["blocks"].update({"more": "00000000"})),
    "another_format": footer(lambda f: f.update(format="hil-run-2")),
    "another_entry": footer(lambda f: f.update(note="fine")),
    "folders_without_any": footer(lambda f: f.update(folders=[])),
    "a_folder_that_is_not_there": footer(lambda f: f.update(folders=["scenarios/x"])),
    "a_hash_that_is_none": footer(lambda f: f["sha256"].update({"header.json": 7})),
    "another_order": footer(lambda f: dict(reversed(f.items()))),
    "another_order_of_files": footer(lambda f: f.update(sha256=dict(reversed(f["sha256"].items())))),
    "chain_in_capitals": footer(lambda f: f.update(chain=f["chain"].upper())),
    "a_line_more": footer_bytes(lambda text: text + "\n"),
    "a_byte_order_mark": footer_bytes(lambda text: "\ufeff" + text),
    "an_entry_twice": footer_bytes(lambda text: text.replace('"chain"', '"chain": "0", "chain"', 1)),
    "footer_cut_short": footer_bytes(lambda text: text[: len(text) // 2]),
    "footer_is_a_list": footer_bytes(lambda text: f"[{text}]"),
    "footer_nested_without_end": footer_bytes(lambda _: '{"sha256":' * 100_000),
}


KINDS = ("junit", "csv", "blf", "asc", "needs")


def hil(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """(exit code, output, errors) of the command line, in this process."""
    before, sys.argv = sys.argv, ["hil", *words]
    try:
        command_line()
        code: object = 0
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = before
    shown = capsys.readouterr()
    return int(str(code or 0)), shown.out, shown.err


def only_run(runs: Path) -> Path:
    return next(path for path in runs.iterdir() if path.is_dir())


QUICK = ("result_edited", "shot_removed", "file_added", "header_behind_a_link", "fifo_added")


@pytest.mark.parametrize(
    "name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in ALTERATIONS]
)
def test_every_command_that_shows_an_altered_run_says_so_first(
    name: str, run: Path, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ALTERATIONS[name](run)
    run = only_run(run.parent)
    code, out, err = hil(capsys, "verify", str(run))
    assert code == 1 and out.startswith("altered "), out + err
    exported = tmp_path / "exported"
    commands = {
        "report": ("report", str(run), "--out", str(tmp_path / "report.html")),
        "export": ("export", str(run), "--to", KINDS[len(name) % len(KINDS)], "--out", str(exported)),
    }
    if name in FOLDER:  # the alterations of the footer alone are found by the same code
        commands |= {
            "compare": ("compare", str(run), str(written)),
            "markdown": ("report", str(run), "--markdown"),
            "compare in Markdown": ("compare", str(written), str(run), "--markdown"),
            "rejudge": ("rejudge", str(run)),
        }
    for what, words in commands.items():
        code, out, err = hil(capsys, *words)
        told = out + err
        assert code == 3, f"{what}: {code} {told}"
        assert "ALTERED" in told.splitlines()[0] or "ALTERED" in out.splitlines()[0], f"{what}: {told}"
        assert "Traceback" not in told
        if out and (what == "report" or (what == "rejudge" and "read no further" not in err)):
            assert out.splitlines()[-1].startswith("ALTERED"), out
    assert not list(exported.glob("*"))
    page = tmp_path / "report.html"
    if page.exists():
        text = page.read_text()
        assert '<div class="verdict">ALTERED' in text and '<div class="verdict">PASS' not in text


@pytest.mark.parametrize(
    "alter",
    [
        result_edited,
        pytest.param(build_edited, marks=pytest.mark.slow),
        pytest.param(header_behind_a_link, marks=pytest.mark.slow),
    ],
)
def test_what_is_gathered_from_many_runs_leaves_an_altered_one_out_and_says_so(
    alter: Callable[[Path], None], run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "safety.html"
    words = ("safety", "--config", str(ROOT / "hil_config.toml"), "--fmea", str(ROOT / "scenarios" / "fmea.toml"),
             "--runs", str(run.parent), "--firmware", FIRMWARE, "-k", "FM-CELL-OV", "--chemistry", "nmc")  # fmt: skip
    code, out, _ = hil(capsys, *words)
    assert code == 0 and "ALTERED" not in out
    alter(run)
    code, out, _ = hil(capsys, *words, "--out", str(page))
    assert code == 3 and out.startswith("ALTERED among these runs, which earn nothing"), out
    assert run.name in out.splitlines()[1] and "no finished run" in " ".join(out.split())
    assert "ALTERED since they were written" in page.read_text()
    code, out, err = hil(capsys, *words, "--json")
    assert code == 3 and "ALTERED" in err and json.loads(out)
    code, out, _ = hil(capsys, "trace", str(run), "--config", str(ROOT / "hil_config.toml"))
    assert code == 3 and out.startswith("ALTERED ")


def bench_file_beside(run: Path) -> Path:
    """The shipped bench, with its records where the run lies."""
    config = run.parent / "hil_config.toml"
    text = (ROOT / "hil_config.toml").read_text()
    record = f'[record]\nfolder = "{run.parent}"\ndatabase = "{run.parent}/results.sqlite"\n'
    head, _, tail = text.partition("[record]")
    rest = tail[tail.find("\n[") :] if "\n[" in tail else ""
    config.write_text((head + record + rest).replace('"dbc/', f'"{ROOT}/dbc/'))
    (run.parent / "scenarios").symlink_to(ROOT / "scenarios")
    return config


def test_a_trend_says_that_one_of_its_runs_was_altered(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = bench_file_beside(run)
    code, out, err = hil(capsys, "trend", "--config", str(config))
    assert code == 0 and "ov-step-cell17" in out, out + err
    result_edited(run)
    code, out, _ = hil(capsys, "trend", "--config", str(config))
    assert code == 3 and out.startswith("ALTERED") and run.name in out
    code, out, _ = hil(capsys, "trend", "--config", str(config), "--json")
    assert code == 3 and run.name in json.loads(out)["altered"][0]


def test_the_results_database_is_asked_by_code_and_blame(run: Path) -> None:
    with closing(sqlite3.connect(run.parent / "results.sqlite")) as database:
        asked = "select count(distinct shot) from findings where code = ? and blame = ? and held = ?"
        assert database.execute(asked, ("too-late", "dut", "against")).fetchone() == (2,)
        assert database.execute(asked, ("near-ftti", "nobody", "noted")).fetchone() == (2,)


def test_a_trend_in_json_carries_what_was_found_by_its_code(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = hil(capsys, "trend", "--config", str(bench_file_beside(run)), "--json")
    (point,) = json.loads(out)["series"]["ov-step-cell17"]
    assert code == 0 and point["verdict"] == "FAIL", err
    assert "too-late" in {one["finding"]["code"] for one in point["findings"]}
    with closing(sqlite3.connect(run.parent / "results.sqlite")) as database, database:
        database.execute("update scenarios set verdict = 'PASS', reasons = '[]', fhti_max_high_ns = null")
        database.execute("update runs set verdict = 'PASS', firmware_identity = 'another@1'")
    code, out, err = hil(capsys, "trend", "--config", str(run.parent / "hil_config.toml"), "--json")
    assert code == 0 and json.loads(out)["series"]["ov-step-cell17"] == [point], (
        "by the folder, not by the row"
    )
    assert run.name in err and "hil doctor" in err


def test_a_run_whose_footer_was_taken_away_is_not_shown_as_finished(
    run: Path, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result_edited(run)
    (run / FOOTER).unlink()
    assert hil(capsys, "verify", str(run))[0] == 3
    for words in (("report", str(run)), ("compare", str(written), str(run)),
                  ("export", str(run), "--to", "needs", "--out", str(tmp_path / "x"))):  # fmt: skip
        code, out, err = hil(capsys, *words)
        assert code == 3 and "ALTERED" in (out + err) and "nothing vouches" in out + err


def test_a_good_signature_does_not_cover_a_link(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cryptography")
    key = tmp_path / "key.pem"
    public = new_key(key)
    sign(run, key)
    assert hil(capsys, "verify", str(run), "--key", public)[0] == 0
    shot_behind_a_link(run)
    code, out, _ = hil(capsys, "verify", str(run), "--key", public)
    assert code == 1 and "symbolic link" in out
    content = json.loads((run / SIGNATURE).read_text())
    write_json(run / SIGNATURE, {**content, "by": "the head of quality"})
    assert "more or less than a signature" in hil(capsys, "verify", str(run))[1]


def test_an_untouched_run_is_shown_as_before(
    run: Path,
    written: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert hil(capsys, "verify", str(run))[0] == 0
    for words in (("report", str(run)), ("report", str(run), "--markdown"), ("rejudge", str(run)),
                  ("report", str(run), "--out", str(tmp_path / "report.html")),
                  ("export", str(run), "--to", "csv", "--out", str(tmp_path / "out"))):  # fmt: skip
        code, out, err = hil(capsys, *words)
        assert code == 0 and "ALTERED" not in out + err, words
    assert '<div class="verdict">FAIL' in (tmp_path / "report.html").read_text()
    monkeypatch.chdir(run)
    assert hil(capsys, "verify", ".")[0] == 0  # a folder has its name from wherever one looks
    assert hil(capsys, "compare", str(written), ".")[1].count("ALTERED") == 0


def test_every_changed_byte_of_a_footer_is_found(run: Path) -> None:
    raw = (run / FOOTER).read_bytes()
    step = max(1, len(raw) // 150)
    for at in range(0, len(raw), step):
        for flip in (1, 32):
            (run / FOOTER).write_bytes(raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :])
            assert verify_run(run)[1], f"byte {at}: {raw[at : at + 20]!r}"
    (run / FOOTER).write_bytes(raw)
    assert verify_run(run)[1] == () == verify_read(run)


def test_an_empty_folder_is_part_of_a_run_that_was_sealed_with_it(tmp_path: Path) -> None:
    run = tmp_path / "run-1"
    (run / "scenarios").mkdir(parents=True)
    write_json(run / "header.json", {"run_id": "run-1"})
    write_json(run / FOOTER, seal(run, "run-1"))
    assert verify_run(run)[1] == ()
    (run / "scenarios").rmdir()
    assert verify_run(run)[1] == ("scenarios/: an empty folder that is missing",)


def test_a_name_that_is_no_text_is_told_and_forges_no_line(tmp_path: Path) -> None:
    run = tmp_path / "run-1"
    run.mkdir()
    write_json(run / "header.json", {"run_id": "run-1"})
    (run / os.fsdecode(b"\xff")).write_text("")
    write_json(run / FOOTER, seal(run, "run-1"))
    assert verify_run(run)[1] == ()
    (run / "a\n1 files as written, chain 0, signed").write_text("")
    (told,) = verify_run(run)[1]
    assert told == "a\\n1 files as written, chain 0, signed: not in the footer" and told.encode()
    assert chain("run-1", {os.fsdecode(b"\xff"): "0"})


def test_memory_stays_flat_over_a_large_file_and_an_endless_one_is_not_read(tmp_path: Path) -> None:
    import tracemalloc

    run = tmp_path / "run-1"
    run.mkdir()
    write_json(run / "header.json", {"run_id": "run-1"})
    with (run / "large").open("wb") as file:
        file.truncate(40_000_000)
    write_json(run / FOOTER, seal(run, "run-1"))
    tracemalloc.start()
    assert verify_run(run)[1] == ()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    with (run / "large").open("wb") as file:
        file.truncate(1 << 42)  # four terabytes without a byte on the disk
    assert verify_run(run)[1] == ("large: changed: longer than it was",)
