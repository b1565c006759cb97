"""What was odd and no verdict's business: broken protection of the DUT's frames, bus errors, a late answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.verdict.result import ScenarioResult

_NUMBERS = re.compile(r"\d+(?:\.\d+)?")
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Alike but for their numbers. text: of the first one; shots: in how many it was seen."""

    text: str
    shots: int
    scenarios: tuple[str, ...]


def anomalies(scenarios: Sequence[ScenarioResult]) -> list[Anomaly]:
    """Most frequent first, each kind once."""
    found: dict[str, tuple[str, list[str]]] = {}
    for scenario in scenarios:
        for shot in scenario.shots:
            texts = shot.measurement.anomalies if shot.measurement is not None else ()
            own: dict[str, str] = {}
            for text in texts:
                own.setdefault(_NUMBERS.sub("#", text), text)
            for kind, text in own.items():
                found.setdefault(kind, (text, []))[1].append(scenario.scenario_id)
    told = [
        Anomaly(text=text, shots=len(where), scenarios=tuple(dict.fromkeys(where)))
        for text, where in found.values()
    ]
    return sorted(told, key=lambda one: (-one.shots, one.text))


def anomaly_lines(scenarios: Sequence[ScenarioResult]) -> list[str]:
    """`E2E: 76 frames of BMS_State with a counter that stands (59 shots of vcu-wrong-crc)`, a line per kind."""
    return [_line(one) for one in anomalies(scenarios)]


def _line(one: Anomaly) -> str:
    named, more = one.scenarios[:_MOST_NAMED], len(one.scenarios) - _MOST_NAMED
    where = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    return f"{one.text} ({'1 shot' if one.shots == 1 else f'{one.shots} shots'} of {where})"
