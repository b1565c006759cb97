"""The footer's hashes: one for each file, a chain over all of them, and short ones that tell where a byte changed.

sha256: of each file, by name. chain: h = SHA-256(h + name + sha256) over the names in order, starting from the
run's id, so no entry can be changed, left out or moved without the end of the chain changing. blocks: four bytes
for each 4 KiB of a file, which only serve to say where; the full hash decides. folders: those without a file, if any.

The footer follows from the folder and the run's id alone, byte for byte. So checking it is making it again: whatever
differs, in the folder or in the footer itself, was altered.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.errors import ConfigError, RecordError, at_place
from bench.record.container import FILE as CONTAINER
from bench.record.container import shot_name, shots_within
from bench.record.contents import BLOCK, SHORT, contents, digest, is_text, lines_before, plain, shown
from bench.record.envelope import ENVELOPE, envelope, envelope_trouble, wrongly_signed
from bench.record.statement import STATEMENT

FORMAT = "hil-run-1"
FOOTER, SIGNATURE = "footer.json", "signature.json"
BESIDE = (FOOTER, SIGNATURE, ENVELOPE)  # what is written after the footer has its hashes
_MOST_NAMED = 5  # shots that a changed block of 4 KiB may be part of
_KEYS = ("format", "sha256", "chain", "blocks", "folders")


def seal(folder: Path, run_id: str) -> dict[str, Any]:
    """The footer's content for all files now in `folder`."""
    found = contents(folder, left_out=BESIDE)
    hashes: dict[str, str] = {}
    blocks: dict[str, str] = {}
    for name in found.files:
        one = digest(folder / name)
        hashes[name], blocks[name] = one.sha256, one.blocks
    sealed = {"format": FORMAT, "sha256": hashes, "chain": chain(run_id, hashes), "blocks": blocks}
    return {**sealed, "folders": list(found.empty)} if found.empty else sealed


def with_file(sealed: Mapping[str, Any], folder: Path, run_id: str, name: str) -> dict[str, Any]:
    """What `seal` made, and one more file that was written since."""
    one = digest(folder / name)
    hashes, blocks = (
        dict(sorted({**sealed[key], name: new}.items(), key=lambda entry: entry[0].split("/")))
        for key, new in (("sha256", one.sha256), ("blocks", one.blocks))
    )
    return {**sealed, "sha256": hashes, "chain": chain(run_id, hashes), "blocks": blocks}


def chain(run_id: str, hashes: Mapping[str, str]) -> str:
    """The last link."""
    link = hashlib.sha256(run_id.encode()).hexdigest()
    for name in sorted(hashes):
        link = hashlib.sha256(_bytes(f"{link}\0{name}\0{hashes[name]}")).hexdigest()
    return link


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")  # a name on a disk need not be UTF-8


def altered(folder: Path, run_id: str, footer: Mapping[str, Any]) -> tuple[str, ...]:
    """Every difference between the folder and its footer, one line each, with the place where it is known."""
    try:
        found = contents(folder, left_out=BESIDE)
        told = [f"{name}: {what}; a run holds plain files and folders only" for name, what in found.odd]
        stated, blocks = (_table(footer, key) for key in ("sha256", "blocks"))
        for name in found.files:
            if name not in stated:
                told.append(f"{name}: not in the footer")
            elif (what := _changed(folder / name, stated[name], blocks.get(name))) is not None:
                told.append(what.format(name=name))
    except OSError as error:
        return (f"{shown(str(error.filename))}: cannot be read: {error.strerror}",)
    there = set(found.files)
    told += [f"{name}: missing" for name in stated if name not in there]
    told += _folders(footer.get("folders", []), found.empty)
    told += _of_the_footer(run_id, footer)
    if (trouble := envelope_trouble(folder)) is not None:
        told.append(f"{ENVELOPE}: {trouble}")
    elif (folder / ENVELOPE).is_file() and not (folder / SIGNATURE).is_file():
        told.append(f"{ENVELOPE}: without {SIGNATURE}, which `hil sign` writes with it")
    return tuple(sorted(map(shown, told)))


def _changed(path: Path, stated: Any, blocks: Any) -> str | None:
    """What of a file, or of the footer's word on it, is not as written. `{name}` stands for the file's."""
    if isinstance(blocks, str) and 0 < len(blocks) // SHORT * BLOCK < path.stat().st_size:
        return "{name}: changed: longer than it was"  # without reading to the end of what may have none
    found = digest(path)
    if found.sha256 != stated:
        return "{name}: changed" + _where(path, found.blocks, blocks)
    if found.blocks != blocks:
        return FOOTER + ": what it says of the blocks of {name} was altered"
    return None


def _table(footer: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = footer.get(key)
    return value if isinstance(value, dict) else {}


def _folders(stated: Any, found: Iterable[str]) -> list[str]:
    known = [str(name) for name in stated] if isinstance(stated, list) else []
    told = [f"{name}/: an empty folder that is not in the footer" for name in found if name not in known]
    told += [f"{name}/: an empty folder that is missing" for name in known if name not in set(found)]
    return told or ([f"{FOOTER}: what it says of folders was altered"] if stated != [*found] else [])


def _of_the_footer(run_id: str, footer: Mapping[str, Any]) -> list[str]:
    """What of the footer itself is not as it was written, whatever lies in the folder."""
    stated = _table(footer, "sha256")
    told = [f"{FOOTER}: '{key}' is none of its entries" for key in footer if key not in _KEYS]
    told += [f"{FOOTER}: has no '{key}'" for key in _KEYS[:4] if key not in footer]
    if not footer.get("folders", [""]):
        told.append(f"{FOOTER}: 'folders' without any is none of its entries")
    if footer.get("format") not in (None, FORMAT):
        told.append(f"{FOOTER}: format {footer.get('format')!r}; expected '{FORMAT}'")
    told += [f"{FOOTER}: its blocks name '{one}', a file it has no hash of"
             for one in _table(footer, "blocks") if one not in stated]  # fmt: skip
    closes = all(isinstance(value, str) for value in stated.values()) and chain(run_id, stated) == footer.get(
        "chain"
    )
    if "chain" in footer and not closes:
        told.append(
            f"{FOOTER}: its own entries, or the run id in header.json, were altered: the chain does not close"
        )
    return told


def altered_among(
    folder: Path, run_id: str, footer: Mapping[str, Any], names: Iterable[str]
) -> tuple[str, ...]:
    """As `altered`, of these files only: what was read, where reading all the others would take too long."""
    told = _of_the_footer(run_id, footer)
    stated = _table(footer, "sha256")
    for name in names:
        if (why := plain(folder, name)) is not None:
            told.append(f"{name}: {why}")
        elif name not in stated:
            told.append(f"{name}: not in the footer")
        elif digest(folder / name).sha256 != stated[name]:
            told.append(f"{name}: changed")
    return tuple(sorted(map(shown, told)))


def as_written(content: Mapping[str, Any], raw: bytes) -> bool:
    """Whether these bytes are what `write_json` makes of the content, with the entries in their order."""

    def by_place(one: tuple[str, Any]) -> list[str]:
        return one[0].split("/")

    ordered = {
        key: dict(sorted(value.items(), key=by_place)) if isinstance(value, dict) else value
        for key in _KEYS
        if (value := content.get(key)) is not None
    }
    return json.dumps(ordered, indent=1).encode() == raw


def _where(path: Path, found: str, stated: Any) -> str:
    if not isinstance(stated, str):
        return ""
    count = max(len(found), len(stated)) // SHORT
    bad = [i for i in range(count) if found[i * SHORT :][:SHORT] != stated[i * SHORT :][:SHORT]]
    if not bad:
        return ""
    size = path.stat().st_size
    first, last = bad[0] * BLOCK, min(size, (bad[-1] + 1) * BLOCK)
    if path.name == CONTAINER:
        return f" within bytes {first} to {max(first, last - 1)}{_shots_there(path, first, last)}"
    from_line, to_line = (lines_before(path, end) + 1 for end in (first, max(first, last - 1)))
    lines = f"line {from_line}" if from_line == to_line else f"lines {from_line} to {to_line}"
    line = f", near {lines}" if is_text(path) else ""
    return f" within bytes {first} to {max(first, last - 1)}{line}"


def _shots_there(path: Path, first: int, last: int) -> str:
    shots = shots_within(path, first, last)
    return f", in {' or '.join(map(shot_name, shots[:_MOST_NAMED]))}" if shots else ""


def sign(folder: Path, key_file: Path) -> str:
    """Write signature.json over the footer, and the signed statement, with a user's Ed25519 key (PEM).

    The public key in hex.

    Raises ConfigError for a key that cannot be used, RecordError for a run that cannot be signed.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from bench.record.shot import write_json

    expected = "an Ed25519 private key in PEM, without a password"
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(at_place(key_file, "", error.strerror or str(error), expected)) from error
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
    """Hex in the one way that it is written here: `fromhex` takes capitals and blanks, too. "" for what is none."""
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
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from bench.record.shot import read_json

    if not (folder / SIGNATURE).is_file():
        return "not signed"
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
    if raw != json.dumps(_signature(**canonical), indent=1).encode():
        return f"{SIGNATURE} is not as `hil sign` writes it"  # the signature covers the footer, and not its own file
    try:
        if trusted is not None and stated["public_key"] != trusted.lower():
            return f"signed with another key: {stated['public_key']}"
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(stated["public_key"]))
        public.verify(bytes.fromhex(stated["signature"]), (folder / FOOTER).read_bytes())
        if (folder / STATEMENT).is_file() and not (folder / ENVELOPE).is_file():
            return f"{ENVELOPE} is missing, which `hil sign` writes with {SIGNATURE}"
        return wrongly_signed(folder, public)
    except InvalidSignature:
        return "the signature does not fit the footer"
    except (KeyError, ValueError, TypeError, OSError) as error:
        return f"{SIGNATURE} cannot be read: {error}"
