"""Tables of a page made fit for a phone and a screen reader: scope in headings, and each cell's heading beside it.

A phone shows a table as a list: every cell on a line of its own, behind the heading of its column. The headings come
by CSS, one rule for each kind of table, so that the page holds them once.
"""

import html
import re

from bench.report.glossary import TERMS, explained

_TABLE = re.compile(
    r"<table([^>]*)>((?:\s*<caption>.*?</caption>)?\s*<thead>\s*<tr>)(.*?)(</tr>\s*</thead>)", re.S
)
_CELL = re.compile(r"<th([^>]*)>(.*?)</th>", re.S)
_TAG = re.compile(r"<[^>]*>")
_TERM = re.compile(
    rf"\b(?:{'|'.join(sorted((one for one in TERMS if len(one) > 1), key=len, reverse=True))})\b"
)
_CLASS = re.compile(r'class="')


def narrow(page: str) -> tuple[str, str]:
    """(the page with its tables told apart, the style sheet for a phone)."""
    kinds: dict[tuple[str, ...], str] = {}

    def marked(found: re.Match[str]) -> str:
        attributes, before, cells, after = found.groups()
        names = tuple(html.unescape(_TAG.sub("", heading)).strip() for _, heading in _CELL.findall(cells))
        first = names not in kinds
        kind = kinds.setdefault(names, f"t{len(kinds)}")
        if _CLASS.search(attributes):
            attributes = _CLASS.sub(f'class="{kind} ', attributes, count=1)
        else:
            attributes = f'{attributes} class="{kind}"'
        scoped = _CELL.sub(_explained if first else _scoped, cells)
        return f"<table{attributes}>{before}{scoped}{after}"

    page = _TABLE.sub(marked, page)
    rules = [
        f'.{kind} td:nth-child({place})::before{{content:"{_css(name)}"}}'
        for names, kind in kinds.items()
        for place, name in enumerate(names, start=1)
        if name
    ]
    return page, f"@media screen and (max-width:760px){{{''.join(rules)}}}\n" if rules else ""


def _scoped(cell: re.Match[str]) -> str:
    """A heading of its column; one without a word heads nothing."""
    attributes, heading = cell.groups()
    return f'<th scope="col"{attributes}>{heading}</th>' if heading.strip() else f"<td{attributes}></td>"


def _explained(cell: re.Match[str]) -> str:
    """Terms tell their meaning at hover, in the first table of each kind: in all of them it would be half the page."""
    heading = cell[2]
    if heading in TERMS:
        heading = str(explained(heading))
    elif "<" not in heading:
        heading = _TERM.sub(lambda found: str(explained(found[0])), heading)
    head = f'<th scope="col"{cell[1]}>'
    return f"{head}{heading}</th>" if heading.strip() else f"<td{cell[1]}></td>"


def _css(name: str) -> str:
    """Any text within a string of CSS, within a page of HTML."""
    return "".join(c if c.isalnum() or c in " ,./%-" else f"\\{ord(c):x} " for c in name)
