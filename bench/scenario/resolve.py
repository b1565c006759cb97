"""A scenario meets DUT, chemistry and budget: names and thresholds become numbers, or a clear mistake."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.config.profile import DutProfile, Flag, Role, RoleTest
from bench.errors import ScenarioError, nearest
from bench.faults.find import kind as kind_named
from bench.faults.port import Terminals
from bench.measure.estimate import EstimateQuestion
from bench.measure.plan import REFUSAL, Aim, Plan, SignalTest
from bench.scenario.chain import reaction_chain
from bench.scenario.estimates import estimate_question
from bench.scenario.loads import cycle_load, replay_load
from bench.scenario.model import (
    ConstantVoltage,
    CycleText,
    Drive,
    DriveText,
    FaultReset,
    Inject,
    InjectText,
    ReplayText,
    Request,
    Scenario,
    Step,
    StepText,
)
from bench.scenario.twins import Twin, twins_of
from bench.trace.irregular import Irregularity
from bench.units import NS_PER_S, format_ns
from bench.verdict.result import Budget

if TYPE_CHECKING:
    from bench.codec.database import Database

# Longer than any shot: a fault without a ttl of its own ends with its shot, or here when the bench hangs.
LONGEST_TTL_NS = 120 * NS_PER_S


def resolve(
    scenario: Scenario,
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budget: Budget,
    cells: int,
    decoders: Mapping[str, "Database"],
    sensors: int = 24,
) -> tuple[Plan, list[Step]]:
    """The questions and the steps of one scenario on one bench.

    thresholds: ov_*, uv_* in V, iso_* in ohm per volt of pack voltage. decoders: by channel. Raises
    ScenarioError, one line per mistake; nothing has been driven then.
    """
    resolver = Resolver(scenario, profile, thresholds, budget, decoders, cells, sensors)
    steps = [step for n, text in enumerate(scenario.steps) if (step := resolver.step(text, n)) is not None]
    resolver.stop_on_mistakes()
    plan = resolver.plan(steps)
    resolver.stop_on_mistakes()
    return plan, steps


def resolve_twins(
    scenario: Scenario,
    plan: Plan,
    steps: list[Step],
    profile: DutProfile,
    thresholds: Mapping[str, float],
    budget: Budget,
    cells: int,
    decoders: Mapping[str, "Database"],
    sensors: int = 24,
) -> list[tuple[Twin, Plan]]:
    """The must-not-trip twins of a resolved must-trip scenario, each with its questions.

    Raises ScenarioError for a scenario without any (the healthy one is none) that does not say why.
    """
    facts = (profile, thresholds, budget, decoders, cells, sensors)
    resolver = Resolver(scenario, *facts)
    if scenario.no_twins is not None or plan.aim is not Aim.MUST_TRIP:
        return []
    inject = next((s for s in steps if isinstance(s, Inject) and s.step == plan.onset_step), None)
    index = inject.step if inject is not None else 0
    twins = twins_of(scenario, steps, profile, resolver.terminals(index), resolver.slowest_onset_ns(plan))
    if all(twin.kind == "healthy" for twin in twins):
        resolver.tell_no_twins()
    resolver.stop_on_mistakes()
    found = []
    for twin in twins:
        of_twin = Resolver(twin.scenario, *facts)
        of_steps = of_twin.plan(list(twin.steps))
        found.append((twin, replace(of_steps, glitch_under_ns=twin.glitch_under_ns)))
        of_twin.stop_on_mistakes()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """The questions that find the onset, and the step that is measured (None: whichever comes first)."""

    step: int | None
    tests: tuple[SignalTest, ...]
    irregular: tuple[Irregularity, ...]


class Resolver:
    """Looks names up, and notes every one that is not there."""

    def __init__(
        self,
        scenario: Scenario,
        profile: DutProfile,
        thresholds: Mapping[str, float],
        budget: Budget,
        decoders: Mapping[str, "Database"],
        cells: int,
        sensors: int,
    ) -> None:
        self._scenario = scenario
        self._profile = profile
        self._thresholds = thresholds
        self._budget = budget
        self._cells = cells
        self._sensors = sensors
        self._decoders = decoders
        self._mistakes: dict[str, None] = {}  # the same mistake is told once, in order

    def stop_on_mistakes(self) -> None:
        if self._mistakes:
            raise ScenarioError("\n".join(self._mistakes))

    # --- steps -------------------------------------------------------------------------------------------

    def step(self, text: StepText, index: int) -> Step | None:
        match text:
            case InjectText(kind=kind, shape=shape, duration_ns=duration_ns, ttl_ns=ttl_ns):
                fault = kind.resolve(shape, self.terminals(index))
                return Inject(
                    kind=kind.name,
                    fault=fault,
                    duration_ns=duration_ns,
                    ttl_ns=ttl_ns if ttl_ns is not None else LONGEST_TTL_NS,
                    step=index,
                )
            case Request(mode=mode):
                self._known(mode, self._profile.modes, ("step", index, "mode"), "mode")
                return replace(text, mode_value=self._profile.modes.get(mode, -1))
            case FaultReset() if self._profile.shown("fault_reset", "==", 1.0) is None:
                self._mistake(
                    ("step", index, "do"),
                    "found 'fault_reset', which this DUT is never shown; expected a [[play]] of its profile with it",
                )
                return text
            case CycleText():
                return cycle_load(text, self.terminals(index), index)
            case ReplayText():
                return replay_load(text, self.terminals(index), index)
            case ConstantVoltage(voltage=voltage):
                return replace(text, voltage_v=self.terminals(index).value(voltage, "cell_voltage"))
            case DriveText(current=current):
                return Drive(current_a=self.terminals(index).value(current, "current"), step=index)
            case _:
                return text

    def terminals(self, index: int) -> Terminals:
        """What a fault of step `index` may ask; what it tells is told at that step."""

        def tell(key: str, text: str) -> None:
            self._mistake(("step", index, key) if key else ("step", index), text)

        return Terminals(
            profile=self._profile,
            thresholds=self._thresholds,
            cells=self._cells,
            sensors=self._sensors,
            tell=tell,
            databases=self._decoders,
        )

    def slowest_onset_ns(self, plan: Plan) -> int:
        """Cycle of the slowest message that can show the onset; 0 where none does."""
        places = [(one.channel, one.message) for one in plan.onset]
        places += [(one.channel, one.message) for one in plan.onset_irregular]
        return max((self._message(*place)[1] for place in places), default=0)

    def tell_no_twins(self) -> None:
        self._mistake(
            ("twins",),
            "found no must-not-trip twin that could be made of this scenario; "
            'expected twins = "none: reason", or an injection that has a limit or passes',
        )

    # --- plan --------------------------------------------------------------------------------------------

    def plan(self, steps: list[Step]) -> Plan:
        profile = self._profile
        heard = tuple((beat.channel, beat.message, beat.longest_gap_ns) for beat in profile.heartbeat)
        for channel, message, _ in heard:
            self._message(channel, message)
        if any(isinstance(step, Inject) and step.fault.silences for step in steps):
            heard = tuple((channel, message, LONGEST_TTL_NS) for channel, message, _ in heard)
        injected = any(isinstance(step, Inject) for step in steps)
        if self._scenario.aim is Aim.MUST_REFUSE:
            return REFUSAL
        quiet = self._scenario.aim is Aim.MUST_NOT_TRIP
        plan = (self._quiet_plan if quiet else self._trip_plan)(steps, heard, injected)
        asked = self._scenario.quiet if quiet else self._scenario.expect
        return replace(
            plan,
            fed=self._fed(steps),
            protected=self._protected(),
            e2e=asked is not None and asked.e2e,
            estimates=self._estimates(),
        )

    def _estimates(self) -> tuple[EstimateQuestion, ...]:
        if self._scenario.twin_of:
            return ()  # a twin is judged by its quiet
        found = []
        for number, text in enumerate(self._scenario.estimates):
            try:
                question = estimate_question(text, self._profile.promises(""), self._decoders)
            except ValueError as wrong:
                self._mistake(("estimate", number, "of"), str(wrong))
                continue
            found.append(question)
        return tuple(found)

    def _protected(self) -> tuple[tuple[str, str], ...]:
        """What the DUT sends under E2E protection, by the DBC: of the node that sends its state."""
        state = self._profile.roles["state"]
        own = (
            {
                sender
                for message in self._decoders[state.channel].messages
                if message.name == state.message
                for sender in message.senders
            }
            if state.channel in self._decoders
            else set()
        )
        return tuple(
            (channel, message.name)
            for channel, database in self._decoders.items()
            for message in database.messages
            if message.protection is not None and own & set(message.senders)
        )

    def _fed(self, steps: list[Step]) -> tuple[tuple[str, str, int], ...]:
        """What the bench must not be late with; nothing where the scenario disturbs the traffic on purpose."""
        if any(
            isinstance(step, Inject) and kind_named(step.kind).fault_class == "communication"
            for step in steps
        ):
            return ()
        return tuple(
            (play.channel, play.message, play.timeout_ns)
            for play in self._profile.plays
            if play.timeout_ns is not None
        )

    def _quiet_plan(self, steps: list[Step], heard: tuple[tuple[str, str, int], ...], injected: bool) -> Plan:
        quiet = self._scenario.quiet
        if quiet is None:
            raise ScenarioError(
                f"{self._scenario.file}: found no [quiet]; expected one under aim 'must_not_trip'"
            )
        onset = self._onset(steps)
        return Plan(
            aim=Aim.MUST_NOT_TRIP,
            onset=onset.tests,
            onset_irregular=onset.irregular,
            onset_step=onset.step,
            detection=(),
            safe_state=(),
            forbidden=self._forbidden(quiet.forbidden, "quiet", None),
            heard=heard,
            dtc_test=None,
            confirm_by_readback=injected,
            hold_ns=0,
            window_ns=quiet.window_ns,
            floor_ns=None,
            ceiling_ns=None,
            fdti_budget_ns=None,
            fhti_budget_ns=None,
            ftti_ns=None,
        )

    def _trip_plan(self, steps: list[Step], heard: tuple[tuple[str, str, int], ...], injected: bool) -> Plan:
        expect, profile, budget = self._scenario.expect, self._profile, self._budget
        if expect is None:
            raise ScenarioError(
                f"{self._scenario.file}: found no [expect]; expected one under aim 'must_trip'"
            )
        self._known(expect.flag, profile.flags, ("expect", "flag"), "flag")
        for name in expect.also:
            self._known(name, profile.flags, ("expect", "also"), "flag")
        self._known(expect.safe_state, profile.safe_states, ("expect", "safe_state"), "safe state")
        self.stop_on_mistakes()
        flag = profile.flags[expect.flag]
        detection = tuple(self._test(test) for test in flag.tests)
        safe_state = [self._test(test) for test in profile.safe_states[expect.safe_state]]
        if expect.safe_state in profile.safe_states_with_flag:
            safe_state.append(detection[0])
        self._check_budget(flag)
        floor_ns, ceiling_ns = self._bounds(flag)
        dtc = None
        if flag.dtc is not None and "dtc_code" in profile.roles:
            dtc = self._test(RoleTest(role=profile.roles["dtc_code"], op="==", value=float(flag.dtc)))
        elif flag.dtc is not None:
            self._profile_mistake(
                f"DTC of '{flag.name}' without an output 'dtc_code'", "dtc_code", profile.roles
            )
        if expect.dtc_status and (dtc is None or profile.uds is None):
            lacks = f"flag '{flag.name}' has no dtc" if dtc is None else "the profile has no [uds]"
            self._mistake(("expect", "dtc_status"), f"found status bits, but {lacks}; expected it there")
        onset = self._onset(steps) if expect.onset == "stimulus" else self._commanded(steps, expect.onset)
        return Plan(
            aim=Aim.MUST_TRIP,
            onset=onset.tests,
            onset_irregular=onset.irregular,
            onset_step=onset.step,
            detection=detection,
            safe_state=tuple(safe_state),
            forbidden=self._forbidden(expect.forbidden, "expect", flag),
            heard=heard,
            dtc_test=dtc,
            confirm_by_readback=injected,
            hold_ns=expect.hold_ns,
            window_ns=expect.window_ns,
            floor_ns=floor_ns,
            ceiling_ns=ceiling_ns,
            fdti_budget_ns=budget.fdti_ns,
            fhti_budget_ns=budget.fhti_ns,
            ftti_ns=budget.ftti_ns,
            dtc_status=expect.dtc_status,
            probes=reaction_chain(profile, detection[0]),
        )

    def _bounds(self, flag: Flag) -> tuple[int | None, int | None]:
        """How early and how late detection may come: as the scenario says, or as the profile predicts."""
        expect = self._scenario.expect
        if expect is None:
            return None, None
        floor_ns, ceiling_ns = expect.floor_ns, expect.ceiling_ns
        if expect.floor_from_profile or expect.ceiling_from_profile:
            if flag.debounce is None:
                which = "floor" if expect.floor_from_profile else "ceiling"
                self._mistake(
                    ("expect", which),
                    f"found 'profile', but flag '{flag.name}' has no debounce there; expected a duration",
                )
                return None, None
            cycle_ns = self._cycle_ns(flag.role)
            if expect.floor_from_profile:
                # Earlier than the last denial by the slowest of its signals, nothing is known.
                slowest_ns = max(self._cycle_ns(test.role) for test in flag.tests)
                floor_ns = flag.debounce.floor_ns(slowest_ns, self._profile.base_period_ns)
            if expect.ceiling_from_profile:
                ceiling_ns = flag.debounce.ceiling_ns(cycle_ns, self._profile.base_period_ns)
        if floor_ns is not None and ceiling_ns is not None and floor_ns > ceiling_ns:
            self._mistake(
                ("expect", "floor"),
                f"found {format_ns(floor_ns)}; expected at most the ceiling, {format_ns(ceiling_ns)}",
            )
        return floor_ns, ceiling_ns

    def _check_budget(self, flag: Flag) -> None:
        """A budget the rig cannot resolve is none: detection is seen once per cycle of the flag's message."""
        budget, cycle_ns = self._budget, self._cycle_ns(flag.role)
        for name, limit_ns in (("FDTI", budget.fdti_ns), ("FRTI", budget.frti_ns)):
            if limit_ns < cycle_ns:
                self._mistake(
                    ("safety_goal",),
                    f"found {budget.safety_goal} with {name} {format_ns(limit_ns)}, too fine for this rig; "
                    f"expected at least {format_ns(cycle_ns)}, the cycle of {flag.role.message}",
                )
        if budget.fhti_ns > budget.ftti_ns:
            self._mistake(
                ("safety_goal",),
                f"found {budget.safety_goal} with FDTI + FRTI = {format_ns(budget.fhti_ns)}; "
                f"expected at most its FTTI of {format_ns(budget.ftti_ns)}",
            )
        expect = self._scenario.expect
        if expect is not None and expect.window_ns < budget.fhti_ns:
            self._mistake(
                ("expect", "window"),
                f"found {format_ns(expect.window_ns)}; expected at least the budget's FDTI + FRTI of "
                f"{format_ns(budget.fhti_ns)}",
            )

    # --- tests -------------------------------------------------------------------------------------------

    def _onset(self, steps: list[Step]) -> Onset:
        """Where the measured stimulus shows at the DUT's terminals; no tests where no frame shows it."""
        expect = self._scenario.expect
        wanted = expect.step if expect is not None else None
        for step in steps:
            if isinstance(step, Inject) and wanted in (None, step.step):
                found = step.fault.onset(self.terminals(step.step))
                return Onset(
                    step=step.step,
                    tests=tuple(self._test(one) for one in found if isinstance(one, RoleTest)),
                    irregular=tuple(self._irregular(one) for one in found if isinstance(one, Irregularity)),
                )
            if isinstance(step, Drive) and wanted == step.step:
                op = ">=" if step.current_a > 0 else "<="
                shown = self.terminals(step.step).shown("pack_current", op, 0.99 * step.current_a)
                return Onset(step=step.step, tests=tuple(map(self._test, shown)), irregular=())
        if wanted is not None:
            self._mistake(
                ("expect", "step"),
                f"found {wanted + 1}, which neither injects nor drives; expected a step that does",
            )
        return Onset(step=None, tests=(), irregular=())

    def _irregular(self, asked: Irregularity) -> Irregularity:
        signals = self._message(asked.channel, asked.message)[0]
        if asked.signal is not None and signals and asked.signal not in signals:
            self._profile_mistake(
                f"signal '{asked.signal}' of {asked.channel}.{asked.message}", asked.signal, signals
            )
        cycle_ns = self._profile.played_cycle_ns(asked.channel, asked.message)
        return asked if cycle_ns is None else replace(asked, cycle_ns=cycle_ns)

    def _commanded(self, steps: list[Step], onset: str) -> Onset:
        """The DUT's own command to a contactor that no longer obeys: from here on it can know."""
        if onset == "precharge_command":
            return self._on_command(("precharge",), 1.0)
        faults = [step.fault for step in steps if isinstance(step, Inject)]
        listed = [name for fault in faults for name in getattr(fault, "contactors", ())]
        return self._on_command(tuple(dict.fromkeys(listed)) or ("plus",), float(onset == "close_command"))

    def _on_command(self, names: tuple[str, ...], value: float) -> Onset:
        missing = [name for name in names if f"{name}_command" not in self._profile.roles]
        if missing:
            self._mistake(
                ("expect", "onset"),
                f"found an onset by command, but the profile has no output '{missing[0]}_command'; expected one",
            )
            return Onset(step=None, tests=(), irregular=())
        roles = [self._profile.roles[f"{name}_command"] for name in names]
        tests = tuple(self._test(RoleTest(role=role, op="==", value=value)) for role in roles)
        return Onset(step=None, tests=tests, irregular=())

    def _also(self) -> list[RoleTest]:
        """Flags that may come with the scenario's own."""
        expect, flags = self._scenario.expect, self._profile.flags
        names = expect.also if expect is not None else ()
        return [test for name in names if name in flags for test in flags[name].tests]

    def _forbidden(self, names: tuple[str, ...], table: str, own: Flag | None) -> tuple[SignalTest, ...]:
        profile = self._profile
        roles = profile.roles
        trips = [test for flag in profile.flags.values() if flag.trips for test in flag.tests]
        borne = [*(own.tests if own is not None else ()), *self._also()]
        mains = [roles[r] for r in ("plus_command", "minus_command") if r in roles]
        known: dict[str, tuple[RoleTest, ...]] = {
            "any_trip": tuple(trips),
            "other_trip": tuple(test for test in trips if test not in borne),
            "state_error": (RoleTest(role=roles["state"], op="==", value=float(profile.states["error"])),),
        }
        if mains:
            known["mains_open"] = tuple(RoleTest(role=role, op="==", value=0.0) for role in mains)
        if "precharge_command" in roles:
            known["precharge_closed"] = (RoleTest(role=roles["precharge_command"], op="==", value=1.0),)
        known |= {name: flag.tests for name, flag in profile.flags.items()}
        known |= profile.tests
        tests: list[SignalTest] = []
        for name in names:
            if self._known(name, known, (table, "forbidden"), "test") in known:
                tests.extend(self._test(test) for test in known[name])
        return tuple(dict.fromkeys(tests))

    def _test(self, test: RoleTest) -> SignalTest:
        role = test.role
        signals = self._message(role.channel, role.message)[0]
        if signals and role.signal not in signals:
            self._profile_mistake(
                f"signal '{role.signal}' of {role.channel}.{role.message}", role.signal, signals
            )
        return SignalTest(
            channel=role.channel,
            message=role.message,
            signal=role.signal,
            op=test.op,
            value=test.value,
            together=tuple(self._test(one) for one in test.together),
        )

    # --- names -------------------------------------------------------------------------------------------

    def _cycle_ns(self, role: Role) -> int:
        return self._message(role.channel, role.message)[1]

    def _message(self, channel: str, message: str) -> tuple[tuple[str, ...], int]:
        """(signal names, cycle in ns) of a message; empty, and a mistake noted, where there is none."""
        if channel not in self._decoders:
            self._profile_mistake(f"channel '{channel}'", channel, self._decoders)
            return (), 0
        known = {m.name: m for m in self._decoders[channel].messages}
        if message not in known:
            self._profile_mistake(f"message '{message}' on {channel}", message, known)
            return (), 0
        return known[message].signal_names, known[message].cycle_ns

    def _known(self, name: str, known: Mapping[str, object], place: tuple[str | int, ...], what: str) -> str:
        if name not in known:
            near = nearest(name, known)
            self._mistake(place, f"found unknown {what} '{name}'; expected one of {', '.join(known)}{near}")
        return name

    def _profile_mistake(self, found: str, word: str, known: Mapping[str, object] | tuple[str, ...]) -> None:
        shown = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "")
        line = f"{self._profile.file}: found unknown {found}; expected one of {shown}{nearest(word, known)}"
        self._mistakes[line] = None

    def _mistake(self, place: tuple[str | int, ...], text: str) -> None:
        from bench.config.toml_file import located

        self._mistakes[located(self._scenario.file, self._scenario.lines, place, text)] = None
