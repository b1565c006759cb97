"""A DUT that starts again in mid-shot fails, unless the scenario asks for it."""

from dataclasses import replace

import pytest

from bench.dut.in_process import InProcessDut
from bench.measure.restart import _started_anew
from bench.measure.restart_sign import RestartSign, Sign
from bench.report.finding_words import joined_words
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Phase
from bench.trace.facts import ObserversArmed
from bench.units import NS_PER_MS
from bench.verdict.result import Judgement, Verdict
from bench.wiring.common import Wired


def restarted(wired: Wired, one: Prepared) -> Judgement:
    """With a reset 300 ms after the observers were armed."""

    def watch(rig: Rig, *_: object) -> None:
        dut = rig.dut
        assert isinstance(dut, InProcessDut)

        def armed(mark: object) -> None:
            if isinstance(getattr(mark, "fact", None), ObserversArmed):
                at_ns = rig.clock.now_ns() + 300 * NS_PER_MS
                rig.clock.call_at(at_ns, Phase.DUT, dut._firmware.pull_reset)  # type: ignore[attr-defined]

        rig.trace.on_mark(armed)

    return shoot(wired, one, 0, 1, 1, None, watch).judgement


def test_a_restart_that_nobody_asked_for_fails(wired: Wired, prepared: dict[str, Prepared]) -> None:
    found = restarted(wired, prepared["healthy-standby"])
    assert found.verdict is Verdict.FAIL, joined_words(found)
    assert "dut-restarted" in [one.finding.code for one in found.reasons]
    assert "the DUT restarted: BMS_State.Uptime went from " in joined_words(found)


def test_without_a_sign_in_its_profile_nobody_sees_it(wired: Wired, prepared: dict[str, Prepared]) -> None:
    one = prepared["healthy-standby"]
    blind = replace(one, plan=replace(one.plan, restarts=()))
    assert "dut-restarted" not in [reason.finding.code for reason in restarted(wired, blind).reasons]


def test_who_asks_for_a_restart_and_who_does_not(prepared: dict[str, Prepared]) -> None:
    asking = {name for name, one in prepared.items() if one.plan.heard and not one.plan.restarts}
    assert {
        "controller-reset-driving",
        "controller-hang-driving",
        "brown-out",
        "cranking",
        "clamp-15-lost",
    } <= asking
    assert not {"healthy-drive", "ov-step-cell17", "ov-step-cell17--inside", "must-reach-drive"} & asking
    signs = {one.sign for one in prepared["healthy-drive"].plan.restarts}
    assert signs == {Sign.UPTIME, Sign.RESET_COUNT}


@pytest.mark.parametrize(
    ("sign", "before", "after", "anew"),
    [
        (Sign.UPTIME, 5.0, 5.01, False),
        (Sign.UPTIME, 5.0, 5.0, False),
        (Sign.UPTIME, 5.0, 0.01, True),
        (Sign.UPTIME, 99.9, 0.0, False),  # it has overflowed
        (Sign.UPTIME, 50.0, 0.0, True),
        (Sign.RESET_COUNT, 3.0, 3.0, False),
        (Sign.RESET_COUNT, 3.0, 4.0, True),
        (Sign.RESET_COUNT, 255.0, 0.0, True),
    ],
)
def test_what_counts(sign: Sign, before: float, after: float, anew: bool) -> None:
    asked = RestartSign(sign=sign, channel="c", message="M", signal="S", highest=100.0)
    assert _started_anew(asked, before, after) is anew
