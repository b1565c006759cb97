"""A run's header as read from its folder: what later readers rest on is there, and of the type that it was written in.

It may come from anywhere, and its names become names of files: none of them leads out of the run's folder.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.errors import RecordError, at_place, clear

_HASH = re.compile(r"[0-9A-Za-z]*")


class Header(dict[str, Any]):
    """A dict whose missing entries are told as what they are: those of a header that is not whole."""

    def __init__(self, content: Mapping[str, Any], place: str) -> None:
        super().__init__(content)
        self._place = place

    def __missing__(self, key: str) -> Any:
        raise RecordError(
            at_place(self._place, str(key), "found no such entry", "one, as `hil run` writes it")
        )

    def __reduce__(self) -> tuple[type["Header"], tuple[dict[str, Any], str]]:
        return Header, (dict(self), self._place)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _names_of_files(value: object) -> bool:
    return isinstance(value, dict) and all(
        _texts(names) and not any("/" in name or "\0" in name for name in names) for names in value.values()
    )


def _hashes(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, str) and _HASH.fullmatch(one) for one in value.values()
    )


def _named_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _counts(value: object) -> bool:
    return isinstance(value, dict) and all(type(one) is int for one in value.values())


_KNOWN: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "hashes": (_hashes, "a table of hashes"),
    "dbc": (_names_of_files, "a table of lists of file names"),
    "scenarios": (_texts, "a list of ids"),
    "warnings": (_texts, "a list of texts"),
    "always": (
        lambda value: isinstance(value, list) and all(map(_texts, value)),
        "a list of lists of texts",
    ),
    "corrected": (
        lambda value: isinstance(value, list) and all(map(_texts, value)),
        "a list of lists of texts",
    ),
    "shots": (_counts, "a table of whole numbers"),
    "seed": (lambda value: type(value) is int, "a whole number"),
    "equipment": (lambda value: isinstance(value, dict), "a table"),
    "environment": (lambda value: isinstance(value, dict), "a table"),
    "timekeeping": (_named_texts, "a table of texts"),
    **dict.fromkeys(
        (
            "run_id",
            "started_utc",
            "timebase",
            "firmware",
            "chemistry",
            "firmware_chemistry",
            "mismatch",
            "label",
            "note",
            "dut_serial",
            "bench_source",
            "plug_ins",
        ),
        (lambda value: isinstance(value, str), "a text"),
    ),
}


def checked(content: Mapping[str, Any], path: Path) -> Header:
    """Raises RecordError for the first entry that is of another type than it was written in."""
    for key, (fits, expected) in _KNOWN.items():
        if key in content and not fits(content[key]):
            raise RecordError(at_place(path, key, f"found {clear(repr(content[key]), 80)}", expected))
    header = Header(content, str(path))
    for key in ("hashes", "dbc"):
        if key in header:
            header[key] = Header(header[key], f"{path} [{key}]")
    return header
