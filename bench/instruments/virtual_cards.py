"""Relay cards, played: alone on a line, or in the virtual rack, where their contacts sit in the cells' sense wires."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from bench.errors import ConfigError
from bench.instruments.devantech_relay.sim import DevantechRelaySim, attach_devantech
from bench.instruments.numato_relay.sim import NumatoRelaySim, attach_numato
from bench.instruments.ports import DeviceEnd
from bench.instruments.waveshare_relay.sim import WaveshareRelaySim, attach_waveshare
from bench.timing.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card. opens: cells (from 1) whose wire relay 1, 2, … breaks when it is energised."""

    name: str
    kind: str
    address: int = 1
    relays: int = 8
    opens: tuple[int, ...] = ()


class PlayedCard(Protocol):
    def contacts(self, now_ns: int) -> Sequence[bool]:
        """Which relays are energised, relay 1 first."""


def _waveshare(card: Card, device: DeviceEnd, clock: Clock) -> PlayedCard:
    sim = WaveshareRelaySim(address=card.address)
    attach_waveshare(sim, device, clock)
    return sim


def _numato(card: Card, device: DeviceEnd, clock: Clock) -> PlayedCard:
    sim = NumatoRelaySim(relays=card.relays)
    attach_numato(sim, device, clock)
    return sim


def _devantech(_: Card, device: DeviceEnd, clock: Clock) -> PlayedCard:
    sim = DevantechRelaySim()
    attach_devantech(sim, device, clock)
    return sim


PLAY_CARD: dict[str, Callable[[Card, DeviceEnd, Clock], PlayedCard]] = {
    "waveshare_relay": _waveshare,
    "numato_relay": _numato,
    "devantech_relay": _devantech,
}


def break_wires(volts: list[float], card: Card, played: PlayedCard, now_ns: int) -> None:
    """What the contacts leave of the emulator's outputs, in place: nan where one has broken the wire."""
    for cell, energised in zip(card.opens, played.contacts(now_ns)):
        if energised:
            volts[cell - 1] = math.nan


def cards_text(cards: Sequence[Card]) -> str:
    """Cards for a command line."""
    return json.dumps([asdict(card) for card in cards])


def read_cards(text: str) -> list[Card]:
    """What `cards_text` wrote. Raises ConfigError."""
    try:
        tables: list[dict[str, Any]] = json.loads(text)
        cards = [Card(**{**table, "opens": tuple(table.get("opens", ()))}) for table in tables]
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"--cards '{text}': {error}; expected JSON as bench.instruments.virtual_cards writes it"
        ) from None
    strange = [card.kind for card in cards if card.kind not in PLAY_CARD]
    if strange:
        raise ConfigError(f"--cards: found kind '{strange[0]}'; expected one of {', '.join(PLAY_CARD)}")
    return cards
