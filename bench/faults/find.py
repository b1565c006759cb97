"""The catalogue, found by its folder: `cell_voltage` is `bench/faults/catalogue/cell_voltage.py`."""

from functools import cache
from importlib import import_module
from pathlib import Path

from bench.faults.port import Kind

_FOLDER = Path(__file__).parent / "catalogue"


@cache
def fault_names() -> tuple[str, ...]:
    """Every fault's name, sorted; nothing is imported for it."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.py") if path.stem != "__init__"))


@cache
def kind(name: str) -> Kind:
    """Raises KeyError for a name that is not in the catalogue."""
    if name not in fault_names():
        raise KeyError(name)
    found = import_module(f"bench.faults.catalogue.{name}").KIND
    if not isinstance(found, Kind) or found.name != name:
        raise TypeError(f"bench/faults/catalogue/{name}.py: KIND is {found!r}; expected the Kind '{name}'")
    return found


def kinds() -> tuple[Kind, ...]:
    return tuple(kind(name) for name in fault_names())
