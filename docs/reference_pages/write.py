"""All pages of the reference, into a folder that git ignores."""

from collections.abc import Iterable
from pathlib import Path

from bench.config.bench_schema import bench_schema, profile_schema
from bench.scenario.scenario_schema import scenario_schema
from reference_pages import catalogues, commands, keys, python_api


def pages() -> dict[str, Iterable[str]]:
    """Lines of each page, by the name of its file."""
    return {
        "commands": commands.page(),
        "scenario_keys": keys.page(
            "Keys of a scenario",
            'What a scenario may say. `[[step]]` with `do = "inject"` takes what its fault asks: [](faults.md).',
            scenario_schema(),
            without="fault = ",
        ),
        "profile_keys": keys.page(
            "Keys of a DUT profile",
            "What the profile of a BMS may say. What they are for: [](/bring_your_own_bms.md).",
            profile_schema(),
        ),
        "bench_keys": keys.page(
            "Keys of a bench file",
            "What `hil_config.toml` may say. Options of each kind of instrument: [](instruments.md).",
            bench_schema(),
        ),
        "faults": catalogues.faults(),
        "findings": catalogues.findings(),
        "instruments": catalogues.kinds_of_instruments(),
        "json_documents": catalogues.documents(),
        "api": python_api.page(),
    }


def write_pages(folder: Path) -> None:
    """Only what has changed is written, so that Sphinx reads the rest from its cache."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in pages().items():
        text, file = "\n".join(lines) + "\n", folder / f"{name}.md"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
