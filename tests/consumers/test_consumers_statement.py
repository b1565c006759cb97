"""The in-toto statement in in-toto's own classes, and its envelope in securesystemslib."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_record_statement import IN_TOTO, LISTS, run_of
from third_party import run_lines

from bench.record.codable import run_to_dict
from bench.record.envelope import ENVELOPE
from bench.record.folder import RunFolder
from bench.record.signature import new_key, sign
from bench.record.statement import STATEMENT
from bench.verdict.result import Verdict


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    content = run_of(*Verdict)
    folder = RunFolder.create(tmp_path / "runs", content.run_id, {"run_id": content.run_id})
    (tmp_path / "bench.toml").write_text("[time]\n")
    folder.add_input(tmp_path / "bench.toml")
    folder.finish(run_to_dict(content))
    return folder.path


def test_in_toto_takes_the_statement_and_reads_every_verdict(finished: Path) -> None:
    from google.protobuf import json_format
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    text = (finished / STATEMENT).read_text()
    statement = Statement.copy_from_pb(json_format.Parse(text, statement_pb2.Statement()))
    statement.validate()
    assert statement.pb.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    assert all(len(one.digest["sha256"]) == 64 for one in statement.pb.subject)
    predicate = json.loads(text)["predicate"]
    told = json_format.ParseDict(predicate, test_result_pb2.TestResult(), ignore_unknown_fields=True)
    assert told.result == "FAILED" and len(told.configuration) == 1
    lists = {
        "passedTests": told.passed_tests,
        "warnedTests": told.warned_tests,
        "failedTests": told.failed_tests,
    }
    for key, names in lists.items():
        assert list(names) == [
            f"simulated/is-{v.name.lower()}" for v in Verdict if LISTS[IN_TOTO.get(v, "FAILED")] == key
        ]


def test_securesystemslib_checks_the_envelope_with_the_lines_of_the_docs(
    finished: Path, tmp_path: Path
) -> None:
    public, other = new_key(tmp_path / "me.pem"), new_key(tmp_path / "other.pem")
    sign(finished, tmp_path / "me.pem")
    assert run_lines("check_signed.py", finished, public) == (0, "signed FAILED")
    assert run_lines("check_run.py", finished)[0] == 0
    assert run_lines("check_signed.py", finished, other)[0] != 0
    good = (finished / STATEMENT).read_text()
    (finished / STATEMENT).write_text(good.replace('"FAILED"', '"PASSED"'))
    assert run_lines("check_signed.py", finished, public) == (1, "altered: statement.json")
    (finished / STATEMENT).write_text(good)
    content = json.loads((finished / ENVELOPE).read_text())
    content["payload"] = content["payload"][:-8] + "AAAAAAA="
    (finished / ENVELOPE).write_text(json.dumps(content))
    assert run_lines("check_signed.py", finished, public)[0] != 0


def test_a_run_of_the_command_is_checked_without_hil_and_with_it(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / run.name))
    new = subprocess.run(
        [sys.executable, "-m", "bench", "sign", str(copy), "--key", str(tmp_path / "me.pem"), "--new-key"],
        capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    public = new.stdout.split()[-1]
    assert run_lines("check_run.py", copy) == (0, "PASSED")
    assert run_lines("check_signed.py", copy, public) == (0, "signed PASSED")
    verify = [sys.executable, "-m", "bench", "verify", str(copy), "--key", public]
    assert subprocess.run(verify, capture_output=True, timeout=100, stdin=subprocess.DEVNULL).returncode == 0
    (copy / "more.txt").write_text("")
    assert run_lines("check_run.py", copy) == (1, "altered: more.txt")
    assert subprocess.run(verify, capture_output=True, timeout=100, stdin=subprocess.DEVNULL).returncode == 1
