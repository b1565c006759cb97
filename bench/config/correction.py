"""What a profile corrects of a bus description: files of a vendor are not edited, and their ranges are often wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The range of one signal in its own unit; None: all that its bits carry. reason: who says so."""

    channel: str
    message: str
    signal: str
    range: tuple[float, float] | None
    reason: str

    @property
    def of(self) -> str:
        """channel.message.signal."""
        return f"{self.channel}.{self.message}.{self.signal}"
