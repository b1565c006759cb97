"""`hil mutants --machine`: the library against defects that nobody chose."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.cli.options import load_rig, load_scenarios

if TYPE_CHECKING:
    from bench.proof.machine import MachineFound
    from bench.proof.machine_kept import MachineOutcome
    from bench.report.told.builds import MachineMutantsTold
    from bench.scenario.prepare import Prepared
    from bench.wiring.common import Wired

_SHOWN = 40  # survivors in words; the document has all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineAsked:
    """The options of the command that are for mutants by machine. at_least: the score asked for, 0..1."""

    seed: int
    count: int | None
    sources: tuple[str, ...]
    at_least: float
    most_shots: int | None
    results: Path | None
    workers: int | None
    out: Path | None


def by_machine(
    asked: MachineAsked, config: Path, scenarios: list[Path] | None, only: str | None, *, shown: bool
) -> tuple[int, MachineMutantsTold]:
    """(exit code, what was found). shown: in words, too."""
    from bench.cli.progress import Progress
    from bench.errors import ConfigError
    from bench.proof.machine import MachineProof, prove_machine, sample_of
    from bench.record.targets import try_file
    from bench.report.told.document import text_of
    from bench.running.workers import bounded

    try_file("--out", asked.out)
    wired = load_rig(config, "simulated", "reference", None)
    prepared, _ = load_scenarios(wired, scenarios, only)
    runnable = [one for one in prepared if not set(map(str, one.scenario.needs)) - wired.capabilities]
    if not runnable:
        raise ConfigError("no scenario can run on this rig; expected one whose needs it meets")
    mutants = sample_of(asked.count, asked.seed, _known(asked.sources))
    workers, line = bounded(asked.workers, len(mutants))
    if line is not None:
        typer.echo(line, err=True)
    key = _key(wired, runnable, asked)
    file = asked.results or wired.config.record.folder / "mutants" / f"machine-{key[:16]}.jsonl"
    proof = MachineProof(
        wired=wired,
        prepared=runnable,
        mutants=mutants,
        seed=asked.seed,
        workers=workers,
        key=key,
        file=file,
        most_shots=asked.most_shots,
    )
    progress = Progress({"mutants": len(mutants)}, shown=shown, good={"mutants": "killed"})
    with progress:
        found = prove_machine(proof, lambda one: progress.advance("mutants", _word(one)))
    code = 3 if found.unreached else int(found.score < asked.at_least)
    document = _told(found)
    if shown:
        _show(found, document, file)
    if asked.out is not None:
        asked.out.write_text(text_of(document, code, indent=1) + "\n", encoding="utf-8")
    return code, document


def _known(sources: tuple[str, ...]) -> tuple[str, ...]:
    """Without their endings. Raises ConfigError for one that has no mutants."""
    from bench.errors import ConfigError, nearest
    from firmware_stubs.machine.mutants import machine_mutants

    files = {one.file.partition(".")[0] for one in machine_mutants().values()}
    wanted = tuple(one.removesuffix(".c").removesuffix(".h") for one in sources)
    for one in wanted:
        if one not in files:
            raise ConfigError(
                f"--source: found '{one}'; expected one of {', '.join(sorted(files))}{nearest(one, files)}"
            )
    return wanted


def _key(wired: Wired, prepared: list[Prepared], asked: MachineAsked) -> str:
    """What a result rests on: everything a matrix by hand does, the seed, and where a mutant is left alone."""
    from bench.proof.mutant_matrix import matrix_key
    from bench.proof.mutants import Proof

    proof = Proof(
        wired=wired,
        prepared=prepared,
        classes={},
        reference="reference",
        seeds=range(asked.seed, asked.seed + 1),
        workers=1,
    )
    return hashlib.sha256(f"{matrix_key(proof)}\n{asked.most_shots}".encode()).hexdigest()


def _word(one: MachineOutcome) -> str:
    return "FAIL" if one.survives else "PASS"


def _told(found: MachineFound) -> MachineMutantsTold:
    from bench.proof.machine_kept import MutantFate
    from bench.report.told.builds import MachineFunctionTold, MachineMutantsTold, MachineSurvivorTold
    from firmware_stubs.machine.mutants import machine_mutants

    mutants = machine_mutants()
    counted: Counter[tuple[str, str]] = Counter()
    killed: Counter[tuple[str, str]] = Counter()
    for one in found.outcomes.values():
        place = mutants[one.name].file, mutants[one.name].where
        counted[place] += one.killed or one.survives
        killed[place] += one.killed
    survivors = sorted(
        (one for one in found.outcomes.values() if one.survives),
        key=lambda one: (mutants[one.name].file, mutants[one.name].line, one.name),
    )
    lowest, highest = found.interval
    return MachineMutantsTold(
        possible=found.possible,
        chosen=found.chosen,
        unreached=found.unreached,
        fates={fate.value: n for fate, n in found.fates().items()},
        killed=found.killed,
        counted=found.counted,
        score=found.score,
        lowest=lowest,
        highest=highest,
        killed_by=dict(Counter(one.by for one in found.outcomes.values() if one.killed).most_common()),
        functions=tuple(
            MachineFunctionTold(file=file, function=where, killed=killed[file, where], counted=n)
            for (file, where), n in sorted(counted.items())
            if n
        ),
        survivors=tuple(
            MachineSurvivorTold(
                name=one.name,
                file=mutants[one.name].file,
                line=mutants[one.name].line,
                function=mutants[one.name].where,
                operator=mutants[one.name].operator.value,
                change=mutants[one.name].difference,
                same_frames=one.fate is MutantFate.SILENT,
                differs_in=one.differs_in,
            )
            for one in survivors
        ),
    )


def _show(found: MachineFound, told: MachineMutantsTold, file: Path) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=130)
    for one in told.survivors[:_SHOWN]:
        how = "same frames" if one.same_frames else f"other frames in {len(one.differs_in)}"
        console.print(
            f"[bold red]survives[/] {one.name} {one.file}:{one.line} {escape(one.function)}, {one.operator}, {how}\n"
            f"    {escape(one.change)}",
            highlight=False,
        )
    if len(told.survivors) > _SHOWN:
        console.print(f"and {len(told.survivors) - _SHOWN} more, which --json names")
    table = Table(box=None, title="killed of counted, by source and function", title_justify="left")
    for heading in ("source", "killed", "survivors in"):
        table.add_column(heading, overflow="fold")
    for source in dict.fromkeys(one.file for one in told.functions):
        own = [one for one in told.functions if one.file == source]
        alive = [
            f"{one.function or 'tables'} {one.counted - one.killed}/{one.counted}"
            for one in sorted(own, key=lambda one: one.killed - one.counted)
            if one.killed < one.counted
        ]
        killed, counted = sum(one.killed for one in own), sum(one.counted for one in own)
        table.add_row(source, f"{killed}/{counted}", escape(", ".join(alive)))
    console.print(table)
    if found.unreached:
        console.print(f"[bold]stopped[/]: {found.unreached} were not reached; nothing is claimed of them")
    kept = f", {found.resumed} of them found in" if found.resumed else ", kept in"
    fates = ", ".join(f"{n} {fate}" for fate, n in told.fates.items())
    console.print(
        f"{len(found.outcomes)} of {found.possible} mutants by machine{kept} {file}: {fates}", soft_wrap=True
    )
    console.print(
        f"score {found.killed} of {found.counted} = {found.score:.1%} (95 % interval {told.lowest:.1%} to "
        f"{told.highest:.1%}); proven equivalent and not compiled are not counted"
    )
