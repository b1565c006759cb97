"""What may be of one type or another and is of neither: one mistake, where pydantic tells one for each of them."""

from collections.abc import Iterable, Mapping
from typing import Any

Detail = dict[str, Any]


def one_branch(details: Iterable[Mapping[str, Any]], data: object) -> list[Detail]:
    """Without the names of branches in their places; of a value that fits one branch in part, that branch only."""
    found = [(dict(detail), *_split(detail, data)) for detail in details]
    deepest = {
        place: any(rest for _, at, branch, rest in found if branch and at == place)
        for _, place, _, _ in found
    }
    kept: list[Detail] = []
    for detail, place, branch, rest in found:
        if branch and deepest[place] and not rest:
            continue  # another branch went further into the value
        kept.append({**detail, "loc": (*place, *rest)} if branch else detail)
    return kept


def _split(detail: Mapping[str, Any], data: object) -> tuple[tuple[Any, ...], str, tuple[Any, ...]]:
    """(the place of the value, the branch that was tried or "", the place within the value)"""
    loc = tuple(detail["loc"])
    value: Any = data
    for depth, part in enumerate(loc):
        there = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int)
        )
        if not there:
            missing = detail["type"] == "missing" and depth == len(loc) - 1
            return (loc, "", ()) if missing else (loc[:depth], str(part), _without_branches(loc[depth + 1 :]))
        value = value[part] if not isinstance(value, list) or part < len(value) else None
    return loc, "", ()


def _without_branches(loc: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part for part in loc if isinstance(part, int) or part.isidentifier())


def joined(texts: list[str]) -> str:
    """`found 7; expected text`, `found 7; expected a list` → `found 7; expected text or a list`."""
    found = [text.partition("; expected ") for text in dict.fromkeys(texts)]
    expected = dict.fromkeys(rest for head, _, rest in found if head == found[0][0])
    return found[0][0] + (f"; expected {' or '.join(expected)}" if expected else "")
