"""Firmware that stands in for a target: the reference BMS, its mutants, the ruler with known delays."""
