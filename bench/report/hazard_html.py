"""The hazard study as one HTML file that needs nothing else: picture, table, margins, and what is assumed."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from bench.errors import RecordError
from bench.hazard.margin import Margin
from bench.hazard.published import beside
from bench.hazard.result import MEANING, HazardStudy, seconds
from bench.report.hazard_beside import (
    every_share,
    floor_words,
    off_words,
    published_words,
    share_words,
    value_words,
)
from bench.report.hazard_picture import by_case, hazard_picture
from bench.report.hazard_words import (
    MARKS,
    SHOWN,
    band_words,
    bound_words,
    fhti_words,
    ftti_words,
    stage_words,
)


def write_hazard_html(study: HazardStudy, margins: Mapping[tuple[str, str], Margin], path: Path) -> None:
    """Raises RecordError when the file cannot be written."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        stage_words=stage_words,
        band_words=band_words,
        ftti_words=ftti_words,
        fhti_words=fhti_words,
        share_words=share_words,
        published_words=published_words,
        off_words=off_words,
        value_words=value_words,
    )
    environment.filters["seconds"] = seconds
    template = environment.from_string(
        files("bench.report").joinpath("hazard.html.j2").read_text(encoding="utf-8")
    )
    text = template.render(
        study=study,
        margins=margins,
        groups=by_case(study),
        stages=SHOWN,
        meaning=MEANING,
        bound=bound_words(study.samples),
        marks=MARKS,
        picture=hazard_picture(study, margins),
        beside=beside(study.results),
        every_share=every_share(study.results),
        chemistries=list(dict.fromkeys(one.chemistry for one in study.results)),
        floor=floor_words(study.samples),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RecordError(f"{path}: cannot write the report: {error}") from error
