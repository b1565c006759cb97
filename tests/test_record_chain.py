"""Any changed byte is found and placed; a signature binds the whole folder to a key."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import ConfigError, RecordError
from bench.record.chain import BLOCK, altered, chain, seal
from bench.record.folder import verify_run
from bench.record.shot import read_json, write_json
from bench.record.signature import check_signature, new_key, sign


def sealed(folder: Path) -> dict:
    (folder / "scenarios").mkdir(parents=True)
    (folder / "scenarios" / "frames.blf").write_bytes(bytes(range(256)) * 50)
    (folder / "events.jsonl").write_text("\n".join(f"line {k}" for k in range(2_000)))
    (folder / "empty").write_bytes(b"")
    footer = seal(folder, "run-1")
    write_json(folder / "footer.json", footer)
    return footer


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50 * 256 - 1), st.integers(1, 255))
def test_any_changed_byte_is_found_and_placed(
    tmp_path_factory: pytest.TempPathFactory, at: int, by: int
) -> None:
    folder = tmp_path_factory.mktemp("run")
    footer = sealed(folder)
    assert altered(folder, "run-1", footer) == ()
    file = folder / "scenarios" / "frames.blf"
    content = bytearray(file.read_bytes())
    content[at] = (content[at] + by) % 256
    file.write_bytes(content)
    start = at // BLOCK * BLOCK
    (told,) = altered(folder, "run-1", footer)
    assert told.startswith(f"scenarios/frames.blf: changed within bytes {start} to ")


def test_text_is_placed_by_line_and_lost_and_new_files_are_named(tmp_path: Path) -> None:
    footer = sealed(tmp_path)
    events = tmp_path / "events.jsonl"
    events.write_text(events.read_text().replace("line 1999", "line 1998"))
    (tmp_path / "empty").unlink()
    (tmp_path / "extra").write_text("x")
    told = altered(tmp_path, "run-1", footer)
    assert [line.split(":")[0] for line in told] == ["empty", "events.jsonl", "extra"]
    lines = [int(number) for number in told[1].rpartition("near lines ")[2].split(" to ")]
    assert lines[0] <= 2000 <= lines[1] + 1 and "missing" in told[0] and "not in the footer" in told[2]


def test_the_chain_closes_over_names_hashes_and_the_run(tmp_path: Path) -> None:
    footer = sealed(tmp_path)
    hashes = footer["sha256"]
    assert chain("run-1", hashes) == footer["chain"] != chain("run-2", hashes)
    for name in hashes:
        fewer = {key: value for key, value in hashes.items() if key != name}
        assert chain("run-1", fewer) != footer["chain"]
        assert chain("run-1", {**hashes, name: "0" * 64}) != footer["chain"]
    forged = {**footer, "sha256": {**hashes, "empty": "0" * 64}}
    assert any("chain does not close" in line for line in altered(tmp_path, "run-1", forged))


def test_signing(tmp_path: Path) -> None:
    folder, key = tmp_path / "run", tmp_path / "key.pem"
    footer = sealed(folder)
    assert check_signature(folder, None) == "not signed"
    public = new_key(key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert sign(folder, key) == public
    assert check_signature(folder, None) is None and check_signature(folder, public.upper()) is None
    assert altered(folder, "run-1", footer) == ()  # the signature is no part of what it signs
    assert "another key" in str(check_signature(folder, "00"))
    write_json(folder / "footer.json", {**footer, "chain": "0"})
    assert "does not fit" in str(check_signature(folder, None))
    signature = read_json(folder / "signature.json")
    write_json(folder / "signature.json", {**signature, "signature": "zz"})
    assert "not as `hil sign` writes it" in str(check_signature(folder, None))
    with pytest.raises(ConfigError, match="never overwritten"):
        new_key(key)
    key.write_text("no key")
    with pytest.raises(ConfigError, match="Ed25519 private key in PEM"):
        sign(folder, key)


def test_a_run_whose_files_no_longer_parse_is_verified_to_its_end(tmp_path: Path) -> None:
    run = tmp_path / "run-1"
    run.mkdir()
    write_json(run / "header.json", {"run_id": "run-1"})
    write_json(run / "result.json", {"scenarios": []})
    assert verify_run(run) == (None, ())
    write_json(run / "footer.json", seal(run, "run-1"))
    assert verify_run(run)[1] == ()
    for name in ("header.json", "result.json"):
        (run / name).write_text((run / name).read_text().replace("{", "["))
    told = verify_run(run)[1]
    assert [line.split(":")[0] for line in told] == ["header.json", "result.json"]
    (run / "footer.json").write_text("{")
    assert "cannot be read" in verify_run(run)[1][0]
    with pytest.raises(RecordError, match="expected a run folder"):
        verify_run(tmp_path)
