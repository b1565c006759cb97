"""The questions of a stored run, made again from its copies of the files: what today's rules ask of its frames."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bench.config.user_file import MOST_TOML_BYTES, read_text, toml_of
from bench.errors import BenchError, RecordError
from bench.measure.finding.reach import MUST_REACH_PREFIX
from bench.record.folder import OpenedRun
from bench.running.load import load_rig, load_scenarios
from bench.scenario.must_reach import must_reach
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
            found = load_scenarios(wired, scenarios, None, long=True, mismatches=True)[0] if scenarios else []
            if any(name.startswith(MUST_REACH_PREFIX) for name in header.get("scenarios", ())):
                pack = wired.config.pack
                found += must_reach(
                    wired.profile, wired.thresholds(), pack.cells, wired.databases, pack.sensors
                )
    except (BenchError, OSError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
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
        copy = _copy(opened, hashes["config"])
        placed[config] = copy
        text = read_text(copy, "a bench file", most=MOST_TOML_BYTES)
        bench = toml_of(text)
        named = {bench["dut"]["profile"]: hashes["profile"]}
        for channel, bus in bench["can"].items():
            named |= {
                name: hashes[f"dbc.{channel}.{number}"] for number, name in enumerate(bus.get("dbc", ()))
            }
        for number, (name, digest) in enumerate(named.items()):
            inside = _inside(root, name)
            if inside is None:  # of the machine that it ran on
                inside = root / "elsewhere" / str(number) / PurePosixPath(name).name
                text = text.replace(f'"{name}"', f'"{inside.relative_to(root).as_posix()}"')
            inside.parent.mkdir(parents=True, exist_ok=True)
            _put(_copy(opened, digest), inside, placed)
        config.write_text(_without_what_is_not_kept(text, bench, root), encoding="utf-8")
        beside = root / "scenarios"
        beside.mkdir()
        _put(_copy(opened, hashes["budgets"]), beside / "budgets.toml", placed)
        yield config, list(_scenarios(opened, hashes, beside, placed))


def _without_what_is_not_kept(text: str, bench: Mapping[str, Any], root: Path) -> str:
    """The bench file without the firmware's image and the keys of a broker: no question rests on them."""
    flash = bench["dut"].get("flash") or {}
    tls = (bench.get("mqtt") or {}).get("tls") or {}
    for name in (flash.get("image"), *(tls.get(key) for key in ("ca", "certificate", "key"))):
        if isinstance(name, str):
            stand_in = root / "not-kept" / PurePosixPath(name).name
            stand_in.parent.mkdir(exist_ok=True)
            stand_in.touch()
            text = text.replace(f'"{name}"', f'"{stand_in.relative_to(root).as_posix()}"')
    return text


def _scenarios(
    opened: OpenedRun, hashes: Mapping[str, str], beside: Path, placed: dict[Path, Path]
) -> Iterator[Path]:
    """In the order of the run, which decides between twins that are the same. A twin has the file of its scenario.

    What a scenario replays stands beside it. The must-reach ones have no file but the profile.
    """
    digests = dict.fromkeys(digest for key, digest in hashes.items() if key.startswith("scenario."))
    for digest in digests:
        if digest == hashes["profile"]:
            continue
        copy = _copy(opened, digest)
        file = beside / _name(copy)
        _put(copy, file, placed)
        yield file
    for key, digest in hashes.items():
        if key.startswith("load."):
            copy = _copy(opened, digest)
            _put(copy, beside / _name(copy), placed)


def _inside(root: Path, name: str) -> Path | None:
    """Where the bench file's own path leads to; None where that is outside of what is laid out."""
    target = Path(os.path.normpath(root / name))
    top = root.parents[len(PurePosixPath(_DEEP).parts) - 1]
    return target if not PurePosixPath(name).is_absolute() and target.is_relative_to(top) else None


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
