"""Fan charts of growth: people and what the contract pays, plan by plan, with the bands of 50, 80 and 95% of worlds."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from simdce.plots.style import FAINT, INK, PAID, SERIES, SMALL, TEXT, axes, dollar_tick, new_figure, spread

if TYPE_CHECKING:
    from simdce.studies.growth import GrowthAnswers

_BANDS = (("95%", "2.5", "97.5", 0.16), ("80%", "10", "90", 0.34), ("50%", "25", "75", 0.60))
"""Share of worlds inside, percentiles at its edges, how dark it is drawn."""

_MOST_PLANS = 4
_IN_SIGHT = 1.3
"""A size asked for is drawn where it lies no more than this far above the widest band."""


def growth_fans(found: GrowthAnswers, arrangement: str | None = None, *, name: str | None = None) -> Figure:
    """A column per plan (four at most): above people by year, below the net payment of the year under an arrangement.

    The line is the median; bands hold half, 80% and 95% of worlds. Dotted lines are the sizes asked for, dashed the
    arrangement's minimum. ``arrangement`` defaults to the first, ``name`` is what the figure calls it.
    """
    key = arrangement or next(iter(found.minimum))
    plans = found.plans[:_MOST_PLANS]
    figure = new_figure(10.0, 6.2)
    figure.subplots_adjust(left=0.085, right=0.945, top=0.90, bottom=0.12, wspace=0.10, hspace=0.16)
    rows: list[list[Axes]] = [[], []]
    for column, plan in enumerate(plans):
        for row, (quantity, colour) in enumerate((("people", SERIES[2]), ("net", PAID))):
            place = row * len(plans) + column + 1
            ax = axes(figure.add_subplot(2, len(plans), place, sharey=rows[row][0] if column else None))
            rows[row].append(ax)

            def values(text: str, plan: str = plan, quantity: str = quantity) -> list[float]:
                under = key if quantity == "net" else ""
                return [found.estimate(plan, f"{quantity}_p{text}", year, under).value for year in found.years]

            _fan(ax, found.years, values, colour, labelled=column == len(plans) - 1)
            if column:
                ax.tick_params(labelleft=False)
            if row == 0:
                ax.set_title(textwrap.fill(plan, 34), fontsize=TEXT + 1, color=INK, loc="left", fontweight="bold",
                             parse_math=False)  # fmt: skip
                ax.tick_params(labelbottom=False)
    for ax in rows[0]:
        _marks(ax, found, key)
    for ax in rows[1]:
        ax.axhline(0.0, color=INK, linewidth=0.8)
    _label(rows[0][0], "people of the year", lambda value, _: f"{value:,.0f}")
    _label(rows[1][0], f"paid a year, {name or key}", dollar_tick)
    words = "line: the middle world; bands: half, 80% and 95% of worlds; dotted: the sizes asked for"
    words += "" if found.minimum[key] in (None, *found.marks) else "; dashed: the contract's minimum"
    figure.text(0.085, 0.025, words, fontsize=SMALL, color=INK)  # fmt: skip
    return figure


def _fan(
    ax: Axes, years: tuple[int, ...], values: Callable[[str], list[float]], colour: str, *, labelled: bool
) -> None:
    edges = []
    for words, low, high, strength in _BANDS:
        lower, upper = values(low), values(high)
        ax.fill_between(years, lower, upper, facecolor=to_rgba(colour, strength), edgecolor=colour, linewidth=0.5)
        edges.append((words, upper[-1]))
    middle = values("50")
    ax.plot(years, middle, color=INK, linewidth=1.8, marker="o", markersize=4)
    ax.set_xticks(years, [str(year) for year in years])
    ax.set_xlim(years[0] - 0.15, years[-1] + 0.15)
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    if labelled:
        bottom, top = ax.get_ylim()
        places = spread([each for _, each in edges] + [middle[-1]], 0.07 * (top - bottom), bottom, top)
        for words, place in zip([*(words for words, _ in edges), "middle"], places, strict=True):
            ax.annotate(words, (1.0, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=SMALL,
                        xycoords=("axes fraction", "data"),
                        color=INK, annotation_clip=False)  # fmt: skip


def _marks(ax: Axes, found: GrowthAnswers, key: str) -> None:
    """The sizes asked for, where the figure shows them, and the minimum of the arrangement."""
    low, high = ax.get_ylim()
    ahead = min((mark for mark in found.marks if mark >= high), default=np.inf)
    if ahead <= _IN_SIGHT * high:
        ax.set_ylim(low, 1.03 * ahead)
    for mark in found.marks:
        if ax.get_ylim()[0] <= mark <= ax.get_ylim()[1]:
            ax.axhline(mark, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
    least = found.minimum[key]
    if least is not None and least not in found.marks and ax.get_ylim()[0] <= least <= ax.get_ylim()[1]:
        ax.axhline(least, color=INK, linewidth=0.9, linestyle=(0, (5, 2)))


def _label(ax: Axes, words: str, tick: Callable[[float, object], str]) -> None:
    ax.set_ylabel(words, fontsize=TEXT, color=INK, parse_math=False)
    ax.yaxis.set_major_formatter(FuncFormatter(tick))
