"""What a run was made with: adapters and instruments as configured, and as they named themselves."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from bench.config.bench_file import CanConfig
from bench.config.instrument_kinds import ACROSS, instruments
from bench.record.evidence import ON_SERIAL_LINES
from bench.record.folder import OpenedRun
from bench.record.port_facts import BETWEEN
from bench.record.shot import marks_of
from bench.running.behind_ports import behind_interface, behind_port
from bench.running.calibration import overdue_in
from bench.trace.facts import InstrumentIdentified
from bench.wiring.common import Wired
from bench.wiring.plug_ins import UNSHOWN

Facts = dict[str, str]
_ASKED_IN = 50  # shots whose instruments are compared: one that was exchanged in between is told
_FIRMWARE = re.compile(r"\b(?:firmware|version)\s+([\w.]+)", re.IGNORECASE)
_ONLY_WHERE_GIVEN = {option.name for option in ACROSS.values()}
_NOT_GIVEN = "not given by the instrument"


def equipment(wired: Wired) -> dict[str, Facts]:
    """As the bench file has it, and what can be known of an adapter without opening it."""
    config = wired.config
    found = {f"can.{name}": _adapter(can, config.simulated, wired.behind) for name, can in config.can.items()}
    for name, one in config.instruments.items():
        facts = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}
        options = {option.name: facts["options"][option] for option in one.facts.bench_options}
        facts |= {name: value for name, value in options.items() if value or name not in _ONLY_WHERE_GIVEN}
        del facts["options"], facts["expanded"]
        if one.facts.on_can and one.kind not in instruments().house:
            facts["transport"] = "can"
        own = {key: str(value) for key, value in facts.items() if value not in (None, "", ())}
        if not config.simulated and not one.virtual and not one.facts.on_can:
            own["device"] = BETWEEN.join(_asked(port, wired.behind) for port in one.ports)
        if one.virtual:
            own["simulated"] = "by this bench: there is nothing to calibrate"
        elif not one.calibrated:
            own["calibrated"] = "not stated in the bench file"
        found[f"instrument.{name}"] = own
    return found


def _asked(port: str, behind: dict[str, str]) -> str:
    """Asked once for a bench: what its first shot met is what its run is of, whatever is unplugged meanwhile."""
    if port not in behind:
        behind[port] = behind_port(port)
    return behind[port]


def _adapter(can: CanConfig, simulated: bool, behind: dict[str, str]) -> Facts:
    if simulated:
        return {"interface": "simulated bus", "bitrate": str(can.bitrate), "firmware": "none: no adapter"}
    options = {key: str(value) for key, value in can.options.items()}
    facts = {"interface": can.interface, "bitrate": str(can.bitrate), **options}
    if can.interface == "udp_multicast":
        return {**facts, "firmware": "none: no adapter, frames go over the host's network"}
    channel = options.get("channel", "")
    if can.interface != "socketcan":
        if can.interface in ON_SERIAL_LINES or "://" in channel or channel.startswith("/"):
            facts["device"] = _asked(channel, behind)
        driver = "this bench's own" if can.interface == "slcan" else f"python-can, {can.interface}"
        return {**facts, "driver": driver, "firmware": f"not given by the interface '{can.interface}'"}
    from bench.links.can_interface import adapter_identity  # Linux only, as SocketCAN itself

    try:
        identity = adapter_identity(channel)
    except OSError as error:
        return {**facts, "driver": f"cannot be asked: {error}"}
    said = {field.name: str(getattr(identity, field.name)) for field in dataclasses.fields(identity)}
    given = {name: text or "not given by the kernel" for name, text in said.items()}
    key = f"socketcan:{channel}"
    if key not in behind:
        behind[key] = behind_interface(channel)
    return {**facts, **given, "device": behind[key]}


def answered(configured: Mapping[str, Mapping[str, str]], shots: Iterable[Path]) -> dict[str, Facts]:
    """With what the instruments answered in the first shots; `changed` where they did not stay the same."""
    found = {name: dict(facts) for name, facts in configured.items()}
    said: dict[str, dict[str, None]] = {}
    for shot in islice(shots, _ASKED_IN):
        for mark in marks_of(shot, InstrumentIdentified):
            said.setdefault(f"instrument.{mark.source}", {})[mark.fact.identity] = None
    for name, answers in said.items():
        first, *others = answers
        own = found.setdefault(name, {})
        own.update(_read(first))
        if others:
            own["changed"] = "; ".join(others)
    for name, own in found.items():
        if name.startswith("instrument.") and "answered" not in own:
            own["answered"] = "never asked: no shot was driven"
    return found


def _read(identity: str) -> Facts:
    """The fields of an `*IDN?` answer (IEEE 488.2: maker, model, serial number, firmware), else what it names."""
    fields = [field.strip() for field in identity.split(",")]
    if len(fields) == 4 and all(fields) and "+" not in identity:
        return {"answered": identity, "serial": fields[2], "firmware": fields[3]}
    named = _FIRMWARE.search(identity)
    return {"answered": identity, "firmware": named[1] if named else _NOT_GIVEN}


def stored_equipment(opened: OpenedRun) -> dict[str, Facts]:
    """The equipment of a stored run. For a run of an older release it is read from the first shots."""
    kept: dict[str, Any] = opened.equipment()
    if any("answered" in facts for facts in kept.values()):
        return {name: dict(facts) for name, facts in kept.items()}
    return answered(kept, opened.shots())


def doubts(found: Mapping[str, Mapping[str, str]], day: str) -> tuple[str, ...]:
    """Calibrations that had run out on `day` (ISO date), instruments that changed within the run, and faults of others
    that nothing but their own word proves.
    """
    late = overdue_in(found, day)
    changed = [
        f"{name} was exchanged within the run: {facts['answered']}, then {facts['changed']}"
        for name, facts in found.items()
        if "changed" in facts
    ]
    alone = [facts[UNSHOWN] for facts in found.values() if UNSHOWN in facts]
    return (*late, *changed, *alone)
