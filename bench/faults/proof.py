"""Whether anything can prove that a fault stood at the DUT's terminals: frames, or what only the bench can know.

Without a proof, a fault that was never there looks like one that the DUT survived.
"""

from bench.faults.asks import asked_by
from bench.faults.port import Fault, Terminals
from bench.rig.capabilities import (
    CellVoltages,
    DutSupply,
    FrontEnd,
    Insulation,
    InsulationInTurns,
    PackCurrent,
    SenseWires,
    Sensors,
)

# What is set by these, the DUT is shown in frames.
IN_FRAMES = frozenset(
    {CellVoltages, DutSupply, FrontEnd, Insulation, InsulationInTurns, PackCurrent, SenseWires, Sensors}
)


def unproven(fault: Fault, at: Terminals) -> str | None:
    """Why nothing proves it; None where something does."""
    if fault.onset(at) or fault.carried():
        return None
    shown = sorted(one.__name__ for one in asked_by(type(fault)) if one in IN_FRAMES)
    if shown:
        return f"it sets {', '.join(shown)}, which frames show, and its onset and carried are empty"
    return None if getattr(fault, "unshown", "") else "its onset, carried and unshown are empty"
