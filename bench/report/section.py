"""A section of the report as one file of `bench/report/sections/`: its content, once for HTML and Markdown.

The file holds a `Section` called SECTION, and further ones by any name. In HTML its place says where it stands among
the fixed sections (`Place`). In the Markdown summary it follows the coverage, or the reasons if its place is behind the
details.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from markupsafe import Markup, escape

from bench.config.report_sections import SectionFacts, report_sections
from bench.parts import told_of
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
class Section(SectionFacts):
    """tell: None where it has nothing to say."""

    tell: Callable[[RunResult, ReportExtras], Told | None]


@cache
def sections() -> tuple[Section, ...]:
    """All of them in their order. One that cannot be used says so at the end of the report, in its own name."""
    shelf = report_sections()
    held = [one for name, own in shelf.all().items() for one in (own, *shelf.beside(name))]
    found = [one for one in held if isinstance(one, Section)]
    found += [_missing(name, why) for name in shelf.names() if (why := shelf.broken(name))]
    return tuple(sorted(found, key=lambda one: (one.place, one.title)))


def _missing(name: str, why: str) -> Section:
    return Section(
        title=f"Section '{name}'", place=Place.END, tell=lambda *_: Told(lines=(f"It is missing: {why}.",))
    )


def _said(one: Section, run: RunResult, extras: ReportExtras) -> Told | None:
    """What it says, as plain text. A section that fails costs the report nothing else, and says that it did."""
    try:
        said = one.tell(run, extras)
        return None if said is None else _plain(said)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a section does
        return Told(lines=(f"This section is missing, since it failed: {told_of(error)}.",))


def _plain(said: object) -> Told:
    if not isinstance(said, Told):
        raise TypeError(f"found a {type(said).__name__} from 'tell'; expected Told, or None")
    for key in ("lines", "headings"):
        if isinstance(getattr(said, key), str):
            raise TypeError(f"found a text as '{key}'; expected a sequence of texts, such as (text,)")
    rows = [tuple(str(cell) for cell in row) for row in said.rows]
    headings = tuple(str(one) for one in said.headings)
    for row in rows:
        if len(row) != len(headings):
            raise ValueError(
                f"found a row of {len(row)} cells under {len(headings)} headings; expected as many"
            )
    return Told(lines=tuple(str(one) for one in said.lines), headings=headings, rows=rows)


def sections_html(run: RunResult, extras: ReportExtras) -> Callable[[str], Markup]:
    """What stands before a `Place` and behind the one before it, by the place's name."""
    told = [(one, said) for one in sections() if (said := _said(one, run, extras)) is not None]

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
        if inside and (said := _said(one, run, extras)) is not None:
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
