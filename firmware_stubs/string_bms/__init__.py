"""A BMS of a pack of three strings: a reference BMS in each, and a master that says which of them may close."""

from firmware_stubs.string_bms.master import make, make_unguarded

__all__ = ["make", "make_unguarded"]
