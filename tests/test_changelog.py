"""Fragments of the changelog are ones that a release can put together, and a release has one number everywhere."""

import re
import tomllib
from pathlib import Path

import bench

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TYPES = {one["directory"]: one["name"] for one in PROJECT["tool"]["towncrier"]["type"]}
NOT_FRAGMENTS = {"README.md", "template.md.j2"}


def wrong_with(name: str, text: str) -> str:
    """What a release could not take of a fragment; "" for a sound one."""
    named = re.fullmatch(r"[\w+-]+\.([a-z]+)\.md", name)
    if named is None or named[1] not in TYPES:
        return f"{name}: expected TOPIC.TYPE.md, TYPE one of {', '.join(TYPES)}"
    if not text.strip() or text.lstrip().startswith(("- ", "* ", "#")) or "\n\n" in text.strip():
        return f"{name}: expected one paragraph, without bullet and heading"
    return ""


def test_every_fragment_can_be_put_together() -> None:
    files = [one for one in sorted((ROOT / "changelog.d").iterdir()) if one.name not in NOT_FRAGMENTS]
    assert [said for one in files if (said := wrong_with(one.name, one.read_text(encoding="utf-8")))] == []


def test_what_a_release_could_not_take_is_told() -> None:
    assert wrong_with("peak.wrong.md", "The peak was 530 °C, is 1,073 °C.\n") == ""
    assert "TYPE one of wrong, running" in wrong_with("peak.feature.md", "x")
    assert "expected TOPIC.TYPE.md" in wrong_with("notes.txt", "x")
    for text in ("", "- a bullet", "# a heading", "two\n\nparagraphs"):
        assert "expected one paragraph" in wrong_with("peak.wrong.md", text)


def test_the_parts_of_a_release_are_those_of_the_changelog_and_of_its_readme() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert list(dict.fromkeys(re.findall(r"^### (.*)$", text, re.M))) == list(TYPES.values())
    told = (ROOT / "changelog.d" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^:|]+?)(?::.*)? \|$", told, re.M))
    assert rows == TYPES
    assert text.count(PROJECT["tool"]["towncrier"]["start_string"]) == 1


def test_a_release_has_one_number() -> None:
    newest = re.search(r"^## (\d+\.\d+\.\d+) \(", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest is not None
    assert bench.__version__ == PROJECT["project"]["version"] == newest[1]
