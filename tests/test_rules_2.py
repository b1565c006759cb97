"""A run that rules 1 have judged is read, judged by today's rules, and what they change is told; nothing is compared
across rules without that.

runs_of_rules_1: external-short, one shot each, of the reference and of a build whose BMS_Faults has another data id, as
the last release of rules 1 stored and passed them.
"""

import html
import json
import re
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from small_bench import hil_here, records_in, small_bench
from typer.testing import CliRunner

from bench.cli.main import app
from bench.errors import RecordError
from bench.record.chain import seal
from bench.record.database import ResultsDatabase
from bench.record.folder import open_run
from bench.stored.builds import load_checked
from bench.stored.rejudge import rejudge_run
from bench.stored.replan import replan
from bench.stored.rules_today import Rejudging
from bench.stored.sides import load_sides
from bench.stored.trend import trend
from bench.timing.clock import Timebase
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.compare import why_not_comparable
from bench.verdict.result import Verdict
from bench.verdict.rules import RULES

RUNS = Path(__file__).parent / "data" / "runs_of_rules_1"
GOOD, BAD = (next(RUNS.glob(f"*-{name}")) for name in ("reference", "own_data_id_wrong"))


def hil(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, " ".join(done.output.split())


def copied(run: Path, folder: Path, left_out: str = "", **header: object) -> Path:
    """A whole run with another header, or without some of its files."""
    new = folder / run.name
    shutil.copytree(run, new)
    for file in new.glob(left_out) if left_out else ():
        file.unlink() if file.is_file() else shutil.rmtree(file)
    for name in ("header.json", "result.json"):
        content = json.loads((new / name).read_text(encoding="utf-8"))
        (new / name).write_text(json.dumps({**content, **header}), encoding="utf-8")
    return sealed(new)


def sealed(run: Path) -> Path:
    (run / "footer.json").unlink()
    (run / "footer.json").write_text(json.dumps(seal(run, run.name), indent=1), encoding="utf-8")
    return run


def edited(run: Path, name: str, old: str, new: str) -> Path:
    """The run with other words in one of its files, sealed anew."""
    text = (run / name).read_text(encoding="utf-8")
    assert old in text
    (run / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return sealed(run)


def test_a_good_run_of_rules_1_is_judged_as_it_was() -> None:
    found = rejudge_run(GOOD)
    assert (found.shots, found.differences, found.rules, found.note) == (1, (), 1, None)
    code, said = hil("rejudge", GOOD)
    assert code == 0
    assert said.endswith(
        f"was judged by rules 1, and is now by rules {RULES} 1 of 1 scenarios add up as recorded "
        "1 of 1 shots judged as recorded"
    )


def test_what_the_new_rules_change_is_listed_with_the_finding() -> None:
    code, said = hil("rejudge", BAD)
    assert code == 1
    assert (
        f"rules {RULES} change external-short/shot-000: PASS [] → FAIL ['no receiver would have accepted"
        in said
    )
    assert said.endswith("0 of 1 shots judged as recorded")


def test_the_questions_are_made_anew_from_the_copies_of_the_run() -> None:
    plan = replan(open_run(BAD)).prepared["external-short"].plan
    assert plan.unexpected and plan.codes is not None and not plan.only_expected  # its file is of format 1
    told = {name for group in plan.unexpected for name, *_ in group.says}
    assert "overvoltage" in told and "short_circuit" not in told


def test_without_its_copies_the_stored_questions_are_asked_and_that_is_told(tmp_path: Path) -> None:
    run = copied(BAD, tmp_path, "inputs/*-budgets.toml")
    found = rejudge_run(run)
    assert found.note is not None
    assert "cannot be made anew from its copies: found no copy f2478445a736 in inputs/" in found.note
    assert str(tmp_path) in found.note and "hil-replan" not in found.note


def test_both_sides_of_a_comparison_are_judged_by_one_version_of_the_rules(tmp_path: Path) -> None:
    newer = copied(GOOD, tmp_path, rules=RULES)
    before, after, altered = load_sides([str(BAD)], [str(newer)], tmp_path)
    assert altered == () and before.rules == after.rules == RULES
    assert before.scenarios[0].judgement.verdict is Verdict.FAIL  # which rules 1 had passed
    assert after.scenarios[0].judgement.verdict is Verdict.PASS
    assert before.scenarios[0].fhti == after.scenarios[0].fhti
    before, after, _ = load_sides([str(GOOD)], [str(BAD)], tmp_path)
    assert before.rules == after.rules == RULES, "also where both are of one older version"
    assert after.scenarios[0].judgement.verdict is Verdict.FAIL
    code, said = hil("compare", GOOD, BAD)
    assert (code, "1 scenario(s) FAIL: external-short" in said) == (1, True)


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("inputs/*-budgets.toml", "cannot be made anew from its copies: found no copy f2478445a736"),
        ("scenarios/*", "the frames of scenarios/external-short/shot-000 are not there"),
    ],
)
def test_a_comparison_across_rules_that_cannot_be_made_is_refused(
    tmp_path: Path, left_out: str, said: str
) -> None:
    (tmp_path / "newer").mkdir()
    newer = copied(GOOD, tmp_path / "newer", rules=RULES)
    poor = copied(BAD, tmp_path, left_out)
    assert hil_here("compare", str(poor), str(newer)) == 3
    with pytest.raises(RecordError, match=said):
        load_sides([str(poor)], [str(newer)], tmp_path)


def test_results_of_two_versions_are_never_compared_as_they_are() -> None:
    one = load_checked(GOOD).result
    assert why_not_comparable(one, replace(one, rules=RULES)) == (f"rules of judging: 1 against {RULES}",)


def test_a_run_of_newer_rules_is_not_judged_by_older_ones(tmp_path: Path) -> None:
    newer = copied(GOOD, tmp_path, rules=RULES + 1)
    said = f"judged by rules {RULES + 1}, of a newer release"
    with pytest.raises(RecordError, match=said):
        load_sides([str(GOOD)], [str(newer)], tmp_path)
    with pytest.raises(RecordError, match=said):
        load_sides([str(newer)], [str(newer)], tmp_path)
    with pytest.raises(RecordError, match=said):
        rejudge_run(newer)
    assert hil_here("rejudge", str(newer)) == hil_here("compare", str(newer), str(newer)) == 3


def test_newer_rules_are_seen_in_the_header_alone(tmp_path: Path) -> None:
    newer = edited(copied(GOOD, tmp_path), "header.json", '"rules": 1', f'"rules": {RULES + 1}')
    for read in (rejudge_run, load_checked):
        with pytest.raises(RecordError, match=f"judged by rules {RULES + 1}"):
            read(newer)


@pytest.mark.parametrize("rules", ["x", True, 0, 1.5, None])
def test_rules_that_are_no_number_are_told_with_file_and_key(tmp_path: Path, rules: object) -> None:
    run = copied(GOOD, tmp_path, rules=rules)
    for read in (rejudge_run, load_checked):
        with pytest.raises(RecordError) as wrong:
            read(run)
        assert f"{run}/header.json [rules]: found {rules!r}; expected a whole number" in str(wrong.value)


def test_a_broken_copy_is_named_as_the_run_has_it(tmp_path: Path) -> None:
    run = copied(BAD, tmp_path)
    (profile,) = (run / "inputs").glob("*-reference_bms.toml")
    edited(run, f"inputs/{profile.name}", "[flag.", "[flug.")
    code, said = hil("rejudge", run)
    assert code in (0, 1) and f"{profile}:" in said and "[flug" in said
    assert "hil-replan" not in said


@pytest.mark.parametrize("left_out", ["", "scenarios/*"])
def test_a_trend_holds_results_of_one_version_of_the_rules(tmp_path: Path, left_out: str) -> None:
    older = copied(BAD, tmp_path, left_out, started_utc="2026-11-01T00:00:00+00:00")
    newer = copied(GOOD, tmp_path, rules=RULES)
    database = ResultsDatabase(tmp_path / "results.sqlite")
    for run in (older, newer):
        database.add(load_checked(run).result)
    assert [one.rules for one in database.history("external-short", EvidenceClass.SIMULATED)] == [1, RULES]
    found = trend(database, "external-short", Timebase.SIMULATED, "nmc", "fhti", Rejudging(tmp_path).again)
    verdicts = [one.past.verdict for one in found.points]
    if left_out:
        assert verdicts == [Verdict.PASS] and found.unjudged == 1
        assert dict(found.apart) == {f"judged by rules 1, which cannot be done again by rules {RULES}": 1}
    else:
        assert verdicts == [Verdict.FAIL, Verdict.PASS] and found.unjudged == 0
        assert {one.past.rules for one in found.points} == {RULES}


@pytest.mark.parametrize("left_out", ["", "scenarios/*"])
def test_a_trend_of_older_rules_alone_is_judged_by_todays(
    tmp_path: Path, results_at: str | Path, left_out: str
) -> None:
    run = copied(BAD, tmp_path, left_out)
    database = ResultsDatabase(results_at)
    database.add(load_checked(run).result)
    found = trend(database, "external-short", Timebase.SIMULATED, "nmc", "fhti", Rejudging(tmp_path).again)
    verdicts = [one.past.verdict for one in found.points]
    assert (verdicts, found.unjudged) == (([], 1) if left_out else ([Verdict.FAIL], 0))
    config = small_bench(tmp_path / "bench") / "hil_config.toml"
    text = config.read_text(encoding="utf-8").replace('folder = "runs"', f'folder = "{tmp_path}"')
    config.write_text(text, encoding="utf-8")
    records_in(config.parent, str(results_at))
    code, said = hil("trend", "--config", config)
    assert (code, "FAIL" in said, "no results yet" in said) == (
        (3, False, False) if left_out else (0, True, False)
    )
    assert f"judged by rules 1, which cannot be done again by rules {RULES}" in said or not left_out


def test_a_run_stored_before_rules_had_a_column_is_there_already(tmp_path: Path) -> None:
    result = load_checked(GOOD).result
    database = ResultsDatabase(tmp_path / "results.sqlite")
    database.add(result)
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute("UPDATE runs SET rules = NULL")
    assert database.add(result) is False
    assert [one.rules for one in database.history("external-short", EvidenceClass.SIMULATED)] == [1]


@pytest.mark.parametrize("shift", ["0 ms", "-1 ms"])
def test_a_comparison_for_no_shift_at_all_is_refused(shift: str) -> None:
    assert hil_here("compare", str(GOOD), str(BAD), "--shift", shift) == 2


@pytest.mark.slow
def test_a_run_of_older_rules_is_never_shown_without_that(tmp_path: Path) -> None:
    """Terminal, Markdown, HTML, status sheet, trace; one of today's rules says nothing of it."""
    words = f"judged by rules 1 of an older release, today's are rules {RULES}"
    page = tmp_path / "r.html"
    today = copied(GOOD, tmp_path, rules=RULES)
    for run, told in ((GOOD, True), (today, False)):
        outputs = [hil("report", run, *more)[1] for more in ((), ("--markdown",), ("--status",))]
        outputs.append(hil("trace", run)[1])
        hil("report", run, "--out", page)
        shown = re.sub(
            "</?code>", "`", html.unescape(page.read_text(encoding="utf-8"))
        )  # as it is marked there
        outputs.append(" ".join(shown.split()))
        for text in outputs:
            assert (words in text and "`hil rejudge RUN`" in text) is told, text
    sheet = json.loads(hil("report", GOOD, "--status", "--json")[1])
    assert [one["name"] for one in sheet["grounds"] if "rules 1" in (one["no"] or "")] == ["rules"]
    assert not any(one["shown"] for one in sheet["goals"])
