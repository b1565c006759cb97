"""A user's signature of a run: signature.json over the footer, and the signed statement beside it.

Needs the extra 'sign'. Whether a signature has its form can be seen without it.
"""

import importlib.util
from pathlib import Path
from typing import Any

from bench.config.user_file import read_bytes
from bench.errors import ConfigError, RecordError, at_place
from bench.record.chain import FOOTER, SIGNATURE
from bench.record.contents import json_bytes, plain, shown
from bench.record.envelope import ENVELOPE, envelope, wrongly_signed
from bench.record.shot import read_json, write_json
from bench.record.statement import STATEMENT

_MOST_KEY_BYTES = 1 << 20
_EXTRA = "'bms-hil-bench[sign]'"


def sign(folder: Path, key_file: Path) -> str:
    """Write signature.json over the footer, and the signed statement, with a user's Ed25519 key (PEM).

    The public key in hex.

    Raises ConfigError for a key that cannot be used, RecordError for a run that cannot be signed.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    expected = "an Ed25519 private key in PEM, without a password"
    try:
        key = serialization.load_pem_private_key(
            read_bytes(key_file, expected, most=_MOST_KEY_BYTES), password=None
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):  # whose words would fill a page
        raise ConfigError(at_place(key_file, "", "found no key that can be read", expected)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(at_place(key_file, "", type(key).__name__, expected))
    try:
        content = (folder / FOOTER).read_bytes()
    except OSError as error:
        raise RecordError(f"cannot sign {folder}: {error}") from error
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    public = key.public_key().public_bytes(*raw).hex()
    if (folder / STATEMENT).is_file():  # a run of an older release has none
        write_json(folder / ENVELOPE, envelope((folder / STATEMENT).read_bytes(), key))
    write_json(
        folder / SIGNATURE,
        _signature(public, key.sign(content).hex()),
    )
    return public


def _signature(public_key: Any, signature: Any) -> dict[str, Any]:
    return {"algorithm": "Ed25519", "signs": FOOTER, "public_key": public_key, "signature": signature}


def _digits(value: Any) -> str:
    """Hex digits in the one spelling that is written here; "" for any other text. (`fromhex` also takes capitals and
    blanks.)
    """
    try:
        return bytes.fromhex(value).hex()
    except (ValueError, TypeError):
        return ""


def new_key(key_file: Path) -> str:
    """Make a key pair: `key_file` (private, mode 600) and its public half beside it; the public key in hex."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if key_file.exists():
        raise ConfigError(f"{key_file}: exists; a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        key_file.touch(mode=0o600)
        key_file.write_bytes(private)
    except OSError as error:
        raise ConfigError(f"{key_file}: cannot be written: {error.strerror}") from error
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return key.public_key().public_bytes(*raw).hex()


def check_signature(folder: Path, trusted: str | None) -> str | None:
    """What is wrong with the signature; None where it is good. `trusted`: the public key in hex to demand.

    Without `trusted` a good signature only shows that the footer is the one that was signed by *some* key.
    """
    if not (folder / SIGNATURE).is_file():
        return "not signed"
    if (why := _misshapen(folder)) is not None:
        return why
    if importlib.util.find_spec("cryptography") is None:
        raise RecordError(f"{folder}: is signed, which needs 'cryptography' to check: pip install {_EXTRA}")
    return _not_good(folder, trusted)


def signature_trouble(folder: Path) -> str | None:
    """What is wrong with a run's signature. None where it holds, and where there is no signature.

    For commands that show a run: without 'cryptography' only the form is checked, and whether all parts are there.
    """
    if plain(folder, SIGNATURE) is not None or plain(folder, FOOTER) is not None:
        return None  # a run that nobody signed; what is no plain file is told as such
    why = _misshapen(folder)
    if why is None and importlib.util.find_spec("cryptography") is not None:
        why = _not_good(folder, None)
    return why


def _misshapen(folder: Path) -> str | None:
    """What of a signature can be seen to be wrong without its key."""
    if (why := plain(folder, SIGNATURE) or plain(folder, FOOTER)) is not None:
        return f"{SIGNATURE} or {FOOTER} {why}; a run holds plain files and folders only"
    try:
        stated = read_json(folder / SIGNATURE)
        raw = (folder / SIGNATURE).read_bytes()
    except (RecordError, OSError, RecursionError) as error:
        return f"{SIGNATURE} cannot be read: {error}"
    if set(stated) != {"algorithm", "signs", "public_key", "signature"}:
        return f"{SIGNATURE} says more or less than a signature does: {', '.join(map(shown, stated)) or 'nothing'}"
    canonical = {key: _digits(stated[key]) for key in ("public_key", "signature")}
    if raw != json_bytes(_signature(**canonical)):
        return f"{SIGNATURE} is not as `hil sign` writes it"  # the signature covers the footer, and not its own file
    if (folder / STATEMENT).is_file() and not (folder / ENVELOPE).is_file():
        return f"{ENVELOPE} is missing, which `hil sign` writes with {SIGNATURE}"
    return None


def _not_good(folder: Path, trusted: str | None) -> str | None:
    """What is wrong with a signature that has its form."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        stated = read_json(folder / SIGNATURE)
        if trusted is not None and stated["public_key"] != trusted.lower():
            return f"signed with another key: {stated['public_key']}"
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(stated["public_key"]))
        public.verify(bytes.fromhex(stated["signature"]), (folder / FOOTER).read_bytes())
        return wrongly_signed(folder, public)
    except InvalidSignature:
        return "the signature does not fit the footer"
    except (RecordError, KeyError, ValueError, TypeError, OSError) as error:
        return f"{SIGNATURE} cannot be read: {error}"
