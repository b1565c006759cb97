"""Second clocks that the host's may be held against: a reference that chrony follows, or a CAN adapter's own clock."""

import shutil
import subprocess
from typing import NamedTuple

_PATIENCE_S = 1.0
_MATCH_PPB = 10_000  # the correction that the host's clock shows has to be the one that chrony says it needs
_MARGIN_PPB = 1_000  # what an oscillator's rate may have moved by since chrony has told it
ADAPTER_PPB = 100_000  # what an adapter's own crystal may be off by


class Tracking(NamedTuple):
    """What chrony says of the clock that it corrects (chronyc(1), tracking); rates in ppb, their signs left out."""

    reference: str
    stratum: int
    leap: str
    offset_us: float
    rate_ppb: int
    residual_ppb: int
    skew_ppb: int

    @property
    def follows(self) -> bool:
        """A reference outside of this machine."""
        return self.leap == "Normal" and 0 < self.stratum < 16 and not self.reference.startswith("127.127.")


class ClockBound(NamedTuple):
    """The largest error of the host's clock rate, and its source."""

    ppb: int
    why: str


def ask_chrony() -> Tracking | None:
    """None where there is no chrony that answers. Takes some ms, a second at most."""
    if (program := shutil.which("chronyc")) is None:
        return None
    try:
        done = subprocess.run(
            [program, "-c", "-n", "tracking"],
            capture_output=True, text=True, check=False, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        found = done.stdout.strip().split(",")
        if done.returncode != 0 or len(found) < 14:
            return None
        _, reference, stratum, _, offset, _, _, *rates, _, _, _, leap = found[:14]
        rate, residual, skew = (-(-abs(round(float(one) * 1e6)) // 1000) for one in rates)
        return Tracking(reference, int(stratum), leap, float(offset) * 1e6, rate, residual, skew)
    except (OSError, ValueError, OverflowError, subprocess.SubprocessError):
        return None


def by_chrony(said: Tracking | None, mean_ppb: int | None) -> ClockBound | None:
    """None where chrony follows nothing, or the clock does not show the correction that chrony says it needs.

    mean_ppb: by how much the system makes the clock faster or slower than its oscillator, over the shot.
    """
    if said is None or mean_ppb is None or not said.follows:
        return None
    apart_ppb = abs(abs(mean_ppb) - said.rate_ppb)
    if apart_ppb > _MATCH_PPB:
        return None
    why = f"held by chrony against {said.reference} (stratum {said.stratum})"
    return ClockBound(said.residual_ppb + said.skew_ppb + apart_ppb + _MARGIN_PPB, why)


def by_adapter(channel: str, apart: tuple[int, int] | None) -> ClockBound | None:
    """apart: rate of the host's clock against the adapter's over the shot, and ± of it, in ppb."""
    if apart is None:
        return None
    why = f"held against the adapter's clock on {channel}, itself within {ADAPTER_PPB // 1000} ppm"
    return ClockBound(abs(apart[0]) + apart[1] + ADAPTER_PPB, why)
