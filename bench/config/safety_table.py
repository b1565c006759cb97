"""What `[safety]` may say: one table a contact, and how it is read."""

from typing import Literal

from pydantic import Field

from bench.config.safety import Feed, SafetyInput, Source
from bench.config.toml_file import DurationNs, Shape, TomlFile


class ContactTable(Shape):
    serial: str | None = Field(default=None, min_length=1)
    line: Literal["cts", "dsr", "cd", "ri"] = "cts"
    feed: Feed = "rts"
    gpio: str | None = Field(default=None, min_length=1)
    closed: Literal["high", "low"] = "high"
    played: Literal["closed", "open"] | None = None
    after: DurationNs = 0


class SafetyTable(Shape):
    estop: ContactTable | None = None
    interlock: ContactTable | None = None


_OWN = {"serial": {"line", "feed"}, "gpio": {"closed"}, "played": {"after"}}


def read_safety(file: TomlFile, table: SafetyTable | None, *, real: bool) -> tuple[SafetyInput, ...]:
    """The contacts of `[safety]`, none without it. real: outputs are driven that a played contact cannot protect."""
    if table is None:
        return ()
    contacts = [
        _read(file, name, one, real=real)
        for name, one in (("estop", table.estop), ("interlock", table.interlock))
        if one is not None
    ]
    if not contacts:
        file.mistake(("safety",), "found no contact; expected 'estop', 'interlock' or both")
    return tuple(one for one in contacts if one is not None)


def _read(file: TomlFile, name: str, one: ContactTable, *, real: bool) -> SafetyInput | None:
    place = ("safety", name)
    given = [key for key in _OWN if getattr(one, key) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        file.mistake(place, f"found {found}; expected one of serial, gpio, played")
        return None
    for key in sorted(one.model_fields_set - {given[0]} - _OWN[given[0]]):
        file.mistake((*place, key), f"found it with {given[0]}; expected it with {_with(key)} only")
    match given[0]:
        case "serial":
            port = one.serial or ""
            return SafetyInput(name=name, source=Source.SERIAL, port=port, line=one.line, feed=one.feed)
        case "gpio":
            port = one.gpio or ""
            return SafetyInput(name=name, source=Source.GPIO, port=port, closed_high=one.closed == "high")
    if real:
        file.mistake(
            (*place, "played"),
            "found a played contact on a bench with real outputs, which it does not protect; expected serial or gpio",
        )
    if one.played == "closed" and one.after:
        file.mistake((*place, "after"), 'found it with a contact that stays closed; expected played = "open"')
    return SafetyInput(
        name=name, source=Source.PLAYED, opens_after_ns=one.after if one.played == "open" else None
    )


def _with(key: str) -> str:
    return next(source for source, own in _OWN.items() if key in own or key == source)
