"""What `[safety]` may say: one table a contact, and how it is read."""

from collections.abc import Collection
from typing import ClassVar, Literal

from pydantic import Field

from bench.config.instrument_kinds import instruments
from bench.config.safety import Feed, SafetyInput, Source
from bench.config.toml_file import DurationNs, Port, Shape, TomlFile


class ContactTable(Shape):
    serial: Port | None = Field(default=None, min_length=1)
    line: Literal["cts", "dsr", "cd", "ri"] = "cts"
    feed: Feed = "rts"
    gpio: Port | None = Field(default=None, min_length=1)
    card: str | None = Field(default=None, min_length=1)
    port: Port = ""
    input: int = Field(default=0, ge=0, le=63)
    closed: Literal["high", "low"] = "high"
    played: Literal["closed", "open"] | None = None
    after: DurationNs = 0

    MEANS: ClassVar = {
        "serial": "the serial port whose control line reads the contact",
        "line": "the control line that reads it",
        "feed": "what feeds the contact: an output line of the same port, or a source outside",
        "gpio": "the value file of the GPIO that reads it",
        "card": "the kind of relay card whose input reads it",
        "port": "the card's own port",
        "input": "the card's input, from 0",
        "closed": "the level while the contact is closed",
        "played": "a contact that the bench plays, for trying it out",
        "after": "when a played contact opens; 0: at once",
    }


class SafetyTable(Shape):
    estop: ContactTable | None = None
    interlock: ContactTable | None = None

    MEANS: ClassVar = {
        "estop": "the emergency stop",
        "interlock": "the interlock of the rig's door or cover",
    }


_OWN = {
    "serial": {"line", "feed"},
    "gpio": {"closed"},
    "card": {"closed", "port", "input"},
    "played": {"after"},
}


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
        file.mistake(place, f"found {found}; expected one of serial, gpio, card, played")
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
        case "card":
            return _of_card(file, place, name, one)
    if real:
        file.mistake(
            (*place, "played"),
            "found a played contact on a bench with real outputs, which it does not protect; expected a real one",
        )
    if one.played == "closed" and one.after:
        file.mistake((*place, "after"), 'found it with a contact that stays closed; expected played = "open"')
    return SafetyInput(
        name=name, source=Source.PLAYED, opens_after_ns=one.after if one.played == "open" else None
    )


def _of_card(file: TomlFile, place: tuple[str, ...], name: str, one: ContactTable) -> SafetyInput | None:
    """An input of a card that does nothing else: one port has one who asks."""
    known = instruments()
    able = [kind for kind, facts in known.all().items() if facts.inputs is not None]
    if one.card not in able:
        kinds = ", ".join(able)
        file.mistake((*place, "card"), f"found '{one.card}'; expected a card with inputs: {kinds}")
        return None
    inputs = known.get(one.card or "").inputs
    if inputs is not None and one.input >= inputs.count:
        file.mistake((*place, "input"), f"found {one.input}; expected 0 to {inputs.count - 1}")
    if not one.port or one.port == "virtual":
        file.mistake(
            (*place, "port"), f"found '{one.port}'; expected the card's own port, such as \"/dev/ttyACM1\""
        )
    return SafetyInput(
        name=name,
        source=Source.CARD,
        port=one.port,
        line=f"{one.card} {one.input}",
        closed_high=one.closed == "high",
    )


def refuse_shared(file: TomlFile, contacts: tuple[SafetyInput, ...], ports: Collection[str]) -> None:
    """A card that the rig drives as well is asked by two, and each hears the other's answers."""
    for one in contacts:
        if one.source is Source.CARD and one.port in ports:
            text = f"found '{one.port}', which an instrument of the rig is on; expected a card of its own"
            file.mistake(("safety", one.name, "port"), text)


def _with(key: str) -> str:
    return " or ".join(source for source, own in _OWN.items() if key in own or key == source)
