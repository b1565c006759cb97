"""A vendor's file with a wrong range stays as it is: the profile says the right one, and the report why."""

from pathlib import Path

import pytest
from small_bench import QUICK, hil_within, run_folders, small_bench

from bench.codec.corrected import corrected
from bench.codec.database import Database
from bench.config.correction import Correction
from bench.config.profile_file import load_profile
from bench.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
STATED = 'SG_ PackVoltage : 48|16@1+ (0.05,0) [0|3276.75] "V" BMS'
WHY = "the vendor's own data sheet, table 5"


def bench_with_a_junk_range(folder: Path, correction: str = "") -> Path:
    """PackVoltage with the range of 0 to 100 V that files in the wild have, of a pack of 400 V."""
    small_bench(folder)
    dbc, profile = folder / "dbc" / "bench_io.dbc", folder / "dbc" / "reference_bms.toml"
    text = dbc.read_text(encoding="utf-8")
    assert text.count(STATED) == 1
    dbc.write_text(text.replace(STATED, STATED.replace("3276.75", "100")), encoding="utf-8")
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text.replace("[[play]]", correction + "[[play]]", 1), encoding="utf-8")
    return folder


def table(
    range_: str = "[0, 800]", reason: str = WHY, signal: str = "sense.IO_Contactors.PackVoltage"
) -> str:
    return f'[[correction]]\nsignal = "{signal}"\nrange = {range_}\nreason = "{reason}"\n\n'


def test_the_range_of_the_profile_counts_and_the_report_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hil = hil_within(capsys, monkeypatch)
    wrong = hil(bench_with_a_junk_range(tmp_path / "wrong"), "check")
    assert wrong.returncode == 2 and "'PackVoltage' with a range of 0 to 100" in wrong.stderr
    right = bench_with_a_junk_range(tmp_path / "right", table())
    told = hil(right, "check")
    line = "sense.IO_Contactors.PackVoltage: range 0 to 100 V of dbc/bench_io.dbc taken as 0 to 800 V"
    assert told.returncode == 0 and f"{line} ({WHY})" in told.stdout + told.stderr
    assert hil(right, *QUICK).returncode == 0
    (folder,) = run_folders(right)
    page = (folder / "report.html").read_text(encoding="utf-8")
    section = page.split("Corrected ranges", 1)[1]
    for words in ("PackVoltage", "bench_io.dbc", "0 to 100 V", "0 to 800 V", "data sheet, table 5"):
        assert words in section, words


def database(text: str, folder: Path) -> dict[str, Database]:
    path = folder / "x.dbc"
    path.write_text(f'VERSION ""\nNS_ :\nBS_:\nBU_: A B\n{text}', encoding="utf-8")
    return {"can1": Database.load(path)}


PAGED = (
    'BO_ 512 Pack: 8 A\n SG_ Page M : 0|8@1+ (1,0) [0|1] "" B\n'
    ' SG_ Volt m0 : 8|16@1+ (0.1,0) [0|1] "V" B\n SG_ Other m1 : 24|16@1+ (1,0) [0|9] "" B\n'
    "SG_MUL_VAL_ 512 Volt Page 0-1;\n"
)


def volt(range_: tuple[float, float] | None, signal: str = "Volt", message: str = "Pack") -> Correction:
    return Correction(channel="can1", message=message, signal=signal, range=range_, reason=WHY)


def test_a_corrected_signal_encodes_in_its_new_range_on_all_of_its_pages(tmp_path: Path) -> None:
    plain = database(PAGED, tmp_path)
    for wanted, words in (((0.0, 800.0), "0 to 800 V"), (None, "all that its bits carry")):
        after, (told,) = corrected(plain, [volt(wanted)], "p.toml")
        assert (told.stated, told.taken) == ("0 to 1 V", words)
        data = after["can1"]["Pack"].encode({"Page": 0, "Volt": 400.0})
        assert data == bytes([0, 0xA0, 0x0F, 0, 0, 0, 0, 0])
        assert after["can1"]["Pack"].encode({"Page": 1, "Volt": 400.0, "Other": 9})[1:5] == bytes(
            [0xA0, 0x0F, 9, 0]
        )
        assert after["can1"].by_id[512, False] is after["can1"]["Pack"]
    with pytest.raises(ValueError, match="expected 0 to 1"):
        plain["can1"]["Pack"].encode({"Page": 0, "Volt": 400.0})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            volt((0.0, 7000.0)),
            "found a range of 0 to 7000; expected one within 0 to 6553.5, which its bits reach",
        ),
        (volt((0.0, 1.0), signal="Vult"), "no signal 'Vult' in this message; .*did you mean 'Volt'"),
        (volt((0.0, 1.0), message="Pick"), "no message 'Pick' in the DBC files; did you mean 'Pack'"),
    ],
)
def test_a_correction_of_what_is_not_there_or_cannot_be_is_one_line(
    tmp_path: Path, asked: Correction, words: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^p\.toml \[correction can1\.\w+\.\w+\]: .*{words}") as told:
        corrected(database(PAGED, tmp_path), [asked], "p.toml")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (table("[800, 0]"), "found 800 to 0; expected the lower end first"),
        (table(reason=""), "reason"),
        (table(reason="  "), "found none; expected who says so"),
        (table("[1]"), "range"),
        (table() + table(), "corrected twice"),
    ],
)
def test_a_correction_without_sense_or_reason_is_refused(tmp_path: Path, written: str, words: str) -> None:
    path = tmp_path / "profile.toml"
    text = (ROOT / "dbc" / "reference_bms.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("[[play]]", written + "[[play]]", 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load_profile(path)
