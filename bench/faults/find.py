"""The catalogue: `cell_voltage` is `bench/faults/catalogue/cell_voltage.py`; others bring theirs by entry point."""

from functools import cache

from bench.faults.asks import lacks_of
from bench.faults.port import FAULT_CLASSES, Kind
from bench.parts import Shelf, modules

GROUP = "bms_hil.faults"


def _lacks(name: str, kind: Kind) -> str:
    if kind.name != name:
        return f"found the name '{kind.name}'; expected '{name}'"
    if kind.fault_class not in FAULT_CLASSES:
        return f"found the class '{kind.fault_class}'; expected one of {', '.join(FAULT_CLASSES)}"
    if not kind.variants:
        return "found no variants; expected its capabilities, each with the fault in words"
    return lacks_of(kind)


@cache
def faults() -> Shelf[Kind]:
    """All faults by name: those of the catalogue and those of installed distributions."""
    return Shelf(
        what="fault",
        group=GROUP,
        house=modules("bench.faults.catalogue", "*.py"),
        kind=Kind,
        lacks=_lacks,
    )


@cache
def fault_names() -> tuple[str, ...]:
    """Every fault's name, sorted; nothing is imported for it."""
    return tuple(sorted(faults().names()))


def kind(name: str) -> Kind:
    """Raises KeyError for a name that is not in the catalogue, ConfigError for a fault that cannot be used."""
    if name not in faults():
        raise KeyError(name)
    return faults().get(name)


def kinds() -> tuple[Kind, ...]:
    """Every one that can be used, by name."""
    found = faults().all()
    return tuple(found[name] for name in sorted(found))
