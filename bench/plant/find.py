"""The chemistries: `nmc` is `bench/plant/chemistries/nmc.toml`; others bring theirs by entry point, a `Path` each."""

from functools import cache
from pathlib import Path

from bench.parts import Shelf, files_of

GROUP = "bms_hil.chemistries"
SHIPPED = Path(__file__).parent / "chemistries"


def _lacks(_: str, path: Path) -> str:
    return "" if path.is_file() else f"found no file {path}; expected the chemistry's TOML"


@cache
def chemistries() -> Shelf[Path]:
    """All chemistries by name: those of the house and those of installed distributions."""
    return Shelf(
        what="chemistry",
        group=GROUP,
        house=files_of(SHIPPED, "*.toml"),
        read_house=Path,
        kind=Path,
        attribute="CHEMISTRY",
        lacks=_lacks,
        files=lambda path: (path,),
    )
