"""The hash of a plug-in is of the code that runs, wherever its entry point's module has it from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_parts_closed import FAULT, ROOT, site

from bench.errors import ConfigError
from bench.faults.find import fault_names, faults
from bench.part_code import code_of
from bench.plant.find import chemistries
from bench.proof.qualification import identity
from bench.running.load import load_rig
from bench.wiring.plug_ins import PLUG_INS, in_use, installed, troubles

Bring = Callable[..., Path]
WIRED = load_rig(ROOT / "hil_config.toml", "simulated", None, None)
SHAPE = """
from bench.faults.catalogue.cell_voltage import CellVoltageShape


class Shape(CellVoltageShape):
    pass
"""


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bring]:
    def cleared() -> None:
        for shelf in (faults, chemistries, fault_names):
            shelf.cache_clear()

    def brought(name: str, files: dict[str, str], group: str = "faults", point: str = "") -> Path:
        part = "acme_over" if group == "faults" else "acme_nmc"
        folder = site(tmp_path / "site", {f"bms_hil.{group}": {part: point or f"{name}.over"}}, name)
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        cleared()
        return folder

    yield brought
    monkeypatch.undo()
    cleared()


def named() -> tuple[str, str]:
    """What a qualification and a header say of it."""
    assert identity(WIRED)[PLUG_INS] == installed()
    (facts,) = in_use(WIRED.config, iter(["acme_over"])).values()
    return installed(), facts["sha256"]


def changes(file: Path, said: Callable[[], object]) -> bool:
    before = said()
    assert said() == before
    with file.open("a", encoding="utf-8") as opened:
        opened.write("\n# another\n")
    return said() != before


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (0, "from {0}.impl import KIND\n"),
        (1, "import {0}.impl as one\nKIND = one.KIND\n"),
        (2, "import os, {0}.impl\nKIND = {0}.impl.KIND\n"),
        (3, "from {0} import (\n    impl,\n)\nKIND = impl.KIND\n"),
        (4, "from importlib import import_module\nKIND = import_module('{0}.impl').KIND\n"),
    ],
)
@pytest.mark.parametrize("kind", ["package", "namespace"])
def test_a_changed_file_outside_the_package_changes_what_header_and_qualification_say(
    bring: Bring, kind: str, number: int, line: str
) -> None:
    own, core, deep = (f"acme_{one}_{kind}_{number}" for one in ("own", "core", "deep"))
    files = {
        f"{own}/over.py": line.format(core),
        f"{core}/impl.py": f"def late():\n    from {deep} import KIND\n    return KIND\n\n\nKIND = late()\n",
        f"{deep}.py": FAULT,
    }
    folder = bring(own, {**files, **({f"{core}/__init__.py": ""} if kind == "package" else {})})
    assert troubles() == [] and installed()
    assert changes(folder / core / "impl.py", named)
    assert changes(folder / f"{deep}.py", named)
    (folder / "acme_alone.py").write_text("", encoding="utf-8")
    assert not changes(folder / "acme_alone.py", named)


def test_a_package_that_leads_nowhere_else_has_the_hash_it_had(bring: Bring) -> None:
    bring("acme_same", {})
    assert list(code_of("acme_same.over")) == ["acme_same"]
    assert list(code_of("bench.faults.catalogue.cell_voltage")) == ["bench"]


def test_a_part_from_where_no_import_leads_is_refused_in_one_line(bring: Bring) -> None:
    bring(
        "acme_hides",
        {
            "acme_hides/over.py": "from importlib import import_module\n"
            "KIND = import_module('acme_hid' + 'den').KIND\n",
            "acme_hidden.py": SHAPE + FAULT.replace("shape=CellVoltageShape", "shape=Shape"),
        },
    )
    (line,) = troubles()
    assert "fault 'acme_over' of acme-hides 1.2 (acme_hides.over, " in line and "\n" not in line
    assert "its KIND comes from acme_hidden, which no import of acme_hides.over leads to" in line
    with pytest.raises(ConfigError, match="acme_hidden"):
        faults().get("acme_over")


def test_a_chemistry_is_its_own_file_wherever_that_lies(bring: Bring, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.toml"
    file.write_bytes((ROOT / "bench/plant/chemistries/nmc.toml").read_bytes())
    cells = f"from pathlib import Path\n\nNMC = Path({str(file)!r})\n"
    bring("acme_far", {"acme_far/cells.py": cells}, "chemistries", "acme_far.cells:NMC")
    assert changes(file, installed)
