"""Whoever follows the documents needs public names only; and the example of a closed driver is held to its suite."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from written import written

import bench
import bench.faults
import bench.stepped
import bench.testing

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = {
    "bench": bench.__all__,
    "bench.faults": bench.faults.__all__,
    "bench.stepped": bench.stepped.__all__,
    "bench.testing": bench.testing.__all__,
}

# Files of the house itself, whose place the page tells; tests/test_docs_extending.py puts them there and runs them.
# A fault is not among them: what is public is enough for it.
INSIDE = re.compile(r"`bench/(?:report|cli|instruments)/[\w/]+\.py`:\n\n```python\n.*?```", re.S)


# What makes the site is of the house, and what it has made is no document.
OF_THE_SITE = {"conf.py", "walks.py", "reference_pages"}


def documents(pattern: str) -> list[Path]:
    return [one for one in written(ROOT / "docs", pattern) if not OF_THE_SITE & set(one.parts)]


def scripts() -> Iterator[tuple[str, str]]:
    """Every Python text of the documents: scripts, and blocks of pages."""
    for page in documents("*.md"):
        text = INSIDE.sub("", page.read_text(encoding="utf-8"))
        for block in re.findall(r"```python\n(.*?)```", text, re.S):
            yield page.name, block
    for script in documents("*.py"):
        yield script.name, script.read_text(encoding="utf-8")


def foreign(text: str) -> list[str]:
    """What of `text` comes from a private place of the bench."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [
                one.name for one in node.names if one.name.startswith("bench.") and one.name not in PUBLIC
            ]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "bench":
            names = PUBLIC.get(node.module or "", [])
            found += [f"{node.module}.{one.name}" for one in node.names if one.name not in names]
    return found


def test_the_documents_import_public_names_only() -> None:
    seen = list(scripts())
    assert len(seen) >= 4
    assert [(name, found) for name, text in seen if (found := foreign(text))] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from bench import Bench, run_all", ["bench.run_all"]),
        ("from bench.errors import BenchError", ["bench.errors.BenchError"]),
        ("import bench.wiring", ["bench.wiring"]),
        ("from bench.testing import RelaySuite", []),
    ],
)
def test_a_private_name_is_seen(text: str, told: list[str]) -> None:
    assert foreign(text) == told


@pytest.mark.parametrize("name", ["run", "shoot", "judge"])
def test_what_waits_in_a_loop_takes_what_its_twin_takes(name: str) -> None:
    twins = (getattr(bench.Bench, one) for one in (name, f"{name}_async"))
    plain, awaited = (inspect.signature(one) for one in twins)
    assert plain == awaited


def test_a_closed_driver_is_proven_as_the_page_says_and_a_broken_one_is_not(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "instruments.md").read_text(encoding="utf-8")
    driver, proof = re.findall(r"```python\n(.*?)```", page, re.S)
    (tmp_path / "acme.py").write_text(driver)
    (tmp_path / "test_acme.py").write_text(proof)
    broken = driver.replace('letter == "1"', 'letter == "0"')  # says off while on
    assert broken != driver
    (tmp_path / "broken.py").write_text(broken)
    (tmp_path / "test_broken.py").write_text(proof.replace("acme", "broken").replace("lanes =", "more ="))
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-ra",
        "--strict-markers",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    failed = sorted(re.findall(r"^FAILED (\S+)", done.stdout, re.M))
    assert done.returncode == 1, done.stdout + done.stderr
    assert failed == [
        "test_broken.py::TestAcme::test_a_relay_in_a_sense_wire_is_a_fault_unit",
        "test_broken.py::TestAcme::test_a_relay_that_does_not_move_is_told_on_switching",
        "test_broken.py::TestAcme::test_a_relay_that_stays_on_is_never_called_safe",
        "test_broken.py::TestAcme::test_a_switch_is_told_from_both_sides",
        "test_broken.py::TestAcme::test_relays_are_switched_told_and_released[simulated]",
        "test_broken.py::TestAcme::test_safe_releases_what_was_left_on",
    ], done.stdout
    assert "6 failed, 18 passed" in done.stdout, done.stdout
