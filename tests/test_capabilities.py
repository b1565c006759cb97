"""A fault asks for capabilities by type, and whoever provides them serves it: no fault knows a rig."""

import asyncio
import random
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import InstrumentError
from bench.faults.asks import asked_by, asked_by_kind, put_on, refuse_unprovided, take_off
from bench.faults.catalogue.contactor_weld import ContactorWeld
from bench.faults.find import kind, kinds
from bench.report.finding_words import reasons_words
from bench.rig import capabilities
from bench.rig.capabilities import Actuation, Contactors, FrontEnd, Timers
from bench.rig.capabilities.provided import Provided
from bench.running.shots import why_not_driven
from bench.scenario.prepare import Prepared
from bench.timing.simulated import SimulatedClock, run_simulated
from bench.verdict.judge import Verdict
from bench.wiring.common import Wired
from bench.wiring.offers import abilities, lacks, offers, providers_of
from bench.wiring.simulated import build_simulated

CATALOGUE = Path(__file__).resolve().parents[1] / "bench" / "faults"
NO_PROTOCOLS = {"Actuation", "Distort", "Distortions", "ReadingStage", "WIRE_VARIANTS"}
KNOWN = {getattr(capabilities, name) for name in set(capabilities.__all__) - NO_PROTOCOLS}


class RelayAcross:
    """A relay across each contactor: all a weld needs."""

    def __init__(self) -> None:
        self.closed: set[str] = set()

    async def weld(self, names: Iterable[str]) -> Actuation:
        self.closed |= set(names)
        return Actuation(low_ns=3, high_ns=5, readback=f"relays closed: {sorted(self.closed)}")

    async def heal(self, names: Iterable[str]) -> None:
        self.closed -= set(names)


def test_every_fault_asks_for_capabilities_and_for_nothing_else() -> None:
    asked = {one.name: set(asked_by_kind(one)) for one in kinds()}
    assert all(asked.values()), [name for name, needs in asked.items() if not needs]
    assert not {name: needs - KNOWN for name, needs in asked.items() if needs - KNOWN}
    assert set().union(*asked.values()) == KNOWN, "a capability that no fault asks for"


def test_no_fault_knows_a_rig_or_a_plant() -> None:
    files = [
        path for path in CATALOGUE.rglob("*.py") if re.search(r"bench\.rig\.rig|rig\.pack", path.read_text())
    ]
    assert not files


def test_a_weld_is_served_by_relays_as_by_a_plant() -> None:
    relays = RelayAcross()
    provided, fault = Provided({Contactors: relays}), ContactorWeld(contactors=("plus", "minus"))

    async def main() -> Actuation:
        actuation = await put_on(fault, provided)
        assert relays.closed == {"plus", "minus"}
        await take_off(fault, provided)
        return actuation

    assert asyncio.run(main()).readback == "relays closed: ['minus', 'plus']"
    assert not relays.closed


def test_what_a_rig_does_not_provide_is_named_before_anything_is_done() -> None:
    relays = RelayAcross()
    fault = ContactorWeld(contactors=("plus",))
    with pytest.raises(InstrumentError, match="Contactors: found nothing on this rig that provides it"):
        refuse_unprovided(fault, Provided({Timers: relays}))
    assert asked_by(ContactorWeld) == (Contactors,)


def test_a_front_end_is_asked_for_what_cells_read() -> None:
    assert FrontEnd in asked_by_kind(kind("cell_reading")) and FrontEnd in asked_by_kind(kind("afe_chain"))
    assert FrontEnd not in asked_by_kind(kind("temperature_reading"))


def test_a_bench_tells_who_provides_what_a_fault_asks(wired: Wired) -> None:
    here = offers(wired.config, wired.profile)
    assert set(here) == KNOWN
    wires = kind("sense_wire")
    assert providers_of(kind("contactor_weld"), "contactor_weld", here) == {"Contactors": "plant model"}
    assert providers_of(wires, "open_wire", here) == {"SenseWires": "relays in the wires"}
    assert providers_of(wires, "swapped_wires", here) == {"SenseWires": "played front end"}
    able = abilities(wired.profile, wired.config)
    # Single cells part from no neighbours.
    assert [one for one, why in able.items() if why is not None] == ["cell_open"]


def test_in_real_time_a_fault_lacks_what_nobody_provides_and_says_so(wired: Wired) -> None:
    config = replace(wired.config, simulated=False)
    there, able = offers(config, wired.profile), abilities(wired.profile, config)
    for name in ("bus_off", "cell_reading", "afe_chain", "build_identity"):
        assert None in providers_of(kind(name), name, there).values()
        assert able[name], name
    wires = kind("sense_wire")
    assert able["open_wire"] is None, "its relays open a wire in real time as well"
    assert providers_of(wires, "swapped_wires", there) == {"SenseWires": None} and able["swapped_wires"]


def test_what_is_built_is_what_was_offered(wired: Wired) -> None:
    async def main(clock: SimulatedClock) -> None:
        provided = build_simulated(wired, clock, None, random.Random(1)).provided
        for protocol, offer in offers(wired.config, wired.profile).items():
            assert (protocol in provided) is (offer.why_not is None), protocol

    run_simulated(main)


def test_a_resistor_at_a_pole_takes_the_plants_place_and_cannot_come_and_go(wired: Wired) -> None:
    box = replace(wired.config.instruments["cells"], name="leak", kind="meatest_decade")
    config = replace(wired.config, instruments={**wired.config.instruments, "leak": box})
    here = offers(config, wired.profile)
    by = providers_of(kind("insulation"), "insulation", here)["Insulation"]
    assert by is not None and "plant model" in by and by != "plant model"
    assert lacks(kind("insulation"), "insulation", here, wired.profile) is None
    assert "resistor" in (lacks(kind("insulation_intermittent"), "insulation", here, wired.profile) or "")


def test_a_fault_that_shares_its_capability_is_blocked_alone_and_before_the_shot(
    wired: Wired, prepared: dict[str, Prepared]
) -> None:
    box = replace(wired.config.instruments["cells"], name="leak", kind="meatest_decade")
    config = replace(wired.config, instruments={**wired.config.instruments, "leak": box})
    boxed = replace(wired, config=config)
    judgement = why_not_driven(boxed, prepared["insulation-intermittent"])
    assert judgement is not None and judgement.verdict is Verdict.BLOCKED
    assert "insulation_intermittent (only without a resistor" in reasons_words(judgement)[0]
    assert why_not_driven(boxed, prepared["insulation-loss-plus-pole"]) is None
    assert why_not_driven(wired, prepared["insulation-intermittent"]) is None
