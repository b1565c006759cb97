"""What always holds: statements from a profile's roles, looked at in every shot, whatever the scenario asks."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.codec.database import Database
from bench.codec.together import Together
from bench.config.always import STATEMENTS
from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.measure.always.real_time import WAITED_NS
from bench.measure.finding.always import StatementUnjudged
from bench.measure.interval import Measurement
from bench.measure.measure import measure
from bench.measure.plan import Plan
from bench.record.codable import plan_from_dict, plan_to_dict
from bench.rig.rig import Rig
from bench.running.always import always_told, stands
from bench.running.shots import shoot
from bench.scenario.prepare import Prepared
from bench.timing.clock import Timebase
from bench.trace.buffer import FrameBuffer
from bench.trace.facts import StimulusCommanded
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS, NS_PER_S
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.wiring.common import Wired

ROOT = Path(__file__).resolve().parents[1]
NAME = "ov-step-cell17"
PROFILE = ROOT / "dbc" / "reference_bms.toml"


@dataclasses.dataclass
class Fired:
    trace: Trace
    plan: Plan
    databases: dict[str, Database]

    def seen(self, plan: Plan | None = None, trace: Trace | None = None) -> Measurement:
        return measure(trace or self.trace, plan or self.plan, self.databases)

    def told(self, message: str, change: Callable[[dict[str, float]], dict[str, float]]) -> Measurement:
        """As if the DUT had told other values in this message, in the second half of the armed window."""
        codec = self.databases["vehicle"][message]
        half_ns = (self.trace.frames[0].t_ns + self.trace.frames[-1].t_ns) // 2
        frames = FrameBuffer()
        for t_ns, channel, frame, sender in self.trace.frames:
            if (channel, frame.can_id) == ("vehicle", codec.can_id) and t_ns > half_ns:
                frame = frame._replace(data=codec.encode(change(dict(codec.decode(frame.data)))))
            frames.add(t_ns, channel, frame, sender)
        # A changed frame has no right checksum: here it counts all the same.
        plan = dataclasses.replace(self.plan, accepted_only=False)
        return self.seen(plan, dataclasses.replace(self.trace, frames=frames))


@pytest.fixture(scope="module")
def fired(wired: Wired, prepared: dict[str, Prepared]) -> Fired:
    rigs: list[Rig] = []
    one = prepared[NAME]
    shoot(wired, one, 0, 1, 1, None, lambda rig, *_: rigs.append(rig))
    return Fired(trace=rigs[0].trace, plan=one.plan, databases=dict(wired.databases))


def statements(found: Measurement) -> set[str]:
    return {getattr(one, "statement", "") for one in found.always}


def test_the_good_reference_breaks_nothing_and_everything_is_looked_at(fired: Fired, wired: Wired) -> None:
    found = fired.seen()
    assert not found.always
    assert not found.always_unjudged
    assert judge(found, fired.plan).verdict is Verdict.PASS
    assert all(one.statement is not None for one in stands(wired))


@pytest.mark.parametrize(
    ("message", "signal", "by", "broken"),
    [
        ("BMS_CellMinMax", "CellVoltageMax", 50.0, {"highest-cell"}),
        ("BMS_CellMinMax", "CellVoltageMin", -50.0, {"lowest-cell"}),
        ("BMS_CellMinMax", "CellVoltageMean", 20.0, {"mean-cell"}),
        ("BMS_CellMinMax", "CellVoltageMaxIndex", 1, {"highest-cell-named"}),
        ("BMS_CellMinMax", "CellVoltageMinIndex", 90, {"lowest-cell-named"}),
        ("BMS_PackValues", "PackCurrent", 5.0, {"pack-current"}),
        (
            "BMS_Limits",
            "DischargeCurrentLimit",
            100.0,
            {"discharge-limit-below-trip", "discharge-limit-derated"},
        ),
    ],
)
def test_another_value_breaks_its_own_statement_alone(
    fired: Fired, message: str, signal: str, by: float, broken: set[str]
) -> None:
    found = fired.told(message, lambda values: {**values, signal: values[signal] + by})
    assert statements(found) - {"discharge-limit-zero-in-error"} == broken
    verdict = judge(found, fired.plan)
    assert verdict.verdict is Verdict.FAIL
    assert {getattr(one.finding, "statement", "") for one in verdict.reasons} >= broken


def test_a_charge_limit_told_with_the_pack_open_in_error_is_found(fired: Fired) -> None:
    found = fired.told("BMS_Limits", lambda values: {**values, "ChargeCurrentLimit": 50.0})
    assert statements(found) == {
        "charge-limit-zero-in-error", "charge-limit-zero-inhibited", "charge-limit-zero-full-cell",
    }  # fmt: skip


def test_the_first_instant_is_that_of_the_first_wrong_frame(fired: Fired) -> None:
    found = fired.told("BMS_PackValues", lambda values: {**values, "PackCurrent": values["PackCurrent"] + 5})
    (one,) = found.always
    half_ns = (fired.trace.frames[0].t_ns + fired.trace.frames[-1].t_ns) // 2
    assert found.onset is not None
    at_ns = found.onset.high_ns + one.when.offset_ns  # type: ignore[attr-defined]
    assert half_ns - 2e6 < at_ns <= half_ns + 25e6


def test_in_real_time_what_bench_and_dut_may_have_waited_accuses_nobody(fired: Fired) -> None:
    """A board in an emulator told one value of before, 1 of 207, on a busy machine."""
    onset_ns = next(mark.t_ns for mark in fired.trace.of(StimulusCommanded))
    codec = fired.databases["vehicle"]["BMS_CellMinMax"]

    def told_late_by(late_ns: int, timebase: Timebase) -> set[str]:
        frames, before = FrameBuffer(), 0.0
        for t_ns, channel, frame, sender in fired.trace.frames:
            if (channel, frame.can_id) == ("vehicle", codec.can_id):
                values = dict(codec.decode(frame.data))
                if t_ns < onset_ns:
                    before = values["CellVoltageMax"]
                elif t_ns < onset_ns + late_ns:
                    frame = frame._replace(data=codec.encode({**values, "CellVoltageMax": before}))
            frames.add(t_ns, channel, frame, sender)
        trace = dataclasses.replace(fired.trace, frames=frames, timebase=timebase)
        return statements(fired.seen(dataclasses.replace(fired.plan, accepted_only=False), trace))

    def latest_ns(timebase: Timebase) -> int:
        """So late it may be told without a word."""
        steps_ns = range(0, 2 * NS_PER_S, 20 * NS_PER_MS)
        return next(late_ns for late_ns in steps_ns if told_late_by(late_ns, timebase) == {"highest-cell"})

    more_ns = latest_ns(Timebase.HOST) - latest_ns(Timebase.SIMULATED)
    assert WAITED_NS <= more_ns <= WAITED_NS + 100 * NS_PER_MS, "a sweep takes 100 ms"


def test_frames_of_several_lengths_are_told_and_not_silently_left_out(fired: Fired) -> None:
    codec = fired.databases["vehicle"]["BMS_PackValues"]
    frames = FrameBuffer()
    for number, (t_ns, channel, frame, sender) in enumerate(fired.trace.frames):
        if frame.can_id == codec.can_id and number % 3 == 0:
            frame = frame._replace(data=frame.data[:6])
        frames.add(t_ns, channel, frame, sender)
    found = fired.seen(trace=dataclasses.replace(fired.trace, frames=frames))
    told = [one for one in found.always_unjudged if isinstance(one, StatementUnjudged)]
    assert [(one.statement, one.why) for one in told] == [("pack-current", "lengths-vary")]


def test_a_message_that_never_comes_is_told(fired: Fired) -> None:
    codec = fired.databases["vehicle"]["BMS_Limits"]
    frames = FrameBuffer(one for one in fired.trace.frames if one.frame.can_id != codec.can_id)
    found = fired.seen(trace=dataclasses.replace(fired.trace, frames=frames))
    told = {one.statement: one.why for one in found.always_unjudged if isinstance(one, StatementUnjudged)}
    assert told["charge-limit-below-trip"] == "never-told"


def test_where_the_stimulus_disturbs_what_is_shown_that_is_told(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    (measured, plan) = (shot := shoot(wired, prepared["current-wrong-crc"], 0, 1, 1, None)).measurement, None
    assert plan is None and shot.judgement.verdict is Verdict.PASS
    assert measured is not None
    told = [one for one in measured.always_unjudged if isinstance(one, StatementUnjudged)]
    assert [(one.statement, one.why) for one in told] == [("pack-current", "disturbed")]


def test_a_plan_is_stored_with_its_statements_and_an_older_one_has_none(fired: Fired) -> None:
    stored = plan_to_dict(fired.plan)
    assert plan_from_dict(stored) == fired.plan
    older = dataclasses.replace(fired.plan, always=None)
    assert "always" not in plan_to_dict(older)
    assert not fired.seen(plan=older).always_unjudged


# --- what a DUT does -----------------------------------------------------------------------------------------


def test_a_pyro_fuse_fired_for_nothing_is_found(fired: Fired) -> None:
    asked = as_of_a_request(fired)
    found = asked.told("BMS_Contactors", lambda values: {**values, "PyroCommand": 1})
    assert statements(found) == {"pyro-for-cause"}


def test_what_the_scenario_itself_tells_is_told_once(fired: Fired) -> None:
    found = fired.told("BMS_Contactors", lambda values: {**values, "PyroCommand": 1})
    assert "unexpected-report" in {one.code for one in found.broken} and not found.always
    code = {"DtcCode": float(0x1A0216), "DtcStatus": 0x2E, "DtcOccurrences": 1}
    found = fired.told("BMS_Dtc", lambda values: {**values, **code})
    assert "unexpected-code" in {one.code for one in found.broken} and not found.always


def as_of_a_request(fired: Fired) -> Fired:
    """With no question of its own for what may come, as a scenario of a request has none."""
    return dataclasses.replace(fired, plan=dataclasses.replace(fired.plan, unexpected=(), codes=None))


def test_a_contactor_closed_though_restart_is_inhibited_is_found(fired: Fired) -> None:
    frames = 0

    def closes(values: dict[str, float]) -> dict[str, float]:
        nonlocal frames
        frames += 1
        return {**values, "RestartInhibit": 1, "ContactorPlusCommand": int(frames > 20)}

    assert "no-closing-when-inhibited" in statements(fired.told("BMS_State", closes))


def test_a_charge_that_begins_though_inhibited_is_found(fired: Fired) -> None:
    frames = 0

    def charges(values: dict[str, float]) -> dict[str, float]:
        nonlocal frames
        frames += 1
        return {**values, "ChargeInhibit": 1, "State": 4 if frames > 20 else 1}

    assert "no-charging-when-inhibited" in statements(fired.told("BMS_State", charges))


def test_a_code_without_its_flag_is_found(fired: Fired) -> None:
    told = {"DtcCode": float(0x1A0216), "DtcStatus": 0x2E, "DtcOccurrences": 1}
    found = as_of_a_request(fired).told("BMS_Dtc", lambda values: {**values, **told})
    assert statements(found) == {"codes-with-their-flags"}


def test_a_code_that_fails_on_when_its_flag_is_gone_is_found(fired: Fired) -> None:
    seen = 0

    def healed(values: dict[str, float]) -> dict[str, float]:
        nonlocal seen
        seen += values["CellOvervoltage"] == 1
        return {**values, "CellOvervoltage": int(values["CellOvervoltage"] == 1 and seen < 5)}

    assert "test-failed-heals" in statements(fired.told("BMS_Faults", healed))


def test_the_contactor_that_opens_second_may_not_open_first(fired: Fired) -> None:
    frames = 0

    def opens(values: dict[str, float]) -> dict[str, float]:
        nonlocal frames
        frames += 1
        return {**values, "ContactorPlusCommand": 1, "ContactorMinusCommand": int(frames < 20)}

    assert "opening-order" in statements(fired.told("BMS_State", opens))


def test_a_checksum_that_is_wrong_is_found(fired: Fired) -> None:
    codec = fired.databases["vehicle"]["BMS_Contactors"]
    frames = FrameBuffer()
    for number, (t_ns, channel, frame, sender) in enumerate(fired.trace.frames):
        if frame.can_id == codec.can_id and number % 5 == 0:
            frame = frame._replace(data=bytes((frame.data[0] ^ 1, *frame.data[1:])))
        frames.add(t_ns, channel, frame, sender)
    found = fired.seen(trace=dataclasses.replace(fired.trace, frames=frames))
    assert "alive-counters" in statements(found)


# --- the profile ---------------------------------------------------------------------------------------------


def profile_with(folder: Path, text: str) -> Path:
    file = folder / "profile.toml"
    file.write_text(PROFILE.read_text(encoding="utf-8") + text, encoding="utf-8")
    return file


def test_a_statement_is_switched_off_with_its_reason(wired: Wired, tmp_path: Path) -> None:
    text = '\n[[always]]\nstatement = "mean-cell"\noff = "a mean of the last minute"\n'
    profile = load_profile(profile_with(tmp_path, text))
    told = {name: rest for name, *rest in always_told(dataclasses.replace(wired, profile=profile))}
    assert told["mean-cell"] == ["off", "a mean of the last minute"]
    assert told["highest-cell"] == ["holds", ""]


def test_what_the_roles_do_not_allow_is_said(wired: Wired) -> None:
    outputs = {name: role for name, role in wired.profile.roles.items() if name != "cell_voltage_max"}
    profile = dataclasses.replace(wired.profile, roles=outputs)
    told = {name: rest for name, *rest in always_told(dataclasses.replace(wired, profile=profile))}
    assert told["highest-cell"] == ["lacks", "[output] cell_voltage_max"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('statement = "higest-cell"', "highest-cell"),
        ('statement = "mean-cell"\noff = " "', "expected the reason"),
        ('statement = "mean-cell"\noff = "x"\ntolerance = "1 mV"', "beside 'off'"),
        ('statement = "mean-cell"\nat = "ov_trip"', "expected of its keys: off, tolerance, delay"),
        ('statement = "mean-cell"\ntolerance = "much"', "expected a quantity"),
        ('statement = "discharge-limit-derated"\nflags = ["cell_imbalanc"]', "cell_imbalance"),
        ('statement = "mean-cell"\n[[always]]\nstatement = "mean-cell"', "each statement once"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        load_profile(profile_with(tmp_path, f"\n[[always]]\n{text}\n"))
    assert said in str(wrong.value)
    assert "profile.toml" in str(wrong.value)


def test_the_page_names_every_statement_and_its_roles() -> None:
    page = (ROOT / "docs" / "how-to" / "always.md").read_text(encoding="utf-8")
    for name, kind in STATEMENTS.items():
        assert f"| `{name}` | {kind.words} |" in page
        assert all(f"`{role}`" in page for role in kind.roles)


# --- decoding ------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(data=st.data())
def test_fields_decoded_together_are_those_decoded_one_by_one(data: st.DataObject) -> None:
    database = Database.load(
        ROOT / "dbc" / "bms.dbc", ROOT / "dbc" / "vehicle.dbc", ROOT / "dbc" / "bench_io.dbc"
    )
    plain = [one for one in database.messages if one.layout.fields and one.length <= 64]
    message = data.draw(st.sampled_from(plain))
    payload = data.draw(st.binary(min_size=message.length, max_size=message.length))
    rows = np.frombuffer(payload, np.uint8).reshape(1, -1)
    values = Together(message.layout.fields, message.length).decode(rows)[:, 0]
    for one, value in zip(message.layout.fields, values):
        assert value == pytest.approx(message.reader(one.name)(payload), nan_ok=True)
