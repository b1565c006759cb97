"""Each mutant in C is the mutant in Python: the same frames, bit for bit, in the very scenarios that catch it."""

from collections.abc import Callable

import pytest
from firmware_in_step import InStep, in_step, python_and_c
from firmware_pack import Pack
from test_firmware_mutants import SITUATIONS
from test_mutants import CATCHERS

from bench.proof.mutants import likely_order
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware
from firmware_stubs.builds import build
from firmware_stubs.mutants import MUTANT_CLASSES, MUTANTS, RARE
from firmware_stubs.reference_bms_c import compile as c

__all__ = ["in_step"]

pytestmark = pytest.mark.skipif(
    c.compiler() is None, reason="the firmware in C needs a C compiler: none of cc, gcc, clang found"
)

RUN_SEED = 1
# Mutants of firmware_stubs/defects that are not written in C, each with its reason. Nothing else may be missing.
NOT_IN_C: dict[str, str] = {}
# An unnamed build is not tested: the bench refuses it before a scenario can fail.
CAUGHT = {"sends_no_identity": Verdict.ERROR}
# One of each way to make a mutant: a number, a deaf ear, a part of its own (one with memory of its own).
QUICK = ["hasty_hvil", "misses_open_wire", "ignores_last_module", "opens_minus_first"]


def test_every_mutant_is_written_in_c_or_said_not_to_be() -> None:
    assert {*c.mutants()} == {*MUTANTS, *RARE} - {*NOT_IN_C}
    assert all(NOT_IN_C.values())


@pytest.mark.parametrize("name", ["late_overvoltage", "wrong_overvoltage_dtc", "misses_weld"])
def test_a_mutant_has_the_same_defect_in_every_situation(name: str) -> None:
    differs = False
    for play in SITUATIONS.values():
        pack, reference = Pack(python_and_c(name)), Pack(build("reference_c"))
        for one in (pack, reference):
            one.start()
            play(one)
        differs = differs or pack.log != reference.log
    assert differs


@pytest.mark.parametrize("name", QUICK)
def test_a_mutant_is_caught_in_c_as_in_python(
    wired: Wired, prepared: dict[str, Prepared], in_step: list[InStep], name: str
) -> None:
    _until_caught(wired, prepared, name)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for name in MUTANTS if name not in (*QUICK, *NOT_IN_C)])
def test_every_mutant_is_caught_in_c_as_in_python(
    wired: Wired, prepared: dict[str, Prepared], in_step: list[InStep], name: str
) -> None:
    _until_caught(wired, prepared, name)


def _until_caught(wired: Wired, prepared: dict[str, Prepared], name: str) -> None:
    """Every frame of every shot up to the one that catches it is compared, by the firmware itself (InStep)."""
    kind = next(kind for kind, table in MUTANT_CLASSES.items() if name in table)
    mine = with_firmware(wired, name)
    can = [one for one in prepared.values() if set(map(str, one.scenario.needs)) <= wired.capabilities]
    likely = likely_order(kind, name, MUTANTS[name].description, can)
    for one in sorted(likely, key=lambda one: one.scenario.id != CATCHERS.get(name)):  # the known one first
        if shoot(mine, one, 0, 1, RUN_SEED, None).judgement.verdict is CAUGHT.get(name, Verdict.FAIL):
            return
    pytest.fail(f"the library does not catch {name}")


# --- defects that the library need not meet ------------------------------------------------------------------


def _level_and_load(pack: Pack) -> None:
    pack.cells_v = [3.59] * 96
    pack.cells_v[40] = 4.29
    pack.run(4200)


def _second_fault(pack: Pack) -> None:
    pack.minus_kohm = 20.0
    pack.run(400)
    pack.cells_v[40] = 4.3
    pack.run(4200)


def _small_leak(pack: Pack) -> None:
    pack.cells_v = [3.6] * 96
    pack.minus_kohm = 32.0
    pack.run(4200)


RARE_SITUATIONS: dict[str, Callable[[Pack], None]] = {
    "rare_level_and_load": _level_and_load, "rare_second_fault": _second_fault, "rare_resistance": _small_leak,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", RARE)
def test_a_rare_mutant_has_the_same_defect(name: str) -> None:
    pack, reference = Pack(python_and_c(name)), Pack(build("reference_c"))
    for one in (pack, reference):
        one.start()
        RARE_SITUATIONS[name](one)
    assert pack.log != reference.log
