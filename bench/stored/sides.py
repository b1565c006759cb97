"""Both sides of a comparison of builds, read from stored runs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.stored.builds import Stored, find_run, load_checked
from bench.stored.rules_today import result_today
from bench.verdict.compare import why_not_comparable
from bench.verdict.pool import pool
from bench.verdict.result import RunResult
from bench.verdict.rules import RULES


def load_sides(
    base: Sequence[str], new: Sequence[str], runs: Path
) -> tuple[RunResult, RunResult, tuple[str, ...]]:
    """Both sides of a comparison, each of one run or several taken together, and what of them is altered.

    Where one was judged by other rules than today's, all are judged by today's. Raises RecordError where one cannot be.
    """
    before, after = ([load_checked(find_run(name, runs)) for name in names] for names in (base, new))
    altered = tuple(f"{one.result.run_id}: {line}" for one in (*before, *after) for line in one.altered)
    if not altered and any(one.result.rules != RULES for one in (*before, *after)):
        before, after = ([_by_one_rule(one) for one in side] for side in (before, after))
    sides = [
        sorted((one.result for one in side), key=lambda one: one.started_utc) for side in (before, after)
    ]
    if altered:
        return sides[0][-1], sides[1][-1], altered
    first, second = (_together(side) for side in sides)
    return first, second, ()


def _by_one_rule(stored: Stored) -> Stored:
    return replace(stored, result=result_today(stored.path, stored.result))


def _together(results: Sequence[RunResult]) -> RunResult:
    apart = dict.fromkeys(why for one in results for why in why_not_comparable(one, results[-1]))
    return pool(results, tuple(apart))
