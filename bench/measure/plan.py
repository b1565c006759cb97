"""What to look for in a Trace: resolved, plain data, stored with the run so that it can be judged again."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from bench.measure.always.asked import Always
from bench.measure.announced import Announced
from bench.measure.ending import EndQuestion
from bench.measure.estimate import EstimateQuestion
from bench.measure.only_expected import Codes, Standing, Unexpected
from bench.measure.refusal_asked import ControlAsked, RefusalAsked
from bench.measure.report_asked import ReportAsked
from bench.measure.restart_sign import RestartSign
from bench.measure.signal_test import SignalTest
from bench.measure.slope import Slope
from bench.trace.irregular import Irregularity
from bench.units import format_ns

OLD_REFUSE = "must_refuse"


class Aim(StrEnum):
    """What is to be seen.

    The DUT handles the stimulus; tells it, and stays open although it is asked to close; stays quiet under it; or comes
    into the mode it is asked for. Or the bench refuses the DUT for what it says it is.
    """

    MUST_TRIP = "must_trip"
    MUST_STAY_SAFE = "must_stay_safe"
    MUST_NOT_TRIP = "must_not_trip"
    MUST_REACH = "must_reach"
    MUST_REFUSE = "bench_must_refuse"

    @property
    def asks_flag(self) -> bool:
        """Whether the DUT has to tell a fault, and the time until it does is measured."""
        return self in (Aim.MUST_TRIP, Aim.MUST_STAY_SAFE)

    @classmethod
    def _missing_(cls, value: object) -> "Aim | None":
        """What earlier releases called it, in plans and results that are still read."""
        return cls.MUST_REFUSE if value == OLD_REFUSE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One link of the reaction chain: seen from the frame on in which all of its tests hold."""

    name: str
    tests: tuple[SignalTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAsked:
    """A further safe state: all tests hold at once. Its time since the onset has to lie within the bounds; ns."""

    name: str
    tests: tuple[SignalTest, ...]
    at_least_ns: int | None = None
    at_most_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapBound:
    """The failure of the DUT that is known, and how large it may be. None: that failure is not part of the gap.

    never: the DUT does not detect the fault at all. error_at_most: error of an estimate, as a share (0 to 1).
    findings: codes of the other findings that are known.
    """

    fdti_at_most_ns: int | None = None
    fhti_at_most_ns: int | None = None
    error_at_most: float | None = None
    never: bool = False
    findings: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        times = (("FDTI", self.fdti_at_most_ns), ("FHTI", self.fhti_at_most_ns))
        parts = [f"{name} at most {format_ns(at_most)}" for name, at_most in times if at_most is not None]
        if self.error_at_most is not None:
            parts.append(f"error at most {100 * self.error_at_most:g} %")
        return ", ".join([*parts, *(["never detected"] if self.never else []), *self.findings])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The questions of one scenario. Durations are in ns; None where the scenario sets no such bound.

    onset: the fault is real at the DUT's terminals at the first frame after STIMULUS_COMMANDED in which one of
        these is true. The frame must not come before the bench's own confirmation of the stimulus
        (`confirm_by_readback`); else the bench contradicts itself: ERROR.
    onset_spread_ns: several pages or messages show the fault at once, the last of them at most this long after the
        first: the onset lies between the two. 0: the first alone is the onset.
    onset_at_once: the stimulus is complete at its readback, which so says when it was real at the DUT's terminals.
        False: it develops gradually, or the plan is older than the question.
    onset_late: where `onset` asks for the lower end of the DUT's tolerance around its limit, the same question for
        the upper end: the onset lies between the two. Empty: the DUT has no tolerance, or the stimulus crosses both.
    onset_slope: how fast the stimulus climbs to what `onset` asks; None: it comes in one step, or no calibrated
        instrument makes it.
    onset_irregular: questions about a message's frames: one was due and did not come, one is corrupt, ...
    onset_step: the step whose command and readback are meant; None: the earliest one.
    onset_runaway: cells (from 1); the plant has to bring one of them into thermal runaway. The onset lies between
        that instant and the first frame of `onset_irregular` after it. Empty: the plant does not make the onset.
    detection: the first evidence outside the DUT that the DUT knows of the fault: any of these.
    safe_state: all of these are true together, and stay true for `hold_ns`.
    forbidden: must not be true between onset and end of the shot (must_trip), or in the whole armed window
        (must_not_trip). Nuisance trips, re-closed contactors and wrong flags are caught here.
    fed: messages that the bench sends (channel, message, longest gap in ns that the DUT tolerates). A longer gap
        makes every reaction of the DUT doubtful. Empty where the scenario itself disturbs messages.
    protected: messages (channel, message) of the DUT under E2E protection. Errors in them are anomalies, and
        failures of the DUT where `e2e` says so.
    heard: messages (channel, message, longest gap in ns) that prove that the DUT is alive. A longer silence anywhere
        in the armed window counts against the DUT or the bench, and is never a pass.
    dtc: the code that must be reported (message and signal as in dtc_test); None where no code is demanded.
    probes: the links of the reaction chain whose instants are kept; they do not change the verdict.
    estimates: values that the DUT estimates and the plant knows.
    end: what ends a protection test, and how long it is watched afterwards.
    glitch_under_ns: the stimulus has to be gone before the debounce, which takes this long, can be full. A trip
        under a glitch that was shown for longer is a doubt, not a failure.
    carried: what the frames of the stimulus have to carry. Each of these is true in at least one frame after the
        command; else the stimulus never reached the DUT.
    accepted_only: frames of `protected` messages that no receiver would accept answer no question and are no sign
        of life.
    held: those of `carried` that stay true from then on, until the DUT has answered or the window closes.
    flag_stands: a detection has to be told to the end of the hold, and belongs to the safe state.
    flag_heals: a detection may be taken back when its cause goes, but has to be told for more than a moment.
    in_turn: tests of `detection` whose signal tells its codes in turn: another code is no denial.
    stays: outputs that have to stay as they are after the hold too, for as long as the shot is watched.
    own: messages (channel, message) that only the DUT sends: such a frame, sent by the bench, is no answer.
    dut_cycle_ns: the longest cycle of the DUT that affects the answer: the shots are spread over it.
    dtc_status: bits (ISO 14229-1 D.2) that the DUT's memory must hold for that code at the end of the window.
    gap: the one failure that is known, up to its bound; None: no failure is known.
    unexpected, codes: what the DUT must not report, and which trouble codes it may tell, while the window is open.
    only_expected: whether an unexpected report is a failure. False: it is only told (files of format 1).
    standing: reports that must not have been there before the arming either; None: all may (older plans).
    announced: the faults that may come here and after which the DUT has published to open, and when. opening: any of
        these shows that the opening begins; empty: only the safe state does.
    states: further safe states that are measured besides `safe_state`.
    safe_by_word: only the DUT says that the safe state holds: no coil, contact or current is seen.
    dtc_beside: signals for status and occurrences next to the code in its message; "" where it has none.
    restarts: what shows that the DUT started again; empty where the scenario asks for that.
    silenced_by: steps (number, whether the DUT may boot after it) during which its silence is excused.
    hold_witnessed: a message that tells the safe state and is silent within the hold shows nothing.
    builds: signals that name the DUT's build, which must not change.
    reports: cyclic messages of the DUT that say what is asked here, and so have to be heard to the end.
    always: statements that hold in every shot, whatever is asked here; None: an older plan, which has none.
    reached: of a must-reach plan: how the mode is known: one of each group, and all groups at once.
    refusal: of a must-stay-safe plan: the request that the DUT has to refuse, and how it shows that it obeys others.
    reach_ns: of a must-not-trip plan with `reached`: within which time the last request has to be obeyed.
    control: modes that the DUT has to come into and leave again before anything is done to it.
    """

    aim: Aim
    onset: tuple[SignalTest, ...]
    detection: tuple[SignalTest, ...]
    safe_state: tuple[SignalTest, ...]
    forbidden: tuple[SignalTest, ...]
    heard: tuple[tuple[str, str, int], ...]
    dtc_test: SignalTest | None
    confirm_by_readback: bool
    hold_ns: int
    window_ns: int
    floor_ns: int | None
    ceiling_ns: int | None
    fdti_budget_ns: int | None
    fhti_budget_ns: int | None
    ftti_ns: int | None
    onset_irregular: tuple[Irregularity, ...] = ()
    onset_step: int | None = None
    dtc_status: tuple[str, ...] = ()
    protected: tuple[tuple[str, str], ...] = ()
    e2e: bool = False
    fed: tuple[tuple[str, str, int], ...] = ()
    probes: tuple[Probe, ...] = ()
    onset_runaway: tuple[int, ...] = ()
    estimates: tuple[EstimateQuestion, ...] = ()
    end: EndQuestion | None = None
    glitch_under_ns: int | None = None
    carried: tuple[SignalTest, ...] = ()
    own: tuple[tuple[str, str], ...] = ()
    dut_cycle_ns: int = 0
    gap: GapBound | None = None
    reached: tuple[tuple[SignalTest, ...], ...] = ()
    restarts: tuple[RestartSign, ...] = ()
    builds: tuple[RestartSign, ...] = ()
    reports: tuple[ReportAsked, ...] = ()
    onset_spread_ns: int = 0
    onset_at_once: bool = False
    onset_late: tuple[SignalTest, ...] = ()
    held: tuple[SignalTest, ...] = ()
    accepted_only: bool = False
    unexpected: tuple[Unexpected, ...] = ()
    codes: Codes | None = None
    only_expected: bool = False
    safe_by_word: bool = False
    announced: tuple[Announced, ...] = ()
    opening: tuple[SignalTest, ...] = ()
    dtc_beside: tuple[str, str] = ("", "")
    states: tuple[StateAsked, ...] = ()
    flag_stands: bool = False
    flag_heals: bool = False
    in_turn: tuple[SignalTest, ...] = ()
    stays: tuple[SignalTest, ...] = ()
    silenced_by: tuple[tuple[int, bool], ...] = ()
    hold_witnessed: bool = False
    standing: Standing | None = None
    onset_slope: Slope | None = field(default=None, metadata={"left_out_empty": True})
    refusal: RefusalAsked | None = field(default=None, metadata={"left_out_empty": True})
    control: tuple[ControlAsked, ...] = field(default=(), metadata={"left_out_empty": True})
    reach_ns: int | None = field(default=None, metadata={"left_out_empty": True})
    always: Always | None = field(default=None, metadata={"left_out_empty": True})


NOTHING = Plan(
    aim=Aim.MUST_NOT_TRIP,
    onset=(),
    detection=(),
    safe_state=(),
    forbidden=(),
    heard=(),
    dtc_test=None,
    confirm_by_readback=False,
    hold_ns=0,
    window_ns=0,
    floor_ns=None,
    ceiling_ns=None,
    fdti_budget_ns=None,
    fhti_budget_ns=None,
    ftti_ns=None,
)
"""The plan of a scenario that this rig cannot run: no questions."""
REFUSAL = replace(NOTHING, aim=Aim.MUST_REFUSE)
"""The plan of a scenario that ends with the DUT's refusal."""
