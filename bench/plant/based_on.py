"""A chemistry that is `based_on` another and says only what differs: the two laid over each other are one file.

That file is what is read, handed to firmware, hashed and stored. Tables are merged key by key; a figure, a curve, or a
list of the newer file takes the place of the older one's as a whole.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.config.user_file import MOST_TOML_BYTES, NotToml, oddities, read_text, toml_of
from bench.errors import ConfigError, at_place, choices, nearest
from bench.plant.find import chemistries

KEY = "based_on"
FIT = "validity"
_VOLTAGE = ("ocv", "ecm", "ecm_bv", "diffusion", "hysteresis")  # what a fit is one of


def read_chemistry(path: Path) -> tuple[dict[str, Any], tuple[Path, ...]]:
    """(the merged content of the file, the files it is based on, the nearest first).

    Raises ConfigError for a file that is no chemistry, an unknown base, and a circle.
    """
    files: list[Path] = []
    layers: list[dict[str, Any]] = []
    at: Path | None = path
    while at is not None:
        if at.resolve() in [one.resolve() for one in files]:
            circle = " → ".join(one.name for one in (*files, at))
            expected = "a chemistry that stands by itself"
            raise ConfigError(at_place(files[-1], KEY, f"found a circle: {circle}", expected))
        content = _content(at)
        files.append(at)
        at = _base(at, content)
        layers.append(content)
    whole: dict[str, Any] = {}
    for content in reversed(layers):
        whole = _over(whole, content)
    if len(files) > 1 and not _own_name(layers[0]):
        raise ConfigError(
            at_place(path, "meta", f"found no id and name beside {KEY}", "both: it is another chemistry")
        )
    _refuse_borrowed_fit(files, layers)
    return whole, tuple(files[1:])


def _refuse_borrowed_fit(files: list[Path], layers: list[dict[str, Any]]) -> None:
    """A file that replaces the voltage of its base needs a [validity] too: the base was fitted with the old voltage."""
    fits = next((number for number, one in enumerate(layers) if FIT in one), len(layers))
    for file, content in list(zip(files, layers))[:fits] if fits < len(layers) else ():
        if own := [key for key in _VOLTAGE if key in content]:
            raise ConfigError(
                at_place(
                    file,
                    FIT,
                    f"found none beside [{own[0]}], and that of {files[fits].stem} was fitted on another voltage",
                    'a [validity] of its own, its figures marked c = "E" where they are estimates',
                )
            )


def merged_file(path: Path, content: Mapping[str, Any]) -> Path:
    """The merged chemistry as a file of its own, named by its content; for whoever needs a file to read."""
    text = toml_text(content)
    name = f"{path.stem}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.toml"
    folder = (
        Path(tempfile.gettempdir())
        / f"hil-chemistries-{os.getuid() if hasattr(os, 'getuid') else os.getlogin()}"
    )
    file = folder / name
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            beside = file.with_suffix(f".{os.getpid()}")
            beside.write_text(text, encoding="utf-8")
            beside.replace(file)
    except OSError as error:
        raise ConfigError(
            f"{file}: the merged chemistry cannot be written: {error.strerror or error}"
        ) from error
    return file


def toml_text(content: Mapping[str, Any]) -> str:
    """As TOML: a line for every key of a table, whatever is deeper in place."""
    lines = [f"{_key(key)} = {_value(one)}" for key, one in content.items() if not isinstance(one, dict)]
    for key, table in content.items():
        if isinstance(table, dict):
            lines += ["", f"[{_key(key)}]", *(f"{_key(name)} = {_value(one)}" for name, one in table.items())]
    return "\n".join(lines) + "\n"


def _content(path: Path) -> dict[str, Any]:
    text = read_text(path, "a chemistry file", most=MOST_TOML_BYTES)
    try:
        content = toml_of(text)
    except NotToml as error:
        raise ConfigError(
            at_place(f"{path}:{error.line}", "", f"found no valid TOML ({error})", error.expected)
        ) from None
    for place, why in oddities(content):
        raise ConfigError(at_place(path, ".".join(map(str, place)), *why.split("; expected ", 1)))
    return content


def _base(path: Path, content: dict[str, Any]) -> Path | None:
    """Taken out of the content, which is whole without it."""
    if KEY not in content:
        return None
    base, known = content.pop(KEY), chemistries()
    if isinstance(base, str) and base.endswith(".toml"):
        return path.parent / base
    if isinstance(base, str) and base in known:
        return known.get(base)
    names = known.names()
    expected = f"one of {choices(str(base), names)} or the path of a .toml file{nearest(str(base), names)}"
    raise ConfigError(at_place(path, KEY, f"found '{base}'", expected))


def _over(older: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(older)
    for key, value in newer.items():
        before = both.get(key)
        if _table(value) and _table(before) and before is not None:
            value = _over(before, value)
        both[key] = value
    return both


def _table(value: Any) -> bool:
    """Whether the value is a table of keys. A figure with its mark does not count as a table."""
    return isinstance(value, dict) and "v" not in value


def _own_name(content: Mapping[str, Any]) -> bool:
    meta = content.get("meta")
    return isinstance(meta, dict) and "id" in meta and "name" in meta


def _key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
