"""The first steps to the safe state: the cell emulator's outputs off, then every fault, then off once more."""

from functools import partial

from bench.instruments.ports import CellEmulator
from bench.rig.live_faults import LiveFaults
from bench.rig.steps import Steps
from bench.units import format_ns


async def outputs_off(steps: Steps, emulator: CellEmulator, faults: LiveFaults, patience_ns: int) -> None:
    """Off before any fault is cleared: that may take long, or fail.

    A fault unit may have to switch outputs on for it, so they are switched off and read back a second time behind it.
    """
    late = f"the cells were not off and read back within {format_ns(patience_ns)}"
    off = await steps.walk("", emulator.safe, patience_ns, late)
    there = faults.latest_first
    for fault in there:
        what = f"{fault.name} cannot be cleared"
        clear = partial(faults.take_off, fault, "on the way to the safe state")
        if not await steps.walk(what, clear, patience_ns):
            faults.give_up(fault, steps.problems[-1])
    if there or not off:
        await steps.walk("", emulator.safe, patience_ns, late)
