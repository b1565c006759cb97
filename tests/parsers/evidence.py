"""Parsers of stored evidence: one file of a run folder altered, then all that shows, checks and judges runs."""

import contextlib
import json
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.confidence.qualified import FORMAT, LEAST_SHOTS, NEGATIVE, REFERENCE, of_shots, why_not_shown
from bench.errors import BenchError
from bench.live.spool import Segment
from bench.record import container
from bench.record.chain import seal
from bench.record.columns import deflated, inflated
from bench.record.folder import FOOTER, open_run, verify_run
from bench.record.shot import read_json, read_shot, write_json
from bench.safety.hazard_file import load_hazards
from bench.stored.builds import load_checked
from bench.stored.gather import gather
from bench.stored.rejudge import rejudge_run

from .alter import damaged, grown, nonsense, reworded
from .parser import Parser, Read

STORED = Path(__file__).resolve().parents[1] / "data"
RUNS = (
    STORED / "runs_of_rules_1" / "20261129T175020225Z-sim-reference",
    STORED / "run_of_version_1",
)
ROOT = Path(__file__).resolve().parents[2]
_JUDGED_ONE_IN = 10
Altered = tuple[int, int, bool]
"""Which run, what the alteration is drawn from, and whether the footer is made anew over it."""


def _a_run_of_today(place: Path) -> Path:
    """Recorded by this release, whatever its layout."""
    words = ["run", str(ROOT / "scenarios/current/external_short.toml"), "--repeat", "2", "--out", str(place)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--workers", "1"], cwd=ROOT, capture_output=True, text=True
    )
    runs = [one.parent for one in place.glob("*/header.json")]
    if len(runs) != 1:
        raise RuntimeError(f"no run to be altered: {done.stderr}")
    return runs[0]


def _altered(rng: random.Random) -> Altered:
    return rng.randrange(3), rng.getrandbits(63), rng.random() < 0.7


def _some_file(run: Path, rng: random.Random) -> str:
    every = sorted(one.relative_to(run).as_posix() for one in run.rglob("*") if one.is_file())
    records = [name for name in every if "inputs/" not in name and not name.endswith((".html", ".svg"))]
    return rng.choice(records if rng.random() < 0.9 else every)


def altered_file(content: bytes, name: str, rng: random.Random) -> bytes:
    how = rng.random()
    if how < 0.05:
        return nonsense(rng)
    if how < 0.7 and name.endswith(container.FILE):
        return _reforged(content, rng)
    if how < 0.7 and name.endswith(".json"):
        return json.dumps(grown(json.loads(content), rng)).encode()
    if how < 0.7 and name.endswith(".jsonl"):
        lines = content.decode().split("\n")
        at = rng.randrange(max(1, len(lines) - 1))
        lines[at] = json.dumps(grown(json.loads(lines[at]), rng))
        return "\n".join(lines).encode()
    if how < 0.8:
        return reworded(content.decode("latin-1"), rng).encode("latin-1", "replace")
    return damaged(content, rng)


def _reforged(content: bytes, rng: random.Random) -> bytes:
    """A container whose records are whole, with their hashes, over altered bodies: what bytes do not reach."""
    records, pos = [], 0
    while pos + container.HEAD_SIZE <= len(content):
        _, kind, number, length = struct.unpack_from("<8sIIQ", content, pos)
        records.append((kind, number, content[pos + container.HEAD_SIZE :][:length]))
        pos += container.HEAD_SIZE + length
    at = rng.randrange(len(records))
    kind, number, body = records[at]
    text, rest = inflated(body)
    if rng.random() < 0.7:
        lines = text.decode().split("\n")
        line = rng.choice((0, rng.randrange(len(lines)), len(lines) - 1))
        lines[line] = json.dumps(grown(json.loads(lines[line]), rng))
        text = "\n".join(lines).encode()
    elif rng.random() < 0.7 and rest:
        rest = damaged(rest, rng)
    else:
        text = damaged(text, rng)
    records[at] = (kind, number, deflated(text) + rest)
    return b"".join(container.record(*one) for one in records)


def _reading(place: Path) -> Read:
    runs = []
    for source in RUNS:
        shutil.copytree(source, place / source.name)
        runs.append(place / source.name)
    runs.append(_a_run_of_today(place / "today"))

    def read(altered: Altered) -> None:
        which, seed, sealed = altered
        run, rng = runs[which], random.Random(seed)
        name = _some_file(run, rng)
        path = run / name
        before = path.read_bytes()
        content = altered_file(before, name, rng)
        footer = (run / FOOTER).read_bytes() if (run / FOOTER).is_file() else None
        path.write_bytes(content)
        try:
            if sealed and footer is not None and name != FOOTER:
                write_json(run / FOOTER, seal(run, run.name))
            _all_that_reads(run, judged=seed % _JUDGED_ONE_IN == 0)
        finally:
            path.write_bytes(before)
            if footer is not None:
                (run / FOOTER).write_bytes(footer)

    return read


def _all_that_reads(run: Path, *, judged: bool) -> None:
    """Each of them is asked, whatever the one before it said; what one refused first is told.

    judged: also what makes the bench anew from its copies, and takes a hundred times as long.
    """
    refused: BenchError | None = None

    def shots() -> None:
        for shot in open_run(run).shots():
            read_shot(shot)

    def report() -> None:
        gather(load_checked(run).result, run)

    steps: list[Callable[[], object]] = [lambda: verify_run(run), shots, lambda: load_checked(run)]
    if judged:
        steps += [lambda: rejudge_run(run, workers=1), report]
    for step in steps:
        try:
            step()
        except BenchError as error:
            refused = refused or error
    if refused is not None:
        raise refused


def _json_file(name: str, sound: dict[str, object], read: Callable[[Path], object]) -> Parser:
    content = json.dumps(sound).encode()

    def opened(place: Path) -> Read:
        def one(data: bytes) -> None:
            (place / name).write_bytes(data)
            read(place / name)

        return one

    return Parser(make=lambda rng: altered_file(content, name, rng), opened=opened, slow=True)


def _spool(path: Path) -> None:
    segment = Segment.claim(path)
    if segment is not None:
        with contextlib.closing(segment_release(segment)):
            for _ in segment.waiting():
                pass


class segment_release:  # noqa: N801 - a context, as contextlib's
    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    def close(self) -> None:
        self._segment.release()


_MEASURED = [[2_000, 1_900, 2_100, n * 6_180_339] for n in range(LEAST_SHOTS)]  # truth, low, high, stimulus
QUALIFICATION: dict[str, object] = {
    "format": FORMAT,
    "created_utc": "2026-11-01T00:00:00+00:00",
    "complete": True,
    "identity": {"timebase": "simulated"},
    "usage": {
        "highest_asil": "D",
        "method": "1c",
        "method_reason": "it is recommended",
        "use_case": [
            {"id": "U1", "impact": "TI2", "detection": "TD2", "tcl": "TCL2", "impact_reason": "it can miss an error",
             "detection_reason": "it looks", "measures": ["PM-1"]},
        ],
        "process_measure": [{"id": "PM-1"}],
        "validation": [{"id": "VA-1"}],
        "known_malfunction": [{"id": "KM-1"}],
    },
    "requirements": [{"id": "TR-1", "tests": ["a"], "mutant": ["late"], "judge": [], "negative": list(NEGATIVE)}],
    "malfunctions": [{"id": "MF-1", "consequence": "a latency", "found": "2026-11-01", "mended": None}],
    "strangers": [{"id": "ST-1", "what": "defects", "planted": 3, "caught": 1, "source": "a list"}],
    "ruler": [
        {"condition": condition, "timebase": "simulated", "shots": LEAST_SHOTS, "contained": LEAST_SHOTS,
         "spread_p": of_shots(_MEASURED)[2], "measured": _MEASURED, "errors": [], "load_per_s": load,
         "reference": "none", "by_reference": [None] * LEAST_SHOTS}
        for condition, load in (("idle", 0.0), ("2000 frames/s", 1_990.0))
    ],
    "mutants": [
        {"firmware": REFERENCE, "timebase": "simulated", "failed_in": None, "as_expected": True},
        {"firmware": "late", "timebase": "simulated", "failed_in": "ov-step", "as_expected": True},
    ],
    "negative_tests": [
        {"test": name, "timebase": "simulated", "demanded": found, "found": found, "as_expected": True}
        for name, found in NEGATIVE.items()
    ],
}  # fmt: skip
"""That of a bench of which every part is shown, where the one mutant that there is is called late."""
_HAZARD: dict[str, object] = {"results": [{"chemistry": "nmc", "fault": "a", "left": {"p5_s": 1.5}}]}

PARSERS = {
    "run folder": Parser(make=_altered, opened=_reading, slow=True, costly=True),
    "qualification": _json_file(
        "q.json", QUALIFICATION, lambda path: why_not_shown(read_json(path), ("late",))
    ),
    "hazard times": _json_file("h.json", _HAZARD, load_hazards),
    "MQTT spool": _json_file("s.00000.jsonl", {"topic": "event", "qos": 1, "body": {"a": 1}}, _spool),
}
