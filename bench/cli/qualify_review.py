"""`hil qualify --review NAME`: a person says that they have reviewed the evidence, and it is sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from bench.report.told.bench import ReviewTold


def seal_reviews(config: Path, reviewer: str, of: Path | None, quiet: bool) -> tuple[ReviewTold, ...]:
    """Seal a review of the evidence in folder `of`, or of the newest evidence of each timebase. Raises ConfigError
    where there is no evidence.
    """
    from bench.confidence.reviewed import why_no_name, write_review
    from bench.confidence.sealed import why_not_good
    from bench.errors import ConfigError
    from bench.report.told.bench import ReviewTold

    if (why := why_no_name(reviewer)) is not None:
        raise ConfigError(f"--review: found '{reviewer}'; {why}")
    folders = [of] if of is not None else _newest(config)
    whys = {folder: why_not_good(folder) for folder in folders}
    lines = [
        f"{folder}: it is no evidence for a qualification, so there is nothing to review: {why}"
        for folder, why in whys.items()
        if why is not None
    ]
    if len(lines) == len(folders):
        raise ConfigError("\n".join(lines))
    for line in lines:
        typer.echo(f"not reviewed: {line}", err=True)
    told = []
    for folder in (one for one in folders if whys[one] is None):
        review = write_review(folder, reviewer)
        told.append(
            ReviewTold(
                file=str(review.path.parent),
                reviewer=review.reviewer,
                reviewed_utc=review.reviewed_utc,
                of=review.of,
                sha256=dict(review.files),
            )
        )
        if not quiet:
            typer.echo(f"{review.words}: {folder}")
            for name, sha256 in sorted(review.files.items()):
                typer.echo(f"  {sha256}  {name}")
            typer.echo(f"sealed in {review.path.parent}; `hil sign` signs it")
    return tuple(told)


def _newest(config: Path) -> list[Path]:
    from bench.confidence.sealed import FOLDER, is_qualification
    from bench.config.bench_file import load_bench
    from bench.errors import ConfigError

    runs = load_bench(config).record.folder / FOLDER
    found = (sorted(runs.glob(f"*-{timebase}"), reverse=True) for timebase in ("simulated", "host"))
    newest = [next((one for one in some if is_qualification(one)), None) for some in found]
    if not any(newest):
        raise ConfigError(
            f"{runs}: found no evidence to review; `hil qualify --full` makes it, or name it with --of"
        )
    return [one for one in newest if one is not None]
