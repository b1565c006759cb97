"""TOML as users write it: read, located by line, and every mistake told as one line."""

import copy
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from bench.config.branches import joined, one_branch
from bench.config.toml_lines import line_numbers
from bench.config.unanswered import unanswered
from bench.config.user_file import MOST_TOML_BYTES, NotToml, Place, oddities, read_text, toml_of
from bench.errors import ConfigError, choices, clear, nearest
from bench.units import parse_duration_ns, parse_quantity

SHARE = "50 %"  # the example of a share, which is kept as 0 to 1
WITH_A_UNIT = "with a unit, such as "
_KINDS = {bool: "true/false", int: "number", float: "number", str: "text", list: "list", dict: "table"}


class Shape(BaseModel):
    """A table of a file: closed (no unknown keys), strict (no conversions), never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)
    MEANS: ClassVar[Mapping[str, str]] = {}
    """What each key is for, by its name in the file: for the JSON schema and the reference."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The schema that pydantic makes, with the meaning of each key."""
        made = handler(core_schema)
        parts = handler.resolve_ref_schema(made).get("properties", {})
        for name, meaning in cls.means().items():
            part = parts[name]
            unit = part.get("description", "")
            part["description"] = f"{meaning}; {unit}" if unit.startswith(WITH_A_UNIT) else meaning
        return made

    @classmethod
    def means(cls) -> dict[str, str]:
        """What each key is for, those of the classes that it is made from included."""
        known: dict[str, str] = {}
        for one in reversed(cls.__mro__):
            known |= vars(one).get("MEANS", {})
        return known


S = TypeVar("S", bound=Shape)


def _text(value: object, example: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f'found {describe(value)}; expected text with a unit, such as "{example}"')
    return value


def _duration(value: object) -> int:
    text = _text(value, "250 ms")
    if text.lstrip().startswith("-"):
        raise ValueError(f"found negative '{text}'; expected a duration of 0 or more")
    return parse_duration_ns(text)


def _amperes(value: object) -> float:
    return parse_quantity(_text(value, "20 A"), "A")


def _volts(value: object) -> float:
    return parse_quantity(_text(value, "500 V"), "V")


def quantity_of(unit: str) -> Any:
    """The type of a key that takes text with a unit of this dimension, such as "V"."""
    read = BeforeValidator(lambda value: parse_quantity(_text(value, f"1 {unit}"), unit))
    return Annotated[float, read, written(f"1 {unit}")]


def written(example: str) -> WithJsonSchema:
    """What stands in the file: text with a unit, whatever it is read as."""
    return WithJsonSchema({"type": "string", "description": f'{WITH_A_UNIT}"{example}"'})


def _share(value: object) -> float:
    percent = parse_quantity(_text(value, SHARE), "%")
    if not 0 <= percent <= 100:
        raise ValueError(f"found '{value}'; expected 0 % to 100 %")
    return percent / 100


def _bitrate(value: object) -> int:
    return round(parse_quantity(_text(value, "500 kbit/s"), "bit/s"))


def _port(text: str) -> str:
    """A port is opened by its exact name: a space or a capital too many would be found only when it is opened."""
    bare = text.strip()
    small = bare.lower()
    if small in ("virtual", "bus"):
        bare = small
    for start in ("tcp://", "/dev/"):
        if small.startswith(start):
            bare = start + bare[len(start) :]
    if bare != text:
        raise ValueError(f"found '{text}'; expected '{bare}', without further spaces and capitals")
    return text


def _format(value: object) -> int:
    if type(value) is not int or value != 1:
        raise ValueError(f"found {describe(value)}; expected 1, the one format that this release reads")
    return 1


def _scenario_format(value: object) -> int:
    if type(value) is not int or value not in (1, 2):
        raise ValueError(f"found {describe(value)}; expected 1 or 2, the formats that this release reads")
    return value


Format = Annotated[int, BeforeValidator(_format)]
"""The `format` that a file says it is written in: what its keys mean, and their defaults. Absent: 1."""
ScenarioFormat = Annotated[int, BeforeValidator(_scenario_format)]
"""That of a scenario: what the DUT says beside what is expected is told only (1), or is a wrong report (2)."""
DurationNs = Annotated[int, BeforeValidator(_duration), written("250 ms")]
Amperes = Annotated[float, BeforeValidator(_amperes), written("20 A")]
Volts = Annotated[float, BeforeValidator(_volts), written("500 V")]
Share = Annotated[float, BeforeValidator(_share), written(SHARE)]
Bitrate = Annotated[int, BeforeValidator(_bitrate), written("500 kbit/s")]
Port = Annotated[str, AfterValidator(_port)]
"""Of a serial device, a network port or a simulator, by its exact name."""
Name = Annotated[str, Field(min_length=1, max_length=200)]
"""What a thing is called, in a table and in a line of a report."""


def describe(value: object) -> str:
    """A found value in words: `'x'`, `5 (number)`, `a table`."""
    if isinstance(value, str):
        return f"'{clear(value, 80)}'"
    if isinstance(value, list | dict):
        return f"a {_KINDS[type(value)]}"
    return f"{str(value).lower()} ({_KINDS.get(type(value), type(value).__name__)})"


class TomlFile:
    """One parsed file. Mistakes are collected, so that the user sees all at once, each on its line."""

    def __init__(
        self, path: Path, data: dict[str, Any], lines: dict[str, int], error: type[ConfigError]
    ) -> None:
        self.path = path
        self.data = data
        self.lines = lines
        self.mistakes: list[str] = []
        self._read_on = False
        self._error = error

    def check(self, shape: type[S], data: object, *place: str | int) -> S | None:
        """`data`, found at `place`, as a `shape`; None (and mistakes) where it does not fit."""
        try:
            return shape.model_validate(data)
        except ValidationError as invalid:
            told: dict[Place, list[str]] = {}
            for detail in one_branch(invalid.errors(include_url=False), data):
                if detail["type"] == "missing" and _misspelt(shape, detail):
                    continue  # told once, at the key that is there
                told.setdefault(tuple(detail["loc"]), []).append(explain(shape, detail))
            for loc, texts in told.items():
                self.mistake((*place, *loc), joined(texts))
        return None

    def check_on(self, shape: type[S], data: object) -> S | None:
        """As `check` of the whole file. After mistakes: as much of it as has a meaning without what is wrong.

        What is found there by looking further is told beside them; None where nothing can be said.
        """
        found = self.check(shape, data)
        self._read_on = found is None
        return found if found is not None else _without_what_is_wrong(shape, data)

    def mistake(self, place: Place, text: str) -> None:
        """Note one mistake: `text` says "found ...; expected ...". At a place that is wrong already it is no news."""
        line = located(self.path, self.lines, place, text)
        if not any(_same_place(line, other) for other in self.mistakes) or not self._read_on:
            self.mistakes.append(line)

    def stop_on_mistakes(self) -> None:
        """Raise if anything was wrong. Lines in the order of the file."""
        if self.mistakes:
            raise self._error("\n".join(self.mistakes))


def located(path: Path, lines: dict[str, int], place: Place, text: str) -> str:
    """`file:line [place]: text`; the line is that of the innermost place the file names."""
    keys = [str(part) for part in place]
    line = next((lines[key] for n in range(len(keys), 0, -1) if (key := ".".join(keys[:n])) in lines), None)
    name = clear(str(path))
    where = f"{name}:{line}" if line else name
    shown = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    return f"{where} [{clear(shown, 200)}]: {clear(text, 1500)}" if shown else f"{where}: {clear(text, 1500)}"


def read_toml(path: Path, error: type[ConfigError] = ConfigError) -> TomlFile:
    """Parse a file. Raises `error` for a missing or unreadable file and for a TOML syntax mistake."""
    try:
        text = read_text(path, "TOML text", error=error, most=MOST_TOML_BYTES)
    except error as unreadable:
        if not isinstance(unreadable.__cause__, FileNotFoundError):
            raise
        near = (
            nearest(path.name, (p.name for p in path.parent.glob("*.toml"))) if path.parent.is_dir() else ""
        )
        raise error(f"{path}: found no such file; expected a TOML file{near}") from None
    try:
        data = toml_of(text)
    except NotToml as invalid:
        raise error(
            f"{path}:{invalid.line}: found no valid TOML ({clear(str(invalid))}); expected {invalid.expected}"
        ) from None
    lines = line_numbers(text)
    odd = [located(path, lines, place, why) for place, why in oddities(data)]
    odd = odd or [located(path, lines, place, why) for place, why in unanswered(data)]
    if odd:
        raise error("\n".join(odd))
    return TomlFile(path, data, lines, error)


_STAND_INS: dict[str, object] = {
    "hold": "1 ms",
    "window": "60 s",
}  # of required keys: nothing follows from them


def _without_what_is_wrong(shape: type[S], data: object) -> S | None:
    """Keys that are nearly right get their name, other wrong ones go; None where a required one is lacking then."""
    kept = copy.deepcopy(data)
    for _ in range(20):  # each round takes away what the last has uncovered
        try:
            return shape.model_validate(kept)
        except ValidationError as invalid:
            details = invalid.errors(include_url=False)
        for detail in details:
            known = _fields_at(shape, detail["loc"][:-1])
            if detail["type"] != "missing" and not _mend(kept, detail["loc"], known):
                return None
        if all(detail["type"] == "missing" for detail in details):
            return None
    return None


def _mend(data: Any, loc: Sequence[str | int], known: list[str]) -> bool:
    """Takes the wrong value away, or gives its key the name that is meant. known: what may stand there."""
    table, key = data, loc[-1] if loc else None
    for part in loc[:-1]:
        if not isinstance(table, dict | list) or (isinstance(table, dict) and part not in table):
            return False
        table = table[part]  # type: ignore[index]
    if not isinstance(table, dict) or key not in table:
        return False
    value = table.pop(key)
    free = [one for one in known if one not in table]
    meant = next((one for one in free if f"'{one}'" in nearest(str(key), free)), None)
    if key not in known and meant is not None:
        table[meant] = value
    elif key in _STAND_INS:
        table[key] = _STAND_INS[str(key)]
    return True


def _same_place(line: str, other: str) -> bool:
    """Whether two mistakes are told of one place, or of one within the other."""
    a, b = (text.partition("]: ")[0] for text in (line, other))
    a, b = (text.partition(" [")[2] or text for text in (a, b))
    return a == b or a.startswith((f"{b}.", f"{b}[")) or b.startswith((f"{a}.", f"{a}["))


def only_news(lines: Iterable[str], known: Iterable[str]) -> list[str]:
    """What of the mistakes is told of a place that is not wrong already."""
    told = list(known)
    return [line for line in lines if not any(_same_place(line, other) for other in told)]


def explain(shape: type[BaseModel], detail: dict[str, Any]) -> str:
    """One pydantic error in the bench's words."""
    kind, loc, value = detail["type"], detail["loc"], detail["input"]
    if kind == "extra_forbidden":
        known = _fields_at(shape, loc[:-1])
        key = str(loc[-1])
        return f"found unknown key '{key}'; expected one of {choices(key, known)}{nearest(key, known)}"
    if kind == "missing":
        return f"found no '{loc[-1]}'; expected one"
    if kind == "literal_error":
        literals = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        near = nearest(value, literals) if isinstance(value, str) else ""
        return f"found {describe(value)}; expected {detail['ctx']['expected']}{near}"
    if kind == "value_error":
        text = str(detail["ctx"]["error"])
        return text if text.startswith("found") else f"found {text}"
    if kind in ("string_too_long", "string_too_short"):
        most = detail["ctx"].get("max_length")
        expected = f"{most} at most" if most is not None else "some"
        return f"found text of {len(value)} characters; expected {expected}"
    if kind == "too_short":
        return f"found {'none' if not value else len(value)}; expected at least {detail['ctx']['min_length']}"
    if kind == "list_type" and isinstance(value, dict):
        return f"found [{loc[-1]}], one table; expected a list of them: write [[{loc[-1]}]] above each"
    wanted = detail["msg"].replace("Input should be ", "").replace("valid ", "")
    if wanted == "a date":
        wanted = "a date without quotes, such as 2027-01-31"
    return f"found {describe(value)}; expected {wanted}"


def _misspelt(shape: type[BaseModel], detail: dict[str, Any]) -> bool:
    """Whether a missing key is there under a name that is nearly right."""
    table, known = detail["input"], _fields_at(shape, detail["loc"][:-1])
    strange = [key for key in table if key not in known] if isinstance(table, dict) else []
    missing = str(detail["loc"][-1])
    return any(f"'{missing}'" in nearest(key, known) for key in strange)


def _fields_at(annotation: Any, loc: Sequence[str | int]) -> list[str]:
    """The field names a table at `loc` below `annotation` may have."""
    while get_origin(annotation) in (Annotated, Union, types.UnionType):
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {info.alias or name: info.annotation for name, info in annotation.model_fields.items()}
        if not loc:
            return list(fields)
        return _fields_at(fields[str(loc[0])], loc[1:]) if loc[0] in fields else []
    arguments = get_args(annotation)
    return _fields_at(arguments[-1], loc[1:]) if loc and arguments else []
