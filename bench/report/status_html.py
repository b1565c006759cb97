"""The status sheet as HTML: the first page of a report, or a page of its own that prints on one A4."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from bench.errors import RecordError
from bench.report.status import COLUMNS, Sheet, footnotes
from bench.report.ticks import ticks

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ sheet.words }} · {{ sheet.title }}</title>
<style>
* { box-sizing: border-box; }
html { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { margin: 0 auto; max-width: 1180px; padding: 24px; color: #1b2430; background: #fff;
  font: 14px/1.45 "Segoe UI", "Helvetica Neue", Roboto, "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
@page { size: A4; margin: 9mm 10mm; }
@media print { body { padding: 0; max-width: none; } .sheet { break-after: auto !important; } }
@media screen and (max-width: 760px) { body { padding: 8px; } }
</style>
</head>
<body>
<main>
{{ fragment }}
</main>
</body>
</html>
"""


def status_fragment(sheet: Sheet) -> Markup:
    """For a page that has its own head."""
    text = _template().render(
        sheet=sheet, columns=COLUMNS, notes=footnotes(sheet), shown=any(map(sheet.green, sheet.rows))
    )
    return Markup(text)


def status_page(sheet: Sheet) -> str:
    """The status sheet as a whole HTML page."""
    return _environment().from_string(_PAGE).render(sheet=sheet, fragment=status_fragment(sheet))


def write_status(sheet: Sheet, path: Path) -> None:
    """Raises RecordError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(status_page(sheet), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RecordError(f"{path}: cannot write the status sheet: {error}") from error


@cache
def _template() -> Template:
    return _environment().from_string(
        files("bench.report").joinpath("status.html.j2").read_text(encoding="utf-8")
    )


def _environment() -> Environment:
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(ticks=ticks, whole=_whole)
    return made


def _whole(said: str) -> str:
    """A number and its unit stay on one line."""
    for unit in ("ns", "µs", "ms"):
        said = said.replace(f" {unit}", f"\u00a0{unit}")
    return said
