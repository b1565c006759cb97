"""A small BMS that looks at its temperatures once a second, counted from its boot: the plainest DUT with a cycle.

It opens its contactors at the first look at which a sensor is above 60 °C. Its latency is therefore known: uniform over
0 to 1000 ms, if and only if the bench meets it everywhere in its cycle. In process (`once_a_second:build`) only.
"""

from pathlib import Path

from bench.trace.events import CanFrame
from bench.units import NS_PER_MS

LOOK_NS = 1000 * NS_PER_MS
STATE_ID, REQUEST_ID, CELLS_ID, TEMPERATURES_ID = 0x100, 0x200, 0x201, 0x202
TRIP_C = 60

DBC = """VERSION ""
BU_: BMS BENCH
BO_ 256 State: 4 BMS
 SG_ State : 0|8@1+ (1,0) [0|255] "" BENCH
 SG_ Closed : 8|1@1+ (1,0) [0|1] "" BENCH
 SG_ Hot : 9|1@1+ (1,0) [0|1] "" BENCH
 SG_ Build : 16|16@1+ (1,0) [0|65535] "" BENCH
BO_ 512 Request: 1 BENCH
 SG_ Mode : 0|8@1+ (1,0) [0|255] "" BMS
BO_ 513 Cells: 8 BENCH
 SG_ Cell1 : 0|16@1+ (0.001,0) [0|65.535] "V" BMS
 SG_ Cell2 : 16|16@1+ (0.001,0) [0|65.535] "V" BMS
 SG_ Cell3 : 32|16@1+ (0.001,0) [0|65.535] "V" BMS
 SG_ Cell4 : 48|16@1+ (0.001,0) [0|65.535] "V" BMS
BO_ 514 Temperatures: 2 BENCH
 SG_ Sensor1 : 0|8@1+ (1,-40) [-40|215] "degC" BMS
 SG_ Sensor2 : 8|8@1+ (1,-40) [-40|215] "degC" BMS
BA_DEF_ BO_ "GenMsgCycleTime" INT 0 100000;
BA_DEF_DEF_ "GenMsgCycleTime" 0;
BA_ "GenMsgCycleTime" BO_ 256 10;
BA_ "GenMsgCycleTime" BO_ 512 20;
BA_ "GenMsgCycleTime" BO_ 513 50;
BA_ "GenMsgCycleTime" BO_ 514 100;
"""

PROFILE = """name = "once a second"
base_period = "10 ms"
SAMPLED
[[play]]
message = "can1.Request"
[play.shows]
Mode = "mode_request"
[[play]]
message = "can1.Cells"
by = "emulator"
[play.shows]
"Cell{cell}" = "cell_voltage"
[[play]]
message = "can1.Temperatures"
cycle = "CYCLE"
[play.shows]
"Sensor{sensor}" = "temperature"
[output]
state = "can1.State.State"
closed = "can1.State.Closed"
[contactor]
plus = ["closed == 1"]
minus = ["closed == 1"]
precharge = []
[mode]
off = 0
drive = 1
charge = 2
[state]
standby = 1
drive = 3
charge = 4
error = 5
[threshold]
ot_trip = "60 degC"
[flag.overtemperature]
signal = "can1.State.Hot"
[[heartbeat]]
message = "can1.State"
longest_gap = "50 ms"
[identity]
text = "{build}"
signals = { build = "can1.State.Build" }
[safe_state]
hv_open = ["closed == 0", "state == error"]
"""

BENCH = """[bench]
name = "once a second"
[time]
mode = "simulated"
[can.can1]
dbc = ["small.dbc"]
bitrate = "500 kbit/s"
interface = "udp_multicast"
[serial.emulator]
baud = 921600
[instrument.cells]
kind = "scpi_cell_emulator"
link = "emulator"
port = "virtual"
dead_man = "2 s"
[dut]
profile = "profile.toml"
firmware = "once_a_second:build"
start = "in_process"
identity = { by = "can", expected = "7" }
[pack]
chemistry = "nmc"
cells = 4
sensors = 2
soc = "50 %"
[record]
folder = "runs"
database = "runs/results.sqlite"
"""

BUDGETS = """[SG-HOT]
title = "overtemperature"
asil = "C"
ftti = "4 s"
fdti = "1500 ms"
frti = "500 ms"
safe_state = "hv_open"
latched = true
provenance = "of this test"
"""

SCENARIO = """id = "hot"
title = "Both sensors step above the limit"
safety_goal = "SG-HOT"
aim = "must_trip"
twins = "none: the phases are looked at, not the limit"
needs = ["temperature"]
[start]
mode = "drive"
[[step]]
do = "inject"
fault = "temperature"
sensors = [1, 2]
temperature = "80 degC"
[expect]
flag = "overtemperature"
safe_state = "hv_open"
hold = "100 ms"
window = "3 s"
floor = "0 ms"
ceiling = "1500 ms"
[sweep]
phase = "100 ms"
repeat = 59
"""


def write_bench(folder: Path, *, cycle: str, sample_period: str | None) -> Path:
    """The bench file, with everything it names beside it. cycle: in which the bench shows the temperatures."""
    sampled = "" if sample_period is None else f'sample_period = "{sample_period}"'
    (folder / "scenarios").mkdir()
    for name, text in {
        "small.dbc": DBC,
        "profile.toml": PROFILE.replace("SAMPLED", sampled).replace("CYCLE", cycle),
        "hil_config.toml": BENCH,
        "scenarios/budgets.toml": BUDGETS,
        "scenarios/hot.toml": SCENARIO,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "hil_config.toml"


class OnceASecond:
    """Implements bench.dut.firmware.Firmware."""

    period_ns = 10 * NS_PER_MS

    def __init__(self) -> None:
        self._booted_ns: int | None = None
        self._looked = -1
        self._mode = 0
        self._hottest_c = 25
        self._hot = False

    def receive(self, now_ns: int, channel: str, frame: CanFrame) -> None:
        if frame.can_id == REQUEST_ID:
            self._mode = frame.data[0]
        elif frame.can_id == TEMPERATURES_ID:
            self._hottest_c = max(frame.data) - 40

    def step(self, now_ns: int) -> list[tuple[str, CanFrame]]:
        if self._booted_ns is None:
            self._booted_ns = now_ns
        look = (now_ns - self._booted_ns) // LOOK_NS
        if look > self._looked:
            self._looked = look
            self._hot = self._hot or self._hottest_c > TRIP_C
        closed = self._mode == 1 and not self._hot
        state = 5 if self._hot else 3 if closed else 1
        return [("can1", CanFrame(STATE_ID, bytes((state, closed | self._hot << 1, 7, 0))))]


def build() -> OnceASecond:
    return OnceASecond()
