"""Every key that a file may hold, from the JSON schema of that file (`hil schema scenario | profile | bench`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.config.toml_file import SHARE
from bench.units import format_ns
from reference_pages.markdown import cell, code, table

Schema = Mapping[str, Any]
_WITH_A_UNIT = "with a unit, such as "
_KINDS = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the file, as its heading stands there: `[start]`, `[[step]]`, `[flag.NAME]`. when: the key that makes
    it this one, such as `do = "wait"`."""

    path: str
    schema: Schema
    many: bool = False
    when: str = ""

    @property
    def heading(self) -> str:
        if not self.path:
            return "At the top of the file"
        whole = f"[[{self.path}]]" if self.many else f"[{self.path}]"
        return f"`{whole}`" + (f" with `{self.when}`" if self.when else "")


def page(title: str, words: str, schema: Schema, without: str = "-") -> Iterator[str]:
    """The page, line by line. without: how `when` of the tables begins that another page has."""
    yield from (f"# {title}", "", words, "")
    yield 'A quantity is a text with its unit, such as `"250 ms"`.'
    yield ""
    elsewhere = False
    for one in tables(schema):
        elsewhere = one.when.startswith(without) or (elsewhere and one.path.startswith("step."))
        if not elsewhere:
            yield from _section(one, schema.get("$defs", {}))


def tables(schema: Schema) -> Iterator[Table]:
    """Every table that the file may hold, each behind the one that holds it."""
    yield from _found(Table(path="", schema=schema), schema.get("$defs", {}))


def keys(one: Table) -> list[str]:
    """The names of its keys."""
    return list(one.schema.get("properties", {}))


def _section(one: Table, defs: Schema) -> Iterator[str]:
    defs = {**defs, **one.schema.get("$defs", {})}
    yield from (f"## {one.heading}", "")
    if one.schema.get("description"):
        yield from (cell(one.schema["description"]), "")
    needed = one.schema.get("required", ())
    rows = [_row(name, part, name in needed, defs) for name, part in one.schema.get("properties", {}).items()]
    said = any(row[-1] for row in rows)
    head = ("key", "takes", "default", "meaning")
    yield from table(head if said else head[:-1], [row if said else row[:-1] for row in rows])


def _row(name: str, part: Schema, needed: bool, defs: Schema) -> tuple[str, ...]:
    default = part.get("default")
    told = "*required*" if needed else _written(default, _quantity(part)) if _is_told(default) else "none"
    return code(name), cell(takes(part, defs)), told, cell(_meaning(part))


def _is_told(default: object) -> bool:
    """A default that is a table is told by the table's own keys."""
    return default not in (None, [], "") and not isinstance(default, dict)


def _written(value: object, example: str) -> str:
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, int | float):
        unit = example.rstrip('"').rpartition(" ")[2]
        percent = 100 * value if f'"{SHARE}"' in example else value  # a share is kept as 0 to 1
        in_unit = {"ms": format_ns(int(value)), "%": f"{percent:g} %", "": f"{value:,}"}
        return code(in_unit.get(unit, f"{value:g}"))
    return code(str(value))


def _quantity(part: Schema) -> str:
    """The example of a quantity; "" for anything else."""
    for one in (part, *part.get("anyOf", ())):
        _, mark, example = str(one.get("description", "")).rpartition(_WITH_A_UNIT)
        if mark:
            return f"{mark}{example}"
    return ""


def _meaning(part: Schema) -> str:
    said = str(part.get("description", ""))
    return said.partition(_WITH_A_UNIT)[0].removesuffix("; ")


def takes(part: Schema, defs: Schema) -> str:
    """What may stand there, in words."""
    part = _resolved(part, defs)
    if "const" in part:
        return code(str(part["const"]))
    if "enum" in part:
        return ", ".join(code(str(one)) for one in part["enum"])
    if "anyOf" in part:
        each = [takes(one, defs) for one in part["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(each)) or "anything"
    kind = part.get("type")
    if kind == "array":
        inner = part.get("items", {})
        return "tables" if _is_table(_resolved(inner, defs)) else f"a list: {takes(inner, defs)}"
    if kind == "object" or "allOf" in part:
        return "a table"
    if part.get("type") == "string" and (example := _quantity(part)):
        return f"a quantity {example}"
    return f"{_KINDS.get(str(kind), 'anything')}{_bounds(part)}"


def _bounds(part: Schema) -> str:
    low, above = part.get("minimum"), part.get("exclusiveMinimum")
    high, below = part.get("maximum"), part.get("exclusiveMaximum")
    said = (("from", low), ("above", above), ("to", high), ("below", below))
    return "".join(f" {word} {bound:,}" for word, bound in said if isinstance(bound, int | float))


def _resolved(part: Schema, defs: Schema) -> Schema:
    while "$ref" in part:
        part = {
            **defs[str(part["$ref"]).rpartition("/")[2]],
            **{k: v for k, v in part.items() if k != "$ref"},
        }
    return part


def _is_table(part: Schema) -> bool:
    return part.get("type") == "object" or "allOf" in part


def _found(one: Table, defs: Schema) -> Iterator[Table]:
    defs = {**defs, **one.schema.get("$defs", {})}
    if one.schema.get("properties") and "allOf" not in one.schema:
        yield one
    for choice in one.schema.get("allOf", ()):
        yield from _found(_chosen(one, choice), defs)
    if "allOf" in one.schema:
        return
    for name, part in one.schema.get("properties", {}).items():
        for inner in (part, *part.get("anyOf", ())):
            yield from _inside(f"{one.path}.{name}".lstrip("."), _resolved(inner, defs), defs)


def _chosen(one: Table, choice: Schema) -> Table:
    condition = choice["if"]
    ((key, value),) = condition.get("properties", {"": {}}).items() or (("", {}),)
    when = f'{key} = "{value["const"]}"' if value else f"{condition['required'][0]} = …"
    return Table(path=one.path, many=one.many, when=when, schema=choice["then"])


def _inside(path: str, part: Schema, defs: Schema) -> Iterator[Table]:
    if part.get("type") == "array":
        inner = _resolved(part.get("items", {}), defs)
        if _is_table(inner):
            yield from _found(Table(path=path, many=True, schema=inner), defs)
        return
    if not _is_table(part):
        return
    named = part.get("additionalProperties")
    if isinstance(named, Mapping) and not part.get("properties"):
        for inner in (named, *named.get("anyOf", ())):
            inner = _resolved(inner, defs)
            if _is_table(inner) and (inner.get("properties") or "allOf" in inner):
                yield from _found(Table(path=f"{path}.NAME", schema=inner), defs)
        return
    yield from _found(Table(path=path, schema=part), defs)
