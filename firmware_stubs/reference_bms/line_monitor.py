"""Single lines: HVIL loop, crash, pyro fuse, clamps 15 and 30."""

from collections import deque

from firmware_stubs.reference_bms.debounce import InARow
from firmware_stubs.reference_bms.faults import Fault, FaultMemory
from firmware_stubs.reference_bms.limits import Limits
from firmware_stubs.reference_bms.measurement import ContactorInput

_OPENINGS_WITHIN_NS = 10_000_000_000


class LineMonitor:
    """Every 10 ms frame."""

    def __init__(self, limits: Limits, faults: FaultMemory) -> None:
        self._faults = faults
        self._low_raw = round(limits.supply_low_v * 10)
        self._brown_out_raw = round(limits.brown_out_v * 10)
        self._hvil = InARow(limits.hvil_frames)
        self._crash = InARow(limits.crash_frames)
        self._pyro = InARow(limits.pyro_frames)
        self._supply = InARow(limits.supply_frames)
        self._brown_out = InARow(limits.brown_out_frames)
        self._clamp = InARow(limits.clamp_frames)
        self._openings: deque[int] = deque(maxlen=limits.hvil_openings)
        self._was_closed = True
        self._all_well = True

    def sample(
        self, now_ns: int, contactors: ContactorInput, *, driving: bool, fired: bool, crash_flag: bool
    ) -> None:
        """`driving`: contactors are closed, close, or are asked to. `fired`: the pyro fuse was told to open."""
        unclamped = driving and not contactors.clamp_15
        pyro_failed = fired and not contactors.pyro_open
        crash = contactors.crash or crash_flag
        well = (
            contactors.hvil_closed
            and contactors.supply_raw >= self._low_raw
            and not (crash or unclamped or pyro_failed)
        )
        if well and self._all_well:
            return
        report = self._faults.report
        report(
            Fault.HVIL_OPEN, self._hvil.update(not contactors.hvil_closed) | self.flutters(now_ns, contactors)
        )
        report(Fault.CRASH_DETECTED, self._crash.update(crash))
        report(Fault.SUPPLY_LOW, self._supply.update(contactors.supply_raw < self._low_raw))
        report(Fault.BROWN_OUT, self._brown_out.update(contactors.supply_raw < self._brown_out_raw))
        report(Fault.CLAMP_LOST, self._clamp.update(unclamped))
        report(Fault.PYRO_FAILED, self._pyro.update(pyro_failed))
        # The short cut above may skip good frames only once every counter is at rest.
        counters = (self._hvil, self._crash, self._pyro, self._supply, self._brown_out, self._clamp)
        flags = self._faults.present >> Fault.HVIL_OPEN & 1
        self._all_well = well and not flags and all(counter.idle for counter in counters)

    def flutters(self, now_ns: int, contactors: ContactorInput) -> bool:
        """An intermittent loop: opened as many times as tolerable within 10 s."""
        if self._was_closed and not contactors.hvil_closed:
            self._openings.append(now_ns)
        self._was_closed = contactors.hvil_closed
        full = len(self._openings) == self._openings.maxlen
        return full and now_ns - self._openings[0] <= _OPENINGS_WITHIN_NS
