"""Texts of requirements from a file of the user's: CSV with the columns `id` and `text`, or ReqIF (OMG, XML).

XML is read without a document type: no entity is defined, and nothing outside of the file is asked for.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from bench.config.user_file import read_bytes, read_text
from bench.errors import ConfigError, at_place, clear

_MOST, _LONGEST = 20_000, 4_000
_DEEPEST = 200
_EXPECTED = "requirements as CSV with the columns id and text, or as ReqIF"
_IDS = ("ReqIF.ForeignID", "ID", "Identifier")
_TEXTS = ("ReqIF.Text", "ReqIF.Name", "ReqIF.ChapterName", "Text", "Title")


def requirement_texts(path: Path) -> dict[str, str]:
    """Requirement → its text. Raises ConfigError, one line, for whatever cannot be read as such."""
    head = read_bytes(path, _EXPECTED)[:200].lstrip(b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n")
    found: dict[str, str] = {}
    for place, name, text in _of_reqif(path) if head.startswith(b"<") else _of_csv(path):
        if name in found:
            raise ConfigError(
                at_place(path, place, f"found '{clear(name, 80)}' twice", "each requirement once")
            )
        if len(found) == _MOST:
            raise ConfigError(at_place(path, place, "found too many", f"{_MOST} requirements at most"))
        found[name] = clear(" ".join(text.split()), _LONGEST)
    if not found:
        raise ConfigError(at_place(path, "", "found none", _EXPECTED))
    return found


def _of_csv(path: Path) -> Iterator[tuple[str, str, str]]:
    content = read_text(path, _EXPECTED)
    first = content.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(content, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    try:
        heads = [one.strip().lower() for one in next(reader, [])]
        if heads.count("id") != 1 or heads.count("text") != 1:
            said = clear(", ".join(heads), 80)
            raise ConfigError(
                at_place(path, "line 1", f"found the columns '{said}'", "id and text among them")
            )
        at = heads.index("id"), heads.index("text")
        for row in reader:
            if not any(one.strip() for one in row):
                continue
            place = f"line {reader.line_num}"
            if len(row) <= max(at) or not row[at[0]].strip() or not row[at[1]].strip():
                raise ConfigError(at_place(path, place, "found no id or no text", "both in every line"))
            yield place, row[at[0]].strip(), row[at[1]]
    except csv.Error as error:
        raise ConfigError(
            at_place(path, f"line {reader.line_num}", f"found no CSV ({error})", _EXPECTED)
        ) from error


class _Refused(Exception):
    """What the file holds that is not read."""


def _tree(path: Path) -> Element:
    builder = TreeBuilder()
    depth = 0
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _Refused(f"found elements more than {_DEEPEST} deep")
        builder.start(tag.rpartition(" ")[2], attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition(" ")[2])

    def refuse(*_: object) -> None:
        raise _Refused("found a document type, which could define entities")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(read_bytes(path, _EXPECTED), True)
        return builder.close()
    except _Refused as why:
        raise ConfigError(
            at_place(path, f"line {parser.CurrentLineNumber}", str(why), "plain ReqIF")
        ) from None
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        raise ConfigError(
            at_place(path, "", f"found no XML that can be read ({error})", _EXPECTED)
        ) from error


def _of_reqif(path: Path) -> Iterator[tuple[str, str, str]]:
    root = _tree(path)
    if root.tag != "REQ-IF":
        raise ConfigError(
            at_place(path, "", f"found <{clear(root.tag, 60)}>", "REQ-IF as the outermost element")
        )
    names = {
        one.get("IDENTIFIER", ""): one.get("LONG-NAME", "")
        for one in root.iter()
        if one.tag.startswith("ATTRIBUTE-DEFINITION-")
    }
    for thing in root.iter("SPEC-OBJECT"):
        values = dict(_values(thing, names))
        name = next((values[key] for key in _IDS if values.get(key)), "")
        text = next((values[key] for key in _TEXTS if values.get(key)), thing.get("LONG-NAME", ""))
        if name and text:
            yield f"SPEC-OBJECT {clear(thing.get('IDENTIFIER', ''), 60)}", name, text


def _values(thing: Element, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Attribute's name → what it says; of XHTML the text alone."""
    for one in thing.iter():
        if not one.tag.startswith("ATTRIBUTE-VALUE-"):
            continue
        ref = next((ref.text or "" for place in one.iter("DEFINITION") for ref in place), "").strip()
        said = one.get("THE-VALUE")
        if said is None:
            said = " ".join("".join(part.itertext()) for part in one.iter("THE-VALUE"))
        yield names.get(ref, ref), " ".join(said.split())
