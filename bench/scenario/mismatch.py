"""A BMS made for one chemistry on a pack of another, as a scenario: its file names both, and it must fail."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from bench.config.profile import DutProfile
from bench.errors import ConfigError, choices, nearest
from bench.faults.port import PARALLEL, STRINGS
from bench.plant.chemistry import Chemistry
from bench.scenario.loads import CAPACITY
from bench.scenario.model import Mismatch

if TYPE_CHECKING:
    from bench.config.toml_file import TomlFile
    from bench.scenario.shape import ScenarioShape


def pack_thresholds(
    chemistry: Chemistry, profile: DutProfile, strings: int = 1, parallel: int = 1
) -> dict[str, float]:
    """The DUT's own where its profile states them, else the chemistry's; and what a pack's loads scale by.

    Strings and cells in parallel share the pack's current; how many there are is among them where there are several.
    """
    found = {**chemistry.thresholds(), CAPACITY: chemistry.capacity_ah}
    beside = strings * parallel
    if beside == 1:
        return found | profile.thresholds
    found = {name: value * beside if _shared(name) else value for name, value in found.items()}
    return found | profile.thresholds | {STRINGS: float(strings), PARALLEL: float(parallel)}


def _shared(name: str) -> bool:
    return name == CAPACITY or name.startswith("oc_")


def thresholds_for(
    mismatch: Mismatch | None, thresholds: Mapping[str, float], profile: DutProfile
) -> Mapping[str, float]:
    """Those of the bench's pack, or of the pack that a mismatch brings along."""
    if mismatch is None:
        return thresholds
    strings, parallel = (int(thresholds.get(one, 1)) for one in (STRINGS, PARALLEL))
    return pack_thresholds(_chemistry(mismatch.pack), profile, strings, parallel)


@lru_cache(maxsize=8)
def _chemistry(name: str) -> Chemistry:
    return Chemistry.load(name)


def mismatch_of(shape: "ScenarioShape") -> Mismatch | None:
    """The deliberate mismatch that a scenario's file states; None for any other scenario."""
    found = shape.mismatch
    if found is None:
        return None
    return Mismatch(pack=found.pack, firmware=found.firmware, hazard=found.hazard)


def check_mismatch(file: "TomlFile", shape: "ScenarioShape") -> None:
    """Chemistries that exist and differ; nothing beside them that a DUT at fault could fulfil."""
    found = shape.mismatch
    if found is None:
        return
    for key, name in (("pack", found.pack), ("firmware", found.firmware)):
        known = Chemistry.known()
        if name in known:
            continue
        if not name.endswith(".toml"):
            expected = (
                f"expected one of {choices(name, known)} or the path of a .toml file{nearest(name, known)}"
            )
            file.mistake(("mismatch", key), f"found unknown chemistry '{name}'; {expected}")
            continue
        try:
            _chemistry(name)
        except ConfigError as wrong:
            file.mistake(("mismatch", key), str(wrong).splitlines()[0])
    if found.pack == found.firmware:
        file.mistake(
            ("mismatch", "firmware"),
            f"found '{found.firmware}' on a pack of the same; expected another chemistry than the pack's",
        )
    beside = {
        "known_gap": ("[known_gap]", shape.known_gap is not None),
        "estimate": ("[[estimate]]", bool(shape.estimate)),
        "requirements": ("requirements", bool(shape.requirements)),
        "not_for": ("[not_for]", bool(shape.not_for)),
        "twins": ("twins", shape.twins is not None),
    }
    for key, (name, there) in beside.items():
        if there:
            file.mistake(
                (key,),
                f"found {name} beside [mismatch]; expected only one of them: a mismatch must fail",
            )
