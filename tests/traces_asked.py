"""Plans made by chance, over the messages of the bench's own BMS: what the traces of traces_corpus.py are asked."""

import random
from dataclasses import replace
from typing import Any

from bench.config.lag import Lag
from bench.measure.announced import Announced
from bench.measure.ending import EndQuestion
from bench.measure.estimate import EstimateQuestion
from bench.measure.only_expected import Codes, Standing, Unexpected, What
from bench.measure.plan import Aim, GapBound, Plan, Probe, StateAsked
from bench.measure.report_asked import ReportAsked
from bench.measure.restart_sign import RestartSign, Sign
from bench.measure.signal_test import SignalTest
from bench.trace.irregular import Irregular, Irregularity
from bench.units import NS_PER_MS as MS

BUS = "vehicle"
CODE = 0x1A0117


def _test(message: str, signal: str, op: str, value: float, **other: Any) -> SignalTest:
    return SignalTest(channel=BUS, message=message, signal=signal, op=op, value=value, **other)


FLAG = _test("BMS_Faults", "CellOvervoltage", "==", 1)
LATCHED = _test("BMS_State", "ErrorLatched", "==", 1)
OPEN = _test("BMS_State", "ContactorPlusCommand", "==", 0)
MINUS = _test("BMS_State", "ContactorMinusCommand", "==", 0)
ERROR = _test("BMS_State", "State", "==", 5)
CLOSING = _test("BMS_State", "PrechargeCommand", "==", 1)
OVER = _test("BMS_CellMinMax", "CellVoltageMax", ">=", 4250)
HIGHER = _test("BMS_CellMinMax", "CellVoltageMax", ">=", 4300)
DTC = _test("BMS_Dtc", "DtcCode", "==", CODE, hex_digits=6)
PYRO = _test("BMS_Contactors", "PyroCommand", "==", 1)
SAYS = (("overvoltage", "CellOvervoltage", 1.0, CODE), ("undervoltage", "CellUndervoltage", 1.0, 0x30099))
SHARED = (("hot or cold", "Overtemperature", 1.0, None), ("undervoltage", "CellUndervoltage", 1.0, 7))
REPORTS = (
    Unexpected(what=What.FLAG, channel=BUS, message="BMS_Faults", says=SAYS[1:]),
    Unexpected(what=What.OUTPUT, channel=BUS, message="BMS_Contactors", says=(("pyro", "PyroCommand", 1.0, None),)),
    Unexpected(what=What.FLAG, channel=BUS, message="BMS_Faults", says=SHARED),
)  # fmt: skip
CODES = Codes(channel=BUS, message="BMS_Dtc", signal="DtcCode", expected=(CODE,))
ASKED_SOC = EstimateQuestion(
    name="soc", truth="soc", channel=BUS, message="BMS_PackValues", signal="StateOfCharge", gain=0.01,
    resolution=0.001, cycle_ns=20 * MS, after_ns=0, rms=0.02, max=0.03, band=0.02, converge_ns=200 * MS,
    drift_per_day=5.0,
)  # fmt: skip


class Asked:
    """`plan`: the questions of one case. Times lie on a coarse grid, or one nanosecond beside it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.plan = self._plan()

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def one(self, first: Any, *others: Any) -> Any:
        """The first more often than all others."""
        return first if self.chance(0.6) else self.rng.choice(others)

    def ms(self, *choices: int) -> int:
        return self.rng.choice(choices) * MS + int(self.one(0, 0, 1, -1))

    def _plan(self) -> Plan:
        lag = Lag(low_ns=0, high_ns=self.ms(10, 20), source=self.one("its data sheet", ""))
        detection = self.one((FLAG,), (FLAG, LATCHED), (DTC,), (FLAG, DTC), (replace(FLAG, lag=lag),))
        safe_state = self.one((OPEN, ERROR), (OPEN,), (OPEN, MINUS), (replace(OPEN, lag=lag), FLAG))
        irregular = self._irregular()
        plan = Plan(
            aim=self.one(Aim.MUST_TRIP, *[Aim.MUST_NOT_TRIP] * 5, *[Aim.MUST_REACH] * 3, Aim.MUST_REFUSE),
            onset=() if irregular and self.chance(0.7) else self.one((OVER,), (OVER, HIGHER), ()),
            detection=detection,
            safe_state=safe_state,
            forbidden=self.one((CLOSING,), (CLOSING, PYRO), ()),
            heard=self.one(((BUS, "BMS_State", self.ms(50, 30)),), ((BUS, "BMS_Faults", self.ms(60)),), ()),
            dtc_test=self.one(DTC, None),
            confirm_by_readback=self.chance(0.3),
            hold_ns=self.ms(100, 50, 200),
            window_ns=self.one(400, 390, 500) * MS,
            floor_ns=self.one(None, self.ms(60, 80, 100)),
            ceiling_ns=self.one(None, self.ms(100, 120)),
            fdti_budget_ns=self.one(150 * MS, self.ms(100, 120), None),
            fhti_budget_ns=self.one(250 * MS, self.ms(150, 160), None),
            ftti_ns=self.one(500 * MS, self.ms(150, 200), None),
            onset_irregular=irregular,
            onset_step=self.one(None, 0),
            onset_spread_ns=self.one(0, self.ms(20, 40)),
            onset_at_once=self.chance(0.3),
            onset_late=self.one((), (HIGHER,)),
            onset_runaway=self.one((), (), (), (), (7,)),
        )
        return self._asking_more(plan)

    def _asking_more(self, plan: Plan) -> Plan:
        beside = ("DtcStatus", ""), ("", "DtcOccurrences"), ("DtcStatus", "DtcOccurrences")
        further: tuple[dict[str, Any], ...] = (
            {"e2e": True, "protected": ((BUS, "BMS_Faults"),)},
            {"accepted_only": True, "protected": ((BUS, "BMS_Faults"), (BUS, "BMS_State"))},
            {"dtc_status": ("confirmed",), "dtc_beside": ("DtcStatus", "DtcOccurrences")},
            {"dtc_beside": self.rng.choice(beside)},
            {"fed": ((BUS, "BMS_CellMinMax", self.ms(30, 50)),)},
            {"probes": (Probe(name="flag", tests=(FLAG,)), Probe(name="coils", tests=(OPEN, MINUS)))},
            {"estimates": (replace(ASKED_SOC, after_ns=self.one(0, self.ms(100)), resolution=self.one(0.001, 0.02)),)},
            {"end": self._end()},
            {"glitch_under_ns": self.ms(20, 60, 150)},
            {"carried": (replace(OVER, value=self.rng.choice((4260.0, 4270.0, 4290.0))),)},
            {"held": (replace(OVER, value=4270.0),)},
            {"held": (OVER, HIGHER), "carried": (OVER, replace(HIGHER, together=(replace(OVER, value=4280.0),)))},
            {"own": ((BUS, "BMS_State"), (BUS, "BMS_Faults"))},
            {"dut_cycle_ns": 100 * MS},
            {"gap": GapBound(fdti_at_most_ns=self.ms(120, 150), never=self.chance(0.3))},
            {"gap": GapBound(fhti_at_most_ns=self.ms(160, 300), findings=("unexpected-report", "nuisance-trip"))},
            {"reached": ((OPEN, MINUS), (ERROR,)) if self.chance(0.5) else ((OPEN,),)},
            {"restarts": (self._sign(Sign.RESET_COUNT), self._sign(Sign.UPTIME, self.one(None, 200.0)))},
            {"restarts": (self._sign(Sign.BOOT),), "builds": (self._sign(Sign.BUILD),)},
            {"builds": (replace(self._sign(Sign.BUILD), signal="VersionMajor"),)},
            {"reports": (ReportAsked(channel=BUS, message="BMS_Faults", longest_ns=self.ms(40, 100)),)},
            {"unexpected": REPORTS[: self.rng.choice((1, 2, 3))], "only_expected": self.chance(0.7)},
            {"unexpected": REPORTS[1:], "codes": CODES, "only_expected": True},
            {"codes": replace(CODES, expected=self.rng.choice(((), (CODE,), (7,)))), "only_expected": True},
            {"standing": Standing(fails=self.chance(0.5), borne=self.one((), ("pyro",)), reports=REPORTS, codes=CODES)},
            {"safe_by_word": True},
            {"announced": (self._announced(),), "opening": self.one((), (MINUS,))},
            {"states": (StateAsked(name="minus", tests=(MINUS,), at_most_ns=self.ms(150, 140)), self._both())},
            {"flag_stands": True, "flag_heals": self.chance(0.4)},
            {"flag_stands": True, "detection": (FLAG, DTC), "in_turn": (DTC,)},
            {"stays": (OPEN, MINUS) if self.chance(0.5) else (OPEN,)},
            {"silenced_by": ((0, self.chance(0.6)),)},
            {"hold_witnessed": True},
        )  # fmt: skip
        for one in self.rng.sample(further, self.rng.choice((1, 2, 3, 5))):
            plan = replace(plan, **one)
        return plan

    def _announced(self) -> Announced:
        latest_ns = self.one(None, self.ms(50, 60, 100))
        return Announced(tests=(FLAG,), floor_ns=self.ms(0, 40, 50), ceiling_ns=latest_ns)

    def _both(self) -> StateAsked:
        return StateAsked(name="both", tests=(OPEN, MINUS), at_least_ns=self.ms(140, 150))

    def _sign(self, sign: Sign, highest: float | None = None) -> RestartSign:
        where = {
            Sign.UPTIME: ("BMS_Dtc", "DtcCount"),
            Sign.RESET_COUNT: ("BMS_Identity", "ResetCount"),
            Sign.BOOT: ("BMS_Identity", "ResetCause"),
            Sign.BUILD: ("BMS_Identity", "BuildHash"),
        }
        message, signal = where[sign]
        return RestartSign(sign=sign, channel=BUS, message=message, signal=signal, highest=highest)

    def _irregular(self) -> tuple[Irregularity, ...]:
        if self.chance(0.75):
            return ()
        what = self.rng.choice(
            (Irregular.MISSING, Irregular.SOONER, Irregular.LENGTH, Irregular.NEXT, Irregular.NEXT)
        )
        return (
            Irregularity(
                channel=BUS,
                message="BMS_CellMinMax",
                what=what,
                signal="CellVoltageMax" if what is Irregular.NEXT and self.chance(0.7) else None,
                cycle_ns=self.one(20 * MS, None),
                step=self.one(None, 100.0),
                step_share=self.one(None, 0.1),
                gap_ns=self.one(None, 0, MS),
            ),
        )  # fmt: skip

    def _end(self) -> EndQuestion:
        return EndQuestion(
            observe_ns=self.ms(100, 300),
            cut_off=self.chance(0.4),
            signal=self.chance(0.4),
            stable_k=self.one(None, 1.0),
            stable_ns=self.one(50 * MS, None),
            hotter_c=self.one(None, 40.0),
            share=self.one(None, 0.9),
            after_ns=self.one(None, self.ms(100, 200)),
        )
