"""The sources that the shipped safety goals name by number (R17 …), since a report goes where the documents do not."""

import re
from collections.abc import Iterable

_OURS = re.compile(r"\s*\(docs/sources\.md\)")
SOURCES = {  # document; date. A test holds them to the list of sources
    "R17": "CSDN article 131448970 on a BMS safety concept (blog.csdn.net/hellotzx); 2023",
    "R18": "GB/T 39086-2020, functional safety of BMS for electric vehicles; in force 2021-04-01",
    "R20": "foxBMS 2, github.com/foxBMS/foxbms-2 at 06d3878f; v1.6.0, 2023-10-12",
    "R22": "Safety package of a third party on foxBMS 2, sil.taktflow-systems.com/bms-docs; 2025 or later",
    "R31": "Analog Devices LTC6804, LTC6810, LTC6812; data sheets",
    "R35": "UN R100; 02 and 03 series",
    "R37": "wiki.rapiddraft.ai/battery-pack-china, a commentary on GB 38031-2025; 2025",
    "R38": "GB 38031-2025, safety of traction batteries; published 2025-03-28, in force 2026-07-01",
    "R49": "UN GTR 20, ECE/TRANS/180/Add.20; 2018-05-03",
    "R50": "globalautoregs.com/documents/41719 and 41720, GTR 20 amendments; 2026",
}


def shipped(provenance: str) -> str:
    """The words without the name of a document that does not come with the report."""
    return _OURS.sub("", provenance)


def sources_named(provenances: Iterable[str]) -> list[tuple[str, str]]:
    """(number, document) of those that words of the shipped goals name; others may mean something else by a number."""
    ours = [one for one in provenances if _OURS.search(one)]
    named = {found for one in ours for found in re.findall(r"\bR\d+\b", one)}
    return [
        (number, SOURCES[number])
        for number in sorted(named, key=lambda one: int(one[1:]))
        if number in SOURCES
    ]
