"""The step `fault_reset`: the vehicle asks the DUT to forget its faults."""

from bench.rig.rig import Rig
from bench.trace import facts


async def reset_faults(rig: Rig, duration_ns: int) -> None:
    """Ask the DUT for `duration_ns` to forget its latched faults."""
    rig.trace.mark(rig.clock.now_ns(), facts.Requested(mode="fault reset", value=1), "engine")
    rig.plant.vehicle.fault_reset = 1
    await rig.clock.sleep_until(rig.clock.now_ns() + duration_ns)
    rig.plant.vehicle.fault_reset = 0
