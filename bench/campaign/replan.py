"""The questions of a stored run made anew, from the copies of its files: what today's rules would ask of its frames."""

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bench.campaign.load import load_rig, load_scenarios
from bench.errors import BenchError, RecordError
from bench.record.folder import OpenedRun
from bench.scenario.prepare import Prepared
from bench.trace.trouble import line_of
from bench.wiring.common import Wired

_DEEP = "a/b/c/d/e/f"  # so that `../..` of a bench file stays inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """The bench as its copies describe it, and its scenarios and twins by id."""

    wired: Wired
    prepared: Mapping[str, Prepared]


def replan(opened: OpenedRun) -> Replanned:
    """Raises RecordError where the copies do not make a bench any more, with the reason."""
    header = opened.header
    placed: dict[Path, Path] = {}
    try:
        time = "simulated" if header["timebase"] == "simulated" else "real"
        with _laid_out(opened, placed) as (config, scenarios):
            wired = load_rig(config, time, None, str(header["chemistry"]))
            found, _ = load_scenarios(wired, scenarios, None, long=True, mismatches=True)
    except (BenchError, OSError, LookupError, ValueError, TypeError) as error:
        line = line_of(error)
        for file, copy in placed.items():  # the one that the reader can open
            line = line.replace(str(file), str(copy))
        raise RecordError(
            f"{opened.path}: its questions cannot be made anew from its copies: {line}"
        ) from error
    return Replanned(wired=wired, prepared={one.scenario.id: one for one in found})


@contextmanager
def _laid_out(opened: OpenedRun, placed: dict[Path, Path]) -> Iterator[tuple[Path, list[Path]]]:
    """(bench file, scenario files): the copies under the names by which they refer to each other.

    placed: every such name is put there, with the copy it is of.
    """
    hashes: dict[str, str] = opened.header["hashes"]
    with tempfile.TemporaryDirectory(prefix="hil-replan-") as folder:
        root = Path(folder) / _DEEP
        root.mkdir(parents=True)
        config = root / "hil_config.toml"
        _put(_copy(opened, hashes["config"]), config, placed)
        bench: dict[str, Any] = tomllib.loads(config.read_text(encoding="utf-8"))
        _place(opened, hashes["profile"], root, bench["dut"]["profile"], placed)
        for channel, bus in bench["can"].items():
            for number, name in enumerate(bus["dbc"]):
                _place(opened, hashes[f"dbc.{channel}.{number}"], root, name, placed)
        beside = root / "scenarios"
        beside.mkdir()
        _put(_copy(opened, hashes["budgets"]), beside / "budgets.toml", placed)
        yield config, list(_scenarios(opened, hashes, beside, placed))


def _scenarios(
    opened: OpenedRun, hashes: Mapping[str, str], beside: Path, placed: dict[Path, Path]
) -> Iterator[Path]:
    """A twin has the file of its scenario. What a scenario replays stands beside it."""
    digests = {digest for key, digest in hashes.items() if key.startswith("scenario.")}
    for digest in sorted(digests):
        copy = _copy(opened, digest)
        file = beside / _name(copy)
        _put(copy, file, placed)
        yield file
    for key, digest in hashes.items():
        if key.startswith("load."):
            copy = _copy(opened, digest)
            _put(copy, beside / _name(copy), placed)


def _place(opened: OpenedRun, digest: str, root: Path, name: str, placed: dict[Path, Path]) -> None:
    if PurePosixPath(name).is_absolute():
        raise RecordError(f"found the path {name} in its bench file; expected one relative to it")
    target = Path(os.path.normpath(root / name))
    if not target.is_relative_to(root.parents[len(PurePosixPath(_DEEP).parts) - 1]):
        raise RecordError(f"found the path {name} in its bench file, too far above it")
    target.parent.mkdir(parents=True, exist_ok=True)
    _put(_copy(opened, digest), target, placed)


def _put(copy: Path, target: Path, placed: dict[Path, Path]) -> None:
    placed[target] = copy
    shutil.copy(copy, target)


def _copy(opened: OpenedRun, digest: str) -> Path:
    found = next((opened.path / "inputs").glob(f"{digest[:12]}-*"), None)
    if found is None:
        raise RecordError(f"found no copy {digest[:12]} in inputs/")
    return found


def _name(copy: Path) -> str:
    return copy.name.partition("-")[2]
