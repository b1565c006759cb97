"""The footer's hashes: one for each file, a chain over all of them, and short ones that tell where a byte changed.

sha256: of each file, by name.
chain: h = SHA-256(h + name + sha256) over the names in order, starting from the run's id. So no entry can be changed,
left out or moved without another end of the chain.
blocks: four bytes for each 4 KiB of a file. They only tell where a change is; the full hash decides whether there is
one.
folders: those without a file, if any.

The footer follows from the folder and the run's id alone, byte for byte. So a check makes it again and compares:
every difference, in the folder or in the footer, is a change.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.record.container import FILE as CONTAINER
from bench.record.container import shot_name, shots_within
from bench.record.contents import (
    BLOCK,
    SHORT,
    by_place,
    contents,
    digest,
    is_text,
    json_bytes,
    lines_before,
    plain,
    shown,
)
from bench.record.envelope import ENVELOPE, envelope_trouble

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
        dict(sorted({**sealed[key], name: new}.items(), key=lambda entry: by_place(entry[0])))
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
    ordered = {
        key: dict(sorted(value.items(), key=lambda entry: by_place(entry[0])))
        if isinstance(value, dict)
        else value
        for key in _KEYS
        if (value := content.get(key)) is not None
    }
    return json_bytes(ordered) == raw


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
