"""The rig for this process alone, for as long as it is driven."""

import contextlib
import dataclasses
from collections.abc import Iterator

from bench.record.rig_hold import rig_held
from bench.wiring.common import Wired


@contextlib.contextmanager
def rig_of_ones_own(wired: Wired) -> Iterator[Wired]:
    """The same bench, held against other processes where it drives something real. Raises RigInUse, RecordError.

    Within such a block it changes nothing.
    """
    if wired.hold is not None or wired.config.simulated:
        yield wired
        return
    with rig_held(wired.config) as hold:
        yield dataclasses.replace(wired, hold=hold)
