"""What a run's figures may be taken for: three classes of evidence, which never share a figure."""

from enum import StrEnum

from bench.timing.clock import Timebase


class EvidenceClass(StrEnum):
    """From the weakest to the strongest. Only `HARDWARE` is a statement on a board's timing.

    REAL_TIME: the host's clock, with at least one part that is no hardware: a virtual bus, a process in place of the
    board, a pseudo-terminal.
    """

    SIMULATED = "simulated"
    REAL_TIME = "real_time"
    HARDWARE = "hardware"

    @property
    def timebase(self) -> Timebase:
        return Timebase.SIMULATED if self is EvidenceClass.SIMULATED else Timebase.HOST

    @property
    def discharges(self) -> bool:
        """Whether a board's timing may be shown by it."""
        return self is EvidenceClass.HARDWARE


def at_least_known(timebase: Timebase) -> EvidenceClass:
    """The class of evidence where only the timebase is known. A board has to be proven, so it is never HARDWARE."""
    return EvidenceClass.SIMULATED if timebase is Timebase.SIMULATED else EvidenceClass.REAL_TIME


CLASS_WORDS = {
    EvidenceClass.SIMULATED: "simulated time",
    EvidenceClass.REAL_TIME: "real time without a board",
    EvidenceClass.HARDWARE: "hardware",
}
BY_OPTION = {
    "simulated": EvidenceClass.SIMULATED,
    "real": EvidenceClass.REAL_TIME,
    "hardware": EvidenceClass.HARDWARE,
}
"""What `--time` of commands that read stored runs may say."""
