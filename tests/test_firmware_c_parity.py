"""The firmware in C is the firmware in Python: every frame it sends is the same, bit for bit, so every verdict is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

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
from bench.wiring.dut import build_firmware
from firmware_stubs import mutants
from firmware_stubs.builds import C_SUFFIX, build
from firmware_stubs.reference_bms.e2e import crc_ccitt_of, crc_h2f_of, crc_of, data_ids_of, start_of
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms_c import compile as c

pytestmark = pytest.mark.skipif(
    c.compiler() is None, reason="the firmware in C needs a C compiler: none of cc, gcc, clang found"
)

RUN_SEED = 1
# Mutants of firmware_stubs/mutants.py that are not written in C, and why. Nothing else may be missing.
_LATER = "came with the whole fault catalogue; in C there are the eleven of the first library so far"
NOT_IN_C: dict[str, str] = dict.fromkeys(
    [
        "overvoltage_limit_high",
        "overvoltage_limit_low",
        "undervoltage_limit_low",
        "undervoltage_limit_high",
        "never_detects_undervoltage",
        "wrong_undervoltage_dtc",
        "ignores_last_module",
        "overvoltage_by_mean",
        "spread_check_drops_the_cell",
        "overvoltage_only_in_charge",
        "debounce_never_resets",
        "misses_deep_discharge",
        "deep_discharge_can_be_reset",
        "no_sum_check",
        "sum_check_too_wide",
        "misses_imbalance",
        "misses_open_wire",
        "misses_frozen_cell",
        "misses_adc_fault",
        "misses_balancing",
        "accepts_old_sweeps",
        "repeats_lost_values",
        "misses_afe_silence",
        "misses_corrupt_chain",
        "misses_lost_module",
        "overtemperature_limit_high",
        "overtemperature_limit_low",
        "late_overtemperature",
        "hasty_overtemperature",
        "ignores_half_the_sensors",
        "temperature_by_mean",
        "misses_charge_overtemperature",
        "charges_in_the_cold",
        "drives_in_the_cold",
        "misses_ntc_faults",
        "takes_ntc_short_for_warm",
        "misses_gradient",
        "misses_temperature_loss",
        "misses_thermal_runaway",
        "runaway_by_drop_alone",
        "runaway_by_rate_alone",
        "runaway_by_heat_alone",
        "runaway_needs_both",
        "late_thermal_runaway",
        "runaway_without_cooling",
        "overcurrent_limit_high",
        "overcurrent_limit_low",
        "charge_limit_high",
        "misses_charge_overcurrent",
        "misses_discharge_overcurrent",
        "ignores_charge_current",
        "late_overcurrent",
        "hasty_overcurrent",
        "misses_overload",
        "misses_short_circuit",
        "short_circuit_without_pyro",
        "misses_current_on_open_string",
        "misses_current_at_rest",
        "misses_sensor_error",
        "channels_not_compared",
        "channels_compared_by_size",
        "misses_sensor_loss",
        "late_after_sensor_loss",
        "insulation_limit_low",
        "looks_at_plus_pole_only",
        "insulation_only_warns",
        "hasty_insulation",
        "misses_monitor_silence",
        "accepts_outdated_insulation",
        "misses_monitor_failure",
        "misses_chassis_loss",
        "misses_weld_of_minus",
        "misses_weld_of_precharge",
        "late_weld",
        "misses_stuck_open",
        "opens_one_pole_only",
        "opens_minus_first",
        "slow_reaction",
        "misses_unintended_opening",
        "misses_unintended_closing",
        "misses_slow_opening",
        "feedback_echoes_command",
        "feedback_not_checked",
        "misses_feedback_loss",
        "precharge_without_end",
        "closes_into_uncharged_link",
        "ignores_hvil",
        "slow_hvil",
        "hasty_hvil",
        "misses_fluttering_hvil",
        "ignores_crash",
        "late_crash",
        "ignores_crash_flag",
        "crash_without_pyro",
        "misses_pyro_failure",
        "weld_without_inhibit",
        "misses_command_loss",
        "command_loss_without_opening",
        "late_command_loss",
        "hasty_command_loss",
        "command_crc_unchecked",
        "command_counter_unchecked",
        "current_crc_unchecked",
        "current_counter_unchecked",
        "misses_e2e_error",
        "misses_wrong_shape",
        "misses_vehicle_loss",
        "misses_charger_loss",
        "own_counter_stands",
        "own_counter_jumps",
        "own_data_id_wrong",
        "misses_low_supply",
        "misses_brown_out",
        "trips_on_cranking",
        "misses_clamp_loss",
        "forgets_latches",
        "does_not_latch",
        "closes_after_reset",
        "stores_no_codes",
        "forgets_codes",
        "wrong_code_status",
        "sends_no_identity",
        "sends_faults_slowly",
    ],
    _LATER,
)
IN_C = [name for name in mutants.MUTANTS if name not in NOT_IN_C]
QUICK = ["late_overvoltage", "wrong_overvoltage_dtc", "recloses_precharge", "misses_symmetric_insulation"]

BuildInStep = Callable[[str], list[InStep]]


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[InStep]]:
    """Every rig built in this test gets both firmwares; the list says which were."""
    built: list[InStep] = []

    def both(name: str, chemistry: Path | None = None) -> InStep:
        built.append(InStep(build_firmware(name, chemistry), build_firmware(name + C_SUFFIX, chemistry)))
        return built[-1]

    monkeypatch.setattr(simulated, "build_firmware", both)
    yield built
    assert built and all(one.compared > 200 for one in built), "no shot was compared"
    assert sum(one.compared for one in built) > 500 * len(built), "a short shot is an exception"


def test_every_mutant_is_written_in_c_or_said_not_to_be() -> None:
    assert set(c.mutants()) == set(IN_C)
    assert all(NOT_IN_C.values())


def test_a_difference_would_be_seen() -> None:
    pack = Pack(InStep(build("reference"), build("late_overvoltage_c")))
    pack.start()
    with pytest.raises(AssertionError, match=r"^at 3\."):
        SITUATIONS["overvoltage"](pack)


EVERY = 16  # of so many scenarios one is in the quick lane


def _shoot_in_step(wired: Wired, some: list[Prepared], in_step: list[InStep]) -> None:
    for one in some:
        assert shoot(wired, one, 0, 1, RUN_SEED, None).judgement.reasons is not None
    assert len(in_step) == len(some)


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
