"""What a hunt has found as a scenario file that can join the library, and whether it shows it to a user."""

import copy
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.config.user_file import MOST_TOML_BYTES, read_text
from bench.errors import ConfigError, ScenarioError
from bench.record.targets import try_file
from bench.report.finding_words import reason_words
from bench.running.load import load_scenarios
from bench.running.shots import shoot
from bench.scenario.knob import Table
from bench.search.hunt import Hunt, Point
from bench.verdict.result import Verdict

_HEADING = "# Found by hil hunt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """How often the written file shows it: `shown` of `shots`. latency_ns: the worst of them, None without one."""

    shots: int
    shown: int
    reason: str
    latency_ns: int | None


def check_out(path: Path) -> None:
    """Refuse, before the hunt, a place that its file cannot or must not take. Raises ConfigError."""
    if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*\.toml", path.name):
        raise ConfigError(
            f"--out: found '{path.name}'; expected lower-case words joined by '_', such as found_ov.toml"
        )
    if not path.parent.is_dir():
        raise ConfigError(f"--out: found no folder '{path.parent}'; expected one that is there")
    try_file("--out", path)
    if path.exists() and not read_text(path, "a scenario", most=MOST_TOML_BYTES).startswith(_HEADING):
        raise ConfigError(f"--out: found {path}, which no hunt has written; expected a new file")


def write_find(hunt: Hunt, point: Point, what: str, origin: str, path: Path) -> None:
    """Write the scenario at `point`. what: what it shows; origin: seed, firmware, runs."""
    table = hunt.space.table(point)
    changes = [one for one in hunt.space.changes(point) if not one.startswith("phase ")]
    table["id"] = path.stem.replace("_", "-")
    with_what = ", ".join(changes) if changes else "as it is"
    table["title"] = f"{hunt.space.original['title']}: {with_what}"
    table["derivation"] = "explorative-testing"
    if performed := table.pop("performs", []):  # what was varied is not the clause any more
        table["touches"] = [*performed, *table.get("touches", [])]
    second = hunt.space.second(point)
    if second:  # a twin would be quiet about the first fault only, and a good DUT answers the second
        table["twins"] = (
            f"none: {hunt.space.seconds[second - 1].name} is there as well, and has to be answered"
        )
    table["provenance"] = f"found by hil hunt of {hunt.space.original['id']}: {origin}"
    comment = f"{_HEADING} of {hunt.space.original['id']}: {what}\n# It differs from it by: {with_what}.\n"
    path.write_text(comment + as_toml(table), encoding="utf-8", errors="backslashreplace")
    _rule_twins(hunt, table, comment, path)


def _rule_twins(hunt: Hunt, table: Table, comment: str, path: Path) -> None:
    """A scenario of which no twin can be made has to say so; only preparing it tells."""
    try:
        load_scenarios(hunt.wired, [path], None, long=True)
    except ScenarioError as wrong:
        table = copy.deepcopy(table)
        table["twins"] = "none: found by a hunt; none can be made of its steps"
        path.write_text(comment + as_toml(table), encoding="utf-8", errors="backslashreplace")
        try:
            load_scenarios(hunt.wired, [path], None, long=True)
        except ScenarioError:  # it was not for want of twins
            raise wrong from None


def prove(hunt: Hunt, path: Path, shots: int) -> Proven:
    """Fire the written file as `hil run FILE --seed` does: read again, with its own injection phases."""
    prepared, _ = load_scenarios(hunt.wired, [path], None, long=True)
    one = next(each for each in prepared if not each.scenario.twin_of)
    results = [shoot(hunt.wired, one, index, shots, hunt.seed, None) for index in range(shots)]
    failed = [result for result in results if result.judgement.verdict is Verdict.FAIL]
    latencies = [
        latency.interval.high_ns
        for result in results
        if result.measurement is not None
        and (latency := result.measurement.fhti or result.measurement.fdti) is not None
    ]
    return Proven(
        shots=shots,
        shown=len(failed),
        reason=reason_words(failed[0].judgement.reasons[0]) if failed else "",
        latency_ns=max(latencies, default=None),
    )


# --- TOML ----------------------------------------------------------------------------------------------------

_FIRST = (
    "format", "id", "title", "safety_goal", "aim", "budget", "lane", "performs", "touches", "standards",
    "requirements", "needs", "verifies", "derivation", "provenance", "twins",
)  # fmt: skip


def as_toml(table: Table) -> str:
    """In the order of the library's files: what it is, start, steps, expectation, sweep."""
    plain = [key for key in table if not _is_table(table[key])]
    plain.sort(key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST))
    lines = [f"{key} = {_value(table[key])}" for key in plain]
    for key, value in table.items():
        if not _is_table(value):
            continue
        for header, one in (
            [(f"[[{key}]]", one) for one in value] if isinstance(value, list) else [(f"[{key}]", value)]
        ):
            lines += ["", header, *(f"{_key(name)} = {_value(inner)}" for name, inner in one.items())]
    return "\n".join(lines) + "\n"


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    """A string of JSON is one of TOML, too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
