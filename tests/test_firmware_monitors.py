"""Every monitor of the reference BMS: what provokes it, how fast it says so, what else it says, and what it does."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from firmware_pack import MS, Pack

from firmware_stubs.mutants import build
from firmware_stubs.reference_bms import Limits
from firmware_stubs.reference_bms.faults import DERATES, LATCHING, PERMANENT, Fault
from firmware_stubs.reference_bms.nvm import Nvm, ResetCause

STANDBY, DRIVE, CHARGE, ERROR = 1, 3, 4, 5
PROFILE = tomllib.loads((Path(__file__).resolve().parents[1] / "dbc/reference_bms.toml").read_text())
SERVICE = "ServiceRequired"


def set_(**values: object) -> Callable[[Pack], None]:
    def provoke(pack: Pack) -> None:
        for name, value in values.items():
            setattr(pack, name, value)

    return provoke


def cell(volt: float, number: int = 41) -> Callable[[Pack], None]:
    def provoke(pack: Pack) -> None:
        pack.cells_v[number - 1] = volt

    return provoke


def sensor(celsius: float, number: int = 12) -> Callable[[Pack], None]:
    def provoke(pack: Pack) -> None:
        pack.temperatures_c[number - 1] = celsius

    return provoke


def all_sensors(celsius: float) -> Callable[[Pack], None]:
    return lambda pack: pack.temperatures_c.__setitem__(slice(None), [celsius] * 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`flag` of the profile; `also` may come with it; `state` is where the BMS ends up."""

    flag: str
    provoke: Callable[[Pack], None]
    also: frozenset[str] = frozenset()
    state: int = ERROR
    mode: int = 1


def case(flag: str, provoke: Callable[[Pack], None], *also: str, state: int = ERROR, mode: int = 1) -> Case:
    return Case(flag=flag, provoke=provoke, also=frozenset(also), state=state, mode=mode)


HOT = ("OvertemperatureWarning", "TemperatureGradient", SERVICE)
CASES = [
    case("overvoltage", cell(4.27), "CellOvervoltageWarning", "CellImbalance", SERVICE),
    case("undervoltage", cell(2.45), "CellUndervoltageWarning", "CellImbalance", SERVICE),
    case("deep_discharge", cell(1.5), "CellUndervoltageWarning", "CellImbalance", "CellUndervoltage", SERVICE),
    case("cell_imbalance", cell(3.9), SERVICE, state=DRIVE),
    case("pack_voltage_implausible", set_(pack_offset_v=-15.0)),
    case("cell_open_wire", set_(open_wire=42)),
    case("afe_adc_fault", set_(adc_fault=True)),
    case("afe_chain_fault", set_(chain_status=1)),
    case("afe_chain_fault", set_(stale_sweeps=True)),
    case("afe_chain_fault", set_(sweep_crc=0x1234)),
    case("afe_chain_fault", set_(silent={"IO_AfeStatus"})),
    case("afe_module_lost", set_(modules_lost=0x10)),
    case("afe_module_lost", set_(chain_status=3)),
    case("cell_voltage_lost", cell(6.1915)),
    case("overtemperature", sensor(61.0), *HOT),
    case("overtemperature_charge", sensor(56.0), *HOT, mode=2),
    case("undertemperature_charge", all_sensors(-5.0), mode=2),
    case("undertemperature_discharge", all_sensors(-25.0)),
    case("temperature_gradient", sensor(43.0), SERVICE, state=DRIVE),
    case("temperature_sensor_fault", sensor(-60.0), SERVICE, state=DRIVE),
    case("temperature_sensor_fault", sensor(195.5), SERVICE, state=DRIVE),
    case("overcurrent_discharge", set_(current_a=155.0), "CurrentOnOpenString", "CurrentAtRest", SERVICE),
    case("overcurrent_charge", set_(current_a=-80.0), "CurrentOnOpenString", "CurrentAtRest", SERVICE, mode=2),
    case(
        "short_circuit", set_(current_a=700.0, pyro_open=True), "OvercurrentDischarge", "CurrentOnOpenString",
        "CurrentAtRest", "OverloadI2t", SERVICE,
    ),
    case("current_sensor_error", set_(sensor_bits={"SensorError"})),
    case("current_sensor_error", set_(sensor_bits={"Overrange"})),
    case("current_sensor_error", set_(sensor_bits={"ChannelMismatch"})),
    case("current_implausible", set_(hall_a=6.0)),
    case("insulation_monitor_outdated", set_(monitor_status=1), SERVICE, state=DRIVE),
    case("insulation_monitor_outdated", set_(monitor_age_s=11.0), SERVICE, state=DRIVE),
    case("insulation_monitor_failure", set_(monitor_status=2), SERVICE, state=DRIVE),
    case("insulation_monitor_failure", set_(monitor_error=True), SERVICE, state=DRIVE),
    case("chassis_connection_lost", set_(chassis_lost=True), SERVICE, state=DRIVE),
    case("feedback_implausible", set_(link_follows=False)),
    case("hvil_open", set_(hvil_closed=False)),
    case("crash_detected", set_(crash=True, pyro_open=True)),
    case("supply_low", set_(supply_v=8.0), state=DRIVE),
    case("brown_out", set_(supply_v=5.0), "SupplyLow"),
    case("clamp_lost", set_(clamp15=False)),
    case("vehicle_status_lost", set_(silent={"VCU_Vehicle"}), state=DRIVE),
    case("charger_lost", set_(silent={"CHG_Status"}), mode=2),
    case("balancing_stuck", set_(balancing=3), SERVICE, state=DRIVE),
]  # fmt: skip


@pytest.mark.parametrize("one", CASES, ids=[f"{n}-{one.flag}" for n, one in enumerate(CASES)])
def test_a_cause_is_flagged_in_the_time_the_profile_promises(one: Case) -> None:
    said = PROFILE["flag"][one.flag]
    _, message, signal = said["signal"].split(".")
    pack = Pack(build("reference"))
    pack.start(one.mode)
    pack.run(400)
    onset_ns = pack.now_ns
    one.provoke(pack)
    debounce = said["debounce"]
    period_ms, settle_ms = (int(str(debounce.get(key, "0 ms")).split()[0]) for key in ("period", "settle"))
    longest_ms = settle_ms + debounce["events"] * period_ms
    pack.run(longest_ms + 600)
    first_ns = pack.first_ns(message, signal, 1, onset_ns)
    assert first_ns is not None, pack.set_flags()
    took_ms = (first_ns - onset_ns) / MS
    assert (debounce["events"] - 1) * period_ms - 20 <= took_ms <= longest_ms + 30
    assert pack.set_flags() - one.also == {signal}
    assert pack.state == one.state
    if "dtc" in said:
        assert said["dtc"] in pack.codes()
    assert said.get("severity", "trip") == ("warning" if one.state == DRIVE else "trip")
    if one.state == ERROR:
        assert pack.coils == (0, 0, 0)


def test_every_flag_of_the_profile_is_a_bit_of_its_own_and_back() -> None:
    signals = [flag["signal"].split(".")[-1] for flag in PROFILE["flag"].values()]
    assert len(set(signals)) == len(signals)
    names = {"".join(word.capitalize() for word in fault.name.split("_")) for fault in Fault}
    assert names - set(signals) == {"OvertemperatureChargeWarning"}
    trips = {f["signal"].split(".")[-1] for f in PROFILE["flag"].values() if f.get("severity") != "warning"}
    latching = {fault for fault in Fault if LATCHING >> fault & 1}
    named = {"".join(word.capitalize() for word in fault.name.split("_")) for fault in latching}
    assert named | {"VcuCommandLost"} == trips
    assert PERMANENT & LATCHING == PERMANENT
    assert not DERATES & LATCHING


# --- frozen cells, runaway, I2t and the like: stories that need more than one value --------------------------


def _move(pack: Pack, volt: float, but: int | None = None) -> None:
    pack.cells_v = [v if n + 1 == but else v + volt for n, v in enumerate(pack.cells_v)]


@pytest.mark.parametrize(("stuck", "flagged"), [(17, True), (None, False)])
def test_a_cell_that_stands_still_while_the_others_move(stuck: int | None, flagged: bool) -> None:
    pack = Pack(build("reference"))
    pack.start()
    pack.run(1000)
    _move(pack, -0.06, but=stuck)
    pack.run(1500)
    assert pack.flag("CellFrozen") is flagged
    assert pack.state == (ERROR if flagged else DRIVE)


def test_a_cell_on_the_flat_beside_a_step_of_the_curve_is_no_frozen_one() -> None:
    """Sodium at 2C: most cells go down the step with 12 mV/s, a few at its foot show nothing for seconds."""
    pack = Pack(build("reference"))
    pack.start()
    pack.run(1000)
    for _ in range(60):
        _move(pack, -0.0012, but=17)
        pack.run(100)
    assert not pack.flag("CellFrozen") and pack.state == DRIVE
    _move(pack, -0.08, but=17)  # but a step of the load it must answer, however long it has been still
    pack.run(1500)
    assert pack.flag("CellFrozen") and pack.state == ERROR


RISE = [25.0, 25.0, 26.5, 28.0, 29.5, 31.0, 32.5]


@pytest.mark.parametrize(
    ("drop", "warm", "rise", "alarm"),
    [
        (True, False, True, True),  # (a) and (c)
        (False, True, True, True),  # (b) and (c)
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
        (True, True, False, False),
    ],
)
def test_thermal_runaway_needs_its_whole_signature(drop: bool, warm: bool, rise: bool, alarm: bool) -> None:
    pack = Pack(build("reference"))
    start = 50.0 if warm else 25.0
    pack.temperatures_c = [start] * 24
    pack.start()
    pack.run(1500)
    if drop:
        pack.cells_v[45] = 2.75
    if warm and not rise:
        pack.temperatures_c = [56.0] * 24
    for step in range(7):
        if rise:
            pack.temperatures_c[11] = start + 1.5 * step
        pack.run(1000)
    assert pack.flag("ThermalRunaway") is alarm
    said = pack.last("BMS_Contactors")
    assert bool(said["ThermalAlarm"]) is alarm
    if alarm:
        assert said["CoolingRequest"] == 1
        assert pack.coils == (0, 0, 0)
        pack.cells_v[45] = 3.7
        pack.temperatures_c = [25.0] * 24
        pack.run(6000)
        pack.press_reset()
        assert (pack.state, pack.flag("ThermalRunaway")) == (ERROR, True)  # for a workshop


@pytest.mark.parametrize(
    ("start_c", "drop", "alarm"), [(120.0, True, True), (120.0, False, False), (25.0, True, False)]
)
def test_a_cell_that_burns_takes_its_sensor_off_the_scale(start_c: float, drop: bool, alarm: bool) -> None:
    """Seen in the plant: 175 degC and its end of the range within one sweep, the voltage gone 3 s later."""
    pack = Pack(build("reference"))
    pack.temperatures_c = [25.0] * 24
    pack.start()
    for step in range(1, 6):  # by steps: no rise of more than 3 s
        pack.temperatures_c[11] = 25.0 + (start_c - 25.0) * step / 5
        pack.run(2000)
    assert not pack.flag("ThermalRunaway")
    pack.temperatures_c[11] = 195.5
    if drop:
        pack.cells_v[45] = 2.75
    pack.run(6000)
    assert pack.flag("ThermalRunaway") is alarm


def test_a_slow_rise_or_a_short_one_is_none() -> None:
    pack = Pack(build("reference"))
    pack.start()
    pack.cells_v[45] = 2.75
    for rise_c in (1.5, 1.5, 1.5, 0.0, 1.5, 1.5, 1.5, 0.75, 0.75, 0.75, 0.75, 0.75):
        pack.temperatures_c[11] += rise_c
        pack.run(1000)
    assert not pack.flag("ThermalRunaway")


@pytest.mark.parametrize(("ampere", "after_s"), [(149.0, 10.4), (130.0, 32.4), (119.0, None)])
def test_overload_is_integrated(ampere: float, after_s: float | None) -> None:
    pack = Pack(build("reference"))
    pack.start()
    onset_ns = pack.now_ns
    pack.current_a = ampere
    pack.run(34_000)
    first_ns = pack.first_ns("BMS_Faults2", "OverloadI2t", 1, onset_ns)
    if after_s is None:
        assert first_ns is None
    else:
        assert first_ns is not None
        assert (first_ns - onset_ns) / 1e9 == pytest.approx(after_s, abs=0.1)


def test_current_without_a_path_is_an_error_and_a_little_of_it_a_warning() -> None:
    pack = Pack(build("reference"))
    pack.run(600)
    pack.current_a = 2.0
    pack.run(1200)
    assert (pack.state, pack.set_flags()) == (STANDBY, {"CurrentAtRest", SERVICE})
    pack.current_a = 6.0
    pack.run(150)
    assert (pack.state, pack.flag("CurrentOnOpenString")) == (ERROR, True)


def test_a_fluttering_hvil_is_open_although_never_for_long() -> None:
    pack = Pack(build("reference"))
    pack.start()
    for count in range(6):
        assert pack.state == DRIVE, count
        pack.hvil_closed = False
        pack.run(50)
        pack.hvil_closed = True
        pack.run(250)
    assert pack.state == ERROR


def test_a_slow_contactor_is_warned_of_before_it_counts_as_welded() -> None:
    pack = Pack(build("reference"))
    pack.start()
    pack.run(200)
    pack.welded, pack.mode = {"Plus"}, 0
    onset_ns = pack.now_ns
    pack.run(150)
    pack.welded = set()
    pack.run(300)
    first_ns = pack.first_ns("BMS_Faults2", "SlowOpening", 1, onset_ns)
    assert first_ns is not None
    assert 70 <= (first_ns - onset_ns) / MS <= 110
    assert (pack.state, pack.set_flags()) == (STANDBY, set())


def test_the_pyro_fires_on_a_crash_and_is_looked_after() -> None:
    pack = Pack(build("reference"))
    pack.start()
    onset_ns = pack.now_ns
    pack.crash = True
    pack.run(200)
    first_ns = pack.first_ns("BMS_Contactors", "PyroCommand", 1, onset_ns)
    assert first_ns is not None
    assert (first_ns - onset_ns) / MS <= 30
    assert pack.flag("PyroFailed")


def test_the_crash_flag_of_the_vehicle_counts_as_the_line_does() -> None:
    pack = Pack(build("reference"))
    pack.start()
    pack.crash_flag = pack.pyro_open = True
    pack.run(100)
    assert (pack.state, pack.set_flags()) == (ERROR, {"CrashDetected"})


def test_a_short_circuit_fires_the_pyro_before_contactors_open() -> None:
    pack = Pack(build("reference"))
    pack.start()
    pack.run(100)
    onset_ns = pack.now_ns
    pack.current_a, pack.pyro_open = 700.0, True
    pack.run(60)
    fired = pack.first_ns("BMS_Contactors", "PyroCommand", 1, onset_ns)
    opened = pack.first_ns("BMS_State", "ContactorPlusCommand", 0, onset_ns)
    assert fired is not None and opened is not None
    assert opened - fired == 20 * MS


def test_wrong_shapes_are_flagged_and_not_used() -> None:
    pack = Pack(build("reference"))
    pack.start()
    pack.speed_kmh = 500.0
    pack.run(100)
    assert pack.set_flags() == {"MessageInvalid"}
    pack.speed_kmh = 30.0
    pack.run(100)
    assert pack.set_flags() == set()


# --- what survives a reset -----------------------------------------------------------------------------------


def restarted(pack: Pack, nvm: Nvm) -> None:
    pack.firmware = build("reference", nvm=nvm)
    pack.latest[0x100] = bytes(8)  # no supply, no coils
    pack.run(400)


def test_a_latched_fault_and_its_codes_survive_a_restart() -> None:
    nvm = Nvm()
    pack = Pack(build("reference", nvm=nvm))
    pack.start()
    pack.cells_v[3] = 4.27
    pack.run(3000)
    assert pack.state == ERROR
    pack.cells_v[3] = 3.7
    pack.mode = 0
    pack.run(3000)
    restarted(pack, nvm)
    pack.run(1500)
    assert (pack.state, pack.flag("CellOvervoltage"), pack.last("BMS_State")["DtcCount"]) == (ERROR, True, 2)
    pack.press_reset()
    assert pack.state == STANDBY


def test_a_restart_with_closed_contactors_does_not_close_them_again() -> None:
    nvm = Nvm()
    pack = Pack(build("reference", nvm=nvm))
    pack.start()
    quiet_from_ns = pack.now_ns
    restarted(pack, nvm)
    said = [t_ns for t_ns, can_id, _ in pack.log if t_ns >= quiet_from_ns and can_id == 0x100]
    assert said[0] - quiet_from_ns == 50 * MS
    assert (pack.state, pack.coils, pack.set_flags()) == (ERROR, (0, 0, 0), {"ControllerReset"})


def test_a_hang_is_ended_by_the_watchdog() -> None:
    nvm = Nvm()
    pack = Pack(build("reference", nvm=nvm))
    pack.start()
    pack.now_ns += 150 * MS
    pack.run(2000)
    assert (pack.state, pack.coils) == (ERROR, (0, 0, 0))
    assert pack.flag("ControllerReset")
    pages = [page for _, page in pack.sent("BMS_Identity") if page["IdentityPage"] == 0]
    assert (pages[-1]["ResetCause"], pages[-1]["ResetCount"]) == (ResetCause.WATCHDOG, 1)


def test_an_orderly_restart_is_no_fault() -> None:
    nvm = Nvm()
    pack = Pack(build("reference", nvm=nvm))
    pack.start()
    pack.mode = 0
    pack.run(300)
    restarted(pack, nvm)
    assert (pack.state, pack.set_flags()) == (STANDBY, set())


def test_a_sensor_that_never_speaks_is_reported_two_seconds_after_the_start() -> None:
    pack = Pack(build("reference"))
    pack.silent = {"IO_Current"}
    pack.run(2300)
    assert (pack.state, pack.set_flags()) == (ERROR, {"CurrentSensorLost"})


def test_the_defaults_are_those_of_nmc() -> None:
    path = Path(__file__).resolve().parents[1] / "bench/plant/chemistries/nmc.toml"
    read, default = Limits.from_toml(path), Limits()
    for name in (
        "ov_trip_v",
        "uv_trip_v",
        "deep_v",
        "ot_trip_c",
        "ot_charge_c",
        "discharge_min_c",
        "oc_charge_a",
    ):
        assert getattr(read, name) == pytest.approx(getattr(default, name)), name


def test_a_sweep_in_the_middle_of_a_step_freezes_no_cell() -> None:
    """Found by the bench: cells that already had their new value in a mixed sweep seemed to stand still afterwards."""
    pack = Pack(build("reference"))
    pack.start()
    pack.run(1000)
    for part in (48, 96):
        pack.cells_v[:part] = [3.64] * part
        pack.run(100)
    pack.run(3000)
    assert (pack.state, pack.set_flags()) == (DRIVE, set())
