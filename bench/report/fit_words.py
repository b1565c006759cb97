"""A plant outside the range of its chemistry's fit, in words."""

from bench.measure.finding.plant import EstimateBeyondFit, PlantBeyondFit
from bench.report.word_parts import when_words
from bench.trace.events import Fitted

_UNITS = {
    Fitted.COLD: "{:.1f} °C",
    Fitted.HOT: "{:.1f} °C",
    Fitted.DISCHARGE: "{:.3g}C",
    Fitted.CHARGE: "{:.3g}C",
}
_LOW = (Fitted.COLD, Fitted.EMPTY)


def side_words(side: Fitted, value: float, bound: float) -> str:
    """`hottest cell 61.2 °C, fitted up to 45.0 °C`. value, bound: in the unit of `side`."""

    def told(one: float) -> str:
        return _UNITS[side].format(one) if side in _UNITS else f"{100 * one:.4g} %"

    return f"{side} {told(value)}, fitted {'down' if side in _LOW else 'up'} to {told(bound)}"


def fit_words(finding: PlantBeyondFit | EstimateBeyondFit) -> str:
    """A sentence for a finding on a plant outside the range of its chemistry's fit."""
    how_far = side_words(finding.side, finding.value, finding.bound)
    if isinstance(finding, EstimateBeyondFit):
        return f"{finding.estimate}: decides nothing, the plant left the range it was fitted in: {how_far}"
    where = "" if finding.cell is None else f" (cell {finding.cell})"
    first, farthest = when_words(finding.since), when_words(finding.farthest)
    return (
        f"the plant left the range it was fitted in: {how_far}{where} at {farthest}; first outside at {first}"
    )
