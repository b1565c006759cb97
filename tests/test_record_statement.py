"""The in-toto statement says what the run says, the footer covers it, and nobody needs `hil` to check it."""

import base64
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sample_run import OVERVOLTAGE, measurement, sample_run, scenario, shot
from third_party import run_lines

from bench.record.codable import run_to_dict
from bench.record.envelope import ENVELOPE
from bench.record.folder import RunFolder, verify_run
from bench.record.signature import check_signature, new_key, sign
from bench.record.statement import STATEMENT, statement
from bench.verdict.result import RunResult, Verdict

IN_TOTO = {Verdict.PASS: "PASSED", Verdict.GAP: "WARNED"}
LISTS = {"PASSED": "passedTests", "WARNED": "warnedTests", "FAILED": "failedTests"}


def run_of(*verdicts: Verdict, aborted: str | None = None) -> RunResult:
    scenarios = tuple(
        scenario(f"is-{v.name.lower()}", "t", OVERVOLTAGE, [shot(0, v, measurement(None, None))], v)
        for v in verdicts
    )
    return dataclasses.replace(sample_run(n=12), scenarios=scenarios, aborted=aborted)


def said(run: RunResult) -> dict[str, Any]:
    predicate = statement(run_to_dict(run), {"result.json": "00"})["predicate"]
    assert isinstance(predicate, dict)
    return predicate


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_has_its_word_and_ours_beside_it(verdict: Verdict) -> None:
    name, word = f"simulated/is-{verdict.name.lower()}", IN_TOTO.get(verdict, "FAILED")
    told = said(run_of(verdict))
    assert told["result"] == word
    assert {key: told[key] for key in LISTS.values()} == {
        key: [name] if LISTS[word] == key else [] for key in LISTS.values()
    }
    assert told["hil_verdicts"] == {name: verdict.name}


def test_a_run_has_passed_only_where_all_of_it_did() -> None:
    assert said(run_of(Verdict.PASS, Verdict.GAP))["result"] == "WARNED"
    assert said(run_of(Verdict.GAP, Verdict.PASS, Verdict.BLOCKED))["result"] == "FAILED"
    assert said(run_of())["result"] == "FAILED"
    assert said(run_of(Verdict.PASS, aborted="interrupted by Ctrl-C"))["result"] == "FAILED"
    assert said(run_of(Verdict.PASS))["hil_run"]["firmware_identity"].startswith("reference_bms 1.0.0")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run with one of each verdict, an input and a shot."""
    content = run_of(*Verdict)
    folder = RunFolder.create(tmp_path / "runs", content.run_id, {"run_id": content.run_id})
    (tmp_path / "bench.toml").write_text("[time]\n")
    folder.add_input(tmp_path / "bench.toml")
    shot_folder = folder.path / "scenarios" / "is-pass" / "shot-000"
    shot_folder.mkdir(parents=True)
    (shot_folder / "result.json").write_text("{}")
    folder.finish(run_to_dict(content))
    return folder.path


def test_the_statement_names_every_file_and_the_footer_covers_it(run: Path) -> None:
    content = json.loads((run / STATEMENT).read_bytes())
    footer, told = verify_run(run)
    assert footer is not None and told == ()
    stated = {one["name"]: one["digest"]["sha256"] for one in content["subject"]}
    assert stated == {name: sha for name, sha in footer["sha256"].items() if name != STATEMENT}
    assert STATEMENT in footer["sha256"]
    (config,) = content["predicate"]["configuration"]
    assert config["name"].endswith("-bench.toml") and config["digest"]["sha256"] == stated[config["name"]]
    assert run_lines("check_run.py", run)[0] == 0
    text = (run / STATEMENT).read_text()
    (run / STATEMENT).write_text(text.replace('"FAILED"', '"PASSED"'))
    assert verify_run(run)[1][0].startswith(f"{STATEMENT}: changed")
    (run / STATEMENT).unlink()
    assert verify_run(run)[1] == (f"{STATEMENT}: missing",)


def test_a_third_party_without_hil_finds_what_was_altered(run: Path) -> None:
    names = " ".join(f"simulated/is-{v.name.lower()}" for v in Verdict if v not in IN_TOTO)
    assert run_lines("check_run.py", run) == (0, f"FAILED {names}")
    (run / "scenarios" / "is-pass" / "shot-000" / "result.json").write_text("[]")
    shutil.move(run / "result.json", run / "other.json")
    assert run_lines("check_run.py", run) == (
        1,
        "altered: other.json, result.json, scenarios/is-pass/shot-000/result.json",
    )


def test_a_signed_statement_is_a_dsse_envelope_that_verify_holds_to_the_rest(
    run: Path, tmp_path: Path
) -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    public = new_key(tmp_path / "me.pem")
    assert sign(run, tmp_path / "me.pem") == public
    assert verify_run(run)[1] == () and check_signature(run, public) is None
    content = json.loads((run / ENVELOPE).read_text())
    payload = base64.b64decode(content["payload"])
    assert payload == (run / STATEMENT).read_bytes()
    kind = content["payloadType"].encode()
    key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    (signature,) = content["signatures"]
    over = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)  # by DSSE's protocol.md
    key.verify(base64.b64decode(signature["sig"]), over)


def altered_envelopes(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    other = base64.b64encode(b'{"predicate": {"result": "PASSED"}}').decode()
    (signature,) = content["signatures"]
    return {
        "payload": {**content, "payload": other},
        "type": {**content, "payloadType": "text/plain"},
        "entry": {**content, "by": "the head of quality"},
        "second signature": {**content, "signatures": [signature, signature]},
        "no signature": {**content, "signatures": []},
        "entry of the signature": {**content, "signatures": [{**signature, "by": "me"}]},
    }


def test_whatever_is_altered_of_an_envelope_is_told(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    public = new_key(tmp_path / "me.pem")
    new_key(tmp_path / "other.pem")
    sign(run, tmp_path / "me.pem")
    good = (run / ENVELOPE).read_bytes()
    content = json.loads(good)
    for what, changed in altered_envelopes(content).items():
        (run / ENVELOPE).write_text(json.dumps(changed, indent=1))
        (told,) = verify_run(run)[1]
        assert told.startswith(f"{ENVELOPE}: "), what
        assert ENVELOPE in (check_signature(run, public) or ""), what
    forged = {
        **content,
        "signatures": [{**content["signatures"][0], "sig": base64.b64encode(bytes(64)).decode()}],
    }
    (run / ENVELOPE).write_text(json.dumps(forged, indent=1))
    assert check_signature(run, public) == f"{ENVELOPE}: the signature does not fit {STATEMENT}"
    (run / ENVELOPE).write_bytes(good + b"\n")
    assert verify_run(run)[1] == (f"{ENVELOPE}: is no envelope of {STATEMENT}, or not as it was written",)
    sign(run, tmp_path / "other.pem")
    by_other = (run / ENVELOPE).read_bytes()
    sign(run, tmp_path / "me.pem")
    (run / ENVELOPE).write_bytes(by_other)
    assert check_signature(run, public) == f"{ENVELOPE}: signed with another key than the footer"
    (run / ENVELOPE).unlink()
    assert "is missing" in (check_signature(run, public) or "")
    (run / ENVELOPE).write_bytes(good)
    (run / "signature.json").unlink()
    assert verify_run(run)[1] == (f"{ENVELOPE}: without signature.json, which `hil sign` writes with it",)
    (run / ENVELOPE).unlink()
    (run / ENVELOPE).symlink_to(run / STATEMENT)
    assert any("a symbolic link" in line for line in verify_run(run)[1])


def test_a_statement_left_by_an_end_that_was_killed_is_written_anew(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "run-1", {})
    (folder.path / STATEMENT).write_text("{}")
    folder.finish(run_to_dict(run_of(Verdict.PASS)))
    assert verify_run(folder.path)[1] == ()
    assert STATEMENT not in {
        one["name"] for one in json.loads((folder.path / STATEMENT).read_bytes())["subject"]
    }
    assert run_lines("check_run.py", folder.path) == (0, "PASSED")
