"""Emergency stop and interlock as they are now, and whether the rig is stopped by one."""

from collections.abc import Iterator

from bench.config.bench_file import BenchConfig
from bench.doctor.finding import Checkup, Health
from bench.record.latch import why_latched
from bench.wiring.safety import look
from bench.wiring.switch_off import driving

AREA = "safety input"


def examine_safety(config: BenchConfig) -> Iterator[Checkup]:
    """BAD where one is open: no shot would be driven."""
    if (why := why_latched(config.record.rig)) is not None:
        yield Checkup(
            area=AREA, state=Health.BAD, text=f"stopped: {why}", mend="see to the rig, then `hil rearm`"
        )
    if not config.safety and driving(config):
        text = "no [safety] in the bench file: no emergency stop of the rig stops this bench"
        yield Checkup(
            area=AREA, state=Health.NOTE, text=text, mend="wire its contact as estop (docs/instruments.md)"
        )
    for one, said, closed in look(config):
        mend = "" if closed else "close it; look at its wire, its feed and its port"
        state = Health.OK if closed else Health.BAD
        yield Checkup(area=AREA, state=state, text=f"{one.words}: {said}", mend=mend)
