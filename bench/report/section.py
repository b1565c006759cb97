"""A section of the report as one file of `bench/report/sections/`: its content, once for HTML and Markdown.

The file holds a `Section`. In HTML its place says where it stands among the fixed sections (`Place`). In the Markdown
summary it follows the coverage, or the reasons if its place is behind the details.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import import_module
from pathlib import Path

from markupsafe import Markup, escape

from bench.report import markdown as md
from bench.report.extras import ReportExtras
from bench.verdict.result import RunResult


class Place(IntEnum):
    """Where the sections stand that every report has."""

    GOALS = 100
    COVERED = 200
    LAST_BUILD = 300
    HANDLED = 400
    DETAILS = 500
    MADE_OF = 600
    END = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a section says: sentences, then a table where it has rows. Texts are plain; nothing has to be escaped."""

    lines: Sequence[str] = ()
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """title: its heading. place: from 0 on, before the section of that `Place`. tell: None where it has nothing."""

    title: str
    place: int
    tell: Callable[[RunResult, ReportExtras], Told | None]


@cache
def sections() -> tuple[Section, ...]:
    """All of the folder in their order."""
    files = sorted((Path(__file__).parent / "sections").glob("[!_]*.py"))
    modules = (import_module(f"bench.report.sections.{file.stem}") for file in files)
    found = [one for module in modules for one in vars(module).values() if isinstance(one, Section)]
    return tuple(sorted(found, key=lambda one: (one.place, one.title)))


def sections_html(run: RunResult, extras: ReportExtras) -> Callable[[str], Markup]:
    """What stands before a `Place` and behind the one before it, by the place's name."""
    told = [(one, said) for one in sections() if (said := one.tell(run, extras)) is not None]

    def before(name: str) -> Markup:
        last, first = Place[name], max((p for p in Place if p < Place[name]), default=0)
        own = (
            each for each in told if first <= each[0].place and (each[0].place < last or last is Place.END)
        )
        return Markup("").join(_html(one.title, said) for one, said in own)

    return before


def sections_markdown(run: RunResult, extras: ReportExtras, first: int, last: int | None = None) -> list[str]:
    """The lines of those from `first` on and before `last`."""
    lines: list[str] = []
    for one in sections():
        inside = one.place >= first and (last is None or one.place < last)
        if inside and (said := one.tell(run, extras)) is not None:
            lines += ["", f"**{md.text(one.title)}**", "", *(f"- {md.text(line)}" for line in said.lines)]
            lines += ["", *md.table(said.headings, said.rows)] if said.rows else []
    return lines


def _html(title: str, said: Told) -> Markup:
    parts = [Markup("<h2>{}</h2>").format(title), *(Markup("<p>{}</p>").format(line) for line in said.lines)]
    if said.rows:
        parts += [Markup("<table><thead>"), _row("th", said.headings), Markup("</thead><tbody>")]
        parts += [_row("td", row) for row in said.rows]
        parts.append(Markup("</tbody></table>"))
    return Markup("\n").join([*parts, Markup("")])


def _row(tag: str, cells: Sequence[object]) -> Markup:
    return Markup(f"<tr>{''.join(f'<{tag}>{escape(one)}</{tag}>' for one in cells)}</tr>")
