"""Text within Markdown: whatever a file or a DUT has said stays text, in a pull request's comment as in a file.

Escaped are marks of Markdown, HTML, the bar of a table, and what GitHub and GitLab make of plain text: mentions,
references to issues, and links. `&#8203;` is a space of no width; dependency bots break mentions by it, too.
"""

import re
from collections.abc import Iterable, Sequence

from bench.errors import clear

_HERE = "\u200b"
_MARKS = re.compile(r"([\\`*\[\]|~$])")
_UNDERLINE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_REFERENCE = re.compile(r"([@#])(?=[A-Za-z0-9_\s-]|$)|\b(GH)(?=-\d)")
_LINK = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*:)(?=//)|\b(www|mailto)(?=[.:])", re.IGNORECASE)
_MOST = 4000  # of one text; a comment on GitHub holds 65,536 characters


def text(said: object) -> str:
    """Anything as plain text of one line."""
    line = clear(" ".join(str(said).split()), _MOST)
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _UNDERLINE.sub(r"\\_", _MARKS.sub(r"\\\1", line))
    for what in (_LINK, _REFERENCE):
        line = what.sub(lambda found: f"{found[0]}{_HERE}", line)
    return line.replace(_HERE, "&#8203;")


def code(said: object) -> str:
    """Anything as code within a line: a fence longer than every row of back-ticks in it."""
    line = clear(" ".join(str(said).split()), _MOST).replace("|", "\\|")
    longest = max((len(row) for row in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}" if longest or not line else f"{fence}{line}{fence}"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a table, its cells as text."""
    lines = [f"| {' | '.join(map(text, headings))} |", f"| {' | '.join('---' for _ in headings)} |"]
    return [*lines, *(f"| {' | '.join(map(text, row))} |" for row in rows)]
