"""Values of the DUT's states and modes, from the table that its bus description names them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.starting.signals import Signal, words

# By name of the profile: what files call it, the plainest first. Those of one entry are equally good.
STATES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "standby": (("standby", "stand by"), ("idle", "ready"), ("sleep", "off", "open", "inactive")),
    "precharge": (("precharge", "pre charge", "precharging", "pre charging"),),
    "drive": (
        ("drive", "driving"),
        (
            *(
                "discharge",
                "discharging",
                "normal",
                "run",
                "running",
                "operation",
                "operational",
                "operating",
            ),
            *("active", "hv on", "closed", "on"),
        ),
    ),
    "charge": (("charge", "charging"), ("ac charge", "dc charge", "charger")),
    "error": (("error",), ("fault", "failure", "failed"), ("emergency", "shutdown", "safe state", "safe")),
}
MODES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "off": (("off",), ("standby", "stand by", "open", "none", "no request"), ("sleep", "idle", "inactive")),
    "drive": STATES["drive"],
    "charge": STATES["charge"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The value of one name. `found` holds several where they are equally good, and none where nothing fits."""

    name: str
    found: tuple[tuple[int, str], ...]

    @property
    def sure(self) -> int | None:
        return self.found[0][0] if len(self.found) == 1 else None


def values_of(signal: Signal | None, wanted: Mapping[str, tuple[tuple[str, ...], ...]]) -> tuple[Value, ...]:
    """What the signal's table names. A signal of one bit without a table says 0 for the first and 1 for all others."""
    if signal is None:
        return tuple(Value(name=name, found=()) for name in wanted)
    if not signal.field.choices and signal.field.length == 1:
        first = next(iter(wanted))
        return tuple(Value(name=name, found=((int(name != first), "one bit"),)) for name in wanted)
    return tuple(Value(name=name, found=_of(signal.field.choices, ranks)) for name, ranks in wanted.items())


def _of(choices: Mapping[int, str], ranks: tuple[tuple[str, ...], ...]) -> tuple[tuple[int, str], ...]:
    told = {number: words(text) for number, text in choices.items()}
    for rank in ranks:
        exact = [(number, choices[number]) for number, text in told.items() if text in rank]
        within = [
            (number, choices[number])
            for number, text in told.items()
            if any(f" {one} " in f" {text} " for one in rank)
        ]
        if exact or within:
            return tuple(exact or within)
    return ()
