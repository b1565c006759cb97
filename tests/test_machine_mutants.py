"""Mutants by machine: what is changed, how each is built, and what a count says of it."""

import contextlib
import ctypes
import dataclasses
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_bench import hil_here

from bench.errors import DutError, RecordError
from bench.proof.machine import (
    GoodOneFails,
    MachineFound,
    MachineProof,
    prove_machine,
    sample_of,
)
from bench.proof.machine_kept import MachineOutcome, MutantFate
from bench.running.load import load_rig
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware
from firmware_stubs.builds import implementation
from firmware_stubs.machine.c_text import read_c
from firmware_stubs.machine.made import NotCompiled, NoVerdict, Workshop, give_library, more_levels
from firmware_stubs.machine.mutants import CORE, MachineMutant, machine_mutants
from firmware_stubs.machine.operators import Operator, changes_of
from firmware_stubs.machine.tape import Recorder, differs_at_ns
from firmware_stubs.reference_bms_c import compile as c

needs_a_compiler = pytest.mark.skipif(
    c.compiler() is None, reason="the firmware in C needs a C compiler: none of cc, gcc, clang found"
)
NEVER_OPENS = ("state_machine.c", "return machine->open_at_ns == NEVER_NS && now_ns >= machine->open_at_ns;")
ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = ("ov-step-cell17", "healthy-standby")


def changed(file: str, text: str) -> MachineMutant:
    """The mutant whose line becomes `text`."""
    return next(
        one
        for one in machine_mutants().values()
        if one.file == file and one.difference.endswith(f"->  {text}")
    )


# --- what is changed ---------------------------------------------------------------------------------------


def test_there_are_more_than_5000_by_every_operator() -> None:
    mutants = machine_mutants().values()
    assert len(mutants) > 5000
    assert {one.operator for one in mutants} == set(Operator)
    assert {path.name for path in CORE.glob("*.c")} <= {one.file for one in mutants}


def test_each_changes_its_own_place_and_nothing_else() -> None:
    for one in machine_mutants().values():
        source, now, change = (CORE / one.file).read_text(), one.source(), one.change
        assert source[: change.begin] == now[: change.begin]
        assert source[change.end :] == now[change.begin + len(change.replacement) :]
        assert source[change.begin : change.end] != change.replacement


def said(source: str) -> list[str]:
    return [
        f"{one.operator} {one.where}: {source[one.begin : one.end]} -> {one.replacement}"
        for one in changes_of(read_c(source), source)
    ]


def test_every_operator_on_a_small_source() -> None:
    source = (
        "bool f(int a)\n{\n    if (a < 2 && !g(a, h)) {\n        a = a + 1;\n    }\n    return k(a);\n}\n"
    )
    assert set(said(source)) == {
        *(f"relational f: < -> {other}" for other in ("<=", ">", ">=", "==", "!=")),
        "logical f: && -> ||", "logical f: ! -> ",
        "constant f: 2 -> 3", "constant f: 2 -> (2 - 1)",
        "arguments f: a, h -> h, a",
        "negation f: a < 2 && !g(a, h) -> !(a < 2 && !g(a, h))",
        "negation f: a < 2 && !g(a, h) -> 1", "negation f: a < 2 && !g(a, h) -> 0",
        *(f"arithmetic f: + -> {other}" for other in "-*/%"),
        "constant f: 1 -> 2", "constant f: 1 -> (1 - 1)",
        "deletion f: a = a + 1; -> ;",
        "return f: k(a) -> !(k(a))", "return f: k(a) -> true", "return f: k(a) -> false",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "left_alone"),
    [
        ("void f(void)\n{\n    const struct a *b = *c;\n}\n", "*"),
        ("void f(void)\n{\n    g((uint8_t)-d, &e);\n}\n", "-"),
        ("void f(void)\n{\n    if (IS_MUTANT(X)) {\n        g = 7;\n    }\n}\n", "7"),
        ("#if IS_MUTANT(X)\n#define A 7\n#else\n#define B 8\n#endif\n", "7"),
        ('void f(void)\n{\n    g = "a + 7"; /* 7 + 7 */\n}\n', "7"),
    ],
)
def test_what_is_no_operator_and_what_no_build_but_a_mutant_by_hand_runs_is_left_alone(
    source: str, left_alone: str
) -> None:
    assert not [line for line in said(source) if f": {left_alone} ->" in line]


def test_a_name_stays_when_something_else_in_the_file_changes() -> None:
    def names(source: str) -> set[str]:
        from firmware_stubs.machine.mutants import _name

        seen: dict[str, int] = {}
        return {_name(Path("x.c"), source, one, seen) for one in changes_of(read_c(source), source)}

    source = (CORE / "debounce.c").read_text()
    before, after = names(source), names("int more(int a)\n{\n    return a + 1;\n}\n" + source)
    assert before < after


@given(st.text(alphabet="aif(){};=<1 \n/*\"'#\\", max_size=60))
def test_reading_whatever_is_no_c_ends(text: str) -> None:
    with contextlib.suppress(ValueError, IndexError, StopIteration):
        read_c(text)


def test_a_sample_is_drawn_by_name_and_is_part_of_a_larger_one() -> None:
    small, large = sample_of(20, 3), sample_of(50, 3)
    assert small == large[:20]
    assert small != sample_of(20, 4)
    assert {one.file for one in sample_of(None, 3, ["debounce"])} == {"debounce.c"}


# --- how each is built -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(folder=tmp_path_factory.mktemp("workshop"))


def with_change(mutant: MachineMutant, replacement: str) -> MachineMutant:
    return dataclasses.replace(mutant, change=dataclasses.replace(mutant.change, replacement=replacement))


@needs_a_compiler
def test_equivalent_is_what_is_the_same_object_code(workshop: Workshop) -> None:
    one = changed("debounce.c", "} else if (++counter->count > counter->limit) {")
    assert workshop.same_code(one, ("-O2", *more_levels())) is None
    assert workshop.same_code(with_change(one, "+ 0 >=")) == "-O2"
    assert workshop.same_code(with_change(one, "\n\n>=")) == "-O2"  # on another line
    of_header = changed("faults.h", "#define PERMANENT (BIT(DEEP_DISCHARGE) | UINT64_C(0))")
    assert workshop.same_code(of_header) is None
    assert workshop.same_code(with_change(of_header, "BIT(THERMAL_RUNAWAY)")) == "-O2"


@needs_a_compiler
def test_what_does_not_compile_is_no_mutant(workshop: Workshop) -> None:
    one = changed("debounce.c", "} else if (++counter->count > counter->limit) {")
    with pytest.raises(NotCompiled, match="error"):
        workshop.library(with_change(one, "nonsense"))


@needs_a_compiler
@pytest.mark.parametrize(
    "ends",
    [
        "kill -9 $$",
        "echo 'gcc: fatal error: Killed signal terminated program cc1' >&2; exit 1",
        "echo \"<stdin>:3:1: error: unable to open output file: 'No space left on device'\" >&2; exit 1",
        "echo '<stdin>:9:9: internal compiler error: Segmentation fault' >&2; exit 1",
        "echo '<stdin>:9:9: error: something' >&2; exit 4",
        "exit 1",
        "exit 0",
    ],
)
def test_a_compiler_that_was_ended_or_has_no_room_says_nothing(
    workshop: Workshop, tmp_path: Path, ends: str
) -> None:
    """An earlier way to count took these for mutants that do not compile, and left them out."""
    compiler = tmp_path / "cc"
    compiler.write_text(f"#!/bin/sh\ncat >/dev/null\n{ends}\n")
    compiler.chmod(0o755)
    worse = dataclasses.replace(workshop)
    worse._words = (str(compiler),)
    with pytest.raises(NoVerdict, match="says nothing about a mutant"):
        worse.library(changed("debounce.c", "} else if (++counter->count > counter->limit) {"))


@needs_a_compiler
def test_a_mutant_by_machine_is_a_build_like_any_other(wired: Wired, prepared: dict[str, Prepared]) -> None:
    """By its name alone: `hil run --firmware NAME` shows what a count has found."""
    one = changed(*NEVER_OPENS)
    assert implementation(one.name).language == "C"
    result = shoot(with_firmware(wired, one.name), prepared["ov-step-cell17"], 0, 1, 1, None)
    assert result.judgement.verdict.name == "FAIL"
    with pytest.raises(DutError, match="no firmware 'machine-nope'"):
        implementation("machine-nope")


@needs_a_compiler
def test_same_frames_on_the_tape_are_the_same_whole_shot(
    wired: Wired, prepared: dict[str, Prepared], workshop: Workshop
) -> None:
    """What a count rests on: it fires no shot for a mutant whose frames are those of the tape."""
    name = "machine-recorder"
    one = prepared["ov-step-cell17"]
    library = workshop.recorder()
    give_library(name, library)
    recorder = Recorder(library)
    recorder.begin()
    good = shoot(with_firmware(wired, name), one, 0, 1, 1, None).digest
    tape = recorder.take()
    counts = {True: 0, False: 0}
    for mutant in sample_of(12, 5):
        try:
            own = workshop.library(mutant)
        except NotCompiled:
            continue
        same = _apart(lambda own=own: differs_at_ns(own, tape) is None)
        if same is None or counts[same] >= 2:
            continue
        give_library(name, own)
        assert (shoot(with_firmware(wired, name), one, 0, 1, 1, None).digest == good) is same
        counts[same] += 1
    assert min(counts.values()) >= 2


def _apart(asked: Callable[[], bool]) -> bool | None:
    """None where the process it is asked in ends otherwise."""
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_PROF, 2.0)
        os._exit(int(asked()))
    _, status = os.waitpid(child, 0)
    return bool(os.WEXITSTATUS(status)) if os.WIFEXITED(status) else None


# --- a count -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proof(wired: Wired, prepared: dict[str, Prepared]) -> MachineProof:
    if c.compiler() is None:
        pytest.skip("no C compiler")
    return MachineProof(
        wired=wired,
        prepared=[prepared[one] for one in SCENARIOS],
        mutants=[changed(file, text) for file, text, _ in OF_EACH_FATE],
        seed=1,
        workers=1,
        key="these",
    )


OF_EACH_FATE = (
    ("debounce.c", "} else if (--counter->count >= counter->limit) {", MutantFate.KILLED),
    ("e2e.c", "for (int bit = 0; bit < 8; bit--) {", MutantFate.HANGS),
    ("uds.c", "put(response, 0x7E, 1);", MutantFate.SILENT),
    ("outputs.c", "| (uint64_t)entry.status << 40 | (uint64_t)entry.occurrences << 49;", MutantFate.SURVIVES),
    (*NEVER_OPENS, MutantFate.KILLED),
)


def test_a_count_tells_each_fate_and_is_found_again(proof: MachineProof, tmp_path: Path) -> None:
    kept = dataclasses.replace(proof, file=tmp_path / "kept.jsonl")
    told: list[MachineOutcome] = []
    found = prove_machine(kept, told.append)
    assert [found.outcomes[one.name].fate for one in proof.mutants] == [fate for _, _, fate in OF_EACH_FATE]
    assert {one.name for one in told} == {one.name for one in proof.mutants}
    assert (found.killed, found.counted, found.resumed, found.unreached) == (3, 5, 0, 0)
    survivor = found.outcomes[proof.mutants[3].name]
    assert survivor.differs_in and not survivor.by

    with kept.file.open("a") as file:
        file.write('{"name": "machine-cut sho')  # it was ended while it wrote
    again = prove_machine(dataclasses.replace(kept, mutants=proof.mutants[:4]), told.append)
    assert (again.resumed, len(told)) == (4, 5)
    assert again.outcomes == {one.name: found.outcomes[one.name] for one in proof.mutants[:4]}

    with pytest.raises(RecordError, match="name another file"):
        prove_machine(dataclasses.replace(kept, key="others"), told.append)
    kept.file.write_text("nonsense\n" + kept.file.read_text())
    with pytest.raises(RecordError, match="line 1"):
        prove_machine(kept, told.append)


def test_a_mutant_is_left_alone_after_so_many_shots(proof: MachineProof) -> None:
    survivor = dataclasses.replace(proof, mutants=proof.mutants[3:4], most_shots=1)
    (outcome,) = prove_machine(survivor, lambda _: None).outcomes.values()
    assert outcome.survives
    assert len(outcome.differs_in) == 1


def test_a_process_that_is_ended_from_outside_is_no_verdict(
    proof: MachineProof, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is where memory runs out: neither killed nor left out."""
    one = dataclasses.replace(proof, mutants=proof.mutants[3:4])
    in_charge = os.getpid()
    real = ctypes.CDLL

    def ends(path: str) -> ctypes.CDLL:
        if os.getpid() != in_charge and path.endswith(f"{one.mutants[0].name}.so"):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(path)

    monkeypatch.setattr(ctypes, "CDLL", ends)
    with pytest.raises(DutError, match="SIGKILL, which is no verdict"):
        prove_machine(one, lambda _: None)


def test_nothing_is_counted_where_the_good_firmware_fails(proof: MachineProof) -> None:
    for_another_pack = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None, "lfp")
    with pytest.raises(GoodOneFails, match=r"does not pass .*healthy-standby: FAIL"):
        prove_machine(dataclasses.replace(proof, wired=for_another_pack), lambda _: None)


def test_the_score_leaves_out_what_is_no_mutant_and_states_its_interval() -> None:
    fates = [MutantFate.KILLED] * 18 + [
        MutantFate.HANGS,
        MutantFate.CRASHED,
        MutantFate.SILENT,
        MutantFate.SURVIVES,
    ]
    fates += [MutantFate.EQUIVALENT] * 5 + [MutantFate.NOT_COMPILED] * 3
    found = MachineFound(possible=100, chosen=len(fates))
    found.outcomes = {str(at): MachineOutcome(name=str(at), fate=fate) for at, fate in enumerate(fates)}
    assert (found.killed, found.counted) == (20, 22)
    assert found.score == pytest.approx(20 / 22)
    assert found.interval == pytest.approx(
        (0.7084, 0.9888), abs=1e-4
    )  # Clopper and Pearson, R: binom.test(20, 22)
    assert MachineFound(possible=1, chosen=0).interval == (0.0, 1.0)


def test_the_command_tells_what_it_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if c.compiler() is None:
        pytest.skip("no C compiler")
    asked = ["mutants", "--machine", "-k", "ov-step-cell17", "--source", "debounce", "--count", "4", "--json"]
    asked += ["--results", str(tmp_path / "kept.jsonl"), "--workers", "1"]
    codes, documents = [], []
    for at_least in ("0", "1"):
        codes.append(hil_here(*asked, "--at-least", at_least))
        documents.append(json.loads(capsys.readouterr().out))
    first, second = documents
    assert codes == [0, 1]
    assert first["chosen"] == sum(first["fates"].values()) == 4
    assert {key: value for key, value in first.items() if key != "exit_code"} == {
        key: value for key, value in second.items() if key != "exit_code"
    }
    assert first["killed"] + len(first["survivors"]) == first["counted"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--machine", "-m", "cells"], "--mutant: found it"),
        (["--machine", "--full"], "--full: found it"),
        (["--count", "5"], "--count: found it"),
        (["--machine", "--source", "udx"], "--source: found 'udx'; expected one of"),
    ],
)
def test_options_of_the_other_kind_are_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hil_here("mutants", *words) == 2
    assert told in capsys.readouterr().err
