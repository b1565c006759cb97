"""What a bench file has to know of a DUT adapter that a distribution brings. What it does: `bench.dut.adapter`."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.config.options import Option
from bench.parts import Shelf

GROUP = "bms_hil.dut_adapters"
WAYS = ("in_process", "stepped", "subprocess", "external")  # the house's own ways to start a DUT


@dataclass(frozen=True, slots=True, kw_only=True)
class DutAdapterFacts:
    """options: keys of `[dut.options]`."""

    title: str
    options: tuple[Option[Any], ...] = ()


def _lacks(name: str, facts: DutAdapterFacts) -> str:
    if name in WAYS:
        return f"found the name '{name}', which is a way of the bench's own; expected another"
    return "" if facts.title else "found no 'title'; expected one"


@cache
def dut_adapters() -> Shelf[DutAdapterFacts]:
    """The DUT adapters that installed distributions bring."""
    return Shelf(
        what="DUT adapter",
        group=GROUP,
        kind=DutAdapterFacts,
        attribute="ADAPTER",
        lacks=_lacks,
    )
