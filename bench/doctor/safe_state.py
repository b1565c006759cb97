"""Is the rig known to be in its safe state? Here a poisoned rig is switched off, confirmed, and given free again.

A rig is poisoned where an injected fault could not be cleared. What outlives a run is what real instruments still
drive: their outputs are switched off and read back. The ports decide, whichever clock the doctor is started with.
"""

from bench.config.bench_file import BenchConfig
from bench.doctor.finding import Checkup, Health
from bench.record.marker import is_there
from bench.record.poison import facts_of, lift, marker_of, rig_facts
from bench.timing.host import run_on_host
from bench.trace.trouble import line_of
from bench.wiring.switch_off import driving, switch_off

_AREA = "safe state"
_BY_HAND = "see to it by hand that every output is off, then delete this file"


def confirm(config: BenchConfig) -> Checkup:
    """One finding. BAD means: do not drive. Only a poisoned rig is switched; its marker is lifted once it is safe."""
    if is_there(marker_of(config.record.rig)):
        return _confirm_poisoned(config)
    real = driving(config)
    if not real:
        return _finding(Health.OK, "virtual instruments hold no energy between runs; the rig is not poisoned")
    text = (
        f"not poisoned; not read back here: {', '.join(real)}; every shot ends by reading outputs back as off"
    )
    return _finding(Health.NOTE, text, "`hil run` with one short scenario confirms it")


def _confirm_poisoned(config: BenchConfig) -> Checkup:
    marker = marker_of(config.record.rig)
    facts = facts_of(config.record.rig)
    if facts is None:
        return _finding(Health.BAD, f"poisoned, and {marker} cannot be read: not lifted", _BY_HAND)
    why = f"poisoned: {facts.get('why', 'no reason given')}"
    for name, here in rig_facts(config).items():
        if facts.get(name) != here:
            text = (
                f"{why}; {marker} is of {name} '{facts.get(name, 'unknown')}', this is '{here}': not lifted"
            )
            return _finding(
                Health.BAD, text, f"`hil doctor --config` with that rig's bench file, or {_BY_HAND}"
            )
    real = driving(config)
    if real:
        try:
            run_on_host(lambda clock: switch_off(config, clock))
        except Exception as error:  # noqa: BLE001 - whatever was raised: it is not confirmed
            text = f"{why}; outputs are NOT confirmed off: {line_of(error)}: not lifted"
            return _finding(Health.BAD, text, f"mend the instrument and ask again, or {_BY_HAND}")
        did = f"switched off and read back as off: {', '.join(real)}"
    else:
        did = "every instrument is virtual, and nothing of it outlives the run"
    try:
        lift(config.record.rig)
    except OSError as error:
        return _finding(Health.BAD, f"was {why}; {did}; the marker cannot be removed: {error}", _BY_HAND)
    return _finding(Health.OK, f"was {why}; {did}; lifted: `hil run` drives this rig again")


def _finding(state: Health, text: str, mend: str = "") -> Checkup:
    return Checkup(area=_AREA, state=state, text=text, mend=mend)
