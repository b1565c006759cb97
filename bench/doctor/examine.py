"""All findings about one bench, in the order in which they should be mended."""

import contextlib
from collections.abc import Iterator

from bench.config.bench_file import BenchConfig
from bench.doctor.buses import examine_bus
from bench.doctor.devices import examine_dut, examine_instruments
from bench.doctor.finding import Checkup, Health
from bench.doctor.machine import examine_machine
from bench.doctor.safe_state import confirm
from bench.doctor.safety import examine_safety
from bench.errors import BenchError
from bench.record.rig_hold import rig_held
from bench.wiring.common import Wired


def examine(wired: Wired, seconds: float) -> Iterator[Checkup]:
    """Findings as they come; the measurements take a few times `seconds`. Nothing real is driven; a poisoned rig is
    switched off."""
    config = wired.config
    real_time = not config.simulated
    mode = "real time" if real_time else "simulated time"
    text = f"{config.file}: {config.name}, {wired.profile.name}, {wired.chemistry.id}, in {mode}"
    yield Checkup(area="bench", state=Health.OK, text=text)
    with contextlib.ExitStack() as hold:
        try:
            hold.enter_context(rig_held(config))
        except BenchError as error:  # nothing of it is opened beside who drives it
            yield Checkup(area="rig", state=Health.BAD, text=str(error), mend="ask again when it is free")
        else:
            yield from _examine_held(config, real_time)
    yield from examine_machine(real_time, config.realtime_priority, seconds)


def _examine_held(config: BenchConfig, real_time: bool) -> Iterator[Checkup]:
    yield confirm(config)
    yield from examine_safety(config)
    for can in config.can.values():
        yield from examine_bus(can, real_time)
    yield from examine_instruments(config)
    yield from examine_dut(config)


def usable(findings: list[Checkup]) -> bool:
    """Whether no finding forbids to use the bench."""
    return not any(finding.state is Health.BAD for finding in findings)
