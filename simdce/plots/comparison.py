"""What contracts pay against what care management really saves, and where one overtakes another."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from simdce.metrics import Estimate
from simdce.plots.style import FAINT, INK, PAPER, SMALL, TEXT, FloatArray, axes, dollar_tick, series_style
from simdce.studies.break_even import BreakEven
from simdce.studies.comparison import DISTINGUISHABLE, Comparison

_LONGEST_NAME = 34
_WIDEST = 0.16
"""True savings drawn, unless something happens beyond."""


def net_by_true_savings(
    compared: Comparison, years: int, *, arrangements: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None, ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Expected net payment a year (dollars) of each arrangement over true savings; a diamond where it is nought.

    ``years``: performance years of the agreement; ``arrangements``: keys to draw, default all; ``names``: what the
    figure calls them. The arrangement that the others are held against is the thick line.
    """
    ax = axes(ax, 6.0, 4.2)
    for number, key in enumerate(_ordered(compared, arrangements)):
        savings, values = 100 * np.array(compared.curves.savings), _values(compared.curves.net[key]) / years
        style = series_style(number)
        wide = 2.4 if key == compared.against else 1.4
        (line,) = ax.plot(savings, values, markersize=4.0, linewidth=wide, **style)  # type: ignore[arg-type]
        line.set(label=(names or {}).get(key, key), markevery=2)
        _mark(ax, compared.crossings(key, None), str(style["color"]))
    _frame(ax, compared, "expected net payment a year")
    return ax


def difference_by_true_savings(
    compared: Comparison, years: int, *, arrangements: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None, ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """What each arrangement pays more a year (dollars) than the one they are held against, over true savings.

    Bands are two standard errors of the difference on the same worlds, either way; a diamond is where both pay alike.
    Arguments as in ``net_by_true_savings``.
    """
    ax = axes(ax, 6.0, 4.2)
    for number, key in enumerate(_ordered(compared, arrangements)):
        if key == compared.against:
            continue
        found = compared.curves.difference[key]
        savings, values = 100 * np.array(compared.curves.savings), _values(found) / years
        margin = DISTINGUISHABLE * np.array([each.standard_error for each in found]) / years
        style = series_style(number)
        colour = str(style["color"])
        ax.fill_between(savings, values - margin, values + margin, color=colour, alpha=0.25, linewidth=0)
        (line,) = ax.plot(savings, values, markersize=4.0, linewidth=1.4, **style)  # type: ignore[arg-type]
        line.set(label=(names or {}).get(key, key), markevery=2)
        _mark(ax, compared.crossings(key, compared.against), colour)
    name = (names or {}).get(compared.against, compared.against)
    _frame(ax, compared, f"more (less) a year than {textwrap.shorten(name, _LONGEST_NAME, placeholder='…')}")
    return ax


def _ordered(compared: Comparison, arrangements: Sequence[str] | None) -> Iterator[str]:
    """The keys to draw, the one held against first, so that both figures give each the same style."""
    yield compared.against
    yield from (key for key in arrangements or compared.curves.net if key != compared.against)


def _values(estimates: Sequence[Estimate]) -> FloatArray:
    return np.array([each.value for each in estimates])


def _mark(ax: Axes, found: BreakEven, colour: str) -> None:
    for crossing in found.crossings:
        ax.plot(100 * crossing.true_savings.value, 0.0, marker="D", markersize=7.5, color=colour,
                markeredgecolor=PAPER, zorder=5, clip_on=True)  # fmt: skip


def _frame(ax: Axes, compared: Comparison, title: str) -> None:
    crossed = [each.true_savings.value for found in compared.break_even for each in found.crossings
               if found.against in (None, compared.against)]  # fmt: skip
    largest = min(compared.curves.savings[-1], max([_WIDEST, *(rate + 0.01 for rate in crossed)]))
    ax.set_xlim(0.0, 100 * largest)
    drawn = [np.asarray(line.get_ydata(), float)[np.asarray(line.get_xdata(), float) <= 100 * largest + 1e-9]
             for line in ax.get_lines()]  # fmt: skip
    heights = np.concatenate([*drawn, [0.0]])
    room = 0.06 * (float(np.ptp(heights)) or 1.0)
    ax.set_ylim(float(heights.min()) - room, float(heights.max()) + room)
    ax.axhline(0.0, color=INK, linewidth=0.9, zorder=1)
    ax.yaxis.set_major_formatter(dollar_tick)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    ax.tick_params(labelsize=SMALL)
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.set_xlabel("true savings, the same every year", fontsize=TEXT, color=INK)
    ax.set_title(title, loc="left", fontsize=TEXT, fontweight="bold", color=INK, parse_math=False)
