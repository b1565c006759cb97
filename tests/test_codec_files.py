"""Bus descriptions as labs have them: other formats than DBC, and files in which one message is wrong."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import cantools.database
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trip_scenario import write_trip
from typer.testing import CliRunner

from bench.cli.main import app
from bench.codec.database import Database
from bench.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
HEAD = 'VERSION ""\nNS_ :\n\tCM_\nBS_:\nBU_: B\n'
GOOD = 'BO_ 1 Good: 8 B\n SG_ Z : 0|8@1+ (1,5) [0|255] "" B\n'
REST = 'CM_ SG_ 1 Z "of two\nlines";\nVAL_ 1 Z 0 "off" 1 "on" ;\n'
BAD = {
    "overlap": (
        'BO_ 2 N: 8 B\n SG_ P : 0|8@1+ (1,0) [0|255] "" B\n SG_ Bit3 : 3|1@1+ (1,0) [0|1] "" B\n',
        r"x\.dbc \[line 8, N\]: .*Bit3 and P are overlapping.*; expected every bit in one signal only",
    ),
    "too short": (
        'BO_ 2 N: 1 B\n SG_ P : 0|16@1+ (1,0) [0|255] "" B\n',
        r"\[line 8, N\]: The signal P does not fit in message N; expected a message long enough",
    ),
    "bit 31": (
        'BO_ 442913802 N: 8 B\n SG_ P : 0|8@1+ (1,0) [0|255] "" B\n',
        r"\[line 8, N\]: id 442913802 .*; expected 2590397450 for an extended id",
    ),
    "id of 31 bits": (
        'BO_ 1075054137 N: 8 B\n SG_ P : 0|8@1+ (1,0) [0|255] "" B\n',
        r"\[line 8, N\]: id 1075054137 .* neither of 11 nor of 29 bits; expected",
    ),
    "VAL_ of nothing": (
        'BO_ 2 N: 8 B\n SG_ P : 0|8@1+ (1,0) [0|255] "" B\nVAL_ 2 Gone 0 "a" 1 "b" ;\n',
        r"\[line 10, N\]: unused VAL_ .*Gone; expected VAL_ of signals that the message has",
    ),
    "factor .25": (
        'BO_ 2 N: 8 B\n SG_ P : 0|8@1+ (.25,-5) [-5|0] "" B\n',
        r"\[line 9, N\]: found '\.25'; expected a digit before the point: 0\.25",
    ),
    "name of digits": (
        'BO_ 2 N: 8 B\n SG_ 0_P : 0|8@1+ (1,0) [0|255] "" B\n',
        r"\[line 9, N\]: found the name '0_P'; expected a name that begins with a letter",
    ),
    "no semicolon": (
        'BO_ 2 N: 8 B\n SG_ P : 0|8@1+ (1,0) [0|255] "" B\nVAL_ 2 P 0 "a"\n',
        r"\[line 10, N\]: found no ';' after VAL_ 2 P 0 \"a\"; expected one",
    ),
    "more than a frame of J1939": (
        'BO_ 2147483650 N: 20 B\n SG_ P : 0|8@1+ (1,0) [0|255] "" B\nBA_DEF_ "ProtocolType" STRING ;\n'
        'BA_DEF_DEF_ "ProtocolType" "";\nBA_ "ProtocolType" "J1939";\n',
        r"\[N\]: found 20 bytes in J1939; expected 8 at most: more takes its transport protocol",
    ),
    "float of 8 bits": (
        'BO_ 2 N: 8 B\n SG_ P : 0|8@1- (1,0) [0|0] "" B\nSIG_VALTYPE_ 2 P : 1;\n',
        r"\[N\]: found P, a float of 8 bits; expected 16, 32 or 64",
    ),
}
wrong = pytest.mark.parametrize(("bad", "words"), BAD.values(), ids=BAD)


@wrong
def test_a_wrong_message_is_left_out_and_told_and_the_others_are_whole(
    bad: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.dbc"
    path.write_text(HEAD + GOOD + bad + REST)
    database = Database.load(path)
    assert [one.name for one in database.messages] == ["Good"]
    assert database["Good"].decode(bytes([7] + [0] * 7)) == {"Z": 12}
    assert database["Good"].choices == {"Z": {0: "off", 1: "on"}}
    (warning,) = database.warnings()
    assert re.search(words, warning)
    assert warning.endswith("until then N is left out")
    with pytest.raises(ConfigError, match=words):
        database["N"]


def test_a_wrong_comment_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.dbc"
    path.write_text(HEAD + GOOD + 'CM_ SG_ 1 "no signal is named";\n' + REST)
    database = Database.load(path)
    assert database["Good"].choices == {"Z": {0: "off", 1: "on"}}
    (warning,) = database.warnings()
    assert re.search(r"\[line 8, Good\]: cannot be read: CM_ SG_ 1", warning)
    assert "left out" not in warning


def test_of_many_wrong_messages_each_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.dbc"
    many = "".join(
        f'BO_ {number} M{number}: 1 B\n SG_ S{number} : 0|{9 if number % 3 == 0 else 8}@1+ (1,0) [0|0] "" B\n'
        for number in range(10, 100)
    )
    path.write_text(HEAD + many)
    database = Database.load(path)
    assert [one.can_id for one in database.messages] == [n for n in range(10, 100) if n % 3]
    assert [one.message for one in database.troubles] == [f"M{n}" for n in range(10, 100) if n % 3 == 0]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_in_part_or_refused_in_one_line(data: st.DataObject) -> None:
    import tempfile

    text = HEAD + GOOD + "".join(bad for bad, _ in list(BAD.values())[:1]) + REST
    at = data.draw(st.integers(0, len(text)))
    size = data.draw(st.integers(0, 30))
    put = data.draw(
        st.sampled_from(["", '"', ";", "\n", "BO_ ", "9" * 400, "|@", "\x00", "SG_ A :", "[", "-1"])
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.dbc"
        path.write_text(text[:at] + put + text[at + size :])
        try:
            database = Database.load(path)
        except ConfigError as error:
            lines = [str(error)]
        else:
            lines = database.warnings()
            for message in database.messages:
                message.decode(bytes(message.length))
    assert all("\n" not in line and str(path) in line for line in lines)


# -- as used


def profile_that_shows(tmp_path: Path, message: str, signal: str) -> Path:
    """The bench as delivered, whose vehicle bus has one file more; the profile shows `message`."""
    config = (ROOT / "hil_config.toml").read_text().replace('"dbc/', f'"{ROOT}/dbc/')
    config = config.replace(f'"{ROOT}/dbc/vehicle.dbc"]', f'"{ROOT}/dbc/vehicle.dbc", "x.dbc"]')
    profile = (ROOT / "dbc/reference_bms.toml").read_text()
    if message:
        profile += (
            f'\n[[play]]\nmessage = "vehicle.{message}"\ncycle = "100 ms"\nshows = {{ {signal} = 5 }}\n'
        )
    (tmp_path / "p.toml").write_text(profile)
    path = tmp_path / "bench.toml"
    path.write_text(config.replace(f'"{ROOT}/dbc/reference_bms.toml"', '"p.toml"'))
    return path


USED_ID = {"BO_ 1 Good": "BO_ 1681 Good", " 1 Z": " 1681 Z", "BO_ 2 N": "BO_ 1682 N", "_ 2 ": "_ 1682 "}


def on_the_bench(text: str) -> str:
    for old, new in USED_ID.items():
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("case", ["overlap", "bit 31", "VAL_ of nothing", "factor .25"])
def test_hil_check_warns_of_what_nobody_uses_and_refuses_what_is_used(case: str, tmp_path: Path) -> None:
    bad, words = BAD[case]
    (tmp_path / "x.dbc").write_text(on_the_bench(HEAD + GOOD + bad + REST))
    words = re.sub(r"line \d+", r"line \\d+", words.replace(" 2 ", " 1682 "))
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    words_of = ["-k", "ov-step-cell60", "--config"]
    unused = CliRunner().invoke(app, ["check", *words_of, str(profile_that_shows(tmp_path, "Good", "Z"))])
    assert unused.exit_code == 0, unused.output
    (line,) = [one for one in unused.output.splitlines() if one.startswith("warning: ")]
    assert re.search(words, line)
    used = CliRunner().invoke(app, ["check", *words_of, str(profile_that_shows(tmp_path, "N", "P"))])
    assert isinstance(used.exception, ConfigError)  # exit code 2, and its text alone
    assert re.search(words, str(used.exception))
    assert "\n" not in str(used.exception)


def test_a_replay_of_a_signal_that_its_file_describes_wrongly_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.dbc").write_text(HEAD + GOOD + BAD["overlap"][0])
    (tmp_path / "r.asc").write_text("date\n")
    step = 'do = "replay"\nsign = "discharge_positive"\nfile = "r.asc"\nsignal = "{}"\ndbc = "x.dbc"\n'
    for signal in ("P", "N.P"):
        path = write_trip(tmp_path, step.format(signal), "1 s")
        from bench.scenario.load import load_scenario

        with pytest.raises(ConfigError, match=BAD["overlap"][1]):
            load_scenario(path)


def bench_with_bms_dbc(folder: Path, *changes: tuple[str, str]) -> Path:
    """The bench of the repository, with a bms.dbc in which the texts are replaced."""
    shutil.copytree(ROOT / "dbc", folder / "dbc")
    text = (folder / "dbc/bms.dbc").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "dbc/bms.dbc").write_text(text)
    config = folder / "bench.toml"
    config.write_text((ROOT / "hil_config.toml").read_text())
    return config


@pytest.mark.parametrize(
    ("signal", "only", "message"),
    [
        ("ChargeCurrentLimit", "cells/ov_step_cell17", "BMS_Limits"),  # read by the bench itself
        ("StateOfHealth", "estimation/soh_aged", "BMS_Health"),  # asked for by an [[estimate]]
        ("CellOvervoltage", "cells/ov_step_cell17", "BMS_Faults"),  # asked for by a scenario
        ("ModeRequest", "communication/vcu_lost", "VCU_BmsCommand"),  # played, and disturbed by a fault
    ],
)
def test_whoever_asks_for_a_wrong_message_is_told_what_is_wrong_with_it(
    signal: str, only: str, message: str, tmp_path: Path
) -> None:
    text = (ROOT / "dbc/bms.dbc").read_text()
    found = re.search(rf" SG_ {signal} : \d+\|\d+@", text)
    assert found is not None
    config = bench_with_bms_dbc(tmp_path, (found[0], f" SG_ {signal} : 0|65@"))
    done = CliRunner().invoke(app, ["check", str(ROOT / f"scenarios/{only}.toml"), "--config", str(config)])
    assert isinstance(done.exception, ConfigError), done.output
    told = str(done.exception)
    assert re.search(rf"bms\.dbc \[line \d+, {message}\]: .*{signal}.*; expected a message long enough", told)
    assert "found no message" not in told and "lack" not in told and "did you mean" not in told


@pytest.mark.parametrize(
    ("signal", "numbers", "only"),
    [
        ("DtcCode", "(0,0)", "cells/ov_step_cell17"),
        ("StateOfHealth", "(0,0)", "estimation/soh_aged"),
        ("ChargeCurrentLimit", "(1e400,0)", "cells/ov_step_cell17"),
        ("CellOvervoltage", "(1,1e400)", "cells/ov_step_cell17"),
    ],
)
def test_a_factor_that_says_nothing_of_a_signal_in_use_is_refused_at_the_check(
    signal: str, numbers: str, only: str, tmp_path: Path
) -> None:
    text = (ROOT / "dbc/bms.dbc").read_text()
    found = re.search(rf"( SG_ {signal} : \S+ )\([^)]*\)", text)
    assert found is not None
    config = bench_with_bms_dbc(tmp_path, (found[0], found[1] + numbers))
    done = CliRunner().invoke(app, ["check", str(ROOT / f"scenarios/{only}.toml"), "--config", str(config)])
    assert isinstance(done.exception, ConfigError), done.output
    lines = str(done.exception).splitlines()
    what = "factor 0" if numbers == "(0,0)" else "factor inf" if "e400,0" in numbers else "offset inf"
    assert len(lines) == 1 and what in lines[0] and signal in lines[0], lines


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "\ndrive = 3\n",
            "\ndrive = 1\n",
            r"[state.drive]: found 1, which is standby too; expected a value of its own",
        ),
        (
            "\nerror = 5\n",
            "\nerror = 1\n",
            r"[state.error]: found 1, which is standby too; expected a value of its own",
        ),
        (
            "\ndrive = 3\n",
            "\ndrive = 300\n",
            r"[state.drive]: found 300; expected 0 to 15, as vehicle.BMS_State.State",
        ),
        ("\nstandby = 1\n", "\nstandby = -1\n", r"[state.standby]: found -1; expected 0 to 15, as vehicle"),
        (
            'CellOvervoltage"\n',
            'CellOvervoltage"\nvalue = 2\n',
            "found vehicle.BMS_Faults.CellOvervoltage == 2; expected a value that it carries, 0 to 1",
        ),
    ],
)
def test_a_state_that_proves_nothing_or_can_never_be_is_refused_at_the_check(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    config = bench_with_bms_dbc(tmp_path)
    profile = tmp_path / "dbc/reference_bms.toml"
    text = profile.read_text()
    assert old in text
    profile.write_text(text.replace(old, new))
    only = ROOT / "scenarios/current/oc_discharge_double.toml"
    if "Cell" in old:
        only = ROOT / "scenarios/cells/ov_step_cell17.toml"
    done = CliRunner().invoke(app, ["check", str(only), "--config", str(config)])
    assert isinstance(done.exception, ConfigError), done.output
    assert f"reference_bms.toml {words}" in str(done.exception) or f"reference_bms.toml: {words}" in str(
        done.exception
    )


def test_two_modes_may_have_one_state(tmp_path: Path) -> None:
    """A DUT may say "on" for driving and for charging."""
    config = bench_with_bms_dbc(tmp_path)
    profile = tmp_path / "dbc/reference_bms.toml"
    text = profile.read_text()
    assert "drive = 3\ncharge = 4\n" in text
    profile.write_text(text.replace("drive = 3\ncharge = 4\n", "drive = 4\ncharge = 4\n"))
    only = ROOT / "scenarios/current/oc_discharge_double.toml"
    done = CliRunner().invoke(app, ["check", str(only), "--config", str(config)])
    assert done.exit_code == 0, done.output


def test_a_replay_of_a_pipe_or_a_folder_is_one_line(tmp_path: Path) -> None:
    from bench.scenario.load import load_scenario

    os.mkfifo(tmp_path / "pipe.blf")
    (tmp_path / "folder.blf").mkdir()
    (tmp_path / "x.dbc").write_text(HEAD + GOOD)
    for name in ("pipe", "folder"):
        step = (
            f'do = "replay"\nsign = "discharge_positive"\nfile = "{name}.blf"\nsignal = "Z"\ndbc = "x.dbc"\n'
        )
        with pytest.raises(ConfigError, match=f"found '{name}.blf' in .*, a {name}; expected a plain file$"):
            load_scenario(write_trip(tmp_path, step, "1 s"))


def test_a_replay_of_a_signal_with_factor_0_is_one_line(tmp_path: Path) -> None:
    from bench.scenario.load import load_scenario

    (tmp_path / "x.dbc").write_text(HEAD + GOOD.replace("(1,5)", "(0,5)"))
    (tmp_path / "r.asc").write_text("date\n")
    step = 'do = "replay"\nsign = "discharge_positive"\nfile = "r.asc"\nsignal = "Z"\ndbc = "x.dbc"\n'
    with pytest.raises(ConfigError, match=r"x\.dbc \[Good\]: found factor 0 of Z, .*; expected a factor"):
        load_scenario(write_trip(tmp_path, step, "1 s"))


# -- other formats

TWO = HEAD + (
    'BO_ 257 Little: 8 B\n SG_ Volt : 4|12@1- (0.25,-10) [-522|501.75] "V" B\n SG_ On : 32|2@1+ (1,0) [0|3] "" B\n'
    'BO_ 2147484161 Big: 8 B\n SG_ Amp : 23|16@0- (0.5,0) [-16384|16383.5] "A" B\n'
    'VAL_ 257 On 0 "off" 1 "on" ;\n'
)
PAYLOADS = (bytes(range(8)), b"\xff\x80\x01\x7f\x12\x34\x56\x02")


@pytest.mark.parametrize("kind", ["kcd", "sym"])
def test_kcd_and_sym_read_as_the_dbc_they_were_made_from(kind: str, tmp_path: Path) -> None:
    (tmp_path / "x.dbc").write_text(TWO)
    source: Any = cantools.database.load_file(tmp_path / "x.dbc")
    path = tmp_path / f"X.{kind.upper()}"
    path.write_text(source.as_kcd_string() if kind == "kcd" else source.as_sym_string())
    ours, theirs = Database.load(path), Database.load(tmp_path / "x.dbc")
    assert not ours.troubles
    assert {(m.name, m.can_id, m.extended, m.length) for m in ours.messages} == {
        ("Little", 257, False, 8),
        ("Big", 513, True, 8),
    }
    for message in theirs.messages:
        other = ours[message.name]
        assert [other.decode(data) for data in PAYLOADS] == [message.decode(data) for data in PAYLOADS]
        assert {n: f.unit for n, f in other.fields.items()} == {n: f.unit for n, f in message.fields.items()}
    assert ours["Little"].choices["On"][1] == "on"


KCD = """<NetworkDefinition xmlns="http://kayak.2codeornot2code.org/1.0"><Document/>{}</NetworkDefinition>"""
BUS = """<Bus name="{}"><Message id="0x123" name="{}" length="8"><Signal name="S" offset="0" length="{}"/>{}</Message>
<Message id="0x124" name="Sound" length="8"><Signal name="T" offset="0" length="8"/></Message></Bus>"""


def test_of_a_kcd_with_several_buses_the_one_of_the_same_name_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.kcd"
    path.write_text(KCD.format(BUS.format("sense", "A", 8, "") + BUS.format("vehicle", "B", 16, "")))
    assert "A" in Database.load(path, bus="sense")
    assert "A" not in Database.load(path, bus="vehicle")
    with pytest.raises(ConfigError, match=r"found the buses sense, vehicle; expected .*'can1'"):
        Database.load(path, bus="can1")


def test_a_wrong_message_of_a_kcd_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "x.kcd"
    path.write_text(KCD.format(BUS.format("v", "A", 8, '<Signal name="Over" offset="4" length="8"/>')))
    database = Database.load(path)
    assert [one.name for one in database.messages] == ["Sound"]
    with pytest.raises(ConfigError, match=r"x\.kcd \[A\]: .*overlapping"):
        database["A"]


@pytest.mark.parametrize("kind", ["kcd", "sym", "arxml"])
def test_what_is_not_of_its_format_is_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{kind}"
    for content in (b"", TWO.encode(), b"<a>", b"\xff\xfe\x00", b"FormatVersion=6.0\n"):
        path.write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            Database.load(path)
        assert str(caught.value).endswith(f"expected a {kind.upper()} file")
        assert "\n" not in str(caught.value)


def test_a_message_too_long_for_a_classic_frame_is_fd_and_told_at_the_check(tmp_path: Path) -> None:
    """As in public FD files without VFrameFormat: the check fitted, and the run ended with exit 3."""
    (tmp_path / "x.dbc").write_text(
        HEAD + 'BO_ 801 Long: 64 B\n SG_ Z : 0|16@1+ (0.1,0) [0|0] "l" B\nBO_ 802 Odd: 10 B\n'
        ' SG_ Z : 64|16@1+ (0.1,0) [0|0] "l" B\n SG_ Y : 7|16@0+ (1,0) [0|0] "l" B\n'
        'BO_ 803 TooLong: 70 B\n SG_ Z : 0|16@1+ (0.1,0) [0|0] "l" B\n'
    )
    database = Database.load(tmp_path / "x.dbc")
    assert database["Long"].fd
    assert database["Odd"].fd and database["Odd"].length == 12
    assert database["Odd"].encode({"Z": 25.8, "Y": 0x1234}) == bytes([0x12, 0x34, *[0] * 6, 0x02, 0x01, 0, 0])
    long, odd, too_long = database.warnings()
    assert "[Long]: found 64 bytes and no CAN FD said, taken for it; expected it said" in long
    assert (
        "[Odd]: found 10 bytes and no CAN FD said, taken for it, and taken for 12, which a frame has" in odd
    )
    assert (
        "[TooLong]: found 70 bytes; expected 64 at most, as CAN FD has; until then TooLong is left out"
        in too_long
    )
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")

    def checked(message: str, config: str = "") -> str:
        path = profile_that_shows(tmp_path, message, "Z")
        vehicle, sense = path.read_text().split("[can.sense]")
        path.write_text(vehicle + config + "[can.sense]" + sense)
        return str(
            CliRunner().invoke(app, ["check", "-k", "ov-step-cell60", "--config", str(path)]).exception
        )

    assert re.search(
        r"\[can.vehicle\]: found no data_bitrate, and in use of CAN FD Long of 64 bytes "
        r"\(.*x\.dbc, shown by a \[\[play\]\]\); expected data_bitrate$",
        checked("Long"),
    )
    assert re.search(r"in use of CAN FD Odd of 12 bytes \(.*x\.dbc", checked("Odd"))
    fast = 'data_bitrate = "2 Mbit/s"\n'
    assert checked("Long", fast) == "None"
    path = profile_that_shows(tmp_path, "Long", "Z")
    text = path.read_text().replace('mode = "simulated"', 'mode = "real"')
    path.write_text(text.replace("hop_limit = 0 }", "hop_limit = 0, fd = false }", 1))
    real = CliRunner().invoke(app, ["check", "-k", "ov-step-cell60", "--config", str(path)]).exception
    assert re.search(
        r"found options with fd = false, and in use of CAN FD Long .*; expected fd = true", str(real)
    )


def test_a_message_that_the_dut_sends_has_to_fit_its_bus(tmp_path: Path) -> None:
    """Else the DUT's first frame ended the run."""
    bms = (ROOT / "dbc" / "bms.dbc").read_text(encoding="utf-8")
    assert "BO_ 257 BMS_Faults: 8 BMS" in bms
    (tmp_path / "bms.dbc").write_text(bms.replace("BO_ 257 BMS_Faults: 8 BMS", "BO_ 257 BMS_Faults: 20 BMS"))
    config = (ROOT / "hil_config.toml").read_text().replace('"dbc/bms.dbc"', '"bms.dbc"')
    path = tmp_path / "bench.toml"
    path.write_text(config.replace('"dbc/', f'"{ROOT}/dbc/'))
    told = CliRunner().invoke(app, ["check", "-k", "ov-step-cell60", "--config", str(path)]).exception
    assert re.search(r"CAN FD BMS_Faults of 20 bytes \(.*bms\.dbc, read from the DUT\)", str(told))


ARXML = """<?xml version="1.0" encoding="UTF-8"?>
<AUTOSAR xmlns="http://autosar.org/schema/r4.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://autosar.org/schema/r4.0 AUTOSAR_00046.xsd"><AR-PACKAGES><AR-PACKAGE>
<SHORT-NAME>P</SHORT-NAME><ELEMENTS>
<CAN-CLUSTER><SHORT-NAME>vehicle</SHORT-NAME><CAN-CLUSTER-VARIANTS><CAN-CLUSTER-CONDITIONAL><PHYSICAL-CHANNELS>
<CAN-PHYSICAL-CHANNEL><SHORT-NAME>C</SHORT-NAME><FRAME-TRIGGERINGS><CAN-FRAME-TRIGGERING><SHORT-NAME>T</SHORT-NAME>
<FRAME-REF DEST="CAN-FRAME">/P/Pack</FRAME-REF><CAN-ADDRESSING-MODE>EXTENDED</CAN-ADDRESSING-MODE>
<IDENTIFIER>513</IDENTIFIER></CAN-FRAME-TRIGGERING></FRAME-TRIGGERINGS></CAN-PHYSICAL-CHANNEL></PHYSICAL-CHANNELS>
</CAN-CLUSTER-CONDITIONAL></CAN-CLUSTER-VARIANTS></CAN-CLUSTER>
<CAN-FRAME><SHORT-NAME>Pack</SHORT-NAME><FRAME-LENGTH>8</FRAME-LENGTH><PDU-TO-FRAME-MAPPINGS><PDU-TO-FRAME-MAPPING>
<SHORT-NAME>M</SHORT-NAME><PACKING-BYTE-ORDER>MOST-SIGNIFICANT-BYTE-LAST</PACKING-BYTE-ORDER>
<PDU-REF DEST="I-SIGNAL-I-PDU">/P/Pdu</PDU-REF><START-POSITION>0</START-POSITION></PDU-TO-FRAME-MAPPING>
</PDU-TO-FRAME-MAPPINGS></CAN-FRAME>
<I-SIGNAL-I-PDU><SHORT-NAME>Pdu</SHORT-NAME><LENGTH>8</LENGTH><I-SIGNAL-TO-PDU-MAPPINGS><I-SIGNAL-TO-I-PDU-MAPPING>
<SHORT-NAME>S</SHORT-NAME><I-SIGNAL-REF DEST="I-SIGNAL">/P/Volt</I-SIGNAL-REF>
<PACKING-BYTE-ORDER>MOST-SIGNIFICANT-BYTE-LAST</PACKING-BYTE-ORDER><START-POSITION>4</START-POSITION>
</I-SIGNAL-TO-I-PDU-MAPPING></I-SIGNAL-TO-PDU-MAPPINGS></I-SIGNAL-I-PDU>
<I-SIGNAL><SHORT-NAME>Volt</SHORT-NAME><LENGTH>12</LENGTH>
<SYSTEM-SIGNAL-REF DEST="SYSTEM-SIGNAL">/P/VoltSystem</SYSTEM-SIGNAL-REF></I-SIGNAL>
<SYSTEM-SIGNAL><SHORT-NAME>VoltSystem</SHORT-NAME></SYSTEM-SIGNAL>
</ELEMENTS></AR-PACKAGE></AR-PACKAGES></AUTOSAR>
"""


def test_arxml_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.arxml"
    path.write_text(ARXML)
    database = Database.load(path, bus="vehicle")
    pack = database["Pack"]
    assert (pack.can_id, pack.extended, pack.length) == (513, True, 8)
    assert pack.decode(b"\xf0\x12" + bytes(6)) == {"Volt": 0x12F}
    assert not database.troubles
