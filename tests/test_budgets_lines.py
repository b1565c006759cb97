"""One line for each mistake in a file of safety goals: file, place, what was found, what is expected."""

from pathlib import Path

import pytest

from bench.errors import ConfigError
from bench.verdict.budgets import load_budgets

USUAL = {
    "title": '"t"', "asil": '"C"', "ftti": '"900 ms"', "fdti": '"500 ms"', "frti": '"100 ms"',
    "safe_state": '"open"', "latched": "true", "provenance": '"p"',
}  # fmt: skip
CLASSES = {"severity": '"S3"', "exposure": '"E3"', "controllability": '"C3"'}


def goal(name: str, **other: str) -> str:
    """A table of the file; a key that is None is left out."""
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in {**USUAL, **other}.items())])


def table(name: str, **rows: str) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in rows.items())])


LENDER = {
    "of": '"SG-A"',
    "probe": '"none: the bus is slow"',
    "derivation": '"safe: the fuse"',
    "ftti": '"2 s"',
}
ON_LFP = "SG-A.chemistry.lfp"

MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "no table": (("SG-A = 3",), "SG-A: 3; expected a table such as [SG-OV]"),
    "a long integer": ((goal("SG-A", ftti="99999999999999999999"),), "SG-A.ftti: found a whole number beyond 64 bits"),
    "chemistries no table": (
        (goal("SG-A", chemistry="3"),),
        "SG-A.chemistry: found 3; expected a table [SG-A.chemistry.ID]",
    ),
    "a chemistry no table": ((goal("SG-A"), "[SG-A.chemistry]\nlfp = 3"), f"{ON_LFP}: found 3; expected a table"),
    "unknown key": (
        (goal("SG-A"), table(ON_LFP, fttj='"1 s"', source='"x"')),
        f"{ON_LFP}: found unknown key 'fttj'; expected one of ",
    ),
    "no source": (
        (goal("SG-A"), table(ON_LFP, ftti='"800 ms"')),
        f"{ON_LFP}.source: found no text; expected where these figures come from",
    ),
    "given is text": (
        (goal("SG-A"), table(ON_LFP, ftti='"800 ms"', source='"x"', given='"yes"')),
        f"{ON_LFP}.given: found 'yes'; expected true or false",
    ),
    "given and assumed": (
        (goal("SG-A"), table(ON_LFP, ftti='"800 ms"', source='"assumed: x"', given="true")),
        f"{ON_LFP}.source: 'assumed: x' beside given = true; expected what gives these figures, or no given",
    ),
    "times that do not fit": (
        (goal("SG-A"), table(ON_LFP, ftti='"1 ms"', source='"x"')),
        f"{ON_LFP}: fdti + frti = 600.0 ms is not below ftti = 1.0 ms; expected FDTI + FRTI < FTTI, strictly",
    ),
    "a negative time": (
        (goal("SG-A"), table(ON_LFP, ftti='"-3 s"', source='"x"')),
        f"{ON_LFP}.ftti: found '-3 s' is negative; a duration counts forward; expected a duration above 0",
    ),
    "a chemistry of a lender": (
        (goal("SG-A"), goal("SG-B", **LENDER), table("SG-B.chemistry.lfp", ftti='"3 s"', source='"x"')),
        "SG-B.chemistry.lfp: a chemistry of a section that lends its times to SG-A; expected what differs on a "
        "chemistry at the goal, [SG-A.chemistry.lfp]",
    ),
    "accepts of a lender": (
        (goal("SG-A"), goal("SG-B", **LENDER, accepts='["closed"]', accepts_why='"w"')),
        "SG-B.accepts: a list in a section of SG-A; expected it at SG-A, whose safe state it is about",
    ),
    "accepts without a reason": (
        (goal("SG-A", accepts='["closed"]'),),
        "SG-A: no accepts_why; expected accepts and accepts_why, or none of them",
    ),
    "accepts its own": (
        (goal("SG-A", accepts='["open"]', accepts_why='"w"'),),
        "SG-A.accepts: 'open', its own safe state; expected other states, which are at least as safe as its own",
    ),
    "given without a source": (
        (goal("SG-A", **CLASSES, hazard_given="true"),),
        "SG-A.hazard_source: no text beside hazard_given = true; expected the analysis that gives the classes, "
        "or no hazard_given",
    ),
    "only two classes": (
        (goal("SG-A", severity='"S3"', exposure='"E3"'),),
        "SG-A: only severity, exposure; expected severity, exposure and controllability, or none of them",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_with_its_place(name: str, tmp_path: Path) -> None:
    sections, said = MISTAKES[name]
    path = tmp_path / "budgets.toml"
    path.write_text("\n".join(sections), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_budgets(path)
    place, found = said.split(": ", 1)
    assert str(wrong.value).startswith(f"{path} [{place}]: {found}")
    assert "\n" not in str(wrong.value) and "; expected " in str(wrong.value)
