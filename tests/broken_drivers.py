"""Runs a published suite by hand, and says which of its promises a driver breaks."""

import inspect
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest

from bench.instruments.ports import WireFault

ASKED: dict[str, tuple[Any, ...]] = {
    "lane": ("simulated",),
    "torn_lane": ("simulated",),
    "fault": tuple(WireFault)[1:],
    "period_ns": (0, -5),
    "by": ("every", "call_at"),
}


def cases(suite: type) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, method in inspect.getmembers(suite, inspect.isfunction):
        if name.startswith("test_"):
            yield from ((name, asked) for asked in _asked(method))


def _asked(method: FunctionType) -> Iterator[dict[str, Any]]:
    (wanted,) = [tuple(inspect.signature(method).parameters)[1:]]
    if not wanted:
        yield {}
    for name in wanted:
        yield from ({name: value} for value in ASKED[name])


def broken(suite: type) -> set[str]:
    """Names of the cases that `suite` fails."""
    failed = set()
    for name, asked in cases(suite):
        try:
            getattr(suite(), name)(**asked)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001
            failed.add(name.removeprefix("test_"))
    return failed
