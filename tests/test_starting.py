"""`hil init my.dbc`: what is guessed runs, what is not sure waits for an answer, and `hil check` names it."""

import io
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from small_bench import ROOT, hil_here

from bench.config.profile_file import load_profile
from bench.errors import ConfigError
from bench.starting.begin import Beginning, Begun, begin
from bench.starting.page import nobody_asked
from bench.starting.signals import unit_of, words

STATE = """BO_ 512 BMS_Status: 8 BMS
 SG_ BmsState : 0|4@1+ (1,0) [0|15] "" VCU
 SG_ CellOvervoltage : 8|1@1+ (1,0) [0|1] "" VCU
 SG_ MainContactor : 9|1@1+ (1,0) [0|1] "" VCU
 SG_ SwVersion : 16|16@1+ (1,0) [0|65535] "" VCU
BO_ 528 VCU_Request: 8 VCU
 SG_ ModeRequest : 0|4@1+ (1,0) [0|15] "" BMS
"""
TABLES = """VAL_ 512 BmsState 0 "Off" 1 "Idle" 2 "Discharging" 3 "Charging" 4 "Fault";
VAL_ 528 ModeRequest 0 "Off" 1 "Drive" 2 "Charge";
"""


SHIPPED = ("dbc/bms.dbc", "dbc/bench_io.dbc", "dbc/vehicle.dbc")


def cells(message: int, name: str, first: int, count: int, signal: str = "Cell_{}", unit: str = "mV") -> str:
    lines = [
        f' SG_ {signal.format(first + at)} : {16 * at}|16@1+ (1,0) [0|65535] "{unit}" BMS'
        for at in range(count)
    ]
    return "\n".join([f"BO_ {message} {name}: 8 CMU", *lines, ""])


def dbc(folder: Path, *parts: str, name: str = "my.dbc", tables: str = TABLES) -> Path:
    file = folder / name
    file.write_text('VERSION ""\nNS_ :\nBS_:\nBU_: BMS VCU CMU\n' + "".join(parts) + tables)
    return file


def begun(*files: Path, **more: Any) -> tuple[Begun, dict[str, Any]]:
    folder = files[0].parent / "bench"
    made = begin(Beginning(files=files, folder=folder, shipped=ROOT, chemistries=("nmc", "lfp"), **more))
    return made, tomllib.loads((folder / "profile.toml").read_text())


def test_the_shipped_messages_lead_to_a_verdict_with_nothing_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # no terminal: a question would raise EOFError
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "dbc", tmp_path / "dbc")
    assert hil_here("init", *SHIPPED, "mine") == 0
    said = capsys.readouterr().out
    assert "also here" not in said and "0 lines to be answered" in said
    assert "6 scenarios fit this bench" in said and "cd mine && hil run" in said
    profile = (tmp_path / "mine/profile.toml").read_text()
    assert profile.count("# guess: ") > 30 and "CellVoltage{cell:02d}" in profile
    monkeypatch.chdir(tmp_path / "mine")
    assert hil_here("run", "-k", "ov-cell1", "--exact", "--repeat", "1") == 0
    assert "PASS 1 of 1 scenarios" in capsys.readouterr().out


def test_only_files_that_are_named_are_used_and_the_others_of_that_node_are_told(tmp_path: Path) -> None:
    named = dbc(tmp_path, STATE, name="mine.dbc")
    dbc(tmp_path, cells(0x400, "CMU_Cells", 1, 4), name="other.dbc", tables="")
    made, profile = begun(named, chemistry="nmc")
    assert made.notes[0] == ("also here with node 'BMS': other.dbc; name it, too, if it belongs to your BMS")
    bench = tomllib.loads((tmp_path / "bench/hil_config.toml").read_text())
    assert [one["dbc"] for one in bench["can"].values()] == [["../mine.dbc"]]
    assert profile["play"][0]["message"].startswith("? a message that shows your BMS its cells' voltages")
    dbc(tmp_path, cells(0x500, "CMU_Cells", 1, 4), name="third.dbc", tables="")
    shutil.rmtree(tmp_path / "bench")
    made, _ = begun(named, chemistry="nmc")
    assert made.notes[0].endswith(": other.dbc, third.dbc; name them, too, if they belong to your BMS")


@pytest.mark.parametrize("firmware", ["", "acme:make"])
def test_a_build_that_no_name_tells_of_is_asked_for_with_the_rest(tmp_path: Path, firmware: str) -> None:
    unnamed = STATE.replace("SwVersion", "Spare").replace("ModeRequest", "Wish")
    named = dbc(tmp_path, cells(0x400, "C", 1, 4), unnamed, tables="")
    _, profile = begun(named, chemistry="nmc", firmware=firmware)
    asked = profile["identity"]["signals"]["version"]
    assert asked.startswith("? the signal of your BMS that names its build, bus.Message.Signal")
    assert ("may send a constant" in asked) == bool(firmware)
    assert profile["play"][-1]["message"].startswith("? the message that asks your BMS for off")
    assert profile["play"][-1]["cycle"] == "100 ms"  # the file gives its messages none
    bench = tomllib.loads((tmp_path / "bench/hil_config.toml").read_text())
    assert bench["dut"].get("identity", {"by": "can"}) == {"by": "can"}


def test_a_lacking_identity_and_a_lacking_cycle_are_told_in_one_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(dbc(tmp_path, cells(0x400, "C", 1, 4), STATE), chemistry="nmc")
    file = tmp_path / "bench/profile.toml"
    text = re.sub(r"\[identity\].*?\n\n", "", file.read_text(), flags=re.S)
    file.write_text(re.sub(r"cycle = .*", "", text).replace('{ "Cell_{cell}"', '{ "Cel_{cell}"'))
    assert hil_here("check", "--config", str(tmp_path / "bench/hil_config.toml")) == 2
    told = capsys.readouterr().err
    assert "has no [identity]" in told and told.count("found no cycle here nor in the DBC") == 2
    assert "Cel_" in told


def test_a_firmware_that_is_still_to_be_written_is_the_next_step_and_its_page_has_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tutorial, page = (
        (ROOT / "docs" / name).read_text() for name in ("tutorial/own_bms.md", "how-to/python_stand_in.md")
    )
    (text,) = re.findall(r"Save this as `acme.dbc`:\n\n```text\n(.*?)```", tutorial, re.S)
    (module,) = re.findall(r"Save this as `acme.py`:\n\n```python\n(.*?)```", page, re.S)
    (answer,) = re.findall(r"sed -i 's/(.*)/\"(can1.*)\"/'", page)
    (tmp_path / "acme.dbc").write_text(text.replace("OvervoltageSlow", "Spare"))
    made = ("init", "acme.dbc", "--chemistry", "nmc", "--firmware", "acme_stand_in:make")
    assert hil_here(*made, "early") == 0
    said = capsys.readouterr().out
    assert "; 0 lines to be answered" in said and "answer these lines" not in said
    written = Path("early/acme_stand_in.py")
    assert f"next: write {written} with make() (docs/how-to/python_stand_in.md), then cd early" in said
    (tmp_path / "acme.dbc").write_text(text)
    (tmp_path / "acme_stand_in.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    assert hil_here(*made, "rig") == 0
    told = "next: answer these lines, then PYTHONPATH=. hil check --config rig/hil_config.toml"
    assert told in capsys.readouterr().out
    profile = tmp_path / "rig/profile.toml"
    profile.write_text(re.sub(answer[0].replace("?", "[?]"), f'"{answer[1]}"', profile.read_text()))
    run = ("run", "--config", "rig/hil_config.toml", "-k", "ov-cell1", "--exact", "--repeat", "1")
    try:
        assert hil_here(*run) == 0
        assert "PASS 1 of 1 scenarios" in capsys.readouterr().out
    finally:
        sys.modules.pop("acme_stand_in", None)


def test_the_least_profile_of_the_page_has_forty_lines_and_gives_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/first_profile.md").read_text()
    least = re.findall(r"```toml\n(.*?)```", page, re.S)[-1]
    assert len(least.splitlines()) == 40
    monkeypatch.chdir(tmp_path)
    assert hil_here("init", *(str(ROOT / one) for one in SHIPPED)) == 0
    told = capsys.readouterr().out
    (first,) = [
        line for line in told.splitlines() if line.startswith('read first what "decides a verdict": ')
    ]
    assert {"safe state", "times of the safety goal", "contactors"} <= set(
        first.partition(": ")[2].split(", ")
    )
    marked = [
        line.split("=")[0].strip()
        for file in ("profile.toml", "scenarios/budgets.toml")
        for line in (tmp_path / file).read_text().splitlines()
        if line.endswith("; decides a verdict")
    ]
    assert {"hv_open", "ftti", "fdti", "frti", "error", "standby"} <= set(marked)
    assert not {"asil", "base_period", "text"} & set(marked)
    assert "next: read the guesses, then hil run" in told  # it is here: no way to go
    (tmp_path / "profile.toml").write_text(least)
    scenario = tmp_path / "scenarios/ov_cell1.toml"
    text = scenario.read_text()
    scenario.write_text("\n".join(line for line in text.splitlines() if not line.startswith("also")))
    assert hil_here("run", "-k", "ov-cell1", "--exact", "--repeat", "1") == 0
    assert "PASS 1 of 1 scenarios" in capsys.readouterr().out


def test_cells_over_messages_states_by_their_names_and_one_contactor(tmp_path: Path) -> None:
    parts = [cells(0x400, "CMU_Cells_1", 1, 4), cells(0x401, "CMU_Cells_2", 5, 4), STATE]
    made, profile = begun(dbc(tmp_path, *parts), chemistry="nmc")
    assert made.open == 0
    shown = [one for one in profile["play"] if one.get("by") == "emulator"]
    assert [one["message"] for one in shown] == ["can1.CMU_Cells_1", "can1.CMU_Cells_2"]
    assert all(one["shows"] == {"Cell_{cell}": "cell_voltage in mV"} for one in shown)
    assert profile["state"] == {"standby": 1, "drive": 2, "charge": 3, "error": 4}
    assert profile["output"]["contactors"] == "can1.BMS_Status.MainContactor"
    assert profile["contactor"]["plus"] == ["contactors == 1"]
    assert profile["safe_state"]["hv_open"] == ["contactors == 0", "flag"]
    assert profile["identity"]["signals"] == {"version": "can1.BMS_Status.SwVersion"}
    load_profile(tmp_path / "bench/profile.toml")
    bench = tomllib.loads((tmp_path / "bench/hil_config.toml").read_text())
    assert bench["pack"]["cells"] == 8 and bench["dut"]["identity"] == {"by": "can"}
    assert bench["can"]["can1"]["dbc"] == ["../my.dbc"]


def test_cells_whose_numbers_begin_anew_in_each_message_are_bound_one_by_one(tmp_path: Path) -> None:
    parts = [cells(0x400 + at, f"Module{at}_Cells", 1, 3, "CellVolt{}") for at in (1, 2, 10)]
    made, profile = begun(dbc(tmp_path, *parts, STATE), chemistry="nmc")
    shown = [one for one in profile["play"] if one.get("by") == "emulator"]
    assert [one["message"] for one in shown] == [f"can1.Module{at}_Cells" for at in (1, 2, 10)]
    assert shown[2]["shows"]["CellVolt3"] == {"of": "cell_voltage in mV", "cell": 9}
    assert any("each is bound by its own name" in note for note in made.notes)
    load_profile(tmp_path / "bench/profile.toml")


def test_two_flags_that_are_equally_good_are_a_line_that_check_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = STATE.replace(
        ' SG_ CellOvervoltage : 8|1@1+ (1,0) [0|1] "" VCU\n',
        ' SG_ CellOvervoltageA : 8|1@1+ (1,0) [0|1] "" VCU\n SG_ CellOvervoltageB : 10|1@1+ (1,0) [0|1] "" VCU\n',
    )
    dbc(tmp_path, cells(0x400, "CMU_Cells", 1, 4), twice)
    monkeypatch.chdir(tmp_path)
    assert hil_here("init", "my.dbc", "bench", "--chemistry", "nmc") == 0
    said = capsys.readouterr().out
    assert (
        "; 1 line to be answered" in said and "next: answer these lines, then cd bench && hil check" in said
    )
    line = next(
        number
        for number, text in enumerate((tmp_path / "bench/profile.toml").read_text().splitlines(), 1)
        if text.startswith("overvoltage")
    )
    both = "can1.BMS_Status.CellOvervoltageA or can1.BMS_Status.CellOvervoltageB"
    monkeypatch.chdir(tmp_path / "bench")
    for command in ("check", "run"):
        assert hil_here(command) == 2
        told = capsys.readouterr().err
        assert f"profile.toml:{line} [flag.overvoltage.signal]: found a line to be answered; expected" in told
        assert both in told


def test_at_a_terminal_what_is_equally_good_is_asked_and_the_answer_stands_in_the_file(
    tmp_path: Path,
) -> None:
    asked: list[tuple[str, Sequence[str]]] = []

    def answer(question: str, answers: Sequence[str]) -> str:
        asked.append((question, answers))
        return answers[-1]

    twice = TABLES.replace('4 "Fault"', '4 "Error" 5 "Error hard"')
    made, profile = begun(dbc(tmp_path, cells(0x400, "C", 1, 4), STATE, tables=twice), ask=answer)
    assert [question for question, _ in asked] == ["its cells, one of"] and made.open == 0
    assert profile["state"]["error"] == 4  # the plain name is better than the longer one
    assert tomllib.loads((tmp_path / "bench/hil_config.toml").read_text())["pack"]["chemistry"] == "lfp"
    assert "# as answered" in (tmp_path / "bench/hil_config.toml").read_text()


def test_two_values_of_one_meaning_wait_for_an_answer(tmp_path: Path) -> None:
    twice = TABLES.replace('2 "Discharging"', '2 "Discharging" 5 "Normal"')
    _, profile = begun(dbc(tmp_path, cells(0x400, "C", 1, 4), STATE, tables=twice), chemistry="nmc")
    assert profile["state"]["drive"] == "? the value of 'drive': 2 (Discharging) or 5 (Normal)"


def test_what_a_profile_cannot_say_is_told(tmp_path: Path) -> None:
    stray = """BO_ 600 Cell_Info: 8 CMU
 SG_ CellID : 0|8@1+ (1,0) [0|255] "" BMS
 SG_ CellVoltage : 8|16@1+ (1,0) [0|65535] "mV" BMS
"""
    made, profile = begun(dbc(tmp_path, stray, STATE), chemistry="nmc")
    assert any(note.startswith("can1.Cell_Info.CellVoltage: one cell in each frame") for note in made.notes)
    assert profile["play"][0]["message"].startswith("? a message that shows your BMS its cells' voltages")
    (tmp_path / "other").mkdir()
    made, _ = begun(dbc(tmp_path / "other", STATE), chemistry="nmc")
    assert any("no message shows a BMS its cells" in note for note in made.notes)


def test_a_dbc_of_two_unknown_nodes_is_asked_about_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "my.dbc"
    message = 'BO_ 1 M: 8 A\n SG_ S : 0|8@1+ (1,0) [0|250] "" B\n'
    file.write_text(f'VERSION ""\nNS_ :\nBS_:\nBU_: A B\n{message}')
    _, profile = begun(file)
    assert profile["dut"].endswith(": A or B")
    with pytest.raises(ConfigError, match=r"--dut: found 'C'; expected a node of the files, one of A, B"):
        begun(file, dut="C")
    with pytest.raises(ConfigError, match=r"found .*profile\.toml; expected a folder without it"):
        begun(file, dut="A")


def test_the_range_and_the_unit_decide_what_a_signal_can_show(tmp_path: Path) -> None:
    narrow = cells(0x400, "C", 1, 4, "Cell_{}_V", "mV").replace("16@1+", "10@1+")  # 1.023 V at most
    made, _ = begun(dbc(tmp_path, narrow, STATE), chemistry="nmc")
    assert any("no message shows a BMS its cells" in note for note in made.notes)
    assert [unit_of(one)[0] for one in ("Amps", "[A]", "mV", "°C", "kOhm", "MOhm", "bar")] == [
        *("A", "A", "mV", "degC", "kohm", "Mohm", "")
    ]
    assert words("CellOvervoltage_01") == "cell overvoltage 01" and words("BMS_State") == "bms state"


def test_nobody_is_asked_without_a_terminal_and_a_wrong_word_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nobody_asked("what", ("a", "b")) is None
    monkeypatch.chdir(tmp_path)
    for given, told in (
        (("init",), "found nothing to begin with; expected the DBC of your BMS, or --demo DIR"),
        (("init", "there"), "found 'there'; expected a bus description"),
        (("init", "no.dbc"), "no.dbc: cannot be read"),
        (("init", "no.dbc", "--demo", "x"), "found files beside --demo"),
    ):
        assert hil_here(*given) == 2
        assert told in capsys.readouterr().err
    assert hil_here("init", "--demo", ".") == 0
    assert "next: hil run scenarios/cells" in capsys.readouterr().out
    json.dumps(sorted(one.name for one in tmp_path.iterdir()))
