"""What the action for nightly runs does with its history, its comment and its end."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from small_bench import small_bench

ROOT = Path(__file__).resolve().parents[1]
ACTION = ROOT / ".github" / "actions" / "hil"

# Stands for `hil`: each run makes a folder with a footer; the environment says how run and compare end.
STAND_IN = """#!/bin/sh
echo "$*" >>calls.txt
case "$1" in
run) n=$(ls runs 2>/dev/null | wc -l)
     [ "$RUN" = 2 ] || { mkdir -p "runs/$n"; touch "runs/$n/footer.json"; }
     exit "$RUN" ;;
runs) printf '{"runs": ['; comma=
      for one in $(ls -r runs 2>/dev/null); do printf '%s{"folder": "runs/%s"}' "$comma" "$one"; comma=,; done
      printf ']}' ;;
compare) echo "compared"; exit "$COMPARE" ;;
report) echo "reported" ;;
esac
"""


class Nights:
    """Runs of night.py in one folder."""

    def __init__(self, folder: Path, hil: str) -> None:
        self.folder = folder
        program = folder / "bin" / "hil"
        program.parent.mkdir()
        program.write_text(hil)
        program.chmod(0o755)
        self.path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"

    def night(self, *words: str, run: int = 0, compare: int = 0) -> int:
        env = {**os.environ, "PATH": self.path, "RUN": str(run), "COMPARE": str(compare)}
        line = [sys.executable, ACTION / "night.py", "--summary", "step.md", "--keep", "1", "--", *words]
        return subprocess.run(line, cwd=self.folder, env=env, check=False, timeout=100).returncode

    @property
    def summary(self) -> str:
        return (self.folder / "hil-night" / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("run", "compare", "ends"), [(0, 0, 0), (0, 1, 1), (0, 3, 0), (1, 0, 1), (3, 0, 3), (3, 1, 1)]
)
def test_a_night_ends_by_its_verdict_and_red_for_what_became_slower(
    tmp_path: Path, run: int, compare: int, ends: int
) -> None:
    nights = Nights(tmp_path, STAND_IN)
    assert nights.night() == 0 and "Nothing to compare with" in nights.summary
    assert nights.night("--repeat=99", run=run, compare=compare) == ends
    assert "reported" in nights.summary and "compared" in nights.summary
    calls = (tmp_path / "calls.txt").read_text().splitlines()
    assert any(one.startswith("run ") and one.endswith("--repeat=99") for one in calls)
    assert "compare runs/0 runs/1 --markdown" in calls
    assert calls[-1].startswith("clean") and "--keep 1 --failing --yes" in calls[-1]
    assert nights.summary in (tmp_path / "step.md").read_text()


def test_a_night_that_came_to_no_end_says_so_and_keeps_its_exit_code(tmp_path: Path) -> None:
    nights = Nights(tmp_path, STAND_IN)
    assert nights.night() == 0
    assert nights.night(run=2) == 2
    assert "came to no end (exit code 2)" in nights.summary


@pytest.mark.slow
def test_two_nights_with_the_real_commands(tmp_path: Path) -> None:
    hil = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m bench "$@"\n'
    nights = Nights(small_bench(tmp_path), hil)
    quick = ("-k", "weld-plus-at-opening", "--exact", "--repeat", "2")
    assert nights.night(*quick) == 0
    assert nights.night(*quick, "--firmware", "misses_weld") == 1
    assert "Against the run before" in nights.summary and "FAIL" in nights.summary
    assert len(list((tmp_path / "runs").glob("*/footer.json"))) == 1
    assert {one.name for one in (tmp_path / "hil-night").iterdir()} == {
        "junit.xml", "report.html", "run.txt", "summary.md",
    }  # fmt: skip


class Comments(BaseHTTPRequestHandler):
    """As much of the API as comments need."""

    held: ClassVar[dict[int, str]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self._answer([{"id": number, "body": body} for number, body in self.held.items()])

    def do_POST(self) -> None:
        self.held[len(self.held) + 1] = self._body()
        self._answer({})

    def do_PATCH(self) -> None:
        self.held[int(self.path.rpartition("/")[2])] = self._body()
        self._answer({})

    def _body(self) -> str:
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def _answer(self, value: Any) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def api() -> Iterator[str]:
    Comments.held.clear()
    Comments.asked.clear()
    server = HTTPServer(("127.0.0.1", 0), Comments)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def comment(folder: Path, api: str, text: str, name: str) -> subprocess.CompletedProcess[str]:
    (folder / "summary.md").write_text(text, encoding="utf-8")
    env = {"GITHUB_API_URL": api, "GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "t", "PULL_REQUEST": "12"}
    return subprocess.run(
        [sys.executable, ACTION / "comment.py", "summary.md", name],
        cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip


def test_a_pull_request_gets_one_comment_that_each_run_updates(tmp_path: Path, api: str) -> None:
    Comments.held[1] = "what a person wrote"
    for text, name in (("first", "hil"), ("second", "hil"), ("another", "rig")):
        comment(tmp_path, api, text, name)
    assert list(Comments.held.values()) == [
        "what a person wrote", "<!-- hil: hil -->\nsecond", "<!-- hil: rig -->\nanother",
    ]  # fmt: skip
    assert "POST /repos/a/b/issues/12/comments" in Comments.asked


def test_a_comment_that_cannot_be_written_is_told_and_fails_nothing(tmp_path: Path) -> None:
    said = comment(tmp_path, "http://127.0.0.1:9", "text", "hil").stdout
    assert said.startswith("::warning::no comment on pull request 12")


WORKFLOWS = [*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "docs" / "ci").glob("*.yml")]


def test_workflows_give_the_action_inputs_that_it_has() -> None:
    known = set(yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))["inputs"])
    given = []
    for file in WORKFLOWS:
        jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
        steps = [step for job in jobs for step in job["steps"] if step.get("uses") == "./.github/actions/hil"]
        given += [set(step["with"]) for step in steps]
    assert len(given) >= 4 and set.union(*given) <= known


def test_the_template_of_gitlab_is_a_hidden_job_that_keeps_history_and_evidence() -> None:
    whole = yaml.safe_load((ROOT / "docs" / "ci" / "gitlab.yaml").read_text(encoding="utf-8"))
    (job,) = whole.values()
    assert job["cache"]["when"] == job["artifacts"]["when"] == "always"
    script = "set -e\n" + "\n".join(job["script"])
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False, timeout=60).returncode == 0


def test_ci_looks_at_the_workflows() -> None:
    assert ".ci/workflows" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
