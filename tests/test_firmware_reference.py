"""The reference BMS, driven with frames alone: what it does, and when."""

from itertools import pairwise

import pytest
from firmware_pack import BMS, MS, PROTECTIONS, Pack
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.codec.e2e import Checker, Status
from bench.trace.events import CanFrame
from firmware_stubs.mutants import build
from firmware_stubs.reference_bms import Limits, ReferenceBms
from firmware_stubs.reference_bms.e2e import Receiver, Sender, crc_of, start_of

STANDBY, PRECHARGE, DRIVE, CHARGE, ERROR = 1, 2, 3, 4, 5


@pytest.fixture
def pack() -> Pack:
    return Pack(build("reference"))


def since(pack: Pack, start_ns: int, name: str, signal: str, value: int = 1) -> float:
    """Milliseconds from `start_ns` to the first frame that says so."""
    first_ns = pack.first_ns(name, signal, value, start_ns)
    assert first_ns is not None, f"{name}.{signal} never became {value}"
    return (first_ns - start_ns) / MS


def test_stands_by_once_every_input_is_heard(pack: Pack) -> None:
    pack.silent = {"IO_Insulation"}
    pack.run(500)
    assert pack.state == 0
    pack.silent = set()
    pack.run(110)
    assert pack.state == STANDBY
    assert pack.set_flags() == set()


def test_precharge_closes_in_order_and_ends_in_drive(pack: Pack) -> None:
    pack.run(300)
    pack.mode = 1
    begin = pack.now_ns
    pack.run(300)
    orders = []
    for t_ns, values in pack.sent("BMS_State"):
        coils = tuple(values[f"{n}Command"] for n in ("ContactorPlus", "ContactorMinus", "Precharge"))
        if not orders or orders[-1][1] != coils:
            orders.append((t_ns, coils))
    assert [coils for _, coils in orders] == [(0, 0, 0), (0, 1, 1), (1, 1, 1), (1, 1, 0)]
    assert orders[3][0] - orders[2][0] == 50 * MS
    assert since(pack, begin, "BMS_State", "State", DRIVE) < 150


def test_precharge_that_does_not_charge_the_link_fails_after_a_second(pack: Pack) -> None:
    pack.run(300)
    pack.mode, pack.link_follows = 1, False
    pack.run(20)
    begin = pack.first_ns("BMS_State", "State", PRECHARGE)
    pack.run(1100)
    assert begin is not None
    assert since(pack, begin, "BMS_Faults", "PrechargeFailed") == 1000
    assert (pack.state, pack.coils) == (ERROR, (0, 0, 0))
    assert 0x0C7707 in pack.codes()


def test_off_opens_and_returns_to_standby(pack: Pack) -> None:
    pack.start()
    pack.mode = 0
    pack.run(300)
    assert (pack.state, pack.coils, pack.set_flags()) == (STANDBY, (0, 0, 0), set())


@pytest.mark.parametrize(
    ("volt", "flag", "code"),
    [(4.251, "CellOvervoltage", 0x1A0117), (2.499, "CellUndervoltage", 0x1A0216)],
)
@pytest.mark.parametrize("offset_ms", [10, 50, 100])
def test_cell_voltage_trips_after_25_sweeps_and_opens_200_ms_later(
    pack: Pack, volt: float, flag: str, code: int, offset_ms: int
) -> None:
    pack.start()
    pack.run(offset_ms)
    onset_ns = pack.now_ns
    pack.cells_v[40] = volt
    pack.run(3000)
    detected_ms = since(pack, onset_ns, "BMS_Faults", flag)
    assert 2400 <= detected_ms <= 2520
    assert since(pack, onset_ns, "BMS_Dtc", "DtcCode", code) == detected_ms
    assert since(pack, onset_ns, "BMS_State", "State", ERROR) == detected_ms + 200
    assert since(pack, onset_ns, "BMS_State", "ContactorPlusCommand", 0) == detected_ms + 200
    assert pack.coils == (0, 0, 0)
    assert pack.last("BMS_Faults")["WorstCellIndex"] == 41
    assert pack.last("BMS_State")["ActiveFaultCode"] == (2 if volt > 4 else 4)


def test_a_glitch_only_warns(pack: Pack) -> None:
    pack.start()
    pack.cells_v[3] = 4.4
    pack.run(2000)
    pack.cells_v[3] = 3.7
    pack.run(3000)
    assert pack.state == DRIVE
    assert pack.first_ns("BMS_Faults", "CellOvervoltageWarning", 1) is not None
    assert pack.first_ns("BMS_Faults", "CellOvervoltage", 1) is None
    assert pack.set_flags() == set()


def test_just_below_the_trip_never_trips(pack: Pack) -> None:
    pack.start()
    pack.cells_v = [4.249] * 96
    pack.run(4000)
    assert pack.set_flags() == {"CellOvervoltageWarning"}


def test_a_full_cell_ends_the_charging_current(pack: Pack) -> None:
    pack.start(mode=2)
    assert pack.last("BMS_Limits")["ChargeCurrentLimit"] == 50.0
    pack.cells_v[0] = 4.20
    pack.run(200)
    assert pack.last("BMS_Limits")["ChargeCurrentLimit"] == 0.0


def insulation_kohm(pack: Pack, ohm_per_v: float) -> float:
    return round(ohm_per_v * sum(pack.cells_v) / 100) / 10


@pytest.mark.parametrize(("plus", "minus"), [(90, 5000), (5000, 90), (180, 180)])
def test_insulation_fault_warns_in_drive_and_blocks_the_next_start(pack: Pack, plus: int, minus: int) -> None:
    pack.start()
    onset_ns = pack.now_ns
    pack.plus_kohm, pack.minus_kohm = insulation_kohm(pack, plus), insulation_kohm(pack, minus)
    pack.run(3500)
    assert 2900 <= since(pack, onset_ns, "BMS_Faults", "InsulationFault") <= 3020
    said = pack.last("BMS_State")
    assert (said["State"], said["RestartInhibit"], said["ChargeInhibit"]) == (DRIVE, 1, 1)
    pack.plus_kohm = pack.minus_kohm = 2000.0
    pack.run(3500)
    pack.mode = 0
    pack.run(100)
    pack.mode = 1
    pack.run(500)
    assert (pack.state, pack.coils) == (STANDBY, (0, 0, 0))
    pack.press_reset()
    pack.mode = 1
    pack.run(500)
    assert pack.state == DRIVE


def test_insulation_fault_opens_in_charge(pack: Pack) -> None:
    pack.start(mode=2)
    onset_ns = pack.now_ns
    pack.minus_kohm = insulation_kohm(pack, 90)
    pack.run(3500)
    flagged_ms = since(pack, onset_ns, "BMS_Faults", "InsulationFault")
    assert since(pack, onset_ns, "BMS_State", "State", ERROR) == flagged_ms + 200
    assert pack.coils == (0, 0, 0)


def test_insulation_between_the_thresholds_only_warns(pack: Pack) -> None:
    pack.start(mode=2)
    pack.minus_kohm = insulation_kohm(pack, 200)
    pack.run(4000)
    assert (pack.state, pack.set_flags()) == (CHARGE, {"InsulationWarning"})


@pytest.mark.parametrize(("name", "code"), [("Plus", 0x0AA177), ("Minus", 0x0AA477), ("Precharge", 0x0AE277)])
def test_a_weld_is_seen_after_settling_and_ten_frames(pack: Pack, name: str, code: int) -> None:
    if name == "Precharge":  # which opens already when driving begins
        pack.run(300)
        pack.welded, pack.mode = {name}, 1
        while pack.coils != (1, 1, 0):
            pack.run(10)
    else:
        pack.start()
        pack.welded = {name}
    pack.mode = 0
    onset_ns = pack.now_ns
    pack.run(600)
    low_ms, high_ms = 180, 230
    assert low_ms <= since(pack, onset_ns, "BMS_Faults", f"Weld{name}") <= high_ms
    said = pack.last("BMS_State")
    assert (said["State"], said["RestartInhibit"], pack.coils) == (ERROR, 1, (0, 0, 0))
    assert code in pack.codes()
    pack.press_reset()
    assert pack.state == ERROR
    pack.welded = set()
    pack.run(50)
    pack.press_reset()
    assert (pack.state, pack.set_flags()) == (STANDBY, set())


@pytest.mark.parametrize("name", ["Plus", "Minus"])
def test_a_contactor_that_falls_open_ends_the_drive(pack: Pack, name: str) -> None:
    pack.start()
    pack.run(200)
    onset_ns = pack.now_ns
    pack.stuck_open = {name}
    pack.run(300)
    assert since(pack, onset_ns, "BMS_Faults2", "UnintendedOpening") <= 40
    assert (pack.state, pack.set_flags()) == (ERROR, {"UnintendedOpening"})


@pytest.mark.parametrize("name", ["Plus", "Minus", "Precharge"])
def test_a_contactor_that_does_not_close_is_stuck_open(pack: Pack, name: str) -> None:
    pack.run(300)
    pack.stuck_open, pack.link_follows = {name}, name != "Precharge"
    pack.mode = 1
    pack.run(500)
    assert (pack.state, pack.set_flags()) == (ERROR, {f"StuckOpen{name}"})


@pytest.mark.parametrize("name", ["Plus", "Minus", "Precharge"])
def test_a_contactor_that_closes_by_itself_is_told_from_a_weld(pack: Pack, name: str) -> None:
    pack.run(300)
    onset_ns = pack.now_ns
    pack.welded = {name}
    pack.run(300)
    assert since(pack, onset_ns, "BMS_Faults2", "UnintendedClosing") <= 40
    assert (pack.state, pack.set_flags()) == (ERROR, {"UnintendedClosing"})


def test_reset_needs_off_and_a_vanished_cause(pack: Pack) -> None:
    pack.start()
    pack.cells_v[7] = 4.3
    pack.run(3000)
    assert pack.state == ERROR
    pack.press_reset()
    assert (pack.state, pack.flag("CellOvervoltage")) == (ERROR, True)
    pack.cells_v[7] = 3.7
    pack.run(3000)
    assert (pack.state, pack.flag("CellOvervoltage")) == (ERROR, True)
    pack.mode, pack.reset = 1, True
    pack.run(100)
    assert pack.state == ERROR
    pack.reset = False
    pack.press_reset()
    assert (pack.state, pack.set_flags()) == (STANDBY, set())
    assert pack.codes() == {0x1A0117, 0x1A1162}  # overvoltage, and the imbalance that it also is


@pytest.mark.parametrize(
    ("message", "flag", "low_ms", "high_ms", "opens"),
    [
        ("IO_CellVoltages", "CellVoltageLost", 300, 410, True),
        ("IO_Current", "CurrentSensorLost", 90, 110, True),
        ("IO_Contactors", "ContactorFeedbackLost", 90, 110, True),
        ("IO_Insulation", "InsulationMonitorLost", 900, 1010, False),
        ("VCU_BmsCommand", "VcuCommandLost", 180, 210, True),
    ],
)
def test_a_silent_input_is_flagged(
    pack: Pack, message: str, flag: str, low_ms: int, high_ms: int, opens: bool
) -> None:
    pack.start()
    onset_ns = pack.now_ns
    pack.silent = {message}
    pack.run(1500)
    assert low_ms <= since(pack, onset_ns, "BMS_Faults", flag) <= high_ms
    assert pack.set_flags() - {"ServiceRequired"} == {flag}
    assert (pack.state, pack.coils) == ((ERROR, (0, 0, 0)) if opens else (DRIVE, (1, 1, 0)))


@pytest.mark.parametrize("message", ["IO_Current", "IO_Insulation", "IO_Contactors", "VCU_BmsCommand"])
@pytest.mark.parametrize("how", ["bad_crc", "frozen"])
def test_unprotected_values_are_flagged_and_not_used(pack: Pack, message: str, how: str) -> None:
    pack.start()
    onset_ns = pack.now_ns
    setattr(pack, how, {message})
    pack.current_a = 90.0
    pack.mode = 0 if message == "VCU_BmsCommand" else 1
    pack.run(450)
    assert pack.flag("E2eError")
    assert 0x1A0C41 in pack.codes()
    if message == "IO_Current":
        assert pack.last("BMS_PackValues")["PackCurrent"] == 0.0
    if message == "VCU_BmsCommand":
        assert not any(
            values["State"] == STANDBY for t_ns, values in pack.sent("BMS_State") if t_ns > onset_ns
        )
    setattr(pack, how, set())
    pack.run(450)
    assert not pack.flag("E2eError")


def test_overcurrent_and_heat_open(pack: Pack) -> None:
    pack.start()
    pack.current_a = 160.0
    pack.run(400)
    assert (pack.state, pack.set_flags()) == (ERROR, {"OvercurrentDischarge"})
    hot = Pack(build("reference"))
    hot.start()
    hot.temperatures_c[11] = 61.0
    hot.run(4500)
    assert (hot.state, hot.set_flags()) == (
        ERROR,
        {"Overtemperature", "OvertemperatureWarning", "TemperatureGradient", "ServiceRequired"},
    )
    assert hot.last("BMS_TemperatureMinMax")["TemperatureMaxIndex"] == 12


def test_crash_opens_within_30_ms(pack: Pack) -> None:
    pack.start()
    onset_ns = pack.now_ns
    pack.crash = True
    pack.run(100)
    assert since(pack, onset_ns, "BMS_State", "ContactorPlusCommand", 0) <= 30


def test_every_message_keeps_its_cycle_and_its_protection(pack: Pack) -> None:
    pack.run(4000)
    cyclic = [one for one in BMS.messages if one.senders == ["BMS"] and one.cycle_time]
    assert len(cyclic) == 13
    for message in cyclic:
        frames = [(t_ns, data) for t_ns, can_id, data in pack.log if can_id == message.frame_id]
        gaps = {(b[0] - a[0]) // MS for a, b in pairwise(frames)}
        assert gaps == {message.cycle_time}, message.name
        protection = PROTECTIONS[message.name]  # the bench's codec, which is not the firmware's
        if protection is not None:
            checker = Checker(protection)
            statuses = [checker.check(data) for _, data in frames]
            assert set(statuses) == {Status.INITIAL, Status.OK}, message.name


def test_cells_and_identity_come_out_as_they_are(pack: Pack) -> None:
    pack.cells_v = [3.5 + 0.001 * n for n in range(96)]
    pack.run(3000)
    cells: dict[str, float] = {}
    for _, values in pack.sent("BMS_CellVoltages"):
        cells |= values
    assert [cells[f"CellVoltage{n + 1:02d}"] for n in range(96)] == pytest.approx(pack.cells_v, abs=0.0003)
    seen = pack.last("BMS_CellMinMax")
    assert (seen["CellVoltageMinIndex"], seen["CellVoltageMaxIndex"]) == (1, 96)
    assert (seen["CellVoltageMin"], seen["CellVoltageMax"]) == (3500.0, 3595.0)
    pages = [values for _, values in pack.sent("BMS_Identity")]
    assert {values["IdentityPage"] for values in pages} == {0, 1}
    assert pages[-1].get("CellCount", 96) == 96
    empty = pack.last("BMS_Dtc")
    assert (empty["DtcIndex"], empty["DtcCode"]) == (255, 0)


def test_charge_is_counted() -> None:
    pack = Pack(ReferenceBms(Limits(capacity_ah=0.1)))
    pack.start()
    before = pack.last("BMS_PackValues")["StateOfCharge"]
    pack.current_a = 36.0
    pack.run(1000)
    assert pack.last("BMS_PackValues")["StateOfCharge"] == pytest.approx(before - 10.0, abs=0.2)


def test_e2e_vector_of_the_standard() -> None:
    assert crc_of(start_of(0x0123), bytes(8)) == 0xCC


@given(data_id=st.integers(0, 0xFFFF), payload=st.integers(0, 2**52 - 1), bit=st.integers(0, 63))
@settings(max_examples=200)
def test_e2e_sees_every_single_flipped_bit(data_id: int, payload: int, bit: int) -> None:
    data = Sender(data_id).protect(payload << 12, 8)
    assert Receiver(data_id).accept(data)
    flipped = (int.from_bytes(data, "little") ^ 1 << bit).to_bytes(8, "little")
    assert not Receiver(data_id).accept(flipped)


@given(
    channel=st.sampled_from(["sense", "vehicle"]), can_id=st.integers(0, 0x7FF), data=st.binary(max_size=64)
)
@settings(max_examples=300)
def test_no_frame_whatever_makes_it_crash(channel: str, can_id: int, data: bytes) -> None:
    bms = build("reference")
    for known in (can_id, 0x300, 0x301, 0x302, 0x303, 0x304, 0x0A0):
        bms.receive(0, channel, CanFrame(known, data))
    assert bms.step(0)
