"""The sheet of one page: nothing is green in a row with a no, and what is not shown is said, with its reason."""

import dataclasses
import json
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console
from sample_run import OVERVOLTAGE, latency, measurement, scenario, shot
from small_bench import ROOT, hil_here

from bench.confidence.qualified import NO_REFERENCE
from bench.config.requirement_texts import requirement_texts
from bench.errors import ConfigError
from bench.measure.finding.base import Finding
from bench.measure.finding.life import Mistake, ProtectionBroken
from bench.measure.interval import LeftOut
from bench.record.codable import run_to_dict
from bench.record.folder import RunFolder
from bench.report.html import render_html
from bench.report.status import COLUMNS, Sheet, SheetCell, SheetFact, StatusRow, footnotes, status_rows
from bench.report.status_html import status_page
from bench.report.status_words import status_markdown, status_table
from bench.report.told.every import DOCUMENTS
from bench.report.told.schema import schema_of
from bench.stored.notes import notes_file, read_notes
from bench.stored.status import _rows_of
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.units import NS_PER_MS
from bench.verdict.budgets import load_budgets
from bench.verdict.result import Budget, RunResult, ScenarioResult, Verdict
from bench.verdict.rules import RULES

ODD = ProtectionBroken(message="BMS_State", mistake=Mistake.WRONG_CRC, count=7)
GOAL = dataclasses.replace(OVERVOLTAGE, owner="B. Owner, item team")
SHOTS = 59


def good_scenario(goal: Budget = GOAL, anomalies: tuple[Finding, ...] = ()) -> ScenarioResult:
    """59 clean attempts, spread over the DUT's cycle, that leave nothing out."""
    shots = []
    for k in range(SHOTS):
        measured = dataclasses.replace(
            measurement(
                latency(2_000 * NS_PER_MS, 10 * NS_PER_MS), latency(2_100 * NS_PER_MS, 10 * NS_PER_MS)
            ),
            left_out=LeftOut.NOTHING,
            dut_cycle_ns=100 * NS_PER_MS,
            dut_phase_ns=k * 100 * NS_PER_MS // SHOTS,
            dut_uptime_ns=700 * NS_PER_MS,
            anomalies=anomalies,
        )
        shots.append(shot(k, Verdict.PASS, measured))
    return scenario(
        "ov", "A cell is charged above its limit", goal, shots, Verdict.PASS, timebase=Timebase.HOST
    )


def run_of(*scenarios: ScenarioResult, evidence: EvidenceClass = EvidenceClass.HARDWARE) -> RunResult:
    return RunResult(
        run_id="r1", started_utc="2026-11-30T01:00:00+00:00", timebase=evidence.timebase, seed=1,
        bench_version="0", firmware="board", firmware_identity="board@1", chemistry="nmc",
        hashes={"rig": "0" * 64}, environment={}, scenarios=scenarios, aborted=None, rules=RULES, evidence=evidence,
    )  # fmt: skip


def sheet_of(*rows: StatusRow, grounds: tuple[SheetFact, ...] = ()) -> Sheet:
    return Sheet(title="board@1", facts=(), grounds=grounds, rows=rows)


def row_of(run: RunResult, goal: Budget = GOAL) -> StatusRow:
    (row,) = status_rows(run, {goal.safety_goal: goal}, {}, ())
    return row


def said_of(row: StatusRow) -> dict[str, SheetCell]:
    return dict(zip(COLUMNS, row.cells, strict=True))


def test_a_row_without_a_no_is_green_and_any_no_ends_that() -> None:
    row = row_of(run_of(good_scenario()))
    assert [name for name, cell in said_of(row).items() if cell.no] == []
    ground = SheetFact(name="chain", cell=SheetCell(text="verified"))
    sheet = sheet_of(row, grounds=(ground,))
    assert sheet.green(row) and sheet.words == "1 of 1 safety goals shown"
    out = StringIO()
    Console(file=out, width=200, color_system="standard", force_terminal=True).print(status_table(sheet))
    assert "\x1b[32m" in out.getvalue()
    assert 'class="green"' in status_page(sheet) and "SHOWN" in status_page(sheet)
    for place in range(len(COLUMNS)):
        cells = list(row.cells)
        cells[place] = SheetCell(text="2.100 s", no="a reason")
        other = dataclasses.replace(row, cells=tuple(cells))
        broken = sheet_of(other, grounds=(ground,))
        page = status_page(broken)
        assert not broken.green(other) and 'class="green"' not in page and "SHOWN</b>" not in page
        assert page.count("a reason") == 1 and "0 of 1 safety goals shown" in page
        out = StringIO()
        Console(file=out, width=200, color_system="standard", force_terminal=True).print(status_table(broken))
        assert "\x1b[32m" not in out.getvalue() and "\nSHOWN" not in status_markdown(broken)
    for grounds, altered in (
        ((SheetFact(name="chain", cell=SheetCell(no="why")),), ()),
        ((ground,), ("header.json",)),
    ):
        broken = dataclasses.replace(sheet, grounds=grounds, altered=altered)
        assert not broken.green(row) and 'class="green"' not in status_page(broken)


def lent() -> ScenarioResult:
    longer = dataclasses.replace(GOAL, ftti_ns=9 * GOAL.ftti_ns, fdti_ns=9 * GOAL.fdti_ns)
    return dataclasses.replace(good_scenario(longer), own_times=GOAL)


@pytest.mark.parametrize(
    ("run", "goal", "column", "why"),
    [
        (run_of(good_scenario()), OVERVOLTAGE, "FTTI, owner", "nobody owns the FTTI"),
        (
            run_of(good_scenario(), evidence=EvidenceClass.REAL_TIME),
            GOAL,
            "FHTI hardware",
            "nothing of it was measured on hardware",
        ),
        (run_of(lent()), GOAL, "by own times", "judged by longer times than its own"),
        (run_of(), GOAL, "by own times", "no scenario of the goal was run"),
        (
            run_of(dataclasses.replace(good_scenario(), shots=good_scenario().shots[::12])),
            GOAL,
            "attempts",
            "do not support 95 % with 95 % confidence",
        ),
        (
            run_of(good_scenario(anomalies=(ODD,))),
            GOAL,
            "open anomalies",
            "open until somebody closes them",
        ),
    ],
)
def test_each_lack_is_a_no_of_its_own_with_its_reason(
    run: RunResult, goal: Budget, column: str, why: str
) -> None:
    row = row_of(run, goal)
    lacking = {name: cell.no for name, cell in said_of(row).items() if cell.no}
    assert why in lacking[column]
    assert not sheet_of(row).green(row)


def test_figures_of_another_run_are_told_and_do_not_count() -> None:
    run = run_of(good_scenario(), evidence=EvidenceClass.REAL_TIME)
    board = dataclasses.replace(run_of(good_scenario()), run_id="on-the-board")
    (row,) = status_rows(run, {GOAL.safety_goal: GOAL}, {EvidenceClass.HARDWARE: board}, ())
    cells = said_of(row)
    assert cells["FHTI hardware"].text == cells["FHTI no board"].text == "2.100 … 2.110 s"
    assert "on-the-board" in cells["FHTI hardware"].no and not cells["FHTI no board"].no
    assert cells["FHTI simulated"] == SheetCell()


def test_the_sheet_of_the_shipped_goals_shows_none_of_them() -> None:
    """Nothing was ever measured on a board, and every FTTI is this project's own preset."""
    goals = load_budgets(ROOT / "scenarios/budgets.toml")
    own = {name: goal for name, goal in goals.items() if not goal.of}
    run = run_of(*(good_scenario(goal) for goal in own.values()), evidence=EvidenceClass.SIMULATED)
    rows = status_rows(run, goals, {}, ())
    sheet = sheet_of(*rows)
    assert {row.goal.safety_goal for row in rows} == set(own)
    assert sheet.words == f"0 of {len(own)} safety goals shown"
    for row in rows:
        cells = said_of(row)
        assert "nobody owns the FTTI" in cells["FTTI, owner"].no and "hardware" in cells["FHTI hardware"].no
    assert len(footnotes(sheet)) < 8  # what all rows share is said once


# --- notes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A sealed run whose shots have one kind of anomaly."""
    run = run_of(good_scenario(anomalies=(ODD,)))
    budgets = tmp_path / "budgets.toml"
    budgets.write_text(
        '[SG-01]\ntitle = "t"\nasil = "C"\nftti = "4000 ms"\nfdti = "2600 ms"\nfrti = "400 ms"\n'
        'safe_state = "hv_open"\nprovenance = "p"\nowner = "B. Owner"\n'
    )
    folder = RunFolder.create(tmp_path / "runs", run.run_id, {"timebase": "host"})
    sha256 = folder.add_input(budgets)
    header = json.loads((folder.path / "header.json").read_text())
    facts = {
        "started_utc": run.started_utc, "firmware": run.firmware, "chemistry": run.chemistry, "dut_start": "external",
        "equipment": {"can.vehicle": {"interface": "pcan", "channel": "PCAN_USBBUS1"}},
        "hashes": {"budgets": sha256}, "rig_name": "rig 3", "place": "lab", "operator": "A. Tester",
    }  # fmt: skip
    (folder.path / "header.json").write_text(json.dumps({**header, **facts}))
    folder.finish(run_to_dict(run))
    return folder.path


def hil(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = hil_here(*words)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_an_anomaly_is_closed_by_somebody_with_a_reason(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = hil(capsys, "note", str(stored))
    assert code == 0 and "1 of 1 anomalies open" in out
    anomaly = out.split()[0]
    code, out, _ = hil(capsys, "report", str(stored), "--status")
    assert code == 0 and "open until somebody closes them" in out and "approved by: no" in out
    close = ("note", str(stored), "--close", anomaly, "--by", "C. Closer", "--reason", "a known restart")
    assert hil(capsys, *close)[0] == 0
    code, out, _ = hil(capsys, "note", str(stored), "--approve", "--by", "D. Approver")
    assert code == 0 and "closed" in out and "by C. Closer, " in out and "a known restart" in out
    code, out, _ = hil(capsys, "report", str(stored), "--status")
    assert code == 0 and "open until somebody" not in out
    assert "approved by: D. Approver" in out and "operator: A. Tester" in out and "place: lab" in out
    assert hil(capsys, "verify", str(stored))[0] == 0  # the sealed folder is as it was


@pytest.mark.parametrize(
    "words",
    [
        ("--close", "A00000", "--by", "C", "--reason", "r"),
        ("--close", "A00000"),
        ("--approve", "--by", " "),
        ("--by", "C"),
    ],
)
def test_what_cannot_be_noted_is_one_line_and_writes_nothing(
    stored: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = hil(capsys, "note", str(stored), *words)
    assert code == 2 and len(err.splitlines()) == 1 and "expected" in err
    assert not notes_file(stored).exists() or notes_file(stored).read_text() == ""


def test_notes_that_were_changed_close_nothing(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anomaly = hil(capsys, "note", str(stored))[1].split()[0]
    for by in ("C. One", "C. Two"):
        assert hil(capsys, "note", str(stored), "--close", anomaly, "--by", by, "--reason", "r")[0] == 0
    file = notes_file(stored)
    good = file.read_text()
    first, second = good.splitlines()
    for bad in (good.replace("C. One", "C. Six"), f"{second}\n", f"{second}\n{first}\n", "no note\n", "{}\n"):
        file.write_text(bad)
        kept = read_notes(stored)
        assert kept.trouble and not kept.notes
        code, out, _ = hil(capsys, "report", str(stored), "--status")
        assert code == 0 and "cannot be believed" in out
        assert hil(capsys, "note", str(stored), "--approve", "--by", "D")[0] == 3
        assert file.read_text() == bad
    file.write_text(good)
    assert len(read_notes(stored).notes) == 2


def test_the_report_begins_with_the_sheet(stored: Path, tmp_path: Path) -> None:
    from bench.report.extras import ReportExtras
    from bench.stored.builds import load_checked
    from bench.stored.status import status_of

    run = load_checked(stored).result
    page = render_html(run, extras=ReportExtras(sheet=status_of(run, stored, at_end=True)))
    assert page.index('class="sheet"') < page.index('class="hero')
    assert "which is sealed with the run" in page
    out = tmp_path / "sheet.html"
    assert hil_here("report", str(stored), "--status", "--out", str(out)) == 0
    text = out.read_text()
    assert (
        "rig 3" in text
        and "verified, " in text
        and "nobody: <code>hil sign" in text
        and "<script" not in text
    )


def test_the_sheet_as_json_is_what_its_schema_says(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = hil(capsys, "report", str(stored), "--status", "--json")
    told = json.loads(out)
    jsonschema.Draft202012Validator(schema_of(DOCUMENTS["status"])).validate(told)
    (goal,) = told["goals"]
    assert code == 0 and (goal["safety_goal"], goal["shown"]) == ("SG-01", False)
    assert {one["name"] for one in told["grounds"] if one["no"]} == {"bench", "signed"}
    assert [one["name"] for one in goal["cells"]] == list(COLUMNS)


def test_a_run_of_an_older_release_has_a_sheet_that_says_what_it_did_not_keep(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = next((Path(__file__).parent / "data" / "runs_of_rules_1").glob("*-sim-reference"))
    code, out, _ = hil(capsys, "report", str(run), "--status", "--json")
    told = json.loads(out)
    lacking = {one["name"]: one["no"] for one in told["facts"] if one["no"]}
    assert code == 0 and told["evidence"] == "simulated" and not any(one["shown"] for one in told["goals"])
    assert (
        lacking["rig"] == "not recorded by the release that made it" and "--operator" in lacking["operator"]
    )


QUALIFICATION = {
    "usage": {"method": "1c"},
    "method": "1c (TCL2 ++ at ASIL D)",
    "ruler": [{"timebase": "host", "condition": "idle", "shots": 200}],
    "strangers": [{"planted": 30, "caught": 24}],
    "second_reference": "GNSS",
}


def test_what_a_qualification_does_not_say_is_missed() -> None:
    told, missed = _rows_of(QUALIFICATION, "host")
    assert (
        missed == [] and "ruler: n = 200 idle" in told and "strangers' mutants: 24 of 30, first count" in told
    )
    keys = {
        "usage": "method",
        "ruler": "ruler",
        "second_reference": "second reference clock",
        "strangers": "strangers' mutants",
    }
    for key, name in keys.items():
        for wrong in ({k: v for k, v in QUALIFICATION.items() if k != key}, {**QUALIFICATION, key: None}):
            assert _rows_of(wrong, "host")[1] == [name]
    assert _rows_of(QUALIFICATION, "simulated")[1] == ["ruler"]
    assert _rows_of({**QUALIFICATION, "second_reference": NO_REFERENCE}, "host")[1] == [
        "second reference clock"
    ]


# --- texts of requirements -----------------------------------------------------------------------------------

REQIF = """<?xml version="1.0" encoding="UTF-8"?>
<REQ-IF xmlns="http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"><CORE-CONTENT><REQ-IF-CONTENT>
<SPEC-TYPES><SPEC-OBJECT-TYPE IDENTIFIER="t"><SPEC-ATTRIBUTES>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="a1" LONG-NAME="ReqIF.ForeignID"/>
<ATTRIBUTE-DEFINITION-XHTML IDENTIFIER="a2" LONG-NAME="ReqIF.Text"/>
</SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE></SPEC-TYPES>
<SPEC-OBJECTS><SPEC-OBJECT IDENTIFIER="o1"><VALUES>
<ATTRIBUTE-VALUE-STRING THE-VALUE="BMS-1"><DEFINITION>
<ATTRIBUTE-DEFINITION-STRING-REF>a1</ATTRIBUTE-DEFINITION-STRING-REF></DEFINITION></ATTRIBUTE-VALUE-STRING>
<ATTRIBUTE-VALUE-XHTML><DEFINITION><ATTRIBUTE-DEFINITION-XHTML-REF>a2</ATTRIBUTE-DEFINITION-XHTML-REF></DEFINITION>
<THE-VALUE><div xmlns="http://www.w3.org/1999/xhtml">No cell <b>above</b> 4.25 V</div></THE-VALUE>
</ATTRIBUTE-VALUE-XHTML>
</VALUES></SPEC-OBJECT></SPEC-OBJECTS></REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>
"""


def test_requirement_texts_come_from_csv_and_from_reqif(tmp_path: Path) -> None:
    csv, reqif = tmp_path / "r.csv", tmp_path / "r.reqif"
    csv.write_text('\ufeffid;owner;text\nBMS-1;me;"No cell; above\n4.25 V"\n\n', encoding="utf-8")
    reqif.write_text(REQIF)
    assert requirement_texts(csv) == {"BMS-1": "No cell; above 4.25 V"}
    assert requirement_texts(reqif) == {"BMS-1": "No cell above 4.25 V"}


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><REQ-IF>&b;</REQ-IF>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><REQ-IF>&a;</REQ-IF>'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "found the columns ''"),
        ("name,words\na,b\n", "found the columns 'name, words'"),
        ("id,text\n", "found none"),
        ("id,text\na,\n", "line 2]: found no id or no text"),
        ("id,text\na,b\na,c\n", "found 'a' twice"),
        (BOMB, "found a document type"),
        (OUTSIDE, "found a document type"),
        (BOMB.encode("utf-16"), "found a document type"),
        ("<REQ-IF><CORE-CONTENT>", "found no XML that can be read"),
        ("<html></html>", "found <html>"),
        ("<REQ-IF/>", "found none"),
        ("<REQ-IF>" + "<a>" * 300, "found elements more than 200 deep"),
        (b"\xff\xfe\x00", ""),
    ],
)
def test_a_wrong_file_of_requirements_gets_one_clear_line(
    content: str | bytes, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "wrong"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        requirement_texts(file)
    told = str(caught.value)
    assert why in told and "expected" in told and len(told.splitlines()) == 1 and str(file) in told
