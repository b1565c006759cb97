"""The table of a file that takes, beside its own keys, the options of a kind of instrument."""

from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import Field, create_model

from bench.config.instrument_kinds import instruments
from bench.config.options import Option
from bench.config.toml_file import DurationNs, Shape, TomlFile, quantity_of

S = TypeVar("S", bound=Shape)
AnyOption = Option[Any]


@cache
def table_of(base: type[S], options: tuple[AnyOption, ...]) -> type[S]:
    """`base` with a key for each option; None where the file does not give it."""
    fields: Any = {
        one.name: (_type(one) | None, Field(default=None, ge=one.lowest, le=one.highest)) for one in options
    }
    return create_model(base.__name__, __base__=base, **fields) if fields else base


def _type(option: AnyOption) -> Any:
    if option.choices:
        return Literal[option.choices]
    return {"whole": int, "wholes": list[int], "text": str, "duration": DurationNs}.get(
        option.form
    ) or quantity_of(option.unit)


def given(table: Shape, options: tuple[AnyOption, ...]) -> dict[str, Any]:
    """What the file says for the options, by name."""
    said = {one.name: getattr(table, one.name) for one in options if one.name in table.model_fields_set}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}


def lacking(table: Shape, options: tuple[AnyOption, ...]) -> list[AnyOption]:
    """What a real instrument needs and the file does not give."""
    return [one for one in options if one.needed and one.name not in table.model_fields_set]


def without_foreign(
    file: TomlFile,
    raw: dict[str, Any],
    place: tuple[str, ...],
    base: type[Shape],
    options: tuple[AnyOption, ...],
    title: str,
) -> dict[str, Any]:
    """The table without options of other kinds; a mistake is noted for each."""
    known = {*base.model_fields, *(one.name for one in options)}
    strange = sorted(key for key in raw if key not in known)
    if not strange:
        return raw
    having: dict[str, list[str]] = {}
    for kind in instruments().all().values():
        for one in kind.bench_options:
            having.setdefault(one.name, []).append(kind.title)
    foreign = [key for key in strange if key in having]
    for key in foreign:
        file.mistake((*place, key), f"found it for {title}; expected it for {', '.join(having[key])} only")
    return {key: value for key, value in raw.items() if key not in foreign}
