"""The pages of the reference name all that the program knows. How they look is for .ci/docs, which builds the site."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from written import written

from bench.config.bench_schema import bench_schema, profile_schema
from bench.config.instrument_kinds import instruments
from bench.config.profile_shape import ProfileShape
from bench.faults.find import fault_names
from bench.measure.finding.closed_set import FINDINGS
from bench.report.told.every import DOCUMENTS
from bench.scenario.scenario_schema import scenario_schema
from bench.scenario.shape import ScenarioShape
from bench.scenario.step_shapes import STEPS

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pages() -> Iterator[dict[str, str]]:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from reference_pages.write import pages as made

        yield {name: "\n".join(lines) for name, lines in made().items()}
    finally:
        sys.path.remove(str(ROOT / "docs"))


def test_every_command_has_a_section_with_all_its_options(pages: dict[str, str]) -> None:
    from test_docs_commands import options_by_command

    sections = {part.split("\n", 1)[0]: part for part in pages["commands"].split("\n## hil ")[1:]}
    assert set(sections) == set(options_by_command())
    missing = [
        (command, option)
        for command, options in options_by_command().items()
        for option in options
        if option.startswith("-") and option not in sections[command]
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("findings", sorted(FINDINGS)),
        ("faults", fault_names()),
        ("instruments", sorted(instruments().all())),
    ],
)
def test_every_name_of_a_registry_has_a_section(pages: dict[str, str], page: str, names: Any) -> None:
    headings = {line.lstrip("# ") for line in pages[page].splitlines() if line.startswith("##")}
    assert set(names) - headings == set() and len(names) > 10


def test_keys_of_a_scenario_and_of_a_profile_are_those_of_their_models(pages: dict[str, str]) -> None:
    for page, shape in (("scenario_keys", ScenarioShape), ("profile_keys", ProfileShape)):
        top = pages[page].split("## At the top of the file")[1].split("\n## ")[0]
        assert [
            name for name, field in shape.model_fields.items() if f"| `{field.alias or name}` |" not in top
        ] == []
    assert [do for do in STEPS if f'`[[step]]` with `do = "{do}"`' not in pages["scenario_keys"]] == []


def keys_of(schema: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """(place, meaning) of every key that a file may have, wherever the schema describes it; not of a condition."""
    if isinstance(schema, list):
        for one in schema:
            yield from keys_of(one, place)
        return
    if not isinstance(schema, dict):
        return
    for name, part in schema.get("properties", {}).items():
        yield f"{place}.{name}", part.get("description", "")
        yield from keys_of(part, f"{place}.{name}")
    for name, part in schema.items():
        if name in ("$defs", "patternProperties"):
            for inner, table in part.items():
                yield from keys_of(table, f"{place}/{inner}")
        elif name not in ("properties", "if", "default", "examples", "const", "enum"):
            yield from keys_of(part, place)


@pytest.mark.parametrize(
    ("made", "least"),
    [(scenario_schema, 500), (profile_schema, 80), (bench_schema, 300)],
    ids=["scenario", "profile", "bench"],
)
def test_every_key_says_what_it_is_for(made: Callable[[], dict[str, Any]], least: int) -> None:
    told = list(keys_of(made()))
    assert len(told) >= least
    silent = [
        place
        for place, meaning in told
        if meaning.startswith("with a unit") or len(meaning.split()) < 2 or len(meaning.split()) > 45
    ]
    assert silent == []


def test_the_reference_shows_each_key_s_meaning(pages: dict[str, str]) -> None:
    assert (
        '| `soh` | a quantity with a unit, such as "50 %" | `100 %` | share of the nominal capacity that is left |'
        in (pages["scenario_keys"])
    )
    for page in ("scenario_keys", "profile_keys"):
        rows = [line for line in pages[page].splitlines() if line.startswith("| `")]
        assert [line for line in rows if line.rstrip(" |").count(" | ") < 3] == []


def test_a_default_stands_with_its_unit_and_what_has_to_be_given_says_so(pages: dict[str, str]) -> None:
    assert "| `ttl` |" in pages["faults"]
    assert '| `scale` | a quantity with a unit, such as "30 %" | `100 %` |' in pages["scenario_keys"]
    assert '| `max_gap` | a quantity with a unit, such as "250 ms" | `1.000 s` |' in pages["scenario_keys"]
    assert "| `safety_goal` | text | *required* |" in pages["scenario_keys"]


def test_every_document_of_json_is_listed(pages: dict[str, str]) -> None:
    assert json.dumps([name for name in DOCUMENTS if f"| `{name}` |" not in pages["json_documents"]]) == "[]"


def test_the_api_page_names_every_public_name(pages: dict[str, str]) -> None:
    import bench

    named = {line.rpartition("bench.")[2] for line in pages["api"].splitlines() if line.startswith(".. auto")}
    assert named == {name for name in bench.__all__ if not name.startswith("_")}


def test_a_list_of_contents_leads_to_every_page() -> None:
    """What .ci/docs finds, too, minutes later."""
    docs = ROOT / "docs"
    pages = [page.relative_to(docs) for page in written(docs, "*.md")]
    listed = [page for page in pages if page.parts[0] != "examples"]
    led_to = {Path("index.md")}
    for page in listed:
        for contents in re.findall(
            r"```\{toctree\}\n(.*?)```", (docs / page).read_text(encoding="utf-8"), re.S
        ):
            for line in contents.splitlines():
                if line and not line.startswith(":"):
                    here = Path(line[1:]) if line.startswith("/") else page.parent / line
                    led_to |= {one.relative_to(docs) for one in docs.glob(f"{here}.md")}
    assert sorted(set(listed) - led_to) == []


def test_ci_builds_the_site_strictly() -> None:
    assert ".ci/docs" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "--fail-on-warning" in (ROOT / ".ci" / "docs").read_text(encoding="utf-8")
