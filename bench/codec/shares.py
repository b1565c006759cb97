"""Cells and sensors that several messages share: every one of them is shown, and none twice."""

from collections.abc import Mapping, Sequence

from bench.codec.database import Message
from bench.codec.page_layout import expand
from bench.config.play import INDEXED, Play, named
from bench.errors import nearest


def shares_missing(tables: Sequence[tuple[str, Play, Message]], numbers: Mapping[str, int]) -> list[str]:
    """Mistakes of numbered quantities over all tables together: a cell or sensor that none shows, or two do.

    tables: (place, play, message), whatever else is wrong with them.
    """
    mistakes: list[str] = []
    shown: dict[tuple[str, str], dict[int, list[tuple[str, str]]]] = {}
    for place, play, message in tables:
        for name, (one, index) in expand(play, message, place)[0].items():
            if one.indexed:
                shown.setdefault((one.quantity, one.what), {}).setdefault(index, []).append((place, name))
    for (quantity, what), by_index in shown.items():
        wanted = numbers.get(quantity, 0)
        kind = INDEXED[quantity]
        for index, places in by_index.items():
            if len(places) > 1:
                (place, name), (_, other) = places[:2]
                mistakes.append(
                    f"{place}: found {kind} {index + 1} shown twice, by '{name}' and '{other}'; expected each once"
                )
        if kind == "string":
            continue  # what is shown of one string may be shown of another as the pack's
        absent = [index for index in range(wanted) if index not in by_index]
        if absent:
            mistakes.append(_absent(tables, quantity, what, absent, wanted))
    return mistakes


def _absent(
    tables: Sequence[tuple[str, Play, Message]], quantity: str, what: str, absent: Sequence[int], wanted: int
) -> str:
    asked = [
        (place, message, one)
        for place, play, message in tables
        for one in play.shown
        if (one.quantity, one.what) == (quantity, what)
    ]
    place, message, one = asked[0]
    if len(asked) == 1 and one.number is None:
        name = named(one.signal, absent[0] + 1)
        near = nearest(name, message.fields)
        return f"{place}: found no signal '{name}' in the DBC; expected {wanted} of '{one.signal}'{near}"
    kind = INDEXED[quantity]
    names = sorted({named(one.signal, absent[0] + 1) for _, _, one in asked if one.number is None})
    looked = f" (no message of them has {' or '.join(repr(name) for name in names[:3])})" if names else ""
    listed = ", ".join(str(index + 1) for index in absent[:8]) + (", …" if len(absent) > 8 else "")
    return (
        f"{place}: found no signal for {kind} {listed} in the {len(asked)} tables that show {quantity}{looked}; "
        f"expected each of {wanted} {kind}s in one of them"
    )
