"""All findings about one bench, in the order in which they should be mended."""

from collections.abc import Iterator

from bench.doctor.buses import examine_bus
from bench.doctor.devices import examine_dut, examine_instruments
from bench.doctor.finding import Checkup, Health
from bench.doctor.machine import examine_machine
from bench.doctor.safe_state import confirm
from bench.doctor.safety import examine_safety
from bench.wiring.common import Wired


def examine(wired: Wired, seconds: float) -> Iterator[Checkup]:
    """Findings as they come; the measurements take a few times `seconds`. Nothing real is driven; a poisoned rig is
    switched off."""
    config = wired.config
    real_time = not config.simulated
    mode = "real time" if real_time else "simulated time"
    text = f"{config.file}: {config.name}, {wired.profile.name}, {wired.chemistry.id}, in {mode}"
    yield Checkup(area="bench", state=Health.OK, text=text)
    yield confirm(config)
    yield from examine_safety(config)
    for can in config.can.values():
        yield from examine_bus(can, real_time)
    yield from examine_instruments(config)
    yield from examine_dut(config)
    yield from examine_machine(real_time, config.realtime_priority, seconds)


def usable(findings: list[Checkup]) -> bool:
    return not any(finding.state is Health.BAD for finding in findings)
