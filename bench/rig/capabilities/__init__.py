"""What a fault, or a script, may ask of a rig: one protocol for each thing that can be done to a DUT and its pack.

A rig provides some of them; who provides what on a bench is told by `hil list faults`.
"""

from bench.rig.capabilities.actuation import Actuation
from bench.rig.capabilities.bus import BusTraffic, BusWires
from bench.rig.capabilities.cell_joints import CellJoints
from bench.rig.capabilities.cell_model import CellModel
from bench.rig.capabilities.cell_voltages import CellVoltages
from bench.rig.capabilities.contactors import ContactorMechanics, Contactors
from bench.rig.capabilities.dut_side import DutIdentity, DutProgram, DutReset, DutSupply
from bench.rig.capabilities.front_end import FrontEnd
from bench.rig.capabilities.hv_circuit import HvCircuit
from bench.rig.capabilities.insulation import Insulation, InsulationInTurns, YCapacitors
from bench.rig.capabilities.pack_current import PackCurrent
from bench.rig.capabilities.sense_wires import WIRE_VARIANTS, SenseWires
from bench.rig.capabilities.sensors import Distort, Distortions, ReadingStage, Sensors
from bench.rig.capabilities.thermal import Chamber, Cooling
from bench.rig.capabilities.timers import Timers

__all__ = [
    "WIRE_VARIANTS",
    "Actuation",
    "BusTraffic",
    "BusWires",
    "CellJoints",
    "CellModel",
    "CellVoltages",
    "Chamber",
    "ContactorMechanics",
    "Contactors",
    "Cooling",
    "Distort",
    "Distortions",
    "DutIdentity",
    "DutProgram",
    "DutReset",
    "DutSupply",
    "FrontEnd",
    "HvCircuit",
    "Insulation",
    "InsulationInTurns",
    "PackCurrent",
    "ReadingStage",
    "SenseWires",
    "Sensors",
    "Timers",
    "YCapacitors",
]
