"""That cells are off is seen by the front end at them, not by their emulator alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.codec.pages import VALUE, Ieee, Page, Pages, Slot
from bench.record.folder import RunFolder, open_run
from bench.record.shot import read_shot
from bench.rig.off_witness import OffWitness
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.trace.facts import SafeStateMissed, SafeStateReached
from bench.trace.timeline import Trace
from bench.wiring.common import Wired
from bench.wiring.emulator_shown import emulator_shows
from bench.wiring.off_seen import FrontEndHeard, shown_by

HEALTHY = "healthy-drive"


def fired(
    wired: Wired, one: Prepared, tmp_path: Path, watch: Callable[[Rig], None]
) -> tuple[str, Trace, set[str]]:
    """Verdict, trace, and the codes of what was told beside it."""
    result = shoot(wired, one, 0, 1, 1, RunFolder.create(tmp_path, "run", {}), lambda rig, *_: watch(rig))
    (place,) = open_run(tmp_path / "run").shots()
    told = result.measurement.anomalies if result.measurement is not None else ()
    return result.judgement.verdict.name, read_shot(place)[0], {one.code for one in told}


def heard(wired: Wired, rig: Rig) -> OffWitness:
    shown = emulator_shows(wired.played)
    return FrontEndHeard(rig.clock, shown, rig.links[shown.channel])  # type: ignore[arg-type]


async def lie() -> None:
    """An emulator that acknowledges all, reads back zeros, and switches nothing."""


@pytest.mark.parametrize("on_the_bus", [False, True])
def test_it_sees_them_off(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path, on_the_bus: bool
) -> None:
    def watch(rig: Rig) -> None:
        if on_the_bus:  # as in real time
            rig.hardware.off_witness = heard(wired, rig)

    verdict, trace, said = fired(wired, prepared[HEALTHY], tmp_path, watch)
    (mark,) = trace.of(SafeStateReached)
    assert (verdict, mark.fact.readback, mark.fact.seen_by) == ("PASS", True, "the front end")
    assert "off-unwitnessed" not in said


@pytest.mark.parametrize("on_the_bus", [False, True])
def test_an_emulator_that_lies_is_no_safe_state(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path, on_the_bus: bool
) -> None:
    def watch(rig: Rig) -> None:
        rig.outputs.emulator.safe = lie  # type: ignore[method-assign]
        if on_the_bus:
            rig.hardware.off_witness = heard(wired, rig)

    verdict, trace, _ = fired(wired, prepared[HEALTHY], tmp_path, watch)
    (mark,) = trace.of(SafeStateMissed)
    assert verdict == "ERROR" and "but the front end sees 3." in mark.fact.problem
    assert not any(trace.of(SafeStateReached))


def test_a_silent_one_is_no_witness_and_holds_nothing_up_for_long(
    wired: Wired, prepared: dict[str, Prepared], tmp_path: Path
) -> None:
    kept: list[OffWitness] = []

    def watch(rig: Rig) -> None:
        rig.hardware.off_witness = witness = heard(wired, rig)
        kept.append(witness)
        witness._messages.clear()  # type: ignore[attr-defined]

    verdict, trace, said = fired(wired, prepared[HEALTHY], tmp_path, watch)
    (mark,) = trace.of(SafeStateReached)
    assert (verdict, mark.fact.seen_by) == ("PASS", "")
    assert "off-unwitnessed" in said
    assert kept[0].within_ns < 500_000_000


FLOAT = Ieee(bits=32, scale=1.0, offset=0.0)


@pytest.mark.parametrize(
    ("slot", "volts"),
    [
        (Slot("cell_voltage", 0, VALUE, False, 8, 0xFFF, 666.67, 0.5, 0, 4095, 0xFFF, None), [0.0, 0.2, 3.7]),
        (Slot("cell_voltage", 0, VALUE, True, 4, 0xFFF, 500.0, 0.5, -2048, 2047, 0x7FF, None), [-1.5, 0.0, 3.7]),
        (Slot("cell_voltage", 0, VALUE, False, 0, 2**32 - 1, 1e3, 0.0, -1e6, 1e6, 2**31, None, ieee=FLOAT), [0.0, 3.7]),
    ],
)  # fmt: skip
def test_what_a_payload_shows_is_what_it_was_made_of(slot: Slot, volts: list[float]) -> None:
    pages = Pages(can_id=1, extended=False, fd=False, length=8, pages=(Page(0, 0, (slot,)),))
    for volt in volts:
        shown = shown_by(slot, pages.payload_of(0, [volt]))
        assert shown == pytest.approx(volt, abs=1 / slot.gain)
    assert shown_by(slot, pages.payload_of(0, [None])) is None
