"""The reference BMS: small, readable, with debouncing, state machine, precharge, trouble codes, E2E."""

from firmware_stubs.reference_bms.bms import Parts, ReferenceBms
from firmware_stubs.reference_bms.limits import Limits

__all__ = ["Limits", "Parts", "ReferenceBms"]
