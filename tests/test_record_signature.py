"""A signature that is there and does not hold: every command that shows the run says so, before anything else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from test_record_altered import hil, result_edited, written

from bench.record.chain import FOOTER, SIGNATURE, seal, with_file
from bench.record.envelope import ENVELOPE
from bench.record.folder import verify_read, verify_run
from bench.record.shot import write_json
from bench.record.signature import new_key, sign
from bench.record.statement import STATEMENT, statement

pytest.importorskip("cryptography")

__all__ = ["written"]


@pytest.fixture(scope="module")
def signed_once(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("signed")
    run = place / "runs" / written.name
    shutil.copytree(written, run)
    new_key(place / "me.pem")
    sign(run, place / "me.pem")
    return run


@pytest.fixture
def run(signed_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(signed_once, tmp_path / "runs" / signed_once.name)


def reseal(run: Path) -> None:
    """Footer and statement anew, as whoever can write the folder can make them."""
    (run / STATEMENT).unlink()
    sealed = seal(run, run.name)
    write_json(run / STATEMENT, statement(json.loads((run / "result.json").read_text()), sealed["sha256"]))
    write_json(run / FOOTER, with_file(sealed, run, run.name, STATEMENT))


def forged(run: Path) -> None:
    result_edited(run)
    reseal(run)


def forged_with_the_old_envelope_gone(run: Path) -> None:
    forged(run)
    (run / ENVELOPE).unlink()


def envelope_gone(run: Path) -> None:
    (run / ENVELOPE).unlink()


def signature_is(text: str) -> Callable[[Path], None]:
    return lambda run: (run / SIGNATURE).write_text(text) and None


def signature_as(change: Callable[[str], str]) -> Callable[[Path], None]:
    def alter(run: Path) -> None:
        before = (run / SIGNATURE).read_text()
        assert change(before) != before
        (run / SIGNATURE).write_text(change(before))

    return alter


ALTERATIONS: dict[str, Callable[[Path], None]] = {
    "forged and resealed": forged,
    "forged, envelope gone": forged_with_the_old_envelope_gone,
    "envelope gone": envelope_gone,
    "null": signature_is("null"),
    "empty": signature_is(""),
    "a list": signature_is("[]"),
    "nested without end": signature_is("[" * 300_000),
    "a key more": signature_as(lambda text: text.replace("{", '{"by": "me", ', 1)),
    "a key twice": signature_as(lambda text: text.replace("{", '{"signs": "all", ', 1)),
    "a blank more": signature_as(lambda text: text + " "),
    "no blanks": signature_as(lambda text: json.dumps(json.loads(text))),
    "capitals": signature_as(lambda text: json.dumps({**json.loads(text), "signature": text[-20:].upper()})),
}


QUICK = ("forged and resealed", "envelope gone", "null", "nested without end", "a key twice")


@pytest.mark.parametrize(
    "name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in ALTERATIONS]
)
def test_a_signature_that_does_not_hold_makes_the_run_altered(
    name: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_run(run)[1] == () == verify_read(run)
    ALTERATIONS[name](run)
    assert verify_run(run)[1] and verify_read(run), "what gathers from many runs reads by these"
    code, out, err = hil(capsys, "verify", str(run))
    assert code == 1 and out.count("signature") + out.count("altered ") >= 1, out + err
    code, out, err = hil(capsys, "report", str(run), "--markdown")
    assert code == 3 and "ALTERED" in (out + err).splitlines()[0]


def test_every_command_says_of_a_forged_run_that_its_signature_does_not_fit(
    run: Path, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged(run)
    new_key(tmp_path / "me.pem")
    config = str(Path(__file__).parents[1] / "hil_config.toml")
    for words in (("report", str(run)), ("report", str(run), "--json"), ("rejudge", str(run)),
                  ("export", str(run), "--to", "csv", "--out", str(tmp_path / "out")),
                  ("compare", str(written), str(run)), ("trace", str(run), "--config", config)):  # fmt: skip
        code, out, err = hil(capsys, *words)
        assert code == 3 and "the signature does not fit the footer" in out + err, (words, code, out, err)
    assert not list((tmp_path / "out").glob("*"))
    code, out, err = hil(capsys, "sign", str(run), "--key", str(tmp_path / "me.pem"))
    assert code == 3 and "does not fit" in err, "a new signature would hide that the old one did not hold"


def test_without_cryptography_the_form_of_a_signature_is_looked_at_all_the_same(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert verify_run(run)[1] == ()
    code, _, err = hil(capsys, "verify", str(run))
    assert code == 3 and "pip install" in err and len(err.splitlines()) == 1
    (run / ENVELOPE).unlink()
    assert verify_run(run)[1][0].startswith(f"{ENVELOPE} is missing")
