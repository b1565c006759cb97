"""What the virtual bench's own messages (dbc/bench_io.dbc, dbc/vehicle.dbc) carry, read from the plant."""

from collections.abc import Callable, Iterable, Mapping

from bench.codec.database import Database, Message
from bench.config.profile import DutProfile
from bench.links.ports import CanLink
from bench.plant.pack import Pack
from bench.restbus.cyclic import CyclicMessage
from bench.rig.rig import VehicleSide
from bench.timing.clock import Clock

Values = Callable[[], Mapping[str, float | int | str]]

_KOHM_FULL_SCALE = 6553.5  # 16 bit at 0.1 kohm: the monitor's end of range


def restbus_of(
    clock: Clock,
    links: Mapping[str, CanLink],
    databases: Mapping[str, Database],
    profile: DutProfile,
    pack: Pack,
    vehicle: VehicleSide,
) -> list[CyclicMessage]:
    """Every cyclic message the DUT expects from others. Cell voltages are missing: the AFE sends those itself."""
    dut_nodes = set(databases[profile.roles["state"].channel][profile.roles["state"].message].senders)
    known = _known_values(pack, vehicle)
    request = profile.roles["mode_request"]
    result: list[CyclicMessage] = []
    for channel, database in databases.items():
        for message in database.messages:
            if message.cycle_ns <= 0 or dut_nodes & set(message.senders):
                continue
            if (channel, message.name) == profile.cell_template[:2]:
                continue
            if message.name == _TEMPERATURES:
                result += _temperature_pages(clock, links[channel], message, pack)
                continue
            if (channel, message.name) == request[:2]:
                values = _with_idle(message, _request_values(request.signal, vehicle))
            else:
                values = _with_idle(message, known.get(message.name, dict))
            result.append(CyclicMessage(clock, links[channel], message, values))
    return result


def _with_idle(message: Message, values: Values) -> Values:
    """Signals that nobody sets rest at raw zero."""
    idle = message.decode(bytes(message.length))
    for name in ("Crc8", "AliveCounter"):
        idle.pop(name, None)

    def merged() -> Mapping[str, float | int | str]:
        return {**idle, **values()}

    return merged


def _request_values(signal: str, vehicle: VehicleSide) -> Values:
    return lambda: {signal: vehicle.mode_request}


_TEMPERATURES = "IO_Temperatures"


def _temperature_pages(clock: Clock, link: CanLink, message: Message, pack: Pack) -> Iterable[CyclicMessage]:
    def page(group: int) -> Values:
        def values() -> Mapping[str, float | int | str]:
            temps = pack.sensor_temp_c
            first = 6 * group
            named = {
                f"Temperature{first + k + 1:02d}": min(
                    195.5, max(-60.0, round(float(temps[first + k]) * 4) / 4)
                )
                for k in range(6)
            }
            return {"SensorGroup": group, **named}

        return values

    return [CyclicMessage(clock, link, message, page(group)) for group in range(4)]


def _quarter_degrees(temp_c: float) -> float:
    return min(195.5, max(-60.0, round(temp_c * 4) / 4))


def _known_values(pack: Pack, vehicle: VehicleSide) -> dict[str, Values]:
    contactors, isolation = pack.contactors, pack.isolation

    def kohm(r_iso_ohm: float) -> float:
        return min(_KOHM_FULL_SCALE, round(r_iso_ohm / 100.0) / 10.0)

    def current() -> Mapping[str, float]:
        return {"PackCurrent": round(pack.pack_current_a, 3)}

    def insulation() -> Mapping[str, float]:
        return {"InsulationPlus": kohm(isolation.plus_ohm), "InsulationMinus": kohm(isolation.minus_ohm)}

    def feedback() -> Mapping[str, float]:
        return {
            "PlusFeedback": int(contactors.plus.closed),
            "MinusFeedback": int(contactors.minus.closed),
            "PrechargeFeedback": int(contactors.precharge.closed),
            "HvilClosed": 1,
            "SupplyVoltage": 13.5,
            "LinkVoltage": round(pack.link_voltage_v * 20.0) / 20.0,
            "PackVoltage": round(pack.pack_voltage_v * 20.0) / 20.0,
        }

    def charger() -> Mapping[str, float]:
        charging = vehicle.charge_a > 0
        return {
            "ChargerState": 2 if charging else 0,
            "PlugConnected": int(charging),
            "OutputCurrent": round(max(0.0, -pack.pack_current_a), 1),
            "OutputVoltage": round(pack.link_voltage_v, 1),
            "ChargerTemperature": 30,
        }

    def driving() -> Mapping[str, float]:
        return {"Ignition": 2 if vehicle.mode_request else 0, "Gear": 3 if vehicle.load_a > 0 else 0}

    return {
        "IO_Current": current,
        "IO_Insulation": insulation,
        "IO_Contactors": feedback,
        "CHG_Status": charger,
        "VCU_Vehicle": driving,
    }
