"""Clauses of standards in a scenario file: those that it performs, and those that it only touches.

To perform a clause is to apply its stimulus and its end conditions, as far as they concern the BMS. To touch one is to
be about the same hazard or function without following it.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.config.toml_file import TomlFile
    from bench.scenario.shape import ScenarioShape

_NUMBER = re.compile(r"\b(?:[Aa]nnex|[Aa]ppendix|[Cc]lause|[Tt]able) [A-Z0-9]+|\s(?:[A-Z]\.)?\d+(?:\.\d+)+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clauses:
    """Clauses of standards: those that a scenario performs, and those that it only touches."""

    performs: tuple[str, ...]
    touches: tuple[str, ...]


def clauses_of(file: "TomlFile", shape: "ScenarioShape") -> Clauses:
    """`standards`, the old key, only ever meant that a scenario touches them."""
    touches = tuple(dict.fromkeys((*shape.touches, *shape.standards)))
    for index, clause in enumerate(shape.performs):
        if not names_a_clause(clause):
            told = f"found '{clause}', a document; expected its clause, such as 'GB 38031-2025 8.2.14'"
            file.mistake(("performs", index), told)
        if clause in touches:
            told = f"found '{clause}' among what it touches, too; expected it once"
            file.mistake(("performs", index), told)
    if shape.performs and shape.aim != "must_trip":
        told = (
            f"found a clause that is performed under aim '{shape.aim}'; expected touches, or aim 'must_trip'"
        )
        file.mistake(("performs",), told)
    return Clauses(performs=tuple(shape.performs), touches=touches)


def names_a_clause(text: str) -> bool:
    """`UN R100.03 Annex 9G`, `ISO 26262-4:2018 7.4.3`, `GB 38031-2025 C.5.3.7`; not `ISO 26262-4:2018`."""
    return _NUMBER.search(text) is not None
