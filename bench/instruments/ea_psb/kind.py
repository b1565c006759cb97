"""EA PSB in SCPI, as a bench file names it."""

from bench.config.options import Options
from bench.instruments.ea_psb.driver import EaPsb
from bench.instruments.ea_psb.sim import EaPsbSim, attach_ea_psb
from bench.instruments.kinds import Load, SupplyKind, played
from bench.instruments.ports import DeviceEnd
from bench.timing.clock import Clock


def _play_loaded(device: DeviceEnd, clock: Clock, _: Options, load: Load) -> EaPsbSim:
    """The smallest of the series: it feeds a DUT."""
    sim = EaPsbSim(
        nominal_v=60.0,
        nominal_a=40.0,
        nominal_w=1500.0,
        battery_v=0.0,
        inner_ohm=load.ohm,
        tail_ns=load.tail_ns,
    )
    attach_ea_psb(sim, device, clock)
    return sim


KIND = SupplyKind(
    title="EA PSB",
    transports=("serial", "tcp"),
    use="pack supply, or the DUT's (`[dut.power]`)",
    lines="USB, RS-232, TCP 5025",
    plays="SCPI and Modbus RTU told apart by the first byte; remote lock, LOCAL refuses; silent refusal of what is "
    "beyond 102 %; 5-deep error queue whose reading acknowledges alarms; 5 ms between messages; set values executed "
    "later; a battery or a load at the terminals; a TCP connection is dropped after 5 s of silence, and "
    "reopened by the bench",
    source='EA programming guide "ModBus & SCPI" (May 2023)',
    idle_ns=5_000_000_000,
    drive=lambda link, clock, _: EaPsb(link, clock),
    play=played(lambda _: EaPsbSim(), attach_ea_psb),
    play_loaded=_play_loaded,
)
