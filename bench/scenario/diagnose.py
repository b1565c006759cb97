"""The step `diagnose`: one request of a workshop tester, and what the DUT answers to it."""

from bench.errors import BenchError
from bench.rig.rig import Rig
from bench.scenario.model import Diagnose
from bench.trace import facts


async def diagnose(rig: Rig, step: Diagnose) -> None:
    """Ask, and put request and answer into the trace. A strange answer ends no shot: it is the verdict's."""
    tester = rig.tester
    if tester is None:
        answer, problem = None, "the profile has no [uds]"
    else:
        try:
            answer, problem = await tester.exchange(step.request), ""
        except BenchError as error:
            answer, problem = None, str(error)
    rig.trace.mark(
        rig.clock.now_ns(),
        facts.Diagnosed(
            step=step.step,
            request=step.request.hex(" ").upper(),
            answer="" if answer is None else answer.hex(" ").upper(),
            expected=step.answer.text,
            fits=step.answer.fits(answer),
            problem=problem,
        ),
        "uds",
    )
