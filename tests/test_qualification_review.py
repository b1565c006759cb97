"""No run is qualified by what nobody has reviewed; a review is sealed, and lost with the evidence it is of."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from small_bench import small_bench
from test_qualification import USAGE, evidence, resealed, with_row
from test_record_altered import hil, written
from test_record_signature import reseal
from test_report_qualified import claims
from test_report_qualified import told as shown

from bench.confidence.covered_again import qualified_by
from bench.confidence.reviewed import newest_review, write_review
from bench.errors import ConfigError, RecordError
from bench.proof.qualification import find_covering, write_qualification
from bench.record.folder import open_run, verify_run
from bench.record.shot import read_json, write_json
from bench.running.load import load_rig
from bench.running.results import open_evidence
from bench.running.sources import source_hash
from bench.wiring.common import Wired

ROOT = Path(__file__).parents[1]
__all__ = ["written"]
DAY_NS = 946_684_800 * 10**9  # the day of the evidence


@pytest.fixture(scope="module")
def wired() -> Wired:
    return load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)


@pytest.fixture
def folder(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for room in ("sealed", "reviewed"):
        monkeypatch.setattr(f"bench.confidence.{room}.wall_now_ns", lambda: DAY_NS)
    return write_qualification(evidence(wired), tmp_path, [USAGE])


def test_a_review_is_sealed_by_digest_and_lost_with_any_change(
    folder: Path, wired: Wired, tmp_path: Path
) -> None:
    assert newest_review(folder) is None and find_covering(wired, tmp_path).review is None
    review = write_review(folder, "Jane Doe")
    assert verify_run(review.path.parent)[1] == () and review.words == "reviewed by Jane Doe on 2000-01-01"
    told = read_json(review.path)
    rows = hashlib.sha256((folder / "qualification.json").read_bytes()).hexdigest()
    assert told["files"]["qualification.json"] == rows and set(told["files"]) > {
        "qualification.md",
        "header.json",
    }
    assert (told["reviewer"], told["of"]) == ("Jane Doe", folder.name)
    found = find_covering(wired, tmp_path)
    assert found.path == folder and found.review == review.path
    resealed(folder, with_row(evidence(wired), "ruler", 0, u_ns=99))
    assert newest_review(folder) is None, "rows and seal were made anew: nobody has reviewed these"
    assert find_covering(wired, tmp_path) == type(found)(path=folder, trouble=None, review=None)


@pytest.mark.parametrize("change", ["the reviewer", "another evidence", "no footer", "a list"])
def test_a_review_that_was_altered_is_none(
    change: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review = write_review(folder, "Jane Doe")
    code, out, _ = hil(capsys, "verify", str(review.path.parent))
    assert code == 0 and "reviewed by Jane Doe on 2000-01-01" in out
    content = read_json(review.path)
    if change == "the reviewer":
        write_json(review.path, {**content, "reviewer": "John"})
    elif change == "another evidence":
        (folder / "qualification.md").write_text("# Tool: fine\n")
    elif change == "no footer":
        (review.path.parent / "footer.json").unlink()
    else:
        review.path.write_text("[]")
    assert newest_review(folder) is None
    code, out, _ = hil(capsys, "verify", str(review.path.parent))
    assert code in (1, 3) and "THE REVIEW DOES NOT HOLD" in out


@pytest.mark.parametrize("name", ["", "  ", "Jane\nDoe", "x" * 201, "a\x1b[2J"])
def test_a_name_that_is_none_reviews_nothing(name: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match="--review"):
        write_review(folder, name)
    assert not (folder.parent / "reviews").exists()


def test_the_command_reviews_only_evidence_of_which_every_part_is_shown(
    folder: Path, wired: Wired, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = hil(capsys, "qualify", "--review", "Jane Doe", "--of", str(folder), "--json")
    (one,) = json.loads(out)["reviews"]
    assert code == 0 and one["reviewer"] == "Jane Doe" and one["of"] == folder.name
    code, out, _ = hil(capsys, "verify", str(folder))
    assert code == 0 and "evidence for a qualification, by its rows; reviewed by Jane Doe" in out
    resealed(folder, with_row(evidence(wired), "mutants", 3, failed_in=None))
    code, _, err = hil(capsys, "qualify", "--review", "Jane Doe", "--of", str(folder))
    assert code == 2 and "nothing to review: mutants: not as expected" in err
    assert hil(capsys, "qualify", "--of", str(folder))[0] == 2, "--of alone"
    (folder / "footer.json").unlink()
    with pytest.raises(RecordError, match="no footer"):
        write_review(folder, "Jane Doe")


def test_a_run_says_qualified_by_only_once_somebody_has_reviewed_it(
    written: Path, tmp_path: Path, wired: Wired, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(written, tmp_path / "runs" / written.name)
    content = evidence(wired)
    header = read_json(run / "header.json")
    content["identity"] |= {"rig": header["hashes"]["rig"], "bench source": source_hash()[:16]}
    content["created_utc"] = header["started_utc"]
    made = write_qualification(content, run.parent)
    sha256 = hashlib.sha256((made / "qualification.json").read_bytes()).hexdigest()
    shutil.copy(made / "qualification.json", run / "inputs" / f"{sha256[:12]}-qualification.json")
    claims(run, file=made.name, sha256=sha256)
    for text in shown(run, capsys):
        assert "not qualified for this run" in text and "ualified by" not in text
        assert made.name in text.replace("\\", "") and "nobody has reviewed" in text
    review = write_review(made, "Jane <Doe>")
    for text in shown(run, capsys):
        assert "not qualified for this run" not in text and "ualified by" in text
        assert "reviewed by Jane" in text and "Jane <Doe>" not in text.replace(
            "reviewed by Jane <Doe> on", "", 1
        )
    text = review.path.read_bytes()
    shutil.rmtree(made.parent)  # the run goes elsewhere, without what lies beside it
    assert "nobody has reviewed" in str(qualified_by(open_run(run)).trouble)
    of_it = hashlib.sha256(text).hexdigest()
    (run / "inputs" / f"{of_it[:12]}-review.json").write_bytes(text)
    for name in ("header.json", "result.json"):
        stored = read_json(run / name)
        stored["hashes"]["qualification_review"] = of_it
        write_json(run / name, stored)
    reseal(run)
    found = qualified_by(open_run(run))
    assert found is not None and found.trouble is None and "reviewed by Jane <Doe> on" in found.by


def test_a_run_keeps_a_copy_of_the_review(folder: Path, wired: Wired, tmp_path: Path) -> None:
    config = replace(wired.config, record=replace(wired.config.record, folder=tmp_path))
    at_home = replace(wired, config=config)
    write_review(folder, "Jane Doe")
    made, *_, hashes = open_evidence(
        at_home, [], ROOT / "scenarios" / "budgets.toml", 1, find_covering(at_home, tmp_path)
    )
    review = hashes["qualification_review"]
    copy = made.path / "inputs" / f"{review[:12]}-review.json"
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == review
    assert read_json(made.path / "header.json")["qualification"]["review"] == review


def test_reviewed_evidence_goes_before_newer_that_nobody_has_reviewed(
    folder: Path, wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = write_review(folder, "Jane Doe")
    for room in ("sealed", "reviewed"):
        monkeypatch.setattr(f"bench.confidence.{room}.wall_now_ns", lambda: DAY_NS + 3600 * 10**9)
    newer = write_qualification(evidence(wired, created_utc="2000-01-01T00:30:00+00:00"), tmp_path, [USAGE])
    found = find_covering(wired, tmp_path)
    assert (found.path, found.review) == (folder, review.path) and newer > folder
    write_review(newer, "John Doe")
    assert find_covering(wired, tmp_path).path == newer


def test_without_a_name_of_it_the_newest_evidence_of_each_time_is_reviewed(
    wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_bench(tmp_path))
    code, _, err = hil(capsys, "qualify", "--review", "Jane Doe")
    assert code == 2 and "found no evidence to review" in err
    made = write_qualification(evidence(wired), tmp_path / "runs", [USAGE])
    short = evidence(wired, identity={**evidence(wired)["identity"], "timebase": "host"})
    other = write_qualification(short, tmp_path / "runs", [USAGE])
    code, out, err = hil(capsys, "qualify", "--review", "Jane Doe")
    assert (
        f"not reviewed: runs/qualifications/{other.name}: it is no evidence" in err
        and newest_review(other) is None
    )
    assert code == 0 and out.startswith("reviewed by Jane Doe on 20") and "qualification.json" in out
    assert newest_review(made) is not None and find_covering(wired, tmp_path / "runs").path == made
