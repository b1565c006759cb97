"""Pieces of the report's pictures: SVG that is as wide as its place, with text of one size on every screen.

Places from left to right are percents of the plot, heights are pixels. Lines are drawn in a stretched plane of their
own.
"""

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from bench.units import NS_PER_MS, NS_PER_S, NS_PER_US

Scale = Callable[[float], float]

PLANE = 1000  # width of a stretched plane, in its own units


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """A scale from `low` … `high` to `start` … `end`, in whatever units the two have."""
    factor = (end - start) / ((high - low) or 1)
    return lambda value: start + (value - low) * factor


def percent(low: float, high: float) -> Scale:
    """A scale from `low` … `high`, in any unit, to percents of the plot's width."""
    return linear(low, high, 0, 100)


def picture(height: float, title: str, parts: Sequence[str], style: str = "plot", data: str = "") -> Markup:
    """A whole picture of `height` pixels, with attributes for a script. Every text in `parts` has to be escaped."""
    head = f'<svg class="{style}"{data} height="{height:.0f}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + "</svg>")


def plane(top: float, height: float, parts: Sequence[str], box: str = "") -> str:
    """A stretched part of a picture, `height` pixels from `top` on; `box`: its own coordinates."""
    box = box or f"0 0 {PLANE} {height:g}"
    return (
        f'<svg class="plane" y="{top:g}" width="100%" height="{height:g}" viewBox="{box}" '
        f'preserveAspectRatio="none">{"".join(parts)}</svg>'
    )


def lane(top: float, height: float, left: float = 0, width: float = 100) -> str:
    """The background of a plot: `top` and `height` in pixels, `left` and `width` in percent."""
    return f'<rect class="lane" x="{left:g}%" y="{top:g}" width="{width:.2f}%" height="{height:g}"/>'


def upright(style: str, at: float, top: float, bottom: float) -> str:
    """A vertical line at a percent `at` of the width, from pixel `top` to pixel `bottom`."""
    return f'<line class="{style}" x1="{at:.2f}%" x2="{at:.2f}%" y1="{top:g}" y2="{bottom:g}"/>'


def level(style: str, y: float, left: float = 0, right: float = 100) -> str:
    """A horizontal line at pixel `y`, from percent `left` to percent `right`."""
    return f'<line class="{style}" x1="{left:.2f}%" x2="{right:.2f}%" y1="{y:.1f}" y2="{y:.1f}"/>'


def text(style: str, at: float, y: float, words: str, anchor: str = "start", shift: float = 0) -> str:
    """A text at a percent `at` of the width and a pixel `y`, moved to the right by `shift` pixels."""
    moved = f' dx="{shift:g}"' if shift else ""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{style}" x="{at:.2f}%" y="{y:g}"{moved}{anchored}>{escape(words)}</text>'


def time_axis(start_ns: float, end_ns: float, x: Scale, top: float, bottom: float) -> list[str]:
    """Five to ten round ticks; `x` takes the tick's own value. On a phone every second one has a label.

    top, bottom: pixels.
    """
    step = round_step((end_ns - start_ns) / 6)
    unit, name = next(
        (
            (size, name)
            for size, name in ((NS_PER_S, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "µs"))
            if end_ns >= size
        ),
        (1, "ns"),
    )
    digits = max(0, -math.floor(math.log10(step / unit) + 1e-9))
    parts = []
    for number, k in enumerate(range(math.ceil(start_ns / step), math.floor(end_ns / step) + 1)):
        at = x(k * step)
        parts.append(upright("grid", at, top, bottom + 3))
        style = "small odd" if number % 2 else "small"
        parts.append(text(style, at, bottom + 14, f"{k * step / unit:.{digits}f} {name}", "middle"))
    return parts


def round_step(rough: float) -> float:
    """The 1, 2 or 5 times a power of ten that is next above `rough`, in its unit."""
    power = 10.0 ** math.floor(math.log10(max(rough, 1.0)))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= rough or k == 10)
