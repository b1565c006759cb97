"""What a bench has to know of a section of its reports. What it says: `bench.report.section`."""

from dataclasses import dataclass
from functools import cache

from bench.parts import Shelf, modules

GROUP = "bms_hil.report_sections"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionFacts:
    """title: its heading. place: from 0 on, before the section of that `Place`."""

    title: str
    place: int


def _lacks(name: str, one: SectionFacts) -> str:  # noqa: ARG001
    if not isinstance(one.title, str) or not one.title:
        return "found no 'title'; expected its heading"
    if not isinstance(one.place, int) or one.place < 0:
        return f"found {one.place!r} as its 'place'; expected a whole number from 0 on, such as Place.END"
    if not callable(getattr(one, "tell", None)):
        return "found no 'tell' that can be called; expected a function of a run and its extras"
    return ""


@cache
def report_sections() -> Shelf[SectionFacts]:
    """The sections of the folder, and those that installed distributions bring."""
    return Shelf(
        what="report section",
        group=GROUP,
        house=modules("bench.report.sections", "*.py"),
        kind=SectionFacts,
        attribute="SECTION",
        lacks=_lacks,
        every=True,
    )
