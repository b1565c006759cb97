"""EA PSB in Modbus RTU, as a bench file names it. The device is that of `ea_psb`, and so is its simulator."""

from bench.config.options import Options, quantity, whole
from bench.instruments.ea_psb.sim import EaPsbSim, attach_ea_psb
from bench.instruments.ea_psb_modbus.driver import EaPsbModbus
from bench.instruments.kinds import Load, SupplyKind, played
from bench.instruments.ports import DeviceEnd
from bench.links.ports import SerialLink
from bench.timing.clock import Clock

_PLATE = "of the type plate, for in Modbus values are per cent of it"
VOLTAGE = quantity("nominal_voltage", f"voltage {_PLATE}", "V", 500.0, lowest=1, needed=True)
CURRENT = quantity("nominal_current", f"current {_PLATE}", "A", 90.0, lowest=1, needed=True)
POWER = quantity("nominal_power", f"power {_PLATE}", "W", 15_000.0, lowest=1, needed=True)
ADDRESS = whole("address", "Modbus address; a PSB answers to 0 and 1", 1, 0, 247)


def _drive(link: SerialLink, clock: Clock, asked: Options) -> EaPsbModbus:
    return EaPsbModbus(
        link,
        clock,
        nominal_v=asked[VOLTAGE],
        nominal_a=asked[CURRENT],
        nominal_w=asked[POWER],
        address=asked[ADDRESS],
    )


def _sim(asked: Options) -> EaPsbSim:
    return EaPsbSim(nominal_v=asked[VOLTAGE], nominal_a=asked[CURRENT], nominal_w=asked[POWER])


def _play_loaded(device: DeviceEnd, clock: Clock, asked: Options, load: Load) -> EaPsbSim:
    sim = EaPsbSim(
        nominal_v=asked[VOLTAGE],
        nominal_a=asked[CURRENT],
        nominal_w=asked[POWER],
        battery_v=0.0,
        inner_ohm=load.ohm,
        tail_ns=load.tail_ns,
    )
    attach_ea_psb(sim, device, clock)
    return sim


KIND = SupplyKind(
    title="EA PSB in Modbus RTU",
    transports=("serial",),  # TCP 502 would be Modbus/TCP
    use="the same, in Modbus RTU",
    lines="the same port",
    plays="registers in per cent of the nominal values, exceptions 2, 3, 5, 7, 0x17",
    source="the same; registers 405, 498, 499 and the bits of 505 from a public driver of the series",
    options=(VOLTAGE, CURRENT, POWER, ADDRESS),
    drive=_drive,
    play=played(_sim, attach_ea_psb),
    play_loaded=_play_loaded,
)
