"""Cumulative cash from the first dollar spent to the last settlement: how deep, how long, and how sure."""

from __future__ import annotations

from math import isfinite

import numpy as np
from matplotlib.axes import Axes

from simdce.plots.style import FAINT, INK, OWES, PAID, SMALL, TEXT, axes, dollar_tick
from simdce.studies.cash import BANDS, CashAnswer
from simdce.wording import money

MONTHS = 12
_AFTER = 3
"""Months drawn after the last flow, so that its step can be seen."""
_MOST_TICKS = 5
_SHADES = (0.16, 0.20, 0.28)
"""Opacity of the 95, 80 and 50% bands: each lies on the one before."""


def cash_over_time(answer: CashAnswer, *, name: str | None = None, ax: Axes | None = None) -> Axes:
    """Cumulative cash in dollars by month: median, and the bands that hold 50, 80 and 95% of worlds.

    The triangle is the typical deepest point (median depth, median month), the diamond the month from which in half of
    the worlds no money is missing any more. Dotted lines are settlements. ``name`` is what the figure is called.
    """
    ax = axes(ax, 6.0, 3.4)
    fan = [*answer.fan, (answer.fan[-1][0] + _AFTER, answer.fan[-1][1])]
    months = np.array([month + 1 for month, _ in fan], float)
    edges = np.array([[edge.value for edge in found] for _, found in fan])
    half = len(BANDS) // 2
    for outer, shade in enumerate(_SHADES):
        low, high = edges[:, outer], edges[:, -1 - outer]
        ax.fill_between(months, low, high, color=PAID, alpha=shade, linewidth=0)
        for edge in (low, high):
            ax.plot(
                months, edge, color=PAID, linewidth=0.5, alpha=0.6, linestyle=("-", (0, (4, 2)), (0, (1, 1.3)))[outer]
            )
    ax.plot(months, edges[:, half], color=INK, linewidth=1.6)
    ax.axhline(0.0, color=INK, linewidth=0.8)
    for month in answer.settlement_months:
        ax.axvline(month, color=FAINT, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    _marks(ax, answer)
    _frame(ax, answer, months)
    if name is not None:
        ax.set_title(name, loc="left", fontsize=TEXT, fontweight="bold", color=INK, parse_math=False)
    return ax


def _marks(ax: Axes, answer: CashAnswer) -> None:
    low, when, back = (answer.estimate(name) for name in ("low_point_p50", "low_month_p50", "payback_month_p50"))
    if low.value < 0 and isfinite(when.value):
        ax.plot(when.value + 1, low.value, marker="v", markersize=8, color=OWES, markeredgecolor="white", zorder=6)
        _say(ax, answer, when.value + 1, low.value, -15, f"lowest, typically {money(low.value, low.standard_error)}")
    if isfinite(back.value) and back.value > answer.fan[0][0]:
        ax.plot(back.value + 1, 0.0, marker="D", markersize=7, color=INK, markeredgecolor="white", zorder=5)
        _say(ax, answer, back.value + 1, 0.0, 9, f"back, typically {answer.date(back.value)}")


def _say(ax: Axes, answer: CashAnswer, month: float, dollars: float, above: int, words: str) -> None:
    """Words beside a mark, on the side where there is room."""
    first, last = answer.fan[0][0], answer.fan[-1][0]
    place = (month - first) / (last - first)
    side = "left" if place < 0.3 else "right" if place > 0.7 else "center"
    ax.annotate(words, (month, dollars), xytext=(0, above), textcoords="offset points", fontsize=SMALL, color=INK,
                ha=side, annotation_clip=False)  # fmt: skip


def _frame(ax: Axes, answer: CashAnswer, months: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    first, last = int(np.floor((months[0] - 1) / MONTHS)), int(np.ceil(months[-1] / MONTHS))
    years = range(first, last + 1, 1 if last - first < _MOST_TICKS else 2)
    ax.set_xticks([MONTHS * year for year in years], [f"Jan {answer.first_year + year}" for year in years])
    ax.tick_params(axis="x", labelsize=SMALL)
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom - 0.12 * (top - bottom), top)
    ax.set_xlim(months[0] - 1, months[-1] + 2)
    ax.yaxis.set_major_formatter(dollar_tick)
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
