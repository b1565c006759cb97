"""The JSON schema of a scenario file, for an editor: each [[step]] by its `do`, each fault by its own keys."""

from typing import Any

from bench.errors import ConfigError
from bench.faults.find import fault_names, kind
from bench.faults.shapes import keys_of
from bench.scenario.shape import ScenarioShape
from bench.scenario.step_shapes import STEPS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{model}"


def scenario_schema() -> dict[str, Any]:
    """With the faults that are installed on this machine."""
    whole = ScenarioShape.model_json_schema(ref_template=_REF)
    shared: dict[str, Any] = whole.setdefault("$defs", {})
    steps = {do: _table(shape, shared) for do, shape in STEPS.items()}
    steps["inject"] = _chosen(
        "fault",
        "which fault; `hil list faults` shows all",
        {name: _table(keys, shared) for name, keys in _faults().items()},
    )
    whole["properties"]["step"]["items"] = _chosen("do", "the kind of step", steps)
    return {"$schema": _DIALECT, "title": "a scenario", **whole}


def _faults() -> dict[str, Any]:
    """Keys of each fault that can be used."""
    found = {}
    for name in fault_names():
        try:
            found[name] = keys_of(kind(name))
        except ConfigError:
            continue  # one of another distribution that is broken: `hil check` says why
    return found


def _table(shape: Any, shared: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = shape.model_json_schema(ref_template=_REF)
    made.pop("description", None)
    shared |= made.pop("$defs", {})
    return made


def _chosen(key: str, meaning: str, tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """By the name that stands under `key`, so that a mistake is told of that table and not of all."""
    each = [
        {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": table}
        for name, table in tables.items()
    ]
    asked = {"enum": list(tables), "description": meaning}
    return {"type": "object", "required": [key], "properties": {key: asked}, "allOf": each}
