"""Recordings as a load: the same current out of CSV, BLF, ASC and MF4, and one clear line for what does not fit."""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_bench import hil_within
from trip_scenario import write_trip

from bench.errors import ConfigError, ScenarioError
from bench.lean_can import can
from bench.plant.load_trace import LoadTrace
from bench.record.mf4 import write_mf4
from bench.record.time_zero import Dated
from bench.replay.apart import receive, send
from bench.replay.mf4_apart import read_mf4
from bench.replay.recording import RecordingAsked
from bench.running.load import load_rig, load_scenarios
from bench.running.shots import shoot
from bench.scenario.load import load_scenario
from bench.scenario.model import ReplayText
from bench.trace.events import CanFrame, FrameSeen
from bench.units import NS_PER_S
from bench.verdict.result import Verdict

ROOT = Path(__file__).resolve().parents[1]
DBC = """VERSION ""
NS_ :
BS_:
BU_: BMS
BO_ 770 Sensor: 4 BMS
 SG_ PackCurrent : 0|24@1- (0.001,0) [-1000|1000] "A" BMS
 SG_ Warmth : 24|8@1+ (1,0) [0|255] "degC" BMS
BO_ 771 Never: 8 BMS
 SG_ Lost : 0|32@1- (0.001,0) [0|0] "A" BMS
"""
# Uneven on purpose: it is the recording's own timing that is replayed.
TIMES_S = (0.0, 0.1, 0.23, 0.3, 0.5, 0.61, 0.7, 0.95, 1.0, 1.5)
AMPS = (0.0, 10.0, 42.5, -7.125, 60.0, 59.999, 20.0, 0.001, -20.0, 5.0)
SIGN = 'sign = "discharge_positive"\n'
CSV = SIGN + 'file = "r.csv"\nsignal = "I"\nunit = "A"\n'
BLF = SIGN + 'file = "r.blf"\nsignal = "PackCurrent"\ndbc = "x.dbc"\n'
MF4 = SIGN + 'file = "r.mf4"\nsignal = "PackCurrent"\n'


def payload(amp: float, size: int = 4) -> bytes:
    return round(amp * 1000).to_bytes(3, "little", signed=True) + bytes(size - 3)


def write_log(path: Path, amps: Sequence[float] = AMPS, size: int = 4, other: int | None = None) -> None:
    """One message on channel 1; `other`: the bus (from 0) that carries it as well."""
    buses = [0] if other is None else [0, other]
    with can.BLFWriter(path) if path.suffix == ".blf" else can.ASCWriter(path) as log:
        for time_s, amp in zip(TIMES_S, amps):
            for bus in buses:
                log.on_message_received(
                    can.Message(
                        timestamp=1.7e9 + time_s,
                        arbitration_id=770,
                        is_extended_id=False,
                        data=payload(amp, size),
                        channel=bus,
                    )
                )


def write_plain_mf4(path: Path, unit: str = "A", amps: Sequence[float] = AMPS) -> None:
    asammdf = pytest.importorskip("asammdf")
    import numpy as np

    with asammdf.MDF(version="4.10") as file:
        samples = np.array(amps)
        file.append(
            asammdf.Signal(samples=samples, timestamps=np.array(TIMES_S), name="PackCurrent", unit=unit)
        )
        file.save(path, overwrite=True)


def write_bus_mf4(path: Path) -> None:
    pytest.importorskip("asammdf")
    seen = [
        FrameSeen(round(t * NS_PER_S), "sense", CanFrame(770, payload(amp)), "x")
        for t, amp in zip(TIMES_S, AMPS)
    ]
    write_mf4(path, seen, {"sense": 1}, "bench", {}, Dated(clock_ns=0, utc_ns=1_767_225_600 * NS_PER_S))


def write_csv(path: Path, old: str = "", new: str = "") -> None:
    text = "time_s,I\n" + "".join(f"{t},{amp}\n" for t, amp in zip(TIMES_S, AMPS))
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def trip(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a scenario that replays what stands beside it."""
    (tmp_path / "x.dbc").write_text(DBC)

    def write(keys: str) -> Path:
        return write_trip(tmp_path, f'do = "replay"\n{keys}', "1 s")

    return write


def trace_of(path: Path) -> LoadTrace:
    (step,) = load_scenario(path).steps
    assert isinstance(step, ReplayText)
    return step.trace


@pytest.mark.parametrize(
    ("file", "write", "keys"),
    [
        ("r.csv", write_csv, CSV),
        ("r.blf", write_log, BLF),
        ("r.asc", write_log, BLF.replace(".blf", ".asc")),
        ("r.mf4", write_plain_mf4, MF4),
        ("r.mf4", write_bus_mf4, MF4 + 'dbc = "x.dbc"\nchannel = 1\n'),
    ],
    ids=["csv", "blf", "asc", "mf4", "mf4-bus"],
)
def test_every_format_gives_the_same_current(
    file: str, write: Callable[[Path], None], keys: str, trip: Callable[[str], Path], tmp_path: Path
) -> None:
    """Stamps to 1 µs (float seconds since 1970, ASC's decimals), currents to the signal's 1 mA."""
    write(tmp_path / file)
    trace = trace_of(trip(keys))
    assert len(trace.times_ns) == len(TIMES_S)
    for t_ns, time_s in zip(trace.times_ns, TIMES_S):
        assert abs(t_ns - time_s * NS_PER_S) <= 1000
    assert trace.current_a == pytest.approx(AMPS[:-1], abs=1e-6)


def test_unit_sign_scale_and_part_are_as_the_step_says(trip: Callable[[str], Path], tmp_path: Path) -> None:
    write_csv(tmp_path / "r.csv")
    keys = CSV.replace('"A"', '"mA"').replace("discharge", "charge")
    trace = trace_of(trip(keys + 'scale = "50 %"\nfrom = "0.2 s"\nuntil = "0.6 s"\n'))
    assert trace.times_ns == (0, 70_000_000, 270_000_000)
    assert trace.current_a == pytest.approx([-0.02125, 0.0035625], abs=1e-12)


def test_lines_between_samples_keep_the_charge(trip: Callable[[str], Path], tmp_path: Path) -> None:
    write_csv(tmp_path / "r.csv")
    trace = trace_of(trip(CSV + 'hold = "linear"\n'))
    spans = [b - a for a, b in zip(trace.times_ns, trace.times_ns[1:])]
    assert min(spans) > 0 and max(spans) <= 10_000_000
    exact_as = sum((t1 - t0) * (a0 + a1) / 2 for t0, t1, a0, a1 in zip(TIMES_S, TIMES_S[1:], AMPS, AMPS[1:]))
    assert trace.charge_ah * 3600 == pytest.approx(exact_as, abs=1e-6)


@pytest.mark.parametrize("chemistry", ["nmc", "lfp", "na_ion", "na_nfm", "zn_chitosan"])
def test_the_library_recording_fits_every_pack_uncut(chemistry: str) -> None:
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", chemistry)
    (one,) = load_scenarios(wired, None, "replay-recorded")[0]
    (step,) = one.steps
    assert step.note == ""  # type: ignore[union-attr]
    assert 59 < step.trace.lasts_ns / NS_PER_S < 61  # type: ignore[union-attr]


def test_the_pack_carries_the_recording(trip: Callable[[str], Path], tmp_path: Path) -> None:
    write_log(tmp_path / "r.blf")
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", "nmc")
    (one,) = load_scenarios(wired, [trip(BLF)], None)[0]
    carried: list[float] = []

    def watch(rig: object, *_: object) -> None:
        clock, pack = rig.clock, rig.plant.pack  # type: ignore[attr-defined]
        clock.every(NS_PER_S // 50, 5, lambda: carried.append(pack.pack_current_a), first_ns=0)

    result = shoot(wired, one, 0, 1, 1, None, watch)
    assert result.judgement.verdict is Verdict.PASS
    assert max(carried) == pytest.approx(60.0, abs=2.0)
    assert min(carried) == pytest.approx(-20.0, abs=2.0)


WRONG: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "no such file": (write_csv, CSV.replace("r.csv", "s.csv"), ":12 [step[1].file]", "did you mean 'r.csv'"),
    "ending": (write_csv, CSV.replace("r.csv", "r.xlsx"), ".file]", "ends in .csv, .mf4, .blf, .asc"),
    "column": (write_csv, CSV.replace('"I"', '"i"'), ".signal]", "found no column 'i' in r.csv"),
    "time column": (write_csv, CSV + 'time = "time"\n', ".time]", "did you mean 'time_s'"),
    "no unit": (write_csv, CSV.replace('unit = "A"\n', ""), ".unit]", "expected A, mA or kA"),
    "unit unknown": (write_csv, CSV.replace('"A"', '"V"'), ".unit]", "found 'V'"),
    "no sign": (write_csv, CSV.replace(SIGN, ""), "[step[1].sign]", "found no 'sign'"),
    "DBC for CSV": (write_csv, CSV + 'dbc = "x.dbc"\n', ".dbc]", "not CSV"),
    "NaN": (lambda p: write_csv(p, "42.5", "nan"), CSV, "r.csv [line 4]", "found I nan at 0.23 s"),
    "infinite": (lambda p: write_csv(p, "42.5", "-inf"), CSV, "r.csv [line 4]", "found I -inf at 0.23 s"),
    "empty cell": (lambda p: write_csv(p, "42.5", ""), CSV, "r.csv [line 4]", "found nothing in I"),
    "short row": (lambda p: write_csv(p, ",42.5", ""), CSV, "r.csv [line 4]", "found 1 values"),
    "time goes back": (lambda p: write_csv(p, "0.23", "0.1"), CSV, "r.csv [line 4]", "time 0.1 s after 0.1 s"),
    "gap": (lambda p: write_csv(p, "1.5,", "2.5,"), CSV, "r.csv [line 11]", "gap of 1.5 s in I after 1 s"),
    "max_gap": (write_csv, CSV + 'max_gap = "400 ms"\n', "r.csv [line 11]", "steps of at most 0.4"),
    "one sample": (lambda p: p.write_text("time_s,I\n0,1\n"), CSV, "r.csv", "found 1 samples of I"),
    "no sample": (lambda p: p.write_text("time_s,I\n"), CSV, "r.csv", "found 0 samples of I"),
    "empty": (lambda p: p.write_text(""), CSV, "r.csv", "no line but comments"),
    "binary": (lambda p: p.write_bytes(b"\xff\xfe\x00"), CSV, "r.csv", "expected CSV text in UTF-8"),
    "part": (write_csv, CSV + 'until = "9 s"\n', ".until]", "of a recording of 1.5 s"),
    "no DBC": (write_log, BLF.replace('dbc = "x.dbc"\n', ""), ".dbc]", "expected the DBC of their bus"),
    "DBC missing": (write_log, BLF.replace("x.dbc", "y.dbc"), ".dbc]", "did you mean 'x.dbc'"),
    "signal": (write_log, BLF.replace("PackC", "Pakc"), ".signal]", "did you mean 'PackCurrent'"),
    "never there": (write_log, BLF.replace("PackCurrent", "Lost"), "r.blf", "no frame of Never (0x303) among 10"),
    "other length": (lambda p: write_log(p, size=8), BLF, "r.blf [frame 1]", "found 8 bytes of Sensor (0x302)"),
    "range": (lambda p: write_log(p, (1.0, 2000.0)), BLF, "r.blf [frame 2]", "found PackCurrent 2000 at 0.1 s"),
    "unit differs": (write_log, BLF + 'unit = "mA"\n', ".unit]", "found 'mA' for PackCurrent in 'A'"),
    "no current": (write_log, BLF.replace("PackCurrent", "Warmth"), ".signal]", "found Warmth with unit 'degC'"),
    "two buses": (lambda p: write_log(p, other=1), BLF, ".channel]", "on channels 1, 2"),
    "other bus": (write_log, BLF + "channel = 2\n", ".channel]", "expected 1, where they are"),
    "no BLF": (lambda p: p.write_text("time_s,I\n"), BLF, "r.blf", "expected a BLF file"),
    "cut BLF": (lambda p: (write_log(p), p.write_bytes(p.read_bytes()[:-20])), BLF, "r.blf", "expected"),  # type: ignore[dict-item]
    "no ASC": (lambda p: p.write_text("nothing\n"), BLF.replace(".blf", ".asc"), "r.asc", "found no CAN frame"),
    "no MF4": (lambda p: p.write_text("nothing\n"), MF4, "r.mf4", "expected an MF4 file"),
    "channel name": (write_plain_mf4, MF4.replace("PackC", "Pakc"), ".signal]", "did you mean 'PackCurrent'"),
    "MF4 unit": (lambda p: write_plain_mf4(p, "V"), MF4, ".signal]", "found PackCurrent with unit 'V'"),
    "MF4 NaN": (lambda p: write_plain_mf4(p, "A", (*AMPS[:9], float("nan"))), MF4, "r.mf4 [sample 10]", "nan at 1.5"),
    "MF4 with frames": (write_bus_mf4, MF4, ".dbc]", "expected their DBC"),
    "MF4 without": (write_plain_mf4, MF4 + 'dbc = "x.dbc"\n', "r.mf4", "found no CAN frame"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_recording_is_one_clear_line(case: str, trip: Callable[[str], Path], tmp_path: Path) -> None:
    write, keys, place, told = WRONG[case]
    suffix = next((s for s in ("blf", "asc", "mf4") if f"r.{s}" in keys), "csv")
    write(tmp_path / f"r.{suffix}")
    with pytest.raises(ScenarioError) as wrong:
        load_scenario(trip(keys))
    (line,) = str(wrong.value).splitlines()
    assert place in line
    assert told in line
    assert "expected" in line


def test_a_recording_in_another_unit_is_refused_by_the_pack(
    trip: Callable[[str], Path], tmp_path: Path
) -> None:
    write_csv(tmp_path / "r.csv")
    wired = load_rig(ROOT / "hil_config.toml", "simulated", "reference", "nmc")
    with pytest.raises(ScenarioError) as wrong:
        load_scenarios(wired, [trip(CSV.replace('"A"', '"kA"'))], None)
    (line,) = str(wrong.value).splitlines()
    assert "a_trip.toml:12 [step[1].file]: found a recording of which 1.350 s of 1.500 s are cut off" in line


def test_without_asammdf_the_line_names_the_extra(
    trip: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.mf4").write_bytes(b"x")
    monkeypatch.setitem(__import__("sys").modules, "asammdf", None)
    with pytest.raises(ScenarioError, match=r"r\.mf4: found an MF4 file, .*bms-hil-bench\[mf4\]"):
        load_scenario(trip(MF4))


def test_hil_check_and_hil_run_refuse_a_dbc_that_does_not_fit(
    trip: Callable[[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_log(tmp_path / "r.blf", size=8)
    path = trip(BLF)
    hil = hil_within(capsys, monkeypatch)
    for command in ("check", "run"):
        result = hil(tmp_path, command, "-c", str(ROOT / "hil_config.toml"), str(path))
        assert result.returncode == 2
        assert "r.blf [frame 1]: found 8 bytes of Sensor (0x302) at 0 s; expected 4, as x.dbc says" in (
            result.stderr.replace("\n", " ")
        )


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("while True: pass", "its reader did not come to an end"),
        ("import time; time.sleep(600)", "its reader did not come to an end"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "its reader crashed, by SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "its reader was killed: by somebody"),
    ],
)
def test_a_recording_that_its_library_does_not_survive_is_one_clear_line(
    does: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library in the place of asammdf that does what asammdf does on some damaged files."""
    (tmp_path / "asammdf.py").write_text(f"def MDF(path):\n    {does}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("bench.replay.apart._child", None)  # one that has this library
    monkeypatch.setattr("bench.replay.apart._LEAST_CPU_S", 0.1)
    file = tmp_path / "r.mf4"
    file.write_bytes(b"MDF     damaged")
    with pytest.raises(ConfigError, match=f"r.mf4.*{told}"):
        read_mf4(RecordingAsked(path=file, signal="PackCurrent"))


def test_what_a_killed_reader_leaves_behind_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asammdf keeps what it decodes in temporary files, and removes them only where it ends by itself."""
    left = tmp_path / "left"
    left.mkdir()
    leaves = "import os, signal, tempfile; tempfile.mkstemp(); os.kill(os.getpid(), signal.SIGSEGV)"
    (tmp_path / "asammdf.py").write_text(f"def MDF(path):\n    {leaves}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(left))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("bench.replay.apart._child", None)
    (tmp_path / "r.mf4").write_bytes(b"MDF     damaged")
    for _ in range(3):
        with pytest.raises(ConfigError, match="crashed"):
            read_mf4(RecordingAsked(path=tmp_path / "r.mf4", signal="PackCurrent"))
    assert not list(left.rglob("*"))


@pytest.mark.usefixtures("names_the_file")
def test_each_of_two_threads_hears_the_answer_to_its_own_question(tmp_path: Path) -> None:
    def said(folder: str) -> str:
        try:
            read_mf4(RecordingAsked(path=tmp_path / folder / "r.mf4", signal="PackCurrent"))
        except ConfigError as error:
            return str(error)
        return ""

    folders = ["one", "two"] * 20
    with ThreadPoolExecutor(4) as pool:
        for folder, words in zip(folders, pool.map(said, folders), strict=True):
            assert f"read file {folder}" in words


@pytest.fixture
def names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library in the place of asammdf that says what it was given to read."""
    code = "    raise ValueError('read ' + open(path).read())"
    (tmp_path / "library").mkdir()
    (tmp_path / "library/asammdf.py").write_text(f"def MDF(path):\n{code}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "library"))
    monkeypatch.syspath_prepend(str(tmp_path / "library"))
    monkeypatch.setattr("bench.replay.apart._child", None)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "r.mf4").write_text(f"file {folder}")


@pytest.mark.usefixtures("names_the_file")
def test_an_answer_that_was_not_waited_for_is_never_the_next_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("bench.replay.apart.receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            read_mf4(RecordingAsked(path=tmp_path / "one/r.mf4", signal="PackCurrent"))
    with pytest.raises(ConfigError, match="read file two"):
        read_mf4(RecordingAsked(path=tmp_path / "two/r.mf4", signal="PackCurrent"))


@pytest.mark.usefixtures("names_the_file")
def test_a_recording_is_read_where_its_path_begins_now_and_not_by_modules_that_lie_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "struct.py").write_text("raise SystemExit(3)\n")
        monkeypatch.chdir(tmp_path / folder)
        with pytest.raises(ConfigError, match=f"read file {folder}"):
            read_mf4(RecordingAsked(path=Path("r.mf4"), signal="PackCurrent"))


def test_an_answer_that_ends_within_is_an_end() -> None:
    whole = io.BytesIO()
    send(whole, "an answer")
    for cut in (0, 3, 8, len(whole.getvalue()) - 1):
        with pytest.raises(EOFError):
            receive(io.BytesIO(whole.getvalue()[:cut]))
    assert receive(io.BytesIO(whole.getvalue())) == "an answer"
