"""What people say of a run before it starts: who runs it, what it is called, on which device."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bench.errors import ConfigError

LAST = "last"  # names the newest run, so nothing else may be called so
_LONGEST, _LONGEST_NOTE = 80, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a run is called and who makes it, as its header keeps it; "" where nobody said it.

    operator: who runs it. label: a name by which commands find the run. note: why it is made. dut_serial: which device
    is on the rig.
    """

    operator: str = ""
    label: str = ""
    note: str = ""
    dut_serial: str = ""

    def header(self) -> dict[str, str]:
        """Those of today's releases stand in every header; `operator` also where nobody is named."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: text for name, text in said.items() if text or name == "operator"}


NOTHING_SAID = About()
# As reports name it, and under which key the header has it.
NAMES = {
    "rig": "rig_name",
    "place": "place",
    "operator": "operator",
    "DUT serial": "dut_serial",
    "label": "label",
    "note": "note",
}


def said_of(header: Mapping[str, Any]) -> dict[str, str]:
    """What a run's header says of rig and people, by the names of the reports; without what nobody said."""
    return {name: str(header[key]) for name, key in NAMES.items() if header.get(key)}


def refuse_unfit(said: About) -> None:
    """Raises ConfigError for a label that could be taken for something else, and for what no line can show."""
    for option, text in (("--label", said.label), ("--note", said.note), ("--dut-serial", said.dut_serial)):
        most = _LONGEST_NOTE if option == "--note" else _LONGEST
        if len(text) > most or not text.isprintable():
            raise ConfigError(
                f"{option}: found '{text}'; expected 1 to {most} characters that can be printed"
            )
    label = said.label
    if label == LAST or "/" in label or label != label.strip() or label.startswith("-"):
        raise ConfigError(
            f"--label: found '{label}'; expected a name without '/' and other than '{LAST}', which commands "
            "take for a path and for the newest run"
        )
