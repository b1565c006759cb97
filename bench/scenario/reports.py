"""Which cyclic messages of the DUT have to be heard while a scenario runs: those that say what its plan asks."""

from collections.abc import Iterator, Sequence

from bench.measure.accepted import MOST_MISSED
from bench.measure.plan import Plan
from bench.measure.report_asked import ReportAsked
from bench.scenario.lookup import Lookup
from bench.scenario.model import Inject, Step


def reports_asked(lookup: Lookup, steps: Sequence[Step], plan: Plan) -> tuple[ReportAsked, ...]:
    """None of a bus on which a step silences the DUT; none that has no cycle in the DBC: it tells of events."""
    faults = [step.fault for step in steps if isinstance(step, Inject)]
    found = []
    for channel, message in dict.fromkeys(_asked(plan)):
        database = lookup.databases.get(channel)
        if (channel, message) not in plan.own or database is None or message not in database:
            continue
        cycle_ns = database[message].cycle_ns
        # What restarts the DUT silences it until it is up again: excused when the shot is measured.
        if not cycle_ns or any(fault.silences(channel) and not fault.restarts for fault in faults):
            continue
        # More than may be lost on the way; and a DUT may pause for as long as its profile says of that bus.
        pauses = (beat.longest_gap_ns for beat in lookup.profile.heartbeat if beat.channel == channel)
        longest_ns = max([(2 * MOST_MISSED + 1) * cycle_ns // 2, *pauses])
        found.append(ReportAsked(channel=channel, message=message, longest_ns=longest_ns))
    return tuple(found)


def _asked(plan: Plan) -> Iterator[tuple[str, str]]:
    tests = [*plan.detection, *plan.safe_state, *plan.forbidden, *plan.stays]
    tests += [test for group in plan.reached for test in group]
    for test in tests:
        yield test.channel, test.message
    if plan.only_expected:
        for one in plan.unexpected:
            yield one.channel, one.message
        if plan.codes is not None:
            yield plan.codes.channel, plan.codes.message
