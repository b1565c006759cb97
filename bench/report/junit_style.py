"""Where two readers of JUnit XML exclude each other: what S-CORE needs is what Jenkins' xunit plugin refuses."""

import xml.etree.ElementTree as ET
from enum import StrEnum


class JUnitStyle(StrEnum):
    """FULL: with `file`, `line` and properties at each case, as S-CORE and sphinx-test-reports want it.

    JENKINS_XUNIT: without, as the schema (junit-10.xsd) of Jenkins' xunit plugin wants it. Every other reader,
    Jenkins' own `junit` step among them, takes both.
    """

    FULL = "full"
    JENKINS_XUNIT = "jenkins-xunit"


def for_jenkins_xunit(root: ET.Element) -> None:
    """What that schema has no place for goes into each case's `system-out`, which Jenkins shows beside it."""
    for case in root.iter("testcase"):
        told = [f"{key}: {value}" for key in ("file", "line") if (value := case.attrib.pop(key, None))]
        for facts in case.findall("properties"):
            told += [f"{one.get('name')}: {one.get('value')}" for one in facts]
            case.remove(facts)
        if told:
            ET.SubElement(case, "system-out").text = "\n".join(told)
