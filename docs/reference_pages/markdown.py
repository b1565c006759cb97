"""Markdown of a table, and texts that stand in one."""

from collections.abc import Iterable, Iterator, Sequence


def cell(text: str) -> str:
    """One line that breaks no table and starts no HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def code(text: str) -> str:
    """As code, also where the text holds a bar."""
    return f"`{text}`".replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table; no line at all without rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if lines:
        yield from (f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines, "")


def anchor(name: str) -> str:
    """A target that other pages can link to."""
    return f"({name})="
