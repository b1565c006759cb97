"""A frame of the DUT that its DBC does not fit is a FAIL of that shot, wherever it comes and whoever reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.codec.heard import carried_length, heard
from bench.dut.in_process import InProcessDut
from bench.measure.finding.life import UnknownPage
from bench.record.folder import RunFolder
from bench.report.finding_words import finding_words, reasons_words
from bench.rig.rig import Rig
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.trace.events import CanFrame
from bench.units import NS_PER_MS
from bench.verdict.result import ShotResult, Verdict
from bench.wiring.common import Wired

TRIP = "ov-step-cell17"
Change = Callable[[CanFrame], CanFrame]


def _cut(by: int) -> Change:
    return lambda frame: frame._replace(data=frame.data[: len(frame.data) - by])


def _longer(frame: CanFrame) -> CanFrame:
    return frame._replace(data=frame.data + b"\xff" * 4)


def _meddling(change: Change, can_id: int | None, after_ns: int, once: bool) -> Callable[..., None]:
    """A watch that changes what the DUT sends from `after_ns` on; can_id None: everything."""

    def watch(rig: Rig, *_: object) -> None:
        assert isinstance(rig.dut, InProcessDut)
        done = 0

        def outgoing(channel: str, frame: CanFrame) -> CanFrame:
            nonlocal done
            if channel != "vehicle" or can_id not in (None, frame.can_id) or rig.clock.now_ns() < after_ns:
                return frame
            done += 1
            return frame if once and done > 1 else change(frame)

        rig.dut.outgoing = outgoing

    return watch


def _shot(
    wired: Wired, one: Prepared, watch: Callable[..., None], folder: RunFolder | None = None
) -> ShotResult:
    return shoot(wired, one, 0, 1, 1, folder, watch)


@pytest.mark.parametrize("after_ms", [0, 300, 900])
@pytest.mark.parametrize(
    ("message", "change", "told"),
    [
        ("BMS_State", _cut(1), "BMS_State with 7 bytes; the DBC says 8"),
        ("BMS_State", _cut(7), "BMS_State with 1 byte; the DBC says 8"),
        ("BMS_State", _cut(8), "BMS_State with 0 bytes; the DBC says 8"),
        ("BMS_Contactors", _longer, "BMS_Contactors with 8 bytes; the DBC says 4"),
        ("BMS_Insulation", _cut(1), "BMS_Insulation with 5 bytes; the DBC says 6"),
    ],
    ids=["7 of 8", "1 of 8", "empty", "8 of 4", "one that no question is about"],
)
def test_one_frame_of_another_length_fails_its_shot(
    wired: Wired, prepared: dict[str, Prepared], message: str, change: Change, told: str, after_ms: int
) -> None:
    can_id = wired.databases["vehicle"][message].can_id
    result = _shot(wired, prepared[TRIP], _meddling(change, can_id, after_ms * NS_PER_MS, once=True))
    assert result.judgement.verdict is Verdict.FAIL, reasons_words(result.judgement)
    assert told in reasons_words(result.judgement)


@pytest.mark.parametrize("scenario", [TRIP, "healthy-drive"])
def test_every_message_of_the_dut_cut_short_fails_and_raises_nowhere(
    wired: Wired, prepared: dict[str, Prepared], scenario: str
) -> None:
    result = _shot(wired, prepared[scenario], _meddling(_cut(3), None, 800 * NS_PER_MS, once=False))
    assert result.judgement.verdict is Verdict.FAIL, reasons_words(result.judgement)
    assert any(reason.startswith("BMS_State with 5 bytes") for reason in reasons_words(result.judgement))


@pytest.mark.parametrize("after_ms", [0, 100])
def test_a_dut_whose_state_can_never_be_read_fails_though_the_shot_never_began(
    wired: Wired, prepared: dict[str, Prepared], after_ms: int, tmp_path: Path
) -> None:
    state = wired.databases["vehicle"]["BMS_State"]
    watch = _meddling(_cut(1), state.can_id, after_ms * NS_PER_MS, once=False)
    result = _shot(wired, prepared[TRIP], watch, RunFolder.create(tmp_path, "run", {}))
    assert result.judgement.verdict is Verdict.FAIL, reasons_words(result.judgement)
    assert any(
        reason.startswith("BMS_State with 7 bytes; the DBC says 8 (")
        for reason in reasons_words(result.judgement)
    )
    assert any("the shot could not begin: " in reason for reason in reasons_words(result.judgement))


def test_noise_in_every_frame_is_no_exception_anywhere(wired: Wired, prepared: dict[str, Prepared]) -> None:
    """Full bits: multiplexers that nobody has defined, limits beyond everything, flags that nobody raised."""
    full: Change = lambda frame: frame._replace(data=b"\xff" * len(frame.data))  # noqa: E731
    result = _shot(wired, prepared[TRIP], _meddling(full, None, 2500 * NS_PER_MS, once=False))
    assert result.judgement.verdict is Verdict.FAIL, reasons_words(result.judgement)


def test_a_page_that_the_dbc_lacks_is_an_anomaly_that_names_it(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    voltages = wired.databases["vehicle"]["BMS_CellVoltages"]
    full: Change = lambda frame: frame._replace(data=b"\xff" * len(frame.data))  # noqa: E731
    watch = _meddling(full, voltages.can_id, 900 * NS_PER_MS, once=True)
    result = _shot(wired, prepared[TRIP], watch)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    assert result.measurement is not None
    (told,) = (one for one in result.measurement.anomalies if isinstance(one, UnknownPage))
    assert (told.message, told.selector, told.value, told.count) == ("BMS_CellVoltages", voltages.mux, 255, 1)
    expected = f"1 frame of BMS_CellVoltages with {voltages.mux} = 255: the DBC describes no such page"
    assert finding_words(told) == expected
    untouched = _shot(wired, prepared[TRIP], lambda *_: None)
    assert untouched.measurement is not None
    assert not any(isinstance(one, UnknownPage) for one in untouched.measurement.anomalies)


def test_what_the_bench_cuts_short_itself_is_not_held_against_the_dut(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    result = shoot(wired, prepared["vcu-wrong-length"], 0, 1, 1, None)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)


@pytest.mark.parametrize(
    ("found", "value"), [(3.5, 3.5), (None, None), (float("nan"), None), (float("inf"), None)]
)
def test_a_value_that_is_no_number_is_not_heard(found: float | None, value: float | None) -> None:
    assert heard(lambda _: found)(b"") == value


@pytest.mark.parametrize(
    ("length", "fd", "carried"), [(8, True, 8), (9, True, 12), (64, True, 64), (9, False, 9)]
)
def test_can_fd_pads_to_the_lengths_it_knows(length: int, fd: bool, carried: int) -> None:
    assert carried_length(length, fd) == carried
