"""The questions of a scenario: its own, and those that any scenario on this DUT has to answer."""

from collections.abc import Sequence
from dataclasses import replace

from bench.codec.idle import nodes_of_the_dut
from bench.config.profile import Flag, RoleTest
from bench.errors import ScenarioError
from bench.faults.expression import value_of
from bench.faults.find import kind as kind_named
from bench.measure.ending import EndQuestion
from bench.measure.estimate import EstimateQuestion
from bench.measure.plan import NOTHING, REFUSAL, Aim, Plan
from bench.measure.signal_test import SignalTest
from bench.scenario.always import always_of
from bench.scenario.announced import announced_of
from bench.scenario.bounds import check_budget, detection_bounds
from bench.scenario.cadence import onset_spread_ns
from bench.scenario.carried import carried_tests, held_tests
from bench.scenario.chain import reaction_chain
from bench.scenario.estimates import estimate_question
from bench.scenario.expected_reports import check_also, codes_expected, standing_reports, unexpected_reports
from bench.scenario.forbidden import forbidden_tests, leaves_its_mode
from bench.scenario.known_gap import check_gap
from bench.scenario.lookup import Lookup
from bench.scenario.model import Expect, Inject, Step
from bench.scenario.onset import Onset, command_onset, runaway_onset, stimulus_onset
from bench.scenario.reach_plan import last_reached, reach_plan
from bench.scenario.refusal_plan import control_asked, refusal_plan
from bench.scenario.reports import reports_asked
from bench.scenario.restarts import build_signs, restart_signs
from bench.scenario.state_bounds import check_state_bounds
from bench.scenario.staying import staying_tests
from bench.scenario.steps import LONGEST_TTL_NS
from bench.scenario.stop_request import stop_request
from bench.scenario.trip_band import trip_band
from bench.scenario.word import as_known, by_word_alone, probes_as_known, states_asked


def plan_of(steps: Sequence[Step], lookup: Lookup) -> Plan:
    """Mistakes are noted in `lookup`. Raises ScenarioError where without one name the others make no sense."""
    heard = _heard(lookup, steps)
    aim = lookup.scenario.aim
    if aim is Aim.MUST_REFUSE:
        return REFUSAL
    plan = _PLAN_OF[aim](lookup, steps)
    asked = lookup.scenario.quiet or lookup.scenario.expect
    plan = replace(
        plan,
        gap=check_gap(lookup, plan),
        confirm_by_readback=any(isinstance(step, Inject) for step in steps),
        heard=heard,
        silenced_by=_silenced_by(lookup, steps),
        hold_witnessed=True,
        fed=_fed(lookup, steps),
        protected=_protected(lookup),
        carried=plan.carried or carried_tests(lookup, steps, plan.onset_step),
        held=held_tests(lookup, steps, plan.onset_step),
        accepted_only=True,
        flag_stands=aim.asks_flag,
        own=tuple(sorted(lookup.profile.said())),
        e2e=asked is not None and asked.e2e,
        estimates=_estimates(lookup),
        end=_end(lookup),
        dut_cycle_ns=_dut_cycle_ns(lookup),
        restarts=restart_signs(lookup, steps),
        builds=build_signs(lookup),
        # Of a request no file lists what may come with it: a trip is forbidden, and the rest is the DUT's way into it.
        unexpected=() if aim is Aim.MUST_REACH else unexpected_reports(lookup, steps),
        codes=None if aim is Aim.MUST_REACH else codes_expected(lookup),
        only_expected=lookup.scenario.format >= 2,
        standing=standing_reports(lookup, steps),
        control=control_asked(lookup),
        always=always_of(lookup, steps, asked.also if asked is not None else ()),
    )
    return replace(plan, reports=reports_asked(lookup, steps, plan))


def names_of(lookup: Lookup) -> None:
    """Note what of [expect] and [quiet] is wrong whatever the steps are."""
    expect, quiet, profile = lookup.scenario.expect, lookup.scenario.quiet, lookup.profile
    if expect is not None:
        lookup.known(expect.flag, profile.flags, ("expect", "flag"), "flag")
        check_also(lookup, expect, "expect")
        lookup.known(expect.safe_state, profile.safe_states, ("expect", "safe_state"), "safe state")
        check_state_bounds(lookup, expect)
        flag = profile.flags.get(expect.flag)
        forbidden_tests(lookup, expect.forbidden, "expect", flag)
        if flag is not None:
            check_budget(lookup, flag)
            detection_bounds(lookup, flag)
            _dtc_test(lookup, expect, flag)
    if quiet is not None:
        forbidden_tests(lookup, quiet.forbidden, "quiet", None)
    _estimates(lookup)
    _end(lookup)


def _dut_cycle_ns(lookup: Lookup) -> int:
    """What the shots are spread over: the expected flag's cycles, or where none is expected those of every flag."""
    profile, expect = lookup.profile, lookup.scenario.expect
    flag = None if expect is None else profile.flags[expect.flag]
    asked = profile.flags.values() if flag is None else (flag,)
    reported_ns = (lookup.cycle_ns(test.role) for one in asked for test in one.tests)
    return max(lookup.scenario.sweep.phase_ns, profile.longest_period_ns(flag), *reported_ns)


def _trip_plan(lookup: Lookup, steps: Sequence[Step]) -> Plan:
    """Onset, answer and budget. Not yet what any scenario has to answer."""
    expect, profile, budget = lookup.scenario.expect, lookup.profile, lookup.budget
    if expect is None:
        raise ScenarioError(
            f"{lookup.scenario.file}: found no [expect]; expected one under aim '{lookup.scenario.aim}'"
        )
    flag = _expected_flag(lookup, expect)
    detection = tuple(lookup.test(test) for test in flag.tests)
    safe_state = [lookup.test(test) for test in profile.safe_states[expect.safe_state]]
    if expect.safe_state in profile.safe_states_with_flag:
        safe_state.append(detection[0])
    check_budget(lookup, flag)
    check_state_bounds(lookup, expect)
    floor_ns, ceiling_ns = detection_bounds(lookup, flag)
    dtc = _dtc_test(lookup, expect, flag)
    onset = _onset(lookup, steps, expect.onset)
    early, late = trip_band(lookup, steps, onset, flag) if expect.onset == "stimulus" else (onset.tests, ())
    announced, opening = announced_of(lookup, steps, flag)
    return replace(
        NOTHING,
        aim=Aim.MUST_TRIP,
        announced=announced,
        opening=opening,
        onset=early,
        onset_late=late,
        onset_slope=onset.slope,
        onset_irregular=onset.irregular,
        onset_step=onset.step,
        onset_runaway=onset.runaway,
        onset_spread_ns=onset_spread_ns(lookup, onset),
        onset_at_once=onset.read_back,
        detection=detection,
        safe_state=as_known(profile, safe_state),
        states=states_asked(lookup, expect.states),
        safe_by_word=by_word_alone(profile, safe_state),
        flag_heals=flag.heals,
        stays=staying_tests(lookup, steps, flag),
        in_turn=tuple(lookup.test(test) for test in flag.tests if profile.tells_in_turn(test.role)),
        forbidden=forbidden_tests(lookup, expect.forbidden, "expect", flag),
        dtc_test=dtc,
        dtc_beside=_dtc_beside(lookup) if dtc is not None else ("", ""),
        dtc_status=expect.dtc_status,
        hold_ns=expect.hold_ns,
        window_ns=expect.window_ns,
        floor_ns=floor_ns,
        ceiling_ns=ceiling_ns,
        fdti_budget_ns=budget.fdti_ns,
        fhti_budget_ns=budget.fhti_ns,
        ftti_ns=budget.ftti_ns,
        probes=probes_as_known(profile, reaction_chain(profile, detection[0])),
    )


def _onset(lookup: Lookup, steps: Sequence[Step], onset: str) -> Onset:
    match onset:
        case "stimulus":
            return stimulus_onset(lookup, steps)
        case "runaway":
            return runaway_onset(lookup, steps)
        case _:
            return command_onset(lookup, steps, onset)


def _expected_flag(lookup: Lookup, expect: Expect) -> Flag:
    """The flag; its mistakes and those of its neighbours end the plan here: nothing else can be asked without it."""
    profile = lookup.profile
    lookup.known(expect.flag, profile.flags, ("expect", "flag"), "flag")
    check_also(lookup, expect, "expect")
    lookup.known(expect.safe_state, profile.safe_states, ("expect", "safe_state"), "safe state")
    if lookup.mistaken:
        names_of(lookup)
    lookup.stop_on_mistakes()
    return profile.flags[expect.flag]


def _dtc_test(lookup: Lookup, expect: Expect, flag: Flag) -> SignalTest | None:
    roles = lookup.profile.roles
    dtc = None
    if flag.dtc is not None and "dtc_code" in roles:
        dtc = lookup.test(RoleTest(role=roles["dtc_code"], op="==", value=float(flag.dtc)))
    elif flag.dtc is not None:
        lookup.profile_mistake(f"DTC of '{flag.name}' without an output 'dtc_code'", "dtc_code", roles)
    if expect.dtc_status and (dtc is None or lookup.profile.uds is None):
        lacks = f"flag '{flag.name}' has no dtc" if dtc is None else "the profile has no [uds]"
        lookup.mistake(("expect", "dtc_status"), f"found status bits, but {lacks}; expected it there")
    return dtc


def _dtc_beside(lookup: Lookup) -> tuple[str, str]:
    """Signals of status and occurrences, which come in the code's own frame."""
    roles = lookup.profile.roles
    found = [roles.get(name) for name in ("dtc_status", "dtc_occurrences")]
    for role in found:
        if role is not None:
            lookup.test(RoleTest(role=role, op=">=", value=0.0))  # told where the DBC has no such signal
    status, occurrences = (role.signal if role is not None else "" for role in found)
    return status, occurrences


def _quiet_plan(lookup: Lookup, steps: Sequence[Step]) -> Plan:
    """Onset and what counts as noise. Not yet what any scenario has to answer."""
    quiet = lookup.scenario.quiet
    if quiet is None:
        raise ScenarioError(
            f"{lookup.scenario.file}: found no [quiet]; expected one under aim 'must_not_trip'"
        )
    check_also(lookup, quiet, "quiet")
    onset = stimulus_onset(lookup, steps)
    return replace(
        NOTHING,
        aim=Aim.MUST_NOT_TRIP,
        onset=onset.tests,
        onset_irregular=onset.irregular,
        onset_step=onset.step,
        forbidden=(
            *forbidden_tests(lookup, quiet.forbidden, "quiet", None),
            *leaves_its_mode(lookup, steps),
        ),
        window_ns=quiet.window_ns,
        reached=() if quiet.reaches_ns is None else last_reached(lookup, steps),
        reach_ns=quiet.reaches_ns,
    )


def _heard(lookup: Lookup, steps: Sequence[Step]) -> tuple[tuple[str, str, int], ...]:
    """The DUT's signs of life, which are not asked for on a bus that a fault silences for as long as it is on."""
    faults = [step.fault for step in steps if isinstance(step, Inject)]
    for beat in lookup.profile.heartbeat:
        lookup.message(beat.channel, beat.message)
    silenced = {
        beat.channel
        for beat in lookup.profile.heartbeat
        if any(one.silences(beat.channel) and not one.restarts for one in faults)
    }
    return tuple(
        (beat.channel, beat.message, LONGEST_TTL_NS if beat.channel in silenced else beat.longest_gap_ns)
        for beat in lookup.profile.heartbeat
    )


def _silenced_by(lookup: Lookup, steps: Sequence[Step]) -> tuple[tuple[int, bool], ...]:
    """Steps that silence the DUT until it has booted again. In a twin the DUT has to survive them without a boot."""
    channels = {beat.channel for beat in lookup.profile.heartbeat}
    return tuple(
        (step.step, not lookup.scenario.twin_of)
        for step in steps
        if isinstance(step, Inject) and step.fault.restarts and any(map(step.fault.silences, channels))
    )


def _fed(lookup: Lookup, steps: Sequence[Step]) -> tuple[tuple[str, str, int], ...]:
    """What the bench must not be late with; nothing where the scenario disturbs the traffic on purpose."""
    if any(
        isinstance(step, Inject) and kind_named(step.kind).fault_class == "communication" for step in steps
    ):
        return ()
    return tuple(
        (play.channel, play.message, play.timeout_ns)
        for play in lookup.profile.plays
        if play.timeout_ns is not None
    )


def _protected(lookup: Lookup) -> tuple[tuple[str, str], ...]:
    """What the DUT sends under E2E protection, by the DBC: of its node, and what is read from it whoever sends it."""
    nodes, said = nodes_of_the_dut(lookup.profile, lookup.databases), lookup.profile.said()
    return tuple(
        (channel, message.name)
        for channel, database in lookup.databases.items()
        for message in database.messages
        if message.protection is not None
        and (nodes & set(message.senders) or (channel, message.name) in said)
    )


def _estimates(lookup: Lookup) -> tuple[EstimateQuestion, ...]:
    if lookup.scenario.twin_of:
        return ()  # a twin is judged by its quiet
    found = []
    for number, text in enumerate(lookup.scenario.estimates):
        try:
            found.append(
                estimate_question(text, lookup.profile.promises(""), lookup.databases, lookup.thresholds)
            )
        except ValueError as wrong:
            lookup.mistake(("estimate", number, "of"), str(wrong))
    return tuple(found)


def _end(lookup: Lookup) -> EndQuestion | None:
    text = lookup.scenario.end
    if text is None or lookup.scenario.twin_of:
        return None
    requested = stop_request(lookup, text.stops)
    asked = replace(text.asked, signal=bool(requested), stop_request=requested)
    if text.hotter_than is None:
        return asked
    try:
        return replace(asked, hotter_c=value_of(text.hotter_than, lookup.thresholds))
    except ValueError as unknown:
        lookup.mistake(("end", "hotter_than"), str(unknown))
        return asked


def _refusal_plan(lookup: Lookup, steps: Sequence[Step]) -> Plan:
    return refusal_plan(lookup, steps, _trip_plan(lookup, steps))


_PLAN_OF = {
    Aim.MUST_TRIP: _trip_plan,
    Aim.MUST_STAY_SAFE: _refusal_plan,
    Aim.MUST_NOT_TRIP: _quiet_plan,
    Aim.MUST_REACH: reach_plan,
}
