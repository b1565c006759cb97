"""`hil migrate` and what is told of files of format 1: in the run, in its reports, in `hil check`."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from small_bench import small_bench
from typer.testing import CliRunner

from bench.cli.main import app
from bench.scenario.format_2 import in_format_2

WELD = Path("scenarios/contactors/weld_plus_at_opening.toml")
BESIDE = ["slow_opening"]  # what a good DUT reports with a contactor that sticks


@pytest.fixture
def old_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bench with one scenario of format 1."""
    folder = small_bench(tmp_path)
    file = folder / WELD
    text = file.read_text(encoding="utf-8").replace("format = 2\n", "")
    file.write_text(re.sub(r"(?m)^also = .*\n", "", text), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def hil(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_migrate_writes_what_was_seen_and_keeps_the_rest(old_bench: Path) -> None:
    before = (old_bench / WELD).read_text(encoding="utf-8")
    code, said = hil("migrate", "--repeat", "1", "--write")
    assert code == 0, said
    assert "\n+format = 2\n" in said and '\n+also = ["slow_opening"]\n' in said
    after = (old_bench / WELD).read_text(encoding="utf-8")
    kept = [line for line in after.splitlines() if not line.startswith(("format =", "also ="))]
    assert kept == before.splitlines()
    assert tomllib.loads(after)["expect"]["also"] == BESIDE
    assert "nothing to do" in hil("migrate")[1]


def test_a_finished_run_tells_what_would_change_and_is_enough_to_migrate_by(old_bench: Path) -> None:
    code, said = hil("run", "--repeat", "1", "--workers", "1")
    assert code == 0
    told = " ".join(said.split())
    assert re.search(
        r"format 1 warning: 1 of \d+ is judged by the old rule and would change under format 2: weld-plus-at-opening "
        r"\(PASS → FAIL\); `hil migrate` makes their files ready for it",
        told,
    )
    (run,) = (old_bench / "runs").glob("*/footer.json")
    result = json.loads((run.parent / "result.json").read_text(encoding="utf-8"))
    changed = {one["scenario_id"]: one["under_format_2"] for one in result["scenarios"]}
    assert changed["weld-plus-at-opening"]["reasons"][0]["finding"]["code"] == "unexpected-report"
    assert changed["weld-plus-at-opening--inside"] is None
    for report in ("report.html", "junit.xml"):
        assert "would change under format 2" in (run.parent / report).read_text(encoding="utf-8")
    assert "would change under format 2" in hil("report", str(run.parent), "--markdown")[1]
    before = (old_bench / WELD).read_text(encoding="utf-8")
    code, said = hil("migrate", "--from", str(run.parent))
    assert code == 0 and '\n+also = ["slow_opening"]\n' in said
    assert (old_bench / WELD).read_text(encoding="utf-8") == before  # without --write it is only shown


def test_a_run_that_failed_makes_no_list_by_itself(old_bench: Path) -> None:
    code, said = hil("migrate", "--repeat", "1", "--firmware", "misses_weld", "-k", "weld-plus-at-opening")
    assert code == 3
    assert "look at weld-plus-at-opening: 1 of 1 shots did not pass (FAIL)" in said


def test_check_names_the_files_of_format_1(old_bench: Path) -> None:
    code, said = hil("check")
    assert code == 0
    assert "warning: 1 scenario file of format 1:" in said and said.count("weld_plus_at_opening.toml") == 1
    shutil.copy(Path(__file__).parents[1] / WELD, old_bench / WELD)
    assert "format 1" not in hil("check")[1]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            '[expect]\nflag = "a"\nsafe_state = "b"   # c\nhold = "1 s"',
            'safe_state = "b"   # c\nalso = ["x", 7]\nhold',
        ),
        ('[expect]\nflag = "a"\nalso = ["y"]   # why ]', 'also = ["y", "x", 7]   # why ]'),
        ("[expect]\nalso = []", 'also = ["x", 7]'),
        ('[expect]\nalso = [\n    "y",  # one\n    "z"   # two\n]', '"z",   # two\n    "x", 7,\n]'),
        ('[expect]\nalso = [\n    "y",\n]', '"y",\n    "x", 7,\n]'),
        ('[expect]\nalso = ["y",\n    "z"]', '    "z", "x", 7]'),
        ('[expect]\nalso = ["x"]', 'also = ["x", 7]'),
    ],
)
def test_lines_are_edited_and_the_rest_stays(table: str, expected: str) -> None:
    text = f'# about it\n\nid = "one"   # comment\n{table}\n\n[sweep]\nrepeat = 1\n'
    new = in_format_2(text, "expect", ("x", 7))
    assert expected in new
    assert new.startswith('# about it\n\nformat = 2\nid = "one"   # comment\n') and new.endswith(
        "repeat = 1\n"
    )
    assert tomllib.loads(new)["format"] == 2


def test_a_code_is_written_as_people_write_it_and_a_format_is_replaced() -> None:
    new = in_format_2('format = 1   # old\nid = "a"\n[quiet]\nfor = "1 s"\n', "quiet", (0x1A0117, 70))
    assert new == 'format = 2   # old\nid = "a"\n[quiet]\nfor = "1 s"\nalso = [0x1A0117, 70]\n'


def test_many_names_stand_in_several_lines() -> None:
    names = [f"a_flag_with_a_long_name_{number}" for number in range(9)]
    new = in_format_2('id = "a"\n[quiet]\nfor = "1 s"\n', "quiet", names)
    assert max(map(len, new.splitlines())) <= 110
    assert tomllib.loads(new)["quiet"]["also"] == names


def test_a_file_whose_lines_cannot_be_edited_is_told_what_to_write() -> None:
    with pytest.raises(ValueError, match=r'write into it: format = 2, and in \[expect\] also = \["x"\]'):
        in_format_2('id = "a"\nexpect = { flag = "a" }\n', "expect", ("x",))
