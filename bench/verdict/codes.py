"""The trouble code that a fault has to leave: reported, and stored with the bits that the scenario asks for."""

from bench.codec.uds import NEWLY_FAILED, RECORDED, status_bits, status_mask
from bench.measure.finding.answer import DtcNotReported, DtcNotStored, DtcStatusLacks, DtcStatusUnread
from bench.measure.finding.base import Finding
from bench.measure.finding.memory import DtcNotStoredAnew, DtcStatusStood, DtcStoodBefore
from bench.measure.interval import Measurement
from bench.measure.plan import Plan


def judge_code(
    measurement: Measurement, plan: Plan, fails: list[Finding], open_questions: list[Finding]
) -> None:
    """Under must_trip. What was stored before the shot and not cleared proves nothing by being there."""
    if plan.dtc_test is None:
        return
    dtc = round(plan.dtc_test.value)
    if measurement.dtc_unclear:
        open_questions.append(DtcStoodBefore(dtc=dtc))
    elif measurement.dtc_seen is not True:
        fails.append(DtcNotReported(dtc=dtc))
    if plan.dtc_status:
        _judge_status(measurement, plan, dtc, fails, open_questions)


def _judge_status(
    measurement: Measurement, plan: Plan, dtc: int, fails: list[Finding], open_questions: list[Finding]
) -> None:
    """The DTC's status bits, as read by UDS. A DUT that is heard but gives no answer has not shown them."""
    status = measurement.dtc_status
    if measurement.dtc_status_problem is not None:
        fails.append(DtcStatusUnread(dtc=dtc, problem=measurement.dtc_status_problem))
        return
    if status is None:
        fails.append(DtcNotStored(dtc=dtc))
        return
    lacking = [name for name in plan.dtc_status if not status & status_mask((name,))]
    if lacking:
        bits = status_bits(status)
        fails.append(DtcStatusLacks(dtc=dtc, status=status, bits=bits, lacking=tuple(lacking)))
        return
    stood = measurement.dtc_stood
    if stood is None or stood.status is None:
        return
    new, count = status & ~stood.status & RECORDED, measurement.dtc_occurrences
    counted = stood.counts and count is not None and count != stood.occurrences
    if counted or any(new & bit for bit in NEWLY_FAILED):
        return  # it has occurred since: its bits are of this time
    if stood.counts and count is not None and not new:
        fails.append(DtcNotStoredAnew(dtc=dtc, occurrences=count))
    elif status_mask(plan.dtc_status) & stood.status:
        open_questions.append(
            DtcStatusStood(dtc=dtc, bits=status_bits(status_mask(plan.dtc_status) & stood.status))
        )
