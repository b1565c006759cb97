"""`[[always]]` of a profile, read: every mistake is noted with its place."""

from collections.abc import Collection, Iterator, Sequence

from bench.config.always import STATEMENTS, AlwaysSaid
from bench.config.profile_shape import AlwaysTable
from bench.config.toml_file import TomlFile
from bench.config.user_file import Place
from bench.errors import choices, nearest
from bench.units import parse_quantity

_OWN = ("tolerance", "delay", "at", "index_from", "flags", "first")


def read_always(
    file: TomlFile, tables: Sequence[AlwaysTable], flags: Collection[str]
) -> dict[str, AlwaysSaid]:
    """By the name of the statement, each at most once."""
    found: dict[str, AlwaysSaid] = {}
    for index, table in enumerate(tables):
        place: Place = ("always", index)
        for key, text in _mistakes(table, found):
            file.mistake((*place, key), text)
        found[table.statement] = AlwaysSaid(
            off=(table.off or "").strip(),
            tolerance=_tolerance(file, table, place),
            delay_ns=table.delay,
            at=table.at,
            index_from=table.index_from,
            flags=_flags(file, table, place, flags),
            first=table.first or "",
        )
    return found


def _mistakes(table: AlwaysTable, before: dict[str, AlwaysSaid]) -> Iterator[tuple[str, str]]:
    """(key, what is wrong with it)."""
    name = table.statement
    if name not in STATEMENTS:
        known = choices(name, STATEMENTS)
        yield (
            "statement",
            f"found unknown statement '{name}'; expected one of {known}{nearest(name, STATEMENTS)}",
        )
        return
    if name in before:
        yield "statement", f"found '{name}' twice; expected each statement once"
    own = table.model_fields_set & set(_OWN)
    if table.off is not None and not table.off.strip():
        yield "off", "found none; expected the reason, for the report"
    if table.off is not None and own:
        yield sorted(own)[0], "found it beside 'off'; expected one of them"
    for key in sorted(own - set(STATEMENTS[name].keys)):
        known_keys = ", ".join(("off", *STATEMENTS[name].keys))
        yield key, f"found it for '{name}'; expected of its keys: {known_keys}"


def _flags(file: TomlFile, table: AlwaysTable, place: Place, known: Collection[str]) -> tuple[str, ...]:
    for index, name in enumerate(table.flags):
        if name not in known:
            found = (
                f"found unknown flag '{name}'; expected one of {choices(name, known)}{nearest(name, known)}"
            )
            file.mistake((*place, "flags", index), found)
    return tuple(name for name in table.flags if name in known)


def _tolerance(file: TomlFile, table: AlwaysTable, place: Place) -> float:
    if table.tolerance is None:
        return 0.0
    for unit in ("V", "degC", "A"):
        try:
            return abs(parse_quantity(table.tolerance, unit))
        except ValueError:
            continue
    file.mistake((*place, "tolerance"), f"found '{table.tolerance}'; expected a quantity, such as \"5 mV\"")
    return 0.0
