"""Which scenarios a call means: an id, a file, a folder, or several of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import ScenarioError, nearest
from bench.running.filter_words import joined
from bench.running.load import BY_ID, Selected, library_above, select_scenarios, selection_words

if TYPE_CHECKING:
    from bench.scenario.prepare import Prepared
    from bench.wiring.common import Wired

Select = str | Path | Iterable[str | Path] | None
"""None: the whole library. A text with a slash or the ending .toml, or that exists, is a path; others are ids."""


def chosen(wired: Wired, select: Select, only: str | None, *, long: bool) -> Selected:
    """The scenarios, checked against the bench. Raises ScenarioError or ConfigError, one line a mistake."""
    if select is None:
        return select_scenarios(wired, None, only, long=long, mismatches=True)
    asked = [select] if isinstance(select, str | Path) else list(select)
    paths = [_found(wired, Path(one)) for one in asked if _is_path(one)]
    ids = [str(one) for one in asked if not _is_path(one)]
    if not asked:
        raise ScenarioError("select: found an empty list; expected scenario ids, files or folders, or None")
    if not ids:
        return select_scenarios(wired, paths, only, long=long, mismatches=True)
    whole = _with_ids(wired, ids) if only is None else None
    if whole is None:
        whole = select_scenarios(wired, None, only, long=True, mismatches=True)
    kept = {one: _named(wired, whole.prepared, one) for one in ids}
    left_out: tuple[str, ...] = ()
    if paths:
        by_path = select_scenarios(wired, paths, only, long=long, mismatches=True)
        kept |= {one.scenario.id: one for one in by_path.prepared}
        left_out = by_path.left_out
    return Selected(prepared=list(kept.values()), budgets_file=whole.budgets_file, left_out=left_out)


def _with_ids(wired: Wired, ids: list[str]) -> Selected | None:
    """Those of the library, which prepares no others; None where one of them is not there."""
    asked = joined(ids, exact=True)
    try:
        found = select_scenarios(wired, None, asked, long=True, mismatches=True)
    except ScenarioError:  # is told with all that is wrong in the library
        return None
    return found if {one.scenario.id for one in found.prepared} >= set(ids) else None


def selection_of(select: Select, only: str | None, selected: Selected) -> str:
    """The selection, as the record keeps it; "" for everything. If ids and files are mixed, all ids are named."""
    if select is None:
        return selection_words(None, only)
    asked = [select] if isinstance(select, str | Path) else list(select)
    if all(map(_is_path, asked)):
        return selection_words([Path(one) for one in asked], only)
    return BY_ID + " ".join(one.scenario.id for one in selected.prepared)


def _is_path(one: str | Path) -> bool:
    return isinstance(one, Path) or "/" in one or one.endswith(".toml") or Path(one).exists()


def _found(wired: Wired, path: Path) -> Path:
    """As seen from the working folder; else from the folder of the bench file, or of its library."""
    places = (Path(), wired.config.file.parent, library_above(wired.config.file))
    return next((place / path for place in places if (place / path).exists()), path)


def _named(wired: Wired, prepared: Iterable[Prepared], wanted: str) -> Prepared:
    known = {one.scenario.id: one for one in prepared}
    if wanted in known:
        return known[wanted]
    where = library_above(wired.config.file) / "scenarios"
    raise ScenarioError(
        f"{where}: found no scenario '{wanted}'; expected the id of one of {len(known)}, or a .toml file or a "
        f"folder of them{nearest(wanted, known)}"
    )
