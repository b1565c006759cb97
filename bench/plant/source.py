"""A chemistry's TOML file being read: figures with their confidence and source, curves, one line per mistake."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.errors import ConfigError, at_place, choices, nearest
from bench.plant.based_on import merged_file, read_chemistry

FloatArray = npt.NDArray[np.float64]

CONFIDENCE = {
    "M": "measured or stated in a source that was read",
    "Mr": "recalled from a paper, not re-read",
    "P": "parameter of a published PyBaMM set",
    "F": "fitted or calibrated",
    "D": "definition or arithmetic",
    "E": "engineering estimate",
    "B": "stated by the project's brief, unverified",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Values over state of charge, linear between knots. `soc` ascends strictly; 0 is empty, 1 is full."""

    soc: FloatArray
    value: FloatArray

    def at(self, soc: float | FloatArray) -> FloatArray:
        return np.asarray(np.interp(soc, self.soc, self.value), dtype=np.float64)

    def mean_over_soc(self) -> float:
        """Over the whole of the curve."""
        between = 0.5 * (self.value[1:] + self.value[:-1])
        return float((np.diff(self.soc) * between).sum() / (self.soc[-1] - self.soc[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number with its pedigree: `confidence` is a key of CONFIDENCE, `source` the text of [sources]."""

    value: float
    confidence: str
    source: str

    @property
    def estimated(self) -> bool:
        """Whether a report must say that nobody measured it."""
        return self.confidence not in ("M", "D")


# Keys that only tell: text for the reader of the file. Everything else must be asked for.
_REMARKS = ("note", "form", "conf", "src", "sign", "warning", "geometry", "evidence")


def _remark(key: str) -> bool:
    return key in _REMARKS or key.endswith("_note") or key.startswith(("conf_", "src_"))


def _told(value: Any) -> bool:
    """A remark is text, plain or with its mark."""
    return isinstance(value.get("v") if isinstance(value, dict) else value, str)


def _inside(node: Any, key: str) -> Any:
    """What `node` holds under `key`, a name or the number of an entry; None where it holds nothing."""
    if isinstance(node, list) and key.isdigit() and int(key) < len(node):
        return node[int(key)]
    return node.get(key) if isinstance(node, dict) else None


class Source:
    """One TOML file being read; every mistake becomes one line that names file and place.

    It remembers every place that was asked for, so that `nothing_else` can refuse what nobody reads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._asked: set[str] = set()
        self._content, self.based_on = read_chemistry(path)

    @property
    def file(self) -> Path:
        """The whole chemistry as one file: its own, or what it and those that it is based on come to."""
        return merged_file(self.path, self._content) if self.based_on else self.path

    def fail(self, place: str, found: str, expected: str) -> ConfigError:
        return ConfigError(at_place(self.path, place, found, expected))

    def has(self, place: str) -> bool:
        """Whether the file says anything at `place`; entries of an array of tables count from 0."""
        self._asked.add(place)
        node: Any = self._content
        for key in place.split("."):
            node = _inside(node, key)
            if node is None:
                return False
        return True

    def _find(self, place: str, expected: str) -> Any:
        self._asked.add(place)
        node: Any = self._content
        for key in place.split("."):
            outer, node = node, _inside(node, key)
            if node is None:
                near = nearest(key, outer) if isinstance(outer, dict) else ""
                raise self.fail(place, "missing", expected + near)
        return node

    def nothing_else(self) -> None:
        """Raises ConfigError for the first key that nobody asked for: a wrong name would be dropped in silence."""
        known: dict[str, list[str]] = {}
        for place in self._asked:
            keys = place.split(".")
            for depth, key in enumerate(keys):
                known.setdefault(".".join(keys[:depth]), []).append(key)
        self._refuse_unasked(self._content, "", known)

    def _refuse_unasked(
        self, node: Mapping[str, Any], place: str, known: Mapping[str, Sequence[str]]
    ) -> None:
        here = sorted(set(known.get(place, ())))
        for key, value in node.items():
            where = f"{place}.{key}" if place else key
            if where == "sources" or (_remark(key) and _told(value)):
                continue
            if key not in here:
                raise self.fail(
                    where, f"unknown key '{key}'", f"one of {choices(key, here)}{nearest(key, here)}"
                )
            if isinstance(value, dict) and "v" in value:
                for extra in value.keys() - {"v", "c", "s"}:
                    raise self.fail(
                        f"{where}.{extra}", f"unknown key '{extra}'", "v, c (confidence), s (source)"
                    )
            elif isinstance(value, dict):
                self._refuse_unasked(value, where, known)
            elif isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
                for nth, entry in enumerate(value):
                    self._refuse_unasked(entry, f"{where}.{nth}", known)

    def text(self, place: str) -> str:
        value = self._find(place, "a text")
        if not isinstance(value, str) or not value:
            raise self.fail(place, f"found {value!r}", "a text")
        return value

    def flag(self, place: str) -> bool:
        value = self._find(place, "true or false")
        if isinstance(value, dict):
            value = value.get("v")
        if not isinstance(value, bool):
            raise self.fail(place, f"found {value!r}", "true or false")
        return value

    def number(
        self, place: str, *, positive: bool = False, within: tuple[float, float] = (-math.inf, math.inf)
    ) -> float:
        """A finite number inside `within`, written plainly or as `{ v = ... }`."""
        expected = "a positive number as { v = ... }" if positive else "a number as { v = ... }"
        value = self._find(place, expected)
        if isinstance(value, dict):
            value = value.get("v")
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise self.fail(place, f"found {value!r}", expected)
        if positive and value <= 0:
            raise self.fail(place, f"found {value}", expected)
        if not within[0] <= value <= within[1]:
            raise self.fail(place, f"found {value:g}", f"{within[0]:g} to {within[1]:g} (is the unit right?)")
        return float(value)

    def numbers(self, place: str) -> FloatArray:
        """At least two finite numbers, written plainly or as `{ v = [...] }`."""
        expected = "a list of at least two numbers"
        values = self._find(place, expected)
        if isinstance(values, dict):
            values = values.get("v")
        if not isinstance(values, list):
            raise self.fail(place, f"found {values!r}", expected)
        for nth, value in enumerate(values, start=1):
            if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
                raise self.fail(place, f"found {value!r} as number {nth} of {len(values)}", "finite numbers")
        if len(values) < 2:
            raise self.fail(place, f"found {len(values)} of them", expected)
        return np.array(values, dtype=np.float64)

    def tables(self, place: str) -> int:
        """The number of entries in the array of tables at `place`; 0 where there is no such array."""
        if not self.has(place):
            return 0
        entries = self._find(place, "an array of tables")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self.fail(place, "found something else", f"an array of tables [[{place}]]")
        return len(entries)

    def curve(self, section: str, key: str, *, first: float, last: float | None = None) -> Curve:
        """A curve whose SoC runs from `first` to `last`; a file may list it falling."""
        soc, value = self.numbers(f"{section}.soc"), self.numbers(f"{section}.{key}")
        if len(soc) != len(value):
            raise self.fail(
                f"{section}.{key}", f"{len(value)} values", f"{len(soc)}, as many as {section}.soc"
            )
        if soc[0] != first or (last is not None and soc[-1] != last):
            span = f"SoC from {first:g}" + ("" if last is None else f" to {last:g}")
            raise self.fail(f"{section}.soc", f"from {soc[0]:g} to {soc[-1]:g}", span)
        if soc[-1] < soc[0]:
            soc, value = soc[::-1].copy(), value[::-1].copy()
        steps = np.diff(soc)
        if (steps <= 0).any():
            at = int(np.argmax(steps <= 0))
            raise self.fail(f"{section}.soc", f"{soc[at + 1]:g} after {soc[at]:g}", "strictly monotonic SoC")
        return Curve(soc=soc, value=value)

    def positive_curve(self, section: str, key: str) -> Curve:
        curve = self.curve(section, key, first=0.0, last=1.0)
        if (curve.value <= 0).any():
            raise self.fail(f"{section}.{key}", f"found {curve.value.min():g}", "positive values only")
        return curve

    def rising(self, section: str, key: str, curve: Curve, *, strictly: bool) -> Curve:
        steps = np.diff(curve.value)
        wrong = steps <= 0 if strictly else steps < 0
        if wrong.any():
            at = int(np.argmax(wrong))
            found = f"{curve.value[at]:g} V then {curve.value[at + 1]:g} V at SoC {curve.soc[at + 1]:g}"
            raise self.fail(f"{section}.{key}", found, "a voltage that rises with SoC")
        return curve

    def ascending(self, section: str, **values: float) -> None:
        """Figures of one section, in the order they must have (equal neighbours are allowed)."""
        for low, high in itertools.pairwise(values):
            if values[low] > values[high]:
                raise self.fail(
                    f"{section}.{low}", f"{values[low]:g} above {high} = {values[high]:g}", f"at most {high}"
                )

    def figures(self) -> dict[str, Figure]:
        """Every scalar `{ v, c, s }` of the file by its place. ConfigError for an unknown confidence or source."""
        sources = self._content.get("sources", {})
        return dict(self._figures_in(self._content, "", sources))

    def _figures_in(self, node: Mapping[str, Any], place: str, sources: Any) -> list[tuple[str, Figure]]:
        found: list[tuple[str, Figure]] = []
        for key, value in node.items():
            where = f"{place}.{key}" if place else key
            if isinstance(value, list):
                for nth, entry in enumerate(value):
                    if isinstance(entry, dict):
                        found += self._figures_in(entry, f"{where}.{nth}", sources)
                continue
            if not isinstance(value, dict):
                self._check_mark(key, value, where, sources)
                continue
            if "v" not in value:
                found += self._figures_in(value, where, sources)
                continue
            self._check_confidence(value.get("c"), f"{where}.c")
            ids = self._check_sources(value.get("s", ""), f"{where}.s", sources)
            if isinstance(value["v"], int | float) and not isinstance(value["v"], bool):
                text = "; ".join(str(sources[one]) for one in ids)
                found.append((where, Figure(value=float(value["v"]), confidence=value["c"], source=text)))
        return found

    def _check_mark(self, key: str, value: Any, where: str, sources: Any) -> None:
        """The mark of a whole section, or of one share of a reaction: `conf`, `src`, `conf_mass`, `src_mass`."""
        if where.startswith("sources."):
            return
        if key == "conf" or key.startswith("conf_"):
            self._check_confidence(value, where)
        elif key == "src" or key.startswith("src_"):
            self._check_sources(value, where, sources)

    def _check_confidence(self, value: Any, where: str) -> None:
        if not isinstance(value, str) or value not in CONFIDENCE:
            raise self.fail(where, f"confidence {value!r}", f"one of {', '.join(CONFIDENCE)}")

    def _check_sources(self, value: Any, where: str, sources: Any) -> list[str]:
        ids = str(value).split("+")
        for one in ids:
            if not isinstance(sources, dict) or one not in sources:
                near = nearest(one, sources) if isinstance(sources, dict) else ""
                raise self.fail(where, f"source '{one}'", f"an entry of [sources]{near}")
        return ids
