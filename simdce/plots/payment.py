"""The law of a year's payment as twenty equally likely years, those in which nothing moves in a lane of their own."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simdce.plots.style import (
    FAINT,
    INK,
    NOTHING,
    OWES,
    PAID,
    SMALL,
    TEXT,
    FloatArray,
    axes,
    dollar_tick,
    new_figure,
)
from simdce.wording import percent

DOTS = 20
"""Years drawn: each stands for one in twenty, so the leftmost is the worst year in 20."""

_LANE = 5
"""Columns of the lane of years in which nothing moves: twenty of them make four rows."""
_DOT_POINTS = 9.0
_COLUMNS = 52
_LEAST_ROW = 4.4
"""Height of the lowest row in dots: room for its name."""


@dataclass(frozen=True)
class _Row:
    """Where the dots of one arrangement stand: columns right or left of the lane, and heights, in dots."""

    name: str
    net: FloatArray
    columns: FloatArray
    heights: FloatArray

    @property
    def nothing(self) -> int:
        return DOTS - len(self.columns)

    @property
    def height(self) -> float:
        stacked = float(self.heights.max(initial=0.0)) + 1.0
        return max(stacked, ceil(self.nothing / _LANE), _LEAST_ROW) + 1.2


def payment_laws(net: Mapping[str, FloatArray], ax: Axes | None = None) -> Axes:
    """One row per arrangement: twenty equally likely years by what they bring, in dollars.

    ``net``: name of the arrangement to simulated yearly net payments (dollars, negative when owing), any shape. Every
    mark is one year in twenty, at its own quantile: never a smoothed density. Years in which nothing moves stand as
    squares in the lane at zero, which the axis makes room for.
    """
    quantiles = {name: _quantiles(np.ravel(years)) for name, years in net.items()}
    drawn = np.concatenate([*quantiles.values(), [0.0]])
    low, high = (float(drawn.min()), float(drawn.max())) if drawn.any() else (-1.0, 1.0)
    column = (high - low) / _COLUMNS
    rows = [_row(name, years, quantiles[name], column) for name, years in net.items()]
    total = sum(row.height for row in rows)
    if ax is None:
        figure = new_figure(10.0, total * _DOT_POINTS / 72 + 0.85)
        tall = figure.get_figheight()
        ax = figure.add_axes((0.245, 0.5 / tall, 0.735, 1 - 0.85 / tall))
    ax = axes(ax)
    size = _mark_size(ax, total)
    ends = (low / column - _LANE / 2 - 1.5, high / column + _LANE / 2 + 1.5)
    ax.set(xlim=ends, ylim=(0.0, total), yticks=[])
    ax.axvspan(-_LANE / 2 - 0.3, _LANE / 2 + 0.3, color="#F0F2F4", zorder=0, linewidth=0)
    ax.spines["left"].set_visible(False)
    base = total
    for row in rows:
        base -= row.height
        _draw(ax, row, base, size)
        _name(ax, row, base)
    _dollar_axis(ax, low, high, column)
    _head(ax, ends)
    return ax


def _quantiles(years: FloatArray) -> FloatArray:
    """The twenty order statistics in the middle of each twentieth, never between two."""
    places = np.ceil((np.arange(DOTS) + 0.5) / DOTS * len(years) - 1.0).astype(int)
    found: FloatArray = np.sort(years)[np.clip(places, 0, len(years) - 1)]
    return found


def _row(name: str, net: FloatArray, quantiles: FloatArray, column: float) -> _Row:
    moving = quantiles[quantiles != 0]
    away = np.maximum(np.ceil(np.abs(moving) / column), 1.0)
    columns = np.sign(moving) * (away - 0.5)
    heights = np.array([float((columns[:number] == columns[number]).sum()) for number in range(len(columns))])
    return _Row(name, net, columns, heights)


def _mark_size(ax: Axes, total: float) -> float:
    """Area of a mark in squared points, so that neighbours do not touch in either direction."""
    box = ax.get_position()
    wide, tall = ax.figure.bbox.width / ax.figure.dpi, ax.figure.bbox.height / ax.figure.dpi
    room = min(box.width * wide * 72 / (_COLUMNS + _LANE + 3), box.height * tall * 72 / total)
    return float((0.86 * room) ** 2)


def _draw(ax: Axes, row: _Row, base: float, size: float) -> None:
    ax.axhline(base, color=FAINT, linewidth=0.6, zorder=1)
    for chosen, marker, colour in ((row.columns > 0, "o", PAID), (row.columns < 0, "v", OWES)):
        if chosen.any():
            columns = row.columns[chosen] + np.sign(row.columns[chosen]) * _LANE / 2
            ax.scatter(
                columns, base + 0.65 + row.heights[chosen], s=size, marker=marker, color=colour, linewidths=0, zorder=3
            )
    still = np.arange(row.nothing)
    ax.scatter(still % _LANE - (_LANE - 1) / 2, base + 0.65 + still // _LANE, s=0.8 * size, marker="s", color=NOTHING,
               linewidths=0, zorder=3)  # fmt: skip


def _name(ax: Axes, row: _Row, base: float) -> None:
    years = np.ravel(row.net)
    shares = [percent(float(part.mean()), 0.01) for part in (years < 0, years == 0, years > 0)]
    told = f"owes {shares[0]} · nothing {shares[1]} · paid {shares[2]}"
    lines = textwrap.wrap(row.name, 30, max_lines=2, placeholder="…") or [""]
    for number, line in enumerate(reversed(lines)):
        ax.annotate(line, (0.0, base), xycoords=("axes fraction", "data"), xytext=(-10, 15 + 11 * number),
                    textcoords="offset points", ha="right", fontsize=TEXT, fontweight="bold", color=INK,
                    annotation_clip=False, parse_math=False)  # fmt: skip
    ax.annotate(told, (0.0, base), xycoords=("axes fraction", "data"), xytext=(-10, 3), textcoords="offset points",
                ha="right", fontsize=SMALL, color=INK, annotation_clip=False, parse_math=False)  # fmt: skip


def _dollar_axis(ax: Axes, low: float, high: float, column: float) -> None:
    ticks = [tick for tick in MaxNLocator(8).tick_values(low, high) if low <= tick <= high and abs(tick) > 2 * column]
    places = [tick / column + np.sign(tick) * _LANE / 2 for tick in ticks]
    ax.set_xticks([*places, 0.0], [*(dollar_tick(tick) for tick in ticks), "$0"])
    ax.set_xlabel("dollars of one performance year, whole contract", fontsize=TEXT, color=INK)


def _head(ax: Axes, ends: tuple[float, float]) -> None:
    """What stands where, above the first row."""
    heads = [(0.0, "center", "nothing moves", INK)]
    if ends[0] < -_LANE / 2 - 6:
        heads.append((-_LANE / 2 - 1.5, "right", "◀ owes", OWES))
    if ends[1] > _LANE / 2 + 6:
        heads.append((_LANE / 2 + 1.5, "left", "paid ▶", PAID))
    apart = {"center": 0, "right": -22, "left": 22}
    for place, side, words, colour in heads:
        ax.annotate(words, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(apart[side], 4),
                    textcoords="offset points", ha=side, fontsize=TEXT, fontweight="bold", color=colour,
                    annotation_clip=False, parse_math=False)  # fmt: skip
