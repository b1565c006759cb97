"""The chemistries: `nmc` is `bench/plant/chemistries/nmc.toml`; others bring theirs by entry point, a `Path` each."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bench.parts import Shelf

GROUP = "bms_hil.chemistries"
SHIPPED = Path(__file__).parent / "chemistries"


def _house() -> Mapping[str, str]:
    return {path.stem: str(path) for path in SHIPPED.glob("*.toml")}


def _lacks(_: str, path: Path) -> str:
    return "" if path.is_file() else f"found no file {path}; expected the chemistry's TOML"


@cache
def chemistries() -> Shelf[Path]:
    """All chemistries by name: those of the house and those of installed distributions."""
    return Shelf(
        what="chemistry",
        group=GROUP,
        house=_house,
        read_house=Path,
        kind=Path,
        attribute="CHEMISTRY",
        lacks=_lacks,
        files=lambda path: (path,),
    )
