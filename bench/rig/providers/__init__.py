"""Who provides the capabilities of a rig: the plant model, the cell emulator, relays, the played sensors, the buses."""
