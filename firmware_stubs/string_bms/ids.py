"""Which message of a further string is which of the first: the same content, at an identifier of its own."""

STRINGS = 3
SENSE_STEP, VEHICLE_STEP = 0x10, 0x20
OF_A_STRING = (0x300, 0x301, 0x302, 0x303, 0x304)
"""On the sense bus: cells, temperatures, current, insulation, contactors. All others are of the pack."""
SAID_BY_EACH = (0x100, 0x101, 0x104, 0x111)
"""On the vehicle bus: state, both words of faults, values. The first string's tell the faults of all."""
DTC = 0x103
"""What is stored in any string is told there, in turn."""
PACK_STATE = 0x0F0
