"""A pool as one HTML file that needs nothing else: a forest of labs for each fault, and the table behind it."""

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bench.errors import RecordError
from bench.report.svg import level, percent, picture, text, time_axis, upright
from bench.report.told.pool import LabTold, PooledFaultTold, PoolTold
from bench.units import NS_PER_S

_ROW, _TOP, _AXIS = 20, 8, 24  # px
_LONGEST = 20  # characters of a lab's name; the table has all of it
_LABEL = 24  # percent of the picture that names take
_Z_95 = 1.959963984540054
CONTRADICTS = {"share": "share handled", "fdti": "FDTI", "fhti": "FHTI"}


def write_pool_html(pool: PoolTold, path: Path) -> None:
    """Raises RecordError when the file cannot be written."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("bench.report").joinpath("pool.html.j2").read_text(encoding="utf-8")
    page = environment.from_string(source).render(pool=pool, forest=forest, contradicts=CONTRADICTS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror}") from error


def forest(fault: PooledFaultTold) -> Markup:
    """The FHTI of each lab with its 95 % interval, and all labs together below; nothing where none was measured."""
    pooled = fault.fhti
    rows = [(one.lab, *_interval(one), one.tried) for one in fault.labs if one.fhti_mean_s is not None]
    if pooled is None or not rows:
        return Markup("")
    lows, highs = [row[1] for row in rows], [row[3] for row in rows]
    low, high = min(*lows, pooled.low_s), max(*highs, pooled.high_s)
    room = 0.08 * (high - low) or 0.05 * high
    scale = percent(low - room, high + room)

    def at(value_s: float) -> float:
        return _LABEL + scale(value_s) * (98 - _LABEL) / 100

    bottom = _TOP + _ROW * (len(rows) + 1)
    parts = time_axis(
        (low - room) * NS_PER_S, (high + room) * NS_PER_S, lambda ns: at(ns / NS_PER_S), _TOP, bottom
    )
    for number, (lab, start, mean, end, shots) in enumerate(rows):
        y = _TOP + _ROW * (number + 0.5)
        parts += [text("", 0, y + 4, f"{lab[:_LONGEST]} ({shots})"), level("line", y, at(start), at(end))]
        parts.append(f'<circle class="dot" cx="{at(mean):.2f}%" cy="{y:.1f}" r="4"/>')
    y = _TOP + _ROW * (len(rows) + 0.5)
    parts += [text("strong", 0, y + 4, "all labs"), level("line all", y, at(pooled.low_s), at(pooled.high_s))]
    box = f'y="{y - 5:.1f}" width="8" height="10" transform="translate(-4 0)"'
    parts.append(f'<rect class="all" x="{at(pooled.mean_s):.2f}%" {box}/>')
    parts.append(upright("mean", at(pooled.mean_s), _TOP, bottom))
    return picture(bottom + _AXIS, f"FHTI of {fault.scenario} by lab", parts, "forest")


def _interval(lab: LabTold) -> tuple[float, float, float]:
    """(low, mean, high), two-sided 95 %, in s."""
    mean, half = lab.fhti_mean_s or 0.0, _Z_95 * (lab.fhti_uncertainty_s or 0.0)
    return mean - half, mean, mean + half
