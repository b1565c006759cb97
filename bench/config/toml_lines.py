"""Where in a TOML text its keys and tables stand. The standard library's reader does not say it."""

import re

_HEADER = re.compile(r"(\[\[?)([^\]]+)\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*)\s*=""")
_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'[^']*'|#.*")
_BRACKET = re.compile(r"[\[\]{}]")
_DEEPEST_TOLD = 30


def line_numbers(text: str) -> dict[str, int]:
    """The line of every key and table header, by dotted place; array-of-tables entries count from 0."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix: list[str] = []
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if depth == 0 and (header := _HEADER.fullmatch(line.strip())):
            prefix = _parts(header[2])[:_DEEPEST_TOLD]
            if header[1] == "[[":
                name = ".".join(prefix)
                counts[name] = counts.get(name, -1) + 1
                lines.setdefault(name, number)
                prefix.append(str(counts[name]))
            elif prefix and prefix[0] in counts:  # [play.shows] belongs to the last [[play]]
                prefix.insert(1, str(counts[prefix[0]]))
            for depth_of_header in range(1, len(prefix) + 1):
                lines.setdefault(".".join(prefix[:depth_of_header]), number)
            continue
        if depth == 0 and (key := _KEY.match(line)):
            place = prefix
            for part in _parts(key[1])[:_DEEPEST_TOLD]:
                place = [*place, part]
                lines.setdefault(".".join(place), number)
        if _BRACKET.search(line):
            bare = _STRINGS.sub("", line)
            depth += sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}")
    return lines


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
