"""What all figures share: colours with a second carrier each, quiet axes, labels that do not collide, stable SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

PAID, NOTHING, OWES = "#0072B2", "#8A949E", "#D55E00"
"""Okabe and Ito's blue and vermilion, told apart by the colour-blind, and a grey between them."""

INK, FAINT, PAPER = "#1F2933", "#C9D0D6", "#FFFFFF"
SERIES = ("#0072B2", "#D55E00", "#007A5A", "#A8447F", "#3B3B3B", "#B07C00", "#5A6FC0", "#7A5230")
DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", (0, (5, 2)), (0, (1, 1.3)), (0, (6, 2, 1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p")
TEXT = 9.0
SMALL = 8.0


def new_figure(width: float = 10.0, height: float = 4.2) -> Figure:
    """An empty figure of a size in inches."""
    return Figure(figsize=(width, height), facecolor=PAPER)


def axes(ax: Axes | None, width: float = 10.0, height: float = 4.2) -> Axes:
    """The axes given, or those of a new figure; quiet: no box, faint ticks."""
    if ax is None:
        ax = new_figure(width, height).add_subplot()
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(FAINT)
    ax.tick_params(labelsize=TEXT, color=FAINT, labelcolor=INK)
    return ax


def series_style(number: int) -> dict[str, object]:
    """Colour, dash and marker of a series; three carriers that go round at different paces."""
    return {
        "color": SERIES[number % len(SERIES)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": MARKERS[number % len(MARKERS)],
    }


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions moved apart to at least ``gap`` where the room allows it, in the same order, within low and high."""
    if not positions:
        return []
    order = sorted(range(len(positions)), key=lambda number: positions[number])
    gap = min(gap, (high - low) / max(1, len(positions) - 1))
    placed = [min(max(positions[number], low), high) for number in order]
    for _ in range(200):
        moved = False
        for left, right in pairwise(range(len(placed))):
            missing = gap - (placed[right] - placed[left])
            if missing > 1e-9:
                placed[left] = max(low, placed[left] - missing / 2)
                placed[right] = min(high, max(placed[right] + missing / 2, placed[left] + gap * 0.5))
                moved = True
        if not moved:
            break
    found = [0.0] * len(positions)
    for place, number in zip(placed, order, strict=True):
        found[number] = place
    return found


def dollar_tick(value: float, _: object = None) -> str:
    """A tick of a dollar axis: −$2.5M, $800k, $0."""
    size, sign = abs(value), "−" if value < 0 else ""
    for scale, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= scale:
            return f"{sign}${size / scale:.4g}{letter}"
    return f"{sign}${size:.4g}"


def svg(drawn: Axes | Figure, description: str) -> str:
    """The figure (of the axes) as an SVG element for a page, text as text: the same bytes every time.

    ``description`` is for readers who do not see it.
    """
    figure = drawn.get_figure(root=True) if isinstance(drawn, Axes) else drawn
    assert figure is not None
    page = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "simdce", "svg.fonttype": "none", "hatch.linewidth": 0.6}):
        figure.savefig(page, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = page.getvalue()
    return text[text.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{escape(description)}" ', 1)
