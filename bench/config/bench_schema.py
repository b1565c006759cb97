"""The JSON schema of a bench file: its own tables, and those of every kind of instrument with the options it brings."""

from typing import Any

from bench.config.bench_shape import BenchShape, InstrumentTable
from bench.config.instrument_kinds import InstrumentKind, instruments
from bench.config.option_shape import AnyOption, table_of
from bench.config.power_table import PowerTable
from bench.config.profile_shape import ProfileShape
from bench.config.toml_file import Shape

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ROLES = {"relay": "relays", "supply": "supply"}


def bench_schema() -> dict[str, Any]:
    """For an editor: what may stand in a bench file on this machine, closed parts included."""
    kinds = instruments().all()
    whole = BenchShape.model_json_schema(ref_template="#/$defs/{model}")
    tables = whole["properties"]
    tables["instrument"]["additionalProperties"] = _chosen(
        "kind",
        InstrumentTable.means()["kind"],
        {name: _table(InstrumentTable, kind.bench_options) for name, kind in kinds.items()},
    )
    power = whole["$defs"]["DutTable"]["properties"]["power"]
    whole["$defs"]["DutTable"]["properties"]["power"] = {"description": power["description"], **_power(kinds)}
    return {"$schema": _DIALECT, "title": "hil_config.toml", **whole}


def profile_schema() -> dict[str, Any]:
    """For an editor: what may stand in a DUT profile."""
    whole = ProfileShape.model_json_schema(ref_template="#/$defs/{model}")
    outputs = whole["properties"]["output"]
    outputs["additionalProperties"] = {"anyOf": [{"type": "string"}, outputs["additionalProperties"]]}
    return {"$schema": _DIALECT, "title": "a DUT profile", **whole}


def _table(base: type[Shape], options: tuple[AnyOption, ...]) -> dict[str, Any]:
    made: dict[str, Any] = table_of(base, options).model_json_schema(ref_template="#/$defs/{model}")
    made.pop("description", None)
    for option in options:
        made["properties"][option.name]["description"] = option.meaning
        made["properties"][option.name].pop("default", None)
    return made


def _chosen(key: str, meaning: str, tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """By the name that stands under `key`, so that a mistake is told of that table and not of all."""
    each = [
        {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": table}
        for name, table in tables.items()
    ]
    asked = {"enum": list(tables), "description": meaning}
    return {"type": "object", "required": [key], "properties": {key: asked}, "allOf": each}


def _power(kinds: dict[str, InstrumentKind]) -> dict[str, Any]:
    """By commands, or by a relay card or a supply with its options."""
    able = {
        key: {name: _table(PowerTable, one.options) for name, one in kinds.items() if one.role == role}
        for key, role in _ROLES.items()
    }
    by_key = [
        {"if": {"required": [key]}, "then": _chosen(key, PowerTable.means()[key], tables)}
        for key, tables in able.items()
    ]
    commands = {"if": {"required": ["on"]}, "then": _table(PowerTable, ())}
    return {"type": "object", "allOf": [*by_key, commands]}
