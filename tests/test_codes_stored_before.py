"""A good DUT with last week's trouble code in its memory is no bad one, and no better for it either."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_scenario_dtc_status import ROOT, scenario_with

from bench.measure.finding.answer import DtcNotReported, DtcNotStored
from bench.measure.finding.memory import CodesStoredBefore, DtcNotStoredAnew, DtcStatusStood, DtcStoodBefore
from bench.record.codable import plan_from_dict
from bench.record.folder import RunFolder, read_shot
from bench.report.finding_words import reasons_words
from bench.running.load import load_scenarios
from bench.running.shots import judge_trace, shoot
from bench.scenario.prepare import Prepared
from bench.trace.facts import DtcRead, DtcsCleared, DtcUnread
from bench.verdict.result import ShotResult, Verdict
from bench.wiring import dut
from bench.wiring.common import Wired
from firmware_stubs.reference_bms.bms import Parts, ReferenceBms
from firmware_stubs.reference_bms.dtc_memory import CODES, DtcMemory
from firmware_stubs.reference_bms.nvm import Nvm
from firmware_stubs.reference_bms.uds import UdsServer

OVERVOLTAGE, OTHER = 0x1A0117, 0x0AA61A
CONFIRMED, FAILING = (
    0x2C,
    0x2F,
)  # of an earlier operation cycle; as this BMS leaves it when it is cut off in the fault
BITS = 'dtc_status = ["test_failed", "confirmed"]'


def refusing(nrc: int) -> type[UdsServer]:
    class Refusing(UdsServer):
        def _clear(self, request: bytes) -> bytes:
            return bytes((0x7F, 0x14, nrc))

    return Refusing


class OnlyInExtendedSession(UdsServer):
    def _clear(self, request: bytes) -> bytes:
        return super()._clear(request) if self.session == 3 else b"\x7f\x14\x7f"


class Deaf(UdsServer):
    def receive(self, now_ns: int, data: bytes) -> None:
        pass


class WithoutCounts(refusing(0x22)):  # type: ignore[misc]
    def _read_extended(self, request: bytes) -> bytes:
        return b"\x7f\x19\x12"


class StoresNothingNew(DtcMemory):
    """What it has it keeps; nothing is added."""

    def failed(self, fault: int) -> None:
        if CODES.get(fault) in self:
            self.fresh.append(next(n for n, (code, _) in enumerate(self.entries()) if code == CODES[fault]))


@pytest.fixture
def fired(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Shoot at a BMS with such a memory; the stored shot is judged alike."""

    def fire(
        stored: dict[int, tuple[int, int]],
        parts: Parts | None = None,
        line: str = "",
        beside: tuple[str, ...] = ("dtc_status", "dtc_occurrences"),
        **uds: Any,
    ) -> tuple[ShotResult, Any]:
        def made(name: str, chemistry: Path | None = None, parallel: int = 1) -> ReferenceBms:
            nvm = Nvm()
            nvm.dtcs |= stored
            return ReferenceBms(mutant=parts, nvm=nvm, build_hash=dut.builds.build_hash("reference"))

        monkeypatch.setattr("bench.wiring.dut.build_firmware", made)
        kept = {
            name: role
            for name, role in wired.profile.roles.items()
            if name in beside or name not in ("dtc_status", "dtc_occurrences")
        }
        assert wired.profile.uds is not None
        profile = replace(wired.profile, roles=kept, uds=replace(wired.profile.uds, **uds))
        rig = replace(wired, profile=profile)
        one: Prepared = load_scenarios(rig, [scenario_with(tmp_path, line)], None)[0][0]
        folder = RunFolder.create(tmp_path / "runs", f"run-{len(list(tmp_path.glob('runs/*')))}", {})
        result = shoot(rig, one, 0, 1, 1, folder)
        trace, plan, _ = read_shot(folder.path / result.folder)
        assert judge_trace(trace, plan_from_dict(plan), rig.databases)[1] == result.judgement
        return result, trace

    return fire


def told(result: ShotResult) -> list[CodesStoredBefore]:
    assert result.measurement is not None
    return [one for one in result.measurement.anomalies if isinstance(one, CodesStoredBefore)]


def found(result: ShotResult) -> set[type]:
    return {type(reason.finding) for reason in result.judgement.reasons}


def test_last_weeks_code_is_read_told_and_cleared(fired: Callable[..., Any]) -> None:
    result, trace = fired({OVERVOLTAGE: (FAILING, 3), OTHER: (CONFIRMED, 1)}, line=BITS)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    assert told(result) == [CodesStoredBefore(codes=(OTHER, OVERVOLTAGE), left=(), problem="")]
    before = [mark.fact.code for mark in trace.of(DtcRead)]
    assert before[:3] == [OVERVOLTAGE, OTHER, 0], "what was stored, and that it is gone"
    assert [mark.fact.problem for mark in trace.of(DtcsCleared)] == [""]


def test_a_dut_that_stores_nothing_fails_whatever_was_stored(fired: Callable[..., Any]) -> None:
    """Cleared: the old code is no answer."""
    parts = Parts(codes={fault: code for fault, code in CODES.items() if code != OVERVOLTAGE})
    result, _ = fired({OVERVOLTAGE: (CONFIRMED, 3)}, parts, BITS)
    assert result.judgement.verdict is Verdict.FAIL
    assert {DtcNotReported, DtcNotStored} <= found(result)


@pytest.mark.parametrize("nrc", [0x22, 0x31, 0x33])
def test_what_cannot_be_cleared_is_told_and_compared(nrc: int, fired: Callable[..., Any]) -> None:
    good, trace = fired({OVERVOLTAGE: (FAILING, 3)}, Parts(uds=refusing(nrc)), BITS)
    assert good.judgement.verdict is Verdict.PASS, reasons_words(good.judgement)
    (said,) = told(good)
    assert said.left == (OVERVOLTAGE,) and f"0x{nrc:02X}" in said.problem
    counts = [mark.fact.occurrences for mark in trace.of(DtcRead) if mark.fact.code == OVERVOLTAGE]
    assert counts == [None, 3, 4], "read, read again as it was not cleared, and in the end"

    bad, _ = fired({OVERVOLTAGE: (FAILING, 3)}, Parts(uds=refusing(nrc), dtc_memory=StoresNothingNew), BITS)
    assert bad.judgement.verdict is Verdict.FAIL
    assert {DtcNotReported, DtcNotStoredAnew} <= found(bad)


def test_the_status_tells_where_nothing_counts(fired: Callable[..., Any]) -> None:
    parts = Parts(uds=WithoutCounts)
    good, _ = fired({OVERVOLTAGE: (CONFIRMED, 3)}, parts, BITS, beside=("dtc_status",), occurrences=None)
    assert good.judgement.verdict is Verdict.PASS, reasons_words(good.judgement)
    bad = replace(parts, dtc_memory=StoresNothingNew)
    missed, _ = fired({OVERVOLTAGE: (CONFIRMED, 3)}, bad, BITS, beside=("dtc_status",), occurrences=None)
    assert missed.judgement.verdict is Verdict.FAIL and DtcNotReported in found(missed)


def test_a_full_counter_proves_nothing_by_standing_still(fired: Callable[..., Any]) -> None:
    result, _ = fired({OVERVOLTAGE: (CONFIRMED, 255)}, Parts(uds=refusing(0x22)), BITS)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)


@pytest.mark.parametrize("memory", [DtcMemory, StoresNothingNew])
def test_what_nothing_tells_is_neither_passed_nor_held_against_the_dut(
    memory: type[DtcMemory], fired: Callable[..., Any]
) -> None:
    parts = Parts(uds=WithoutCounts, dtc_memory=memory)
    result, _ = fired({OVERVOLTAGE: (FAILING, 3)}, parts, BITS, beside=(), occurrences=None)
    assert result.judgement.verdict is Verdict.INCONCLUSIVE
    assert found(result) == {DtcStoodBefore, DtcStatusStood}
    assert all("DTC 0x1A0117" in words for words in reasons_words(result.judgement))


def test_a_session_is_opened_where_clearing_wants_one(fired: Callable[..., Any]) -> None:
    result, trace = fired({OVERVOLTAGE: (FAILING, 3)}, Parts(uds=OnlyInExtendedSession))
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    assert told(result)[0].left == ()
    asked = [seen.frame.data[:3].hex() for seen in trace.frames if seen.frame.can_id == 0x7E0]
    assert asked.index("021003") < asked.index("021001"), "and closed again"


def test_a_profile_may_forbid_the_clearing(fired: Callable[..., Any]) -> None:
    result, trace = fired({OVERVOLTAGE: (FAILING, 3)}, line=BITS, clear=False)
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    assert told(result)[0].left == (OVERVOLTAGE,)
    assert not [seen for seen in trace.frames if seen.frame.can_id == 0x7E0 and seen.frame.data[1] == 0x14]


def test_what_a_dut_without_an_answer_sends_by_itself_is_subtracted(fired: Callable[..., Any]) -> None:
    """Twenty codes, one every 100 ms: the last is heard after two seconds, and is no news then either."""
    codes = dict.fromkeys([OTHER + n for n in range(1, 20)], (CONFIRMED, 1)) | {OVERVOLTAGE: (FAILING, 7)}
    result, trace = fired(codes, Parts(uds=Deaf))
    assert result.judgement.verdict is Verdict.PASS, reasons_words(result.judgement)
    assert set(told(result)[0].left) == set(codes)
    assert [mark.fact.problem for mark in trace.of(DtcUnread)]
    blind, _ = fired(codes, Parts(uds=Deaf), beside=())
    assert blind.judgement.verdict is Verdict.INCONCLUSIVE and found(blind) == {DtcStoodBefore}


def test_an_empty_memory_is_read_and_not_cleared(fired: Callable[..., Any]) -> None:
    result, trace = fired({})
    assert result.judgement.verdict is Verdict.PASS and not told(result)
    assert [mark.fact.bits for mark in trace.of(DtcRead)] == ["memory empty"]
    assert not list(trace.of(DtcsCleared))


def test_a_code_is_written_as_it_is_known(wired: Wired, tmp_path: Path) -> None:
    one = load_scenarios(wired, [scenario_with(tmp_path, "")], None)[0][0]
    assert one.plan.dtc_test is not None and one.plan.dtc_test.words == "DtcCode == 0x1A0117"
    assert (ROOT / "docs" / "findings.md").read_text(encoding="utf-8").count("codes-stored-before") == 1
