"""A shipped chemistry's content with nine knots to a curve: it is read in a quarter of the time, and checked alike."""

import copy
from pathlib import Path
from typing import Any

from bench.errors import ConfigError
from bench.plant.based_on import read_chemistry, toml_text
from bench.plant.chemistry import SHIPPED, Chemistry

_KNOTS = 9
Content = dict[str, Any]


def thin(name: str) -> Content:
    """May be changed by whoever asked for it."""
    content, _ = read_chemistry(SHIPPED / f"{name}.toml")
    return _thin(content)


def _thin(table: Content) -> Content:
    if "soc" in table and len(table["soc"]) > _KNOTS:
        last = len(table["soc"]) - 1
        kept = [round(k * last / (_KNOTS - 1)) for k in range(_KNOTS)]
        curves = {key: [one[k] for k in kept] for key, one in table.items() if isinstance(one, list)}
        return {**table, **curves}
    return {
        key: _thin(one) if isinstance(one, dict) and "v" not in one else one for key, one in table.items()
    }


def put(content: Content, place: str, value: Any) -> Content:
    """A copy with the figure at `place` ("abuse.reaction.0.c0") changed; where `value` is None, without it."""
    changed = copy.deepcopy(content)
    node: Any = changed
    *way, key = place.split(".")
    for one in way:
        node = node[int(one)] if isinstance(node, list) else node.setdefault(one, {})
    if value is None:
        del node[key]
    elif isinstance(node.get(key), dict) and "v" in node[key]:
        node[key]["v"] = value
    else:
        node[key] = value
    return changed


def got(content: Content, place: str) -> Any:
    """The plain value at `place`; None where the file says nothing."""
    node: Any = content
    for one in place.split("."):
        entries = dict(enumerate(node)) if isinstance(node, list) else node
        node = entries.get(int(one) if isinstance(node, list) else one)
        if node is None:
            return None
    return node["v"] if isinstance(node, dict) and "v" in node else node


def written(folder: Path, content: Content, name: str = "changed.toml") -> Path:
    file = folder / name
    file.write_text(toml_text(content), encoding="utf-8")
    return file


def told(folder: Path, content: Content) -> str:
    """What is said of a file; "" of one that is read."""
    try:
        Chemistry.load(written(folder, content))
    except ConfigError as error:
        return str(error)
    return ""


THIN: dict[str, Content] = {name: thin(name) for name in Chemistry.shipped()}
