"""The firmware in C is the firmware in Python: every frame it sends is the same, bit for bit, so every verdict is."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from firmware_in_step import InStep, python_and_c
from firmware_pack import MS, Pack
from hypothesis import given, settings
from hypothesis import strategies as st
from test_firmware_mutants import SITUATIONS
from test_mutants import TELLS, with_firmware

from bench.campaign.shots import shoot
from bench.scenario.prepare import Prepared
from bench.trace.events import CanFrame
from bench.wiring import simulated
from bench.wiring.common import Wired
from firmware_stubs import mutants
from firmware_stubs.builds import build
from firmware_stubs.reference_bms.e2e import crc_ccitt_of, crc_h2f_of, crc_of, data_ids_of, start_of
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms_c import compile as c

pytestmark = pytest.mark.skipif(
    c.compiler() is None, reason="the firmware in C needs a C compiler: none of cc, gcc, clang found"
)

RUN_SEED = 1
# Mutants of firmware_stubs/mutants.py that are not written in C, and why. Nothing else may be missing.
NOT_IN_C: dict[str, str] = {}
IN_C = [name for name in mutants.MUTANTS if name not in NOT_IN_C]
QUICK = ["late_overvoltage", "wrong_overvoltage_dtc", "recloses_precharge", "misses_symmetric_insulation"]

BuildInStep = Callable[[str], list[InStep]]


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[InStep]]:
    """Every rig built in this test gets both firmwares; the list says which were."""
    built: list[InStep] = []

    def both(name: str, **_: object) -> InStep:
        built.append(python_and_c(name))
        return built[-1]

    monkeypatch.setattr(simulated, "build_firmware", both)
    yield built
    assert built and all(one.compared > 500 for one in built), "no shot was compared"


def test_every_mutant_is_written_in_c_or_said_not_to_be() -> None:
    assert set(c.mutants()) == set(IN_C)
    assert all(NOT_IN_C.values())


def test_a_difference_would_be_seen() -> None:
    pack = Pack(InStep(build("reference"), build("late_overvoltage_c")))
    pack.start()
    with pytest.raises(AssertionError, match=r"^at 3\."):
        SITUATIONS["overvoltage"](pack)


def test_the_same_frames_in_the_whole_library(
    wired: Wired, prepared: dict[str, Prepared], in_step: list[InStep]
) -> None:
    """Equal frames at equal instants are equal traces, so the verdicts are equal shot by shot."""
    for one in prepared.values():
        shoot(wired, one, 0, 1, RUN_SEED, None)
    assert len(in_step) == len(prepared)


@pytest.mark.parametrize("name", ["reference", "late_overvoltage"])
def test_the_same_verdict_reasons_and_digest_apart_from_each_other(
    wired: Wired, prepared: dict[str, Prepared], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in step: two whole shots. The hashes are made equal, because both say theirs on the bus."""
    monkeypatch.setattr(mutants, "build_hash", lambda name: c.build_hash(name))
    one = prepared["ov-step-cell17"]
    python, in_c = (
        shoot(with_firmware(wired, firmware), one, 0, 1, RUN_SEED, None) for firmware in (name, f"{name}_c")
    )
    assert in_c.judgement == python.judgement
    assert in_c.digest == python.digest


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_same_frames_in_every_situation(situation: str) -> None:
    firmware = python_and_c("reference")
    pack = Pack(firmware)
    pack.start()
    SITUATIONS[situation](pack)
    assert firmware.compared > 200


@pytest.mark.parametrize("name", QUICK)
def test_a_mutant_has_the_same_defect(name: str) -> None:
    _check_mutant(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in IN_C if name not in QUICK])
def test_every_mutant_has_the_same_defect(name: str) -> None:
    _check_mutant(name)


def _check_mutant(name: str) -> None:
    differs = False
    for play in SITUATIONS.values():
        pack, reference = Pack(python_and_c(name)), Pack(build("reference_c"))
        for one in (pack, reference):
            one.start()
            play(one)
        differs = differs or pack.log != reference.log
    assert differs


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_C)
def test_a_mutant_sends_the_same_frames_where_it_fails(
    wired: Wired, prepared: dict[str, Prepared], in_step: list[InStep], name: str
) -> None:
    for telling in TELLS[name]:
        shoot(with_firmware(wired, name), prepared[telling.scenario], 0, 1, RUN_SEED, None)


def test_the_same_frames_with_another_calibration() -> None:
    other = replace(
        Limits(), ov_trip_v=3.65, uv_trip_v=2.0, full_v=3.6, capacity_ah=99.5, oc_charge_a=0.5, chemistry_code=2,
        charge_limit_a=33.35, ocv_v=tuple(3.0 + 0.05 * point for point in range(11)),
    )  # fmt: skip
    pack = Pack(InStep(build("reference", limits=other), build("reference_c", limits=other)))
    pack.run(300)
    pack.mode, pack.current_a = 2, -0.6
    pack.cells_v = [3.64] * 96
    pack.run(1500)
    assert pack.flag("OvercurrentCharge")


# --- whatever comes -----------------------------------------------------------------------------------------

_LENGTHS = {0x300: 8, 0x301: 8, 0x302: 8, 0x303: 8, 0x304: 8, 0x306: 8, 0x307: 6, 0x0A0: 4, 0x200: 8, 0x210: 8,
            0x7E0: 8}  # fmt: skip
_SERVICES = (0x10, 0x11, 0x14, 0x19, 0x22, 0x3E, 0x85)


def _protected(can_id: int, data: bytes) -> bytes:
    """The frame with the CRC its profile asks for."""
    if can_id == 0x306:
        return crc_ccitt_of(can_id, data).to_bytes(2, "little") + data[2:]
    if can_id == 0x210:
        return bytes((crc_h2f_of(data_ids_of(can_id)[data[1] & 0x0F], data),)) + data[1:]
    if can_id == 0x200:
        data = data[:1] + bytes((0x20 | data[1] & 0x0F,)) + data[2:]
        return bytes((crc_of(start_of(0), data),)) + data[1:]
    return bytes((crc_of(start_of(can_id), data),)) + data[1:]


@st.composite
def _frames(draw: st.DrawFn) -> tuple[str, CanFrame]:
    """Frames the firmware listens to, often well protected, now and then of a wrong length, bus or kind."""
    can_id = draw(st.sampled_from(sorted(_LENGTHS)))
    length = draw(st.sampled_from([_LENGTHS[can_id]] * 8 + [0, 1, 2, 5, 7, 8]))
    data = draw(st.binary(min_size=length, max_size=length))
    if length > 4 and draw(st.integers(0, 9)):
        if can_id in (0x300, 0x301):
            data = bytes((draw(st.integers(0, 26)),)) + data[1:]
        elif can_id == 0x7E0:
            head = (draw(st.sampled_from((2, 3, 4, 0x10, 0x21, 0x30))), draw(st.sampled_from(_SERVICES)))
            data = (
                bytes((*head, draw(st.integers(0, 3)), draw(st.sampled_from((0xFF, 0x95, 0x89))))) + data[4:]
            )
        else:
            data = _protected(can_id, data)
    channel = draw(st.sampled_from(["sense"] * 9 + ["vehicle"])) if can_id >> 8 == 3 else "vehicle"
    return channel, CanFrame(can_id, data, extended=draw(st.integers(0, 19)) == 0)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), _frames()), max_size=60), st.integers(1, 40))
def test_the_same_frames_whatever_arrives(bursts: list[tuple[int, tuple[str, CanFrame]]], tail: int) -> None:
    pack = Pack(python_and_c("reference"))
    pack.run(120)
    pack.mode = 1
    pack.run(300)
    for steps, (channel, frame) in bursts:
        pack.firmware.receive(pack.now_ns, channel, frame)
        if steps == 9:  # the base task does not run for so long that the watchdog bites
            pack.now_ns += 150 * MS
        pack.run(10 * steps)
    pack.run(10 * tail)
