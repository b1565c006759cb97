"""The firmware in C is the firmware in Python: every frame it sends is the same, bit for bit, so every verdict is."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from firmware_in_step import InStep, in_step, python_and_c
from firmware_pack import MS, Pack
from hypothesis import given, settings
from hypothesis import strategies as st
from test_firmware_mutants import SITUATIONS

from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.trace.events import CanFrame
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware
from firmware_stubs import mutants
from firmware_stubs.builds import CORE, build
from firmware_stubs.reference_bms.dtc_memory import CODES
from firmware_stubs.reference_bms.e2e import crc_ccitt_of, crc_h2f_of, crc_of, data_ids_of, start_of
from firmware_stubs.reference_bms.faults import Fault
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms_c import compile as c
from firmware_stubs.reference_bms_c.stepped import SteppedFirmware

__all__ = ["in_step"]

pytestmark = pytest.mark.skipif(
    c.compiler() is None, reason="the firmware in C needs a C compiler: none of cc, gcc, clang found"
)

RUN_SEED = 1
HASH = mutants.build_hash("reference")
CHEMISTRIES = Path(__file__).parent.parent / "bench/plant/chemistries"


def test_a_difference_would_be_seen() -> None:
    late = SteppedFirmware(c.build("late_overvoltage", "library"), build_hash=HASH)
    pack = Pack(InStep(mutants.build("reference"), late))
    pack.start()
    with pytest.raises(AssertionError, match=r"^at 3\."):
        SITUATIONS["overvoltage"](pack)


EVERY = 16  # of so many scenarios one is in the quick lane


def _shoot_in_step(wired: Wired, some: list[Prepared], in_step: list[InStep]) -> None:
    for one in some:
        assert shoot(wired, one, 0, 1, RUN_SEED, None).judgement.reasons is not None
    assert len(in_step) == len(some)
    assert sum(one.compared for one in in_step) > 500 * len(some), "a short shot is an exception"


@pytest.mark.slow
def test_the_same_frames_in_a_sample_of_the_library(
    wired: Wired, prepared: dict[str, Prepared], in_step: list[InStep]
) -> None:
    """Equal frames at equal instants are equal traces, so the verdicts are equal shot by shot."""
    can = [one for one in prepared.values() if set(map(str, one.scenario.needs)) <= wired.capabilities]
    _shoot_in_step(wired, can[::EVERY], in_step)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_same_frames_in_the_whole_library(
    wired: Wired, prepared: dict[str, Prepared], in_step: list[InStep]
) -> None:
    can = [one for one in prepared.values() if set(map(str, one.scenario.needs)) <= wired.capabilities]
    _shoot_in_step(wired, can, in_step)


@pytest.mark.parametrize("name", ["reference", "late_overvoltage"])
def test_the_same_verdict_reasons_and_digest_apart_from_each_other(
    wired: Wired, prepared: dict[str, Prepared], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in step: two whole shots. It is one build, so even what it says of itself is the same."""
    monkeypatch.setenv(CORE, "python")
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


def test_the_same_frames_with_another_calibration() -> None:
    other = replace(
        Limits(), ov_trip_v=3.65, uv_trip_v=2.0, full_v=3.6, capacity_ah=99.5, oc_charge_a=0.5, chemistry_code=2,
        charge_limit_a=33.35, ocv_v=tuple(3.0 + 0.05 * point for point in range(11)),
    )  # fmt: skip
    pack = Pack(InStep(mutants.build("reference", limits=other), build("reference_c", limits=other)))
    pack.run(300)
    pack.mode, pack.current_a = 2, -0.6
    pack.cells_v = [3.64] * 96
    pack.run(1500)
    assert pack.flag("OvercurrentCharge")


@pytest.mark.skipif(shutil.which("clang") is None, reason="no clang on PATH")
def test_the_same_frames_from_clang(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other parity tests take whichever compiler there is, which is mostly gcc."""
    monkeypatch.setenv("CC", "clang")
    built = c.build("reference", "library")
    pack = Pack(InStep(mutants.build("reference"), SteppedFirmware(built, build_hash=HASH)))
    pack.start()
    pack.current_a, pack.minus_kohm = 90.0, 40.0
    pack.run(500)
    pack.cells_v[40] = 4.3
    pack.run(3200)
    assert pack.flag("CellOvervoltage") and pack.flag("InsulationWarning")


@pytest.mark.parametrize("chemistry", ["nmc", "lfp", "na_ion", "na_nfm", "zn_chitosan"])
def test_the_same_frames_with_the_limits_of_a_chemistry_built_in(chemistry: str) -> None:
    """What a process or an image does, whose limits nobody can hand in when it starts."""
    limits = Limits.from_toml(CHEMISTRIES / f"{chemistry}.toml")
    built_in = SteppedFirmware(c.build("reference", "library", limits=limits), build_hash=HASH)
    pack = Pack(InStep(mutants.build("reference", limits=limits), built_in))
    pack.cells_v = [(limits.uv_warn_v + limits.ov_warn_v) / 2] * 96
    pack.start()
    pack.cells_v[40] = limits.ov_trip_v + 0.005
    pack.run(3200)
    assert pack.flag("CellOvervoltage") and pack.state == 5
    identity = {
        values["ChemistryCode"] for _, values in pack.sent("BMS_Identity") if "ChemistryCode" in values
    }
    assert identity == {limits.chemistry_code}


def test_what_arrives_before_a_reset_or_in_thousands_is_heard_in_its_order() -> None:
    """The library is told of frames with its next step: that must not be seen from outside."""
    firmware = python_and_c("reference")
    pack = Pack(firmware)
    pack.start()
    before = CanFrame(0x7E0, bytes.fromhex("0210030000000000"))  # another diagnostic session
    firmware.receive(pack.now_ns, "vehicle", before)
    firmware.pull_reset()  # which ends that session again
    for number in range(9000):
        nobody = CanFrame(0x123, number.to_bytes(2, "big"))
        firmware.receive(pack.now_ns, "vehicle", nobody)
    firmware.receive(pack.now_ns, "vehicle", CanFrame(0x7E0, bytes.fromhex("0322F18600000000")))
    pack.run(3000)
    assert firmware.compared > 200


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


@pytest.mark.parametrize("record", [0x01, 0xFF, 0x02])
def test_how_often_a_code_has_occurred(record: int) -> None:
    pack = Pack(python_and_c("reference"))
    pack.start()
    pack.now_ns += 150 * MS  # the watchdog bites while the contactors are closed, and that is stored
    pack.run(100)
    code = CODES[Fault.CONTROLLER_RESET].to_bytes(3, "big")
    for asked in (code, b"\x12\x34\x56"):
        pack.firmware.receive(
            pack.now_ns, "vehicle", CanFrame(0x7E0, b"\x06\x19\x06" + asked + bytes((record,)))
        )
        pack.run(20)
        pack.firmware.receive(pack.now_ns, "vehicle", CanFrame(0x7E0, bytes.fromhex("300000")))
        pack.run(20)
    said = [data for _, can_id, data in pack.log if can_id == 0x7E8]
    counted = [data for data in said if data[2:4] == b"\x59\x06"]
    assert len(counted) == (record != 0x02) and b"\x7f\x19\x31" in said[-1]


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
