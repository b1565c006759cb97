"""Is the rig known to be in its safe state? The place where a poisoned rig is confirmed, and released.

Nothing poisons a rig yet: every shot ends with its outputs off and read back, and a shot whose safe state is not
confirmed is an ERROR. Where a later release refuses to drive a rig after such a shot, `confirm` is what gives it
free again: it has to read the outputs back as off, and to say so.
"""

from bench.config.bench_file import BenchConfig
from bench.doctor.finding import Finding, State


def confirm(config: BenchConfig) -> Finding:
    """One finding. BAD means: do not drive."""
    real = [name for name, one in config.instruments.items() if not one.virtual]
    if not real:
        text = "virtual instruments hold no energy between runs"
        return Finding(area="safe state", state=State.OK, text=text)
    text = f"not read back here: {', '.join(real)}; every shot ends by reading their outputs back as off"
    return Finding(
        area="safe state", state=State.NOTE, text=text, mend="`hil run` with one short scenario confirms it"
    )
