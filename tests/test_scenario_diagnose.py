"""The step `diagnose`: what a workshop tester asks, and an answer that is not what the scenario demands."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.codec.uds_pattern import pattern_of, request_of
from bench.config.profile_file import load_profile
from bench.errors import ScenarioError
from bench.measure.finding.memory import WrongDiagnosticAnswer
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.trace.facts import Diagnosed
from bench.verdict.result import Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware
from firmware_stubs.machine.mutants import machine_mutants
from firmware_stubs.reference_bms_c import compile as c

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "scenarios/diagnostics"
BYTES = st.binary(min_size=1, max_size=12)


@given(BYTES, st.data())
def test_an_answer_fits_its_own_bytes_any_of_them_left_open_and_no_other(
    answer: bytes, data: st.DataObject
) -> None:
    words = [f"{byte:02x}" for byte in answer]
    at = data.draw(st.integers(0, len(answer) - 1))
    changed = bytes((*answer[:at], answer[at] ^ data.draw(st.integers(1, 255)), *answer[at + 1 :]))
    exact, any_one = pattern_of(" ".join(words)), pattern_of(" ".join((*words[:at], "..", *words[at + 1 :])))
    assert exact.fits(answer) and any_one.fits(answer) and any_one.fits(changed)
    assert not exact.fits(changed) and not exact.fits(answer + b"\x00") and not exact.fits(answer[:-1])
    assert not exact.fits(None)
    open_end = pattern_of(" ".join((*words, "...")))
    assert open_end.fits(answer) and open_end.fits(answer + changed) and not open_end.fits(changed)
    assert not pattern_of("none").fits(answer) and pattern_of("none").fits(None)


@pytest.mark.parametrize("text", ["", "5", "59 0", "59 ... 02", "59 xx", "none 59", "......"])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected bytes in hex such as '59 02 FF'"):
        pattern_of(text)


@pytest.mark.parametrize("text", ["", "  ", "2", "22 F1 9", "22 .."])
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected bytes in hex such as '22 F1 95'"):
        request_of(text)


@pytest.fixture(scope="module")
def ours(wired: Wired) -> dict[str, Prepared]:
    return {one.scenario.id: one for one in load_scenarios(wired, [FOLDER], None)[0]}


@pytest.mark.parametrize("firmware", ["reference", "reference_c"])
def test_both_implementations_answer_as_demanded_on_either_core(
    wired: Wired, ours: dict[str, Prepared], firmware: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if firmware.endswith("_c") and c.compiler() is None:
        pytest.skip("no C compiler")
    digests = []
    for core in ("python", "native") if c.compiler() is not None else ("python",):
        monkeypatch.setenv("BMS_HIL_CORE", core)
        results = [shoot(with_firmware(wired, firmware), one, 2, 10, 7, None) for one in ours.values()]
        assert [result.judgement.verdict for result in results] == [Verdict.PASS] * len(ours)
        digests.append([result.digest for result in results])
    assert digests[0] == digests[-1]


def test_the_twins_of_a_fault_are_not_asked_for_its_codes(ours: dict[str, Prepared]) -> None:
    from bench.scenario.model import Diagnose

    own = [one for one in ours["uds-code-stored"].steps if isinstance(one, Diagnose)]
    assert len(own) == 11
    twins = [one for name, one in ours.items() if name.startswith("uds-code-stored--")]
    assert twins
    assert not [step for twin in twins for step in twin.steps if isinstance(step, Diagnose)]


@pytest.mark.skipif(c.compiler() is None, reason="no C compiler")
@pytest.mark.parametrize(
    ("text", "scenario", "request_", "answer"),
    [
        ("put(response, 0x7E, 1);", "uds-unknown-services", "27 01", ""),
        ("put(response, STATUS_AVAILABLE, 2);", "uds-no-codes", "19 01 FF", "59 01 00 FF 01 00 00"),
        ("if (length != 6) {  ->  if (0) {", "uds-no-codes", "19 06", "7F 19 31"),
    ],
)
def test_another_answer_fails_and_is_told(
    wired: Wired, ours: dict[str, Prepared], text: str, scenario: str, request_: str, answer: str
) -> None:
    name = next(
        one.name
        for one in machine_mutants().values()
        if one.file == "uds.c" and one.difference.endswith(text)
    )
    judgement = shoot(with_firmware(wired, name), ours[scenario], 0, 1, 1, None).judgement
    told = [reason.finding for reason in judgement.reasons]
    assert judgement.verdict is Verdict.FAIL
    first = next(one for one in told if isinstance(one, WrongDiagnosticAnswer))
    assert (first.request, first.answer) == (request_, answer)


def test_request_and_answer_are_kept_in_the_trace(
    wired: Wired, ours: dict[str, Prepared], tmp_path: Path
) -> None:
    seen: list[Diagnosed] = []

    def watch(rig: object, *_: object) -> None:
        seen.append(rig)  # type: ignore[arg-type]

    shoot(wired, ours["uds-identification"], 0, 1, 1, None, watch)
    (rig,) = seen
    told = [mark.fact for mark in rig.trace.of(Diagnosed)]  # type: ignore[attr-defined]
    assert [one.fits for one in told] == [True] * 12
    assert (told[0].request, told[0].expected) == ("22 F1 95", "62 F1 95 .. 2E .. 2E ..")
    assert bytes.fromhex(told[0].answer)[3:].decode().replace(".", "").isdigit()


def test_a_dut_without_uds_cannot_be_asked(tmp_path: Path) -> None:
    profile = load_profile(ROOT / "dbc/reference_bms.toml")
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", None)
    silent = dataclasses.replace(wired, profile=dataclasses.replace(profile, uds=None))
    with pytest.raises(
        ScenarioError, match="found 'diagnose', which this DUT cannot answer; expected \\[uds\\]"
    ):
        load_scenarios(silent, [FOLDER / "uds_sessions.toml"], None)
