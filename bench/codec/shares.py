"""Cells and sensors that several messages share: every one of them is shown, and none twice."""

from collections.abc import Iterable, Mapping, Sequence

from bench.codec.database import Database, Message
from bench.codec.page_layout import expand
from bench.config.play import INDEXED, Play, Shown
from bench.errors import nearest

_MOST_NAMED = 3

Table = tuple[str, Play, Message]
"""A `[[play]]`: where it stands, what it says, and its message."""


def shares_missing(
    tables: Sequence[Table], numbers: Mapping[str, int], databases: Mapping[str, Database]
) -> list[str]:
    """Mistakes of numbered quantities over all tables together: a cell or sensor that none shows, or two do.

    tables: whatever else is wrong with them. databases: by channel, to say where a signal is that no table shows.
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
        absent = [index + 1 for index in range(wanted) if index not in by_index]
        if absent:
            asked = [
                (place, play, one, message)
                for place, play, message in tables
                for one in play.shown
                if (one.quantity, one.what) == (quantity, what)
            ]
            mistakes.append(_absent(asked, quantity, absent, wanted, databases))
    return mistakes


def _absent(
    asked: Sequence[tuple[str, Play, Shown, Message]],
    quantity: str,
    absent: Sequence[int],
    wanted: int,
    databases: Mapping[str, Database],
) -> str:
    """The line for what is shown by no table: it says where else its signals are, or that there are none."""
    place, play, first, message = asked[0]
    kind = INDEXED[quantity]
    found = f"{place}: found no signal for {kind} {_listed(absent)} in {_tables(len(asked))} {quantity}"
    names = [
        name
        for _, _, one, _ in asked
        for number in absent
        if (name := one.name_of(number)) and one.number is None
    ]
    elsewhere = _elsewhere(names, databases.get(play.channel), {each.name for *_, each in asked})
    if elsewhere:
        expected = f"a [[play]] for each other message that has them: {elsewhere}"
    elif len(asked) == 1 and first.number is None:
        name = next(iter(names), first.signal)
        expected = (
            f"{wanted} of '{first.signal}'; no message of the bus has '{name}'{nearest(name, message.fields)}"
        )
    else:
        looked = ", ".join(f"'{name}'" for name in dict.fromkeys(names[:_MOST_NAMED]))
        beside = f" (no message of the bus has {looked})" if looked else ""
        expected = f"each of {wanted} {kind}s in one of them{beside}"
    return f"{found}; expected {expected}"


def _tables(count: int) -> str:
    return "the table that shows" if count == 1 else f"the {count} tables that show"


def _elsewhere(names: Iterable[str], database: Database | None, taken: set[str]) -> str:
    """Messages of the bus that have such signals and are in no table; "" for none."""
    wanted = set(names)
    if database is None:
        return ""
    found = [one.name for one in database.messages if one.name not in taken and wanted & one.fields.keys()]
    return ", ".join(found[:_MOST_NAMED]) + (", …" if len(found) > _MOST_NAMED else "")


def _listed(numbers: Sequence[int]) -> str:
    """1 to 4, 9, 12 to 96."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [
        f"{low}" if low == high else f"{low}{' to ' if high > low + 1 else ', '}{high}" for low, high in spans
    ]
    return ", ".join(words[:8]) + (", …" if len(words) > 8 else "")
