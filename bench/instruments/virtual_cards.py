"""Relay cards, played: alone on a line, or in the virtual rack, where their contacts sit in the cells' sense wires."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.config.instrument_kinds import instruments
from bench.config.options import NO_OPTIONS, Options
from bench.errors import ConfigError
from bench.instruments.kinds import RelayKind
from bench.instruments.ports import DeviceEnd, PlayedCard
from bench.timing.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card. opens: cells (from 1) whose wire relay 1, 2, … breaks when it is energised."""

    name: str
    kind: str
    options: Options = NO_OPTIONS
    opens: tuple[int, ...] = ()


def card_kind(name: str) -> RelayKind:
    """Raises ConfigError for a kind that is no relay card."""
    kind = instruments().get(name)
    if not isinstance(kind, RelayKind):
        raise ConfigError(f"found kind '{name}', {kind.title}; expected a relay card")
    return kind


def play_card(card: Card, device: DeviceEnd, clock: Clock) -> PlayedCard:
    """Its simulator, answering at `device`."""
    return card_kind(card.kind).play(device, clock, card.options)


def break_wires(volts: list[float], card: Card, played: PlayedCard, now_ns: int) -> None:
    """What the contacts leave of the emulator's outputs, in place: nan where one has broken the wire."""
    for cell, energised in zip(card.opens, played.contacts(now_ns)):
        if energised:
            volts[cell - 1] = math.nan


def cards_text(cards: Sequence[Card]) -> str:
    """Cards for a command line."""
    return json.dumps(
        [
            {"name": card.name, "kind": card.kind, "options": dict(card.options.given), "opens": card.opens}
            for card in cards
        ]
    )


def read_cards(text: str) -> list[Card]:
    """What `cards_text` wrote. Raises ConfigError."""
    try:
        tables: list[dict[str, Any]] = json.loads(text)
        cards = [
            Card(
                **{
                    **table,
                    "options": Options(table.get("options", {})),
                    "opens": tuple(table.get("opens", ())),
                }
            )
            for table in tables
        ]
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"--cards '{text}': {error}; expected JSON as bench.instruments.virtual_cards writes it"
        ) from None
    for card in cards:
        try:
            card_kind(card.kind)
        except ConfigError as wrong:
            raise ConfigError(f"--cards: {wrong}") from None
    return cards
