"""What `hil list kinds` tells: every kind of instrument, and the options that its table in a bench file takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from bench.config.instrument_kinds import InstrumentKind
from bench.config.options import Option
from bench.report.told.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionListed:
    """takes: what may stand there, in words. default: None where a real instrument needs it from the file."""

    name: str
    meaning: str
    takes: str
    default: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindListed:
    """brought_by: the distribution, "" for a kind of the house."""

    kind: str
    title: str
    role: str
    use: str
    lines: str
    plays: str
    source: str
    options: tuple[OptionListed, ...]
    brought_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KindsTold(Document):
    """`hil list kinds`: kinds of instruments. troubles: parts of others that cannot be used, a line each."""

    schema_name: ClassVar[str] = "kinds"
    kinds: tuple[KindListed, ...]
    troubles: tuple[str, ...]


def kind_listed(name: str, kind: InstrumentKind, brought_by: str) -> KindListed:
    """The row of a kind of instrument. brought_by: the distribution, "" for the house."""
    return KindListed(
        kind=name,
        title=kind.title,
        role=kind.role,
        use=kind.use,
        lines=kind.lines,
        plays=kind.plays,
        source=kind.source,
        options=tuple(_listed(one) for one in kind.bench_options),
        brought_by=brought_by,
    )


def _listed(option: Option[Any]) -> OptionListed:
    shown = f"{option.default:g} {option.unit}" if option.unit else str(option.default)
    if option.default in ("", ()):
        shown = "none"
    return OptionListed(
        name=option.name,
        meaning=option.meaning,
        takes=_takes(option),
        default=None if option.needed else shown,
    )


def _takes(option: Option[Any]) -> str:
    if option.choices:
        return ", ".join(str(one) for one in option.choices)
    words = {
        "whole": "a whole number",
        "wholes": "a list of whole numbers",
        "text": "text",
        "duration": "a time",
    }
    takes = words.get(option.form, f'a number with its unit, such as "1 {option.unit}"')
    lowest = "" if option.lowest is None else f" from {option.lowest:g}"
    return takes + lowest + ("" if option.highest is None else f" to {option.highest:g}")


def tables(kinds: Sequence[KindListed]) -> Iterator[str]:
    """As docs/instruments.md has them: kinds, and options with the kinds that take them."""
    yield "| kind | role | lines | what the simulator reproduces | source |"
    yield "| --- | --- | --- | --- | --- |"
    for one in kinds:
        yield f"| `{one.kind}` | {one.use} | {one.lines} | {one.plays} | {one.source} |"
    yield ""
    yield "| option | of | meaning | takes | default |"
    yield "| --- | --- | --- | --- | --- |"
    takers: dict[OptionListed, list[str]] = {}
    for one in kinds:
        for option in one.options:
            takers.setdefault(option, []).append(f"`{one.kind}`")
    for option in sorted(takers, key=lambda each: (each.name, each.meaning)):
        default = option.default if option.default is not None else "none: a real one needs it"
        yield f"| `{option.name}` | {', '.join(takers[option])} | {option.meaning} | {option.takes} | {default} |"
