"""The footer's hashes: one for each file, a chain over all of them, and short ones that tell where a byte changed.

sha256: of each file, by name. chain: h = SHA-256(h + name + sha256) over the names in order, starting from the
run's id, so no entry can be changed, left out or moved without the end of the chain changing. blocks: four bytes
for each 4 KiB of a file, which only serve to say where; the full hash decides.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.errors import RecordError, at_place

BLOCK = 4096
_SHORT = 8  # hex digits
FOOTER, SIGNATURE = "footer.json", "signature.json"


def seal(folder: Path, run_id: str) -> dict[str, Any]:
    """The footer's content for all files now in `folder`."""
    hashes: dict[str, str] = {}
    blocks: dict[str, str] = {}
    for name, content in _files(folder):
        hashes[name] = hashlib.sha256(content).hexdigest()
        blocks[name] = _blocks(content)
    return {"sha256": hashes, "chain": chain(run_id, hashes), "blocks": blocks}


def chain(run_id: str, hashes: Mapping[str, str]) -> str:
    """The last link."""
    link = hashlib.sha256(run_id.encode()).hexdigest()
    for name in sorted(hashes):
        link = hashlib.sha256(f"{link}\0{name}\0{hashes[name]}".encode()).hexdigest()
    return link


def altered(folder: Path, run_id: str, footer: Mapping[str, Any]) -> tuple[str, ...]:
    """Every difference between the folder and its footer, one line each, with the place where it is known."""
    stated: dict[str, str] = footer["sha256"]
    blocks: Mapping[str, str] = footer.get("blocks", {})
    told: list[str] = []
    seen: set[str] = set()
    for name, content in _files(folder):
        seen.add(name)
        if name not in stated:
            told.append(f"{name}: not in the footer")
        elif hashlib.sha256(content).hexdigest() != stated[name]:
            told.append(f"{name}: changed{_where(content, blocks.get(name))}")
    told += [f"{name}: missing" for name in stated if name not in seen]
    if "chain" in footer and chain(run_id, stated) != footer["chain"]:
        told.append(
            f"{FOOTER}: its own entries, or the run id in header.json, were altered: the chain does not close"
        )
    return tuple(sorted(told))


def _files(folder: Path) -> list[tuple[str, bytes]]:
    left_out = {folder / FOOTER, folder / SIGNATURE}
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file not in left_out)
    return [(file.relative_to(folder).as_posix(), file.read_bytes()) for file in files]


def _blocks(content: bytes) -> str:
    pieces = (content[start : start + BLOCK] for start in range(0, len(content), BLOCK))
    return "".join(hashlib.sha256(piece).hexdigest()[:_SHORT] for piece in pieces)


def _where(content: bytes, stated: str | None) -> str:
    if stated is None:
        return ""
    found = _blocks(content)
    count = max(len(found), len(stated)) // _SHORT
    bad = [i for i in range(count) if found[i * _SHORT :][:_SHORT] != stated[i * _SHORT :][:_SHORT]]
    if not bad:
        return ""
    first, last = bad[0] * BLOCK, min(len(content), (bad[-1] + 1) * BLOCK)
    from_line, to_line = (content[:end].count(b"\n") + 1 for end in (first, max(first, last - 1)))
    lines = f"line {from_line}" if from_line == to_line else f"lines {from_line} to {to_line}"
    line = f", near {lines}" if b"\0" not in content[:BLOCK] else ""
    return f" within bytes {first} to {max(first, last - 1)}{line}"


def sign(folder: Path, key_file: Path) -> str:
    """Write signature.json over the footer with a user's Ed25519 key (PEM). The public key in hex."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from bench.record.shot import write_json

    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        content = (folder / FOOTER).read_bytes()
    except (OSError, ValueError, TypeError) as error:
        raise RecordError(f"cannot sign {folder} with {key_file}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RecordError(at_place(key_file, "", type(key).__name__, "an Ed25519 private key in PEM"))
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    public = key.public_key().public_bytes(*raw).hex()
    write_json(
        folder / SIGNATURE,
        {"algorithm": "Ed25519", "signs": FOOTER, "public_key": public, "signature": key.sign(content).hex()},
    )
    return public


def new_key(key_file: Path) -> str:
    """Make a key pair: `key_file` (private, mode 600) and its public half beside it; the public key in hex."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if key_file.exists():
        raise RecordError(f"{key_file}: exists; a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        key_file.touch(mode=0o600)
        key_file.write_bytes(private)
    except OSError as error:
        raise RecordError(f"{key_file}: cannot be written: {error.strerror}") from error
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return key.public_key().public_bytes(*raw).hex()


def check_signature(folder: Path, trusted: str | None) -> str | None:
    """What is wrong with the signature; None where it is good. `trusted`: the public key in hex to demand.

    Without `trusted` a good signature only shows that the footer is the one that was signed by *some* key.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from bench.record.shot import read_json

    if not (folder / SIGNATURE).is_file():
        return "not signed"
    stated = read_json(folder / SIGNATURE)
    try:
        if trusted is not None and stated["public_key"] != trusted.lower():
            return f"signed with another key: {stated['public_key']}"
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(stated["public_key"]))
        public.verify(bytes.fromhex(stated["signature"]), (folder / FOOTER).read_bytes())
    except InvalidSignature:
        return "the signature does not fit the footer"
    except (KeyError, ValueError, TypeError, OSError) as error:
        return f"{SIGNATURE} cannot be read: {error}"
    return None
