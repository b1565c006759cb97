"""Recordings made elsewhere (CSV, MF4, BLF, ASC), read as a current over time that a load can follow."""
