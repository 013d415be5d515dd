"""The law of a year's payment as twenty equally likely years, with the years in which nothing moves as a bar."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from simdce.plots.style import FAINT, INK, NOTHING, OWES, PAID, SMALL, TEXT, FloatArray, axes, new_figure
from simdce.wording import money, percent

DOTS = 20
"""Years drawn: each stands for one in twenty, so the leftmost is the worst year in 20."""

_DOT_POINTS = 7.6
_LEAST_ROW = 4.6
"""Height of the lowest row in dots: room for its name."""


@dataclass(frozen=True)
class _Row:
    name: str
    net: FloatArray
    columns: FloatArray
    heights: FloatArray
    nothing: float

    @property
    def height(self) -> float:
        stacked = float(self.heights.max()) + 1.0 if len(self.heights) else 0.0
        return max(stacked, DOTS * self.nothing, _LEAST_ROW) + 1.6


def payment_laws(net: Mapping[str, FloatArray], ax: Axes | None = None) -> Axes:
    """One row per arrangement: twenty equally likely years by what they bring, in dollars.

    ``net``: name of the arrangement to simulated yearly net payments (dollars, negative when owing), any shape. A dot
    is one year in twenty at its own quantile, never a smoothed density; years in which nothing moves are the bar at
    zero, as high as that many dots.
    """
    quantiles = {name: _quantiles(np.ravel(years)) for name, years in net.items()}
    drawn = np.concatenate([*quantiles.values(), [0.0]])
    low, high = float(drawn.min()), float(drawn.max())
    low, high = (low, high) if high > low else (-1.0, 1.0)
    if ax is None:
        height = sum(_row(name, years, quantiles[name], (high - low) / 60).height for name, years in net.items())
        figure = new_figure(10.0, height * _DOT_POINTS / 72 + 0.75)
        ax = figure.add_axes((0.245, 0.55 / figure.get_figheight(), 0.735, 1 - 0.6 / figure.get_figheight()))
    ax = axes(ax)
    wide, tall = _points(ax)
    column = (high - low) / max(8.0, 0.94 * wide / _DOT_POINTS)
    rows = [_row(name, years, quantiles[name], column) for name, years in net.items()]
    total = sum(row.height for row in rows)
    size = min(_DOT_POINTS, tall / total)
    base = total
    ticks = []
    for row in rows:
        base -= row.height
        ticks.append(base)
        _draw(ax, row, base, column, size)
    ax.set_ylim(0.0, total)
    ax.set_xlim(low - 1.5 * column, high + 1.5 * column)
    ax.axvline(0.0, color=INK, linewidth=0.6, zorder=0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    for row, at in zip(rows, ticks, strict=True):
        _name(ax, row, at)
    ax.xaxis.set_major_formatter(lambda value, _: money(value))
    ax.set_xlabel("paid to (right) or owed by (left) the contract holder for one performance year", fontsize=TEXT)
    return ax


def _points(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes in points."""
    box = ax.get_position()
    wide, tall = ax.figure.get_size_inches()
    return float(box.width * wide * 72), float(box.height * tall * 72)


def _quantiles(years: FloatArray) -> FloatArray:
    """The twenty order statistics in the middle of each twentieth, never between two."""
    places = np.ceil((np.arange(DOTS) + 0.5) / DOTS * len(years) - 1.0).astype(int)
    found: FloatArray = np.sort(years)[np.clip(places, 0, len(years) - 1)]
    return found


def _row(name: str, net: FloatArray, quantiles: FloatArray, column: float) -> _Row:
    moving = quantiles[quantiles != 0]
    columns = np.round(moving / column)
    columns = np.where(columns == 0, np.sign(moving), columns)  # the column of zero is the bar's
    heights = np.array([float((columns[:number] == columns[number]).sum()) for number in range(len(columns))])
    return _Row(name, net, columns, heights, float((np.ravel(net) == 0).mean()))


def _draw(ax: Axes, row: _Row, base: float, column: float, size: float) -> None:
    ax.axhline(base, color=FAINT, linewidth=0.6, zorder=0)
    for chosen, marker, colour in ((row.columns > 0, "o", PAID), (row.columns < 0, "v", OWES)):
        if chosen.any():
            ax.scatter(row.columns[chosen] * column, base + 0.6 + row.heights[chosen], s=(0.88 * size) ** 2,
                       marker=marker, color=colour, linewidths=0, zorder=3)  # fmt: skip
    if row.nothing > 0:
        ax.add_patch(Rectangle((-0.45 * column, base), 0.9 * column, DOTS * row.nothing, color=NOTHING, linewidth=0))
        if row.nothing >= 0.02:
            words = f"nothing moves: {percent(row.nothing, 0.01)}"
            right = ax.get_xlim()
            del right
            ax.annotate(words, (0.45 * column, base + DOTS * row.nothing), xytext=(4, -1), textcoords="offset points",
                        ha="left", va="top", fontsize=SMALL, color=INK)  # fmt: skip


def _name(ax: Axes, row: _Row, base: float) -> None:
    lines = textwrap.wrap(row.name, 26, max_lines=2, placeholder="…") or [""]
    years = np.ravel(row.net)
    told = f"paid {percent(float((years > 0).mean()), 0.01)} · owes {percent(float((years < 0).mean()), 0.01)}"
    for number, line in enumerate(reversed(lines)):
        ax.annotate(line, (0.0, base), xycoords=("axes fraction", "data"), xytext=(-10, 14 + 11 * number),
                    textcoords="offset points", ha="right", fontsize=TEXT, fontweight="bold", color=INK,
                    annotation_clip=False)  # fmt: skip
    ax.annotate(told, (0.0, base), xycoords=("axes fraction", "data"), xytext=(-10, 3), textcoords="offset points",
                ha="right", fontsize=SMALL, color=INK, annotation_clip=False)  # fmt: skip
