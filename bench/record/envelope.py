"""A signed statement: a DSSE envelope (v1.0), as in-toto wants it, with the key that signs the footer.

https://github.com/secure-systems-lab/dsse: protocol.md, envelope.md. Needs the extra 'sign'.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.record.contents import json_bytes, plain
from bench.record.statement import STATEMENT

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ENVELOPE = "statement.dsse.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_MOST_BYTES = 1 << 26  # of a statement: both are read whole


def envelope(payload: bytes, key: "Ed25519PrivateKey") -> dict[str, Any]:
    """The content of the envelope's file."""
    signature = {"keyid": _key_id(key.public_key()), "sig": _base64(key.sign(_signed(payload)))}
    return {"payload": _base64(payload), "payloadType": PAYLOAD_TYPE, "signatures": [signature]}


def envelope_trouble(folder: Path) -> str | None:
    """What of the envelope is not as written, whoever signed it. None where it is as written, or where there is no
    envelope.
    """
    if (kind := plain(folder, ENVELOPE)) is not None:
        return None if kind == "missing" else f"{kind}; a run holds plain files and folders only"
    if (kind := plain(folder, STATEMENT)) is not None:
        return f"signs {STATEMENT}, which is {kind}"
    sizes = [(folder / name).stat().st_size for name in (STATEMENT, ENVELOPE)]
    if sizes[0] > _MOST_BYTES or sizes[1] > 2 * _MOST_BYTES:
        return f"signs {STATEMENT}, which is larger than {_MOST_BYTES >> 20} MB"
    signature = _signature(folder)
    if signature is None or (folder / ENVELOPE).read_bytes() != _as_written(folder, signature):
        return f"is no envelope of {STATEMENT}, or not as it was written"
    return None


def wrongly_signed(folder: Path, key: "Ed25519PublicKey") -> str | None:
    """What is wrong with its signature, as of this key; None where it is good, or where there is no envelope."""
    from cryptography.exceptions import InvalidSignature

    if plain(folder, ENVELOPE) == "missing":
        return None
    if (trouble := envelope_trouble(folder)) is not None:
        return f"{ENVELOPE}: {trouble}"
    signature = _signature(folder) or {}
    if signature["keyid"] != _key_id(key):
        return f"{ENVELOPE}: signed with another key than the footer"
    try:
        raw = base64.b64decode(signature["sig"])  # which passes over what is no digit, and over spare bits
        if _base64(raw) != signature["sig"]:
            return f"{ENVELOPE}: its signature is not as it is written"
        key.verify(raw, _signed((folder / STATEMENT).read_bytes()))
    except (InvalidSignature, ValueError):
        return f"{ENVELOPE}: the signature does not fit {STATEMENT}"
    return None


def _signature(folder: Path) -> dict[str, str] | None:
    """The one signature that its file names; None where it names none."""
    try:
        content = json.loads((folder / ENVELOPE).read_bytes())
        (signature,) = content["signatures"]
        return {"keyid": str(signature["keyid"]), "sig": str(signature["sig"])}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _as_written(folder: Path, signature: dict[str, str]) -> bytes:
    payload = _base64((folder / STATEMENT).read_bytes())
    content = {"payload": payload, "payloadType": PAYLOAD_TYPE, "signatures": [signature]}
    return json_bytes(content)


def _signed(payload: bytes) -> bytes:
    """What the signature is over: DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _key_id(key: "Ed25519PublicKey") -> str:
    """The one that securesystemslib gives such a key, so that its readers find it without being told."""
    from cryptography.hazmat.primitives import serialization

    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    told = {"keytype": "ed25519", "keyval": {"public": raw}, "scheme": "ed25519"}
    return hashlib.sha256(json.dumps(told, separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
