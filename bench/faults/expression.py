"""Values relative to the DUT's thresholds: "ov_trip + 20 mV", "60 % of oc_charge"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import choices, nearest
from bench.units import parse_quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """`NAME`, `NAME + quantity`, `NAME - quantity`, `N % of NAME` or a quantity alone; `offset` in SI of `dimension`.

    share: of the threshold; below 0 where a sign says the direction, as a start's current does.
    """

    text: str
    dimension: str
    name: str | None
    offset: float
    share: float = 1.0


_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:([+-])\s*(\d.*))?")
_SHARE = re.compile(r"\s*(-?\d+(?:\.\d+)?) ?% of ([A-Za-z_]\w*)\s*")
# Which thresholds are of which dimension.
_PREFIXES = {"V": ("ov_", "uv_", "dd_"), "ohm/V": ("iso_",), "degC": ("ot_", "ut_"), "A": ("oc_",)}


def parse_expression(text: str, dimension: str) -> Expression:
    """`("ov_trip + 20 mV", "V")` → name ov_trip, offset 0.02. Raises ValueError otherwise."""
    if (part := _SHARE.fullmatch(text)) is not None:
        share = float(part[1]) / 100.0
        return Expression(text=text, dimension=dimension, name=part[2], offset=0.0, share=share)
    match = _NAMED.fullmatch(text)
    if match is None:
        if re.match(r"\s*[A-Za-z_]", text):
            raise ValueError(f'found \'{text}\'; expected "name + quantity", "name - quantity" or a quantity')
        return Expression(text=text, dimension=dimension, name=None, offset=parse_quantity(text, dimension))
    name, sign, quantity = match.groups()
    offset = parse_quantity(quantity.strip(), dimension) if quantity else 0.0
    return Expression(text=text, dimension=dimension, name=name, offset=-offset if sign == "-" else offset)


def value_of(expression: Expression, thresholds: Mapping[str, float]) -> float:
    """The number, in SI of the expression's dimension. Raises ValueError for a name that does not fit."""
    if expression.name is None:
        return expression.offset
    known = sorted(name for name in thresholds if name.startswith(_PREFIXES[expression.dimension]))
    if expression.name not in known:
        near = nearest(expression.name, known)
        raise ValueError(
            f"found threshold '{expression.name}'; expected one in {expression.dimension}: "
            f"{choices(expression.name, known)}{near}"
        )
    return expression.share * thresholds[expression.name] + expression.offset
