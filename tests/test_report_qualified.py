"""A report says that a bench was qualified for a run only where the qualification is there and has its hash."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from test_qualification import evidence
from test_record_altered import hil, written
from test_record_signature import reseal

from bench.confidence.covered_again import qualified_by
from bench.confidence.reviewed import write_review
from bench.proof.qualification import write_qualification
from bench.record.folder import open_run
from bench.record.shot import read_json, write_json
from bench.report.ticks import ticks
from bench.running.load import load_rig
from bench.running.sources import source_hash

ROOT = Path(__file__).parents[1]
NOT = "not qualified for this run"
__all__ = ["written"]


@pytest.fixture
def run(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "runs" / written.name)


def claims(run: Path, **claimed: Any) -> None:
    """And seals it anew, as a forger does."""
    header = read_json(run / "header.json")
    if claimed.get("sha256"):
        header["hashes"]["qualification"] = claimed["sha256"]
        result = read_json(run / "result.json")
        result["hashes"]["qualification"] = claimed["sha256"]
        write_json(run / "result.json", result)
    write_json(run / "header.json", {**header, "qualification": {"trouble": None, **claimed}})
    reseal(run)


def told(run: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str, str]:
    """What terminal, Markdown and HTML say."""
    page = run.parent.parent / "report.html"
    code, terminal, err = hil(capsys, "report", str(run), "--out", str(page))
    assert code == 0, err
    _, markdown, _ = hil(capsys, "report", str(run), "--markdown")
    return terminal, markdown, page.read_text()


CLAIMS: dict[str, dict[str, Any]] = {
    "no such file": {"file": "runs/qualifications/x", "sha256": "0" * 64},
    "no file": {"file": None, "sha256": None},
    "no hash": {"file": "20261101T000000Z-simulated", "sha256": None},
    "a file that is a list": {"file": ["x"], "sha256": "0" * 64},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_qualification_that_is_not_there_qualifies_nothing(
    name: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims(run, **CLAIMS[name])
    found = qualified_by(open_run(run))
    assert found is not None and found.trouble and not found.by
    if name in ("no such file", "no file"):
        for text in told(run, capsys):
            assert NOT in text and "ualified by" not in text
    if name == "no such file":
        code, out, _ = hil(capsys, "rejudge", str(run))
        assert code == 1 and "inputs/ has none with its hash" in out


def test_another_files_hash_qualifies_nothing(run: Path) -> None:
    copy = next((run / "inputs").glob("*.dbc"))
    claims(run, file="q", sha256=hashlib.sha256(copy.read_bytes()).hexdigest())
    found = qualified_by(open_run(run))
    assert found is not None and found.trouble and not found.by


def test_a_qualification_that_is_there_is_named_with_what_was_not_checked(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = evidence(load_rig(ROOT / "hil_config.toml", "simulated", "reference", None))
    header = read_json(run / "header.json")
    content["identity"] |= {"rig": header["hashes"]["rig"], "bench source": source_hash()[:16]}
    content["created_utc"] = header["started_utc"]
    folder = write_qualification(content, run.parent)
    sha256 = hashlib.sha256((folder / "qualification.json").read_bytes()).hexdigest()
    shutil.copy(folder / "qualification.json", run / "inputs" / f"{sha256[:12]}-qualification.json")
    claims(run, file=folder.name, sha256=sha256)
    write_review(folder, "Jane Doe")
    for text in told(run, capsys):
        assert NOT not in text and "ualified by" in text and "not checked" not in text
    text = (folder / "qualification.md").read_text()
    (folder / "qualification.md").write_text(text + " ")
    assert "ALTERED since it was written: qualification.md" in str(qualified_by(open_run(run)))
    shutil.rmtree(folder)
    for text in told(run, capsys):
        assert NOT in text and folder.name in text.replace("\\", "") and "not here, not checked" in text
    (run / "inputs" / f"{sha256[:12]}-qualification.json").write_text(json.dumps({**content, "ruler": []}))
    reseal(run)
    found = qualified_by(open_run(run))
    assert found is not None and "none with its hash" in str(found.trouble)


def test_a_command_that_a_page_tells_to_use_stands_there_as_code(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims(run, file=None, sha256=None, trouble="there is none; `hil qualify --full` makes one")
    _, _, page = told(run, capsys)
    assert f"{NOT}:</b> there is none; <code>hil qualify --full</code> makes one. Until" in page
    assert "`" not in re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)


def test_text_between_ticks_is_code_and_text_of_others_stays_text() -> None:
    assert ticks("see `a <b>` and `c`") == "see <code>a &lt;b&gt;</code> and <code>c</code>"
    assert ticks("a single ` & <i>") == "a single ` &amp; &lt;i&gt;"
