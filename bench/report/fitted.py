"""A table as wide as the terminal goes, and lines in its place where it would cut or break what it holds."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bench.report.stacked import packed

_INDENT = "  "
_GLUE = "\u00a0"  # no place to break a line: within "80.0 ms" and at the ends of an interval
_TO_GLUE = re.compile(
    r"(?<=\d) (?=(?:ns|µs|ms|s|min|h|d|%|V|A|kHz|Hz|ohm|°C|K)\b|%)|(?<=\S) (?=[…→/] )|(?<= […→/]) "
)
_LEAST = 12  # columns of what goes on below: a narrower column is no pleasure to read
_GAP = 3  # columns between two columns of a table; its two edges take one less


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRows:
    """Headings and rows. styles: of each row. lead: the columns that head a row where it stands in lines.

    flowing: columns of words, which may go on below between two words. All others are never broken.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    styles: Sequence[str] = ()
    lead: Sequence[int] = (0,)
    flowing: frozenset[int] = frozenset()


def fitted(sheet: FittedRows, width: int | None) -> RenderableType:
    """The table, with words that go on below if they have to; else lines. width: in columns, None as wide as it is."""
    natural = [max(map(_widest, column)) for column in _columns(sheet)]
    around = _GAP * len(natural) - 1
    if width is None or sum(natural) + around <= width:
        return _table(sheet, natural)
    least = [
        max(_longest_word(column), min(full, _LEAST)) if at in sheet.flowing else full
        for at, (column, full) in enumerate(zip(_columns(sheet), natural, strict=True))
    ]
    left = width - around
    if sheet.rows and sum(least) <= left:
        return _table(sheet, _shared(natural, least, left))
    return _lines(sheet, width)


def _columns(sheet: FittedRows) -> list[list[str]]:
    return [[name, *(row[at] for row in sheet.rows)] for at, name in enumerate(sheet.headings)]


def _widest(cell: str) -> int:
    return max(map(len, cell.split("\n")))


def _longest_word(column: Sequence[str]) -> int:
    return max(
        len(word) for cell in column for word in _TO_GLUE.sub(_GLUE, cell).replace("\n", " ").split(" ")
    )


def _shared(natural: Sequence[int], least: Sequence[int], left: int) -> list[int]:
    """The widths of columns that share `left`: all up to the same one, as far as they need it."""

    def at_most(most: int) -> list[int]:
        return [max(low, min(full, most)) for full, low in zip(natural, least, strict=True)]

    return next(widths for most in range(left, -1, -1) if sum(widths := at_most(most)) <= left)


def _table(sheet: FittedRows, widths: Sequence[int]) -> Table:
    table = Table(title=sheet.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in zip(sheet.headings, widths, strict=True):
        table.add_column(Text("\n".join(_wrapped(name, width))), no_wrap=True)
    for at, row in enumerate(sheet.rows):
        cells = (Text("\n".join(_wrapped(cell, width))) for cell, width in zip(row, widths, strict=True))
        table.add_row(*cells, style=sheet.styles[at] if sheet.styles else "")
    return table


def _lines(sheet: FittedRows, width: int) -> Text:
    """A line that heads each row, and below it all its other cells with their headings."""
    text = Text()
    text.append(f"{sheet.title}\n" if sheet.title else "", style="italic")
    for at, row in enumerate(sheet.rows):
        head = " ".join(filter(None, (row[one].replace("\n", " ") for one in sheet.lead)))
        text.append(f"{head}\n", style=sheet.styles[at] if sheet.styles else "")
        for line in packed([*_parts(sheet, row)], width - len(_INDENT)):
            text.append("".join(f"{_INDENT}{one}\n" for one in _wrapped(line, width - len(_INDENT), _INDENT)))
    return text


def _parts(sheet: FittedRows, row: Sequence[str]) -> Iterator[str]:
    for at, (name, cell) in enumerate(zip(sheet.headings, row, strict=True)):
        if cell and at not in sheet.lead:
            yield f"{name} {cell}".strip().replace("\n", " ")


def _wrapped(text: str, width: int, below: str = "") -> list[str]:
    """Its lines, none of them wider unless a word or a figure is. below: what all but the first begin with."""
    how = textwrap.TextWrapper(
        width=max(1, width), subsequent_indent=below, break_long_words=False, break_on_hyphens=False
    )
    glued = (_TO_GLUE.sub(_GLUE, line) for line in text.split("\n"))
    return [line.replace(_GLUE, " ") for one in glued for line in how.wrap(one) or [""]]
