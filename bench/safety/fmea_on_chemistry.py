"""What is wrong with the ratings that an FMEA gives for single chemistries."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from bench.errors import choices, nearest
from bench.verdict.fmea_chemistry import INPUTS


class ReadRatings(Protocol):
    """The ratings of one chemistry, as they stand in the file."""

    @property
    def given(self) -> Sequence[str]: ...


class ReadMode(Protocol):
    """The part of a failure mode that tells its ratings by chemistry."""

    @property
    def given_for(self) -> Sequence[str]: ...
    @property
    def chemistry(self) -> Mapping[str, ReadRatings]: ...


def mistakes_on_chemistries(
    mode: ReadMode, known: Collection[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(place in the failure mode, what is wrong): unknown chemistries, ratings without a source or out of range."""
    for i, name in enumerate(mode.given_for):
        if name not in known:
            yield ("given_for", i), _unknown(name, known)
    for name, own in mode.chemistry.items():
        place = ("chemistry", name)
        if name not in known:
            yield place, _unknown(name, known)
        yield from ((place + inner, told) for inner, told in _mistakes(own))


def _mistakes(own: ReadRatings) -> Iterator[tuple[tuple[str, ...], str]]:
    named = [key for key in INPUTS if getattr(own, key) is not None]
    if not named:
        yield (), f"found nothing that differs; expected one of {', '.join(INPUTS)}"
    for key in named:
        if not 1 <= getattr(own, key) <= 10:
            yield (key,), f"found {getattr(own, key)}; expected a rating from 1 to 10"
        if not getattr(own, f"{key}_source").strip():
            yield (f"{key}_source",), "found no text; expected where the rating comes from"
    for key in own.given:
        if key not in named:
            yield ("given",), f"found '{key}', which is not rated here; expected one of {', '.join(named)}"


def _unknown(name: str, known: Collection[str]) -> str:
    return f"found unknown chemistry '{name}'; expected one of {choices(name, known)}{nearest(name, known)}"
