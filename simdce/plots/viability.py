"""The chance of an outcome against the size of the panel, with the stated confidence and where it begins to hold."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from simdce.plots.style import FAINT, INK, SMALL, TEXT, axes, series_style, spread
from simdce.studies.viability import INTERVAL_Z, ViabilityCurve

SEED_SIZE = 15_000
"""The panel size that the 2011 notes take for a threshold; marked so that everybody can see what happens there."""


def chance_by_panel_size(
    curves: Sequence[ViabilityCurve], *, names: Mapping[str, str] | None = None, ax: Axes | None = None
) -> Axes:
    """One line per curve with its 95% band, over panel sizes on a log axis; equal lines are drawn and named once.

    ``curves``: of one condition (others raise ValueError); ``names``: arrangement to what the figure calls it. The
    horizontal line is the stated confidence, a diamond on it the smallest panel, with its interval.
    """
    if not curves or len({curve.condition for curve in curves}) > 1:
        raise ValueError("chance_by_panel_size draws one or more curves of one condition")
    if ax is None:
        ax = axes(None)
        ax.figure.subplots_adjust(left=0.055, right=0.76, top=0.94, bottom=0.13)
    ax = axes(ax)
    drawn: dict[tuple[float, ...], list[str]] = {}
    for curve in curves:
        drawn.setdefault(tuple(chance.value for chance in curve.chances), []).append(curve.arrangement)
    shown = [(next(c for c in curves if c.arrangement == keys[0]), keys) for keys in drawn.values()]
    for number, (curve, _) in enumerate(shown):
        _draw(ax, curve, number)
    _frame(ax, curves[0])
    _label(ax, [(curve, _called(keys, names or {})) for curve, keys in shown])
    return ax


def _called(keys: Sequence[str], names: Mapping[str, str]) -> str:
    return ", ".join(dict.fromkeys(names.get(key, key) for key in keys))


def _draw(ax: Axes, curve: ViabilityCurve, number: int) -> None:
    sizes = np.array(curve.panel_sizes, float)
    chances = 100 * np.array([chance.value for chance in curve.chances])
    margin = 100 * INTERVAL_Z * np.array([chance.standard_error for chance in curve.chances])
    style = series_style(number)
    ax.plot(sizes, chances, markersize=4.5, linewidth=1.5, **style)  # type: ignore[arg-type]
    ax.fill_between(sizes, np.clip(chances - margin, 0, 100), np.clip(chances + margin, 0, 100),
                    color=str(style["color"]), alpha=0.15, linewidth=0)  # fmt: skip
    bound = 100 * _bound(curve)
    low, high = curve.low, curve.high
    if curve.smallest is not None and curve.smallest > curve.panel_sizes[0]:
        ends = (low or curve.smallest, high or curve.panel_sizes[-1])
        ax.plot(ends, (bound, bound), color=str(style["color"]), linewidth=4, alpha=0.45, solid_capstyle="butt")
        ax.plot(curve.smallest, bound, marker="D", markersize=7, color=str(style["color"]), markeredgecolor="white")
        ax.annotate(f"{curve.smallest:,.0f}"[:-2] + "00" if curve.smallest >= 1000 else f"{curve.smallest:.0f}",
                    (curve.smallest, bound), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=SMALL,
                    fontweight="bold", color=str(style["color"]))  # fmt: skip


def _bound(curve: ViabilityCurve) -> float:
    condition = curve.condition
    return float((condition.at_most if condition.at_least is None else condition.at_least) or 0.0)


def _frame(ax: Axes, curve: ViabilityCurve) -> None:
    sizes, bound = curve.panel_sizes, 100 * _bound(curve)
    side = "at most" if curve.condition.at_least is None else "at least"
    ax.set_xscale("log")
    ticks = [tick for tick in (100, 200, 500, 1000, 2000, 5000, 10_000, SEED_SIZE, 20_000, 50_000, 100_000, 200_000, 500_000,
                               1_000_000, 10_000_000) if sizes[0] <= tick <= sizes[-1]]  # fmt: skip
    ax.set_xticks(ticks if len(ticks) > 1 else list(sizes), [f"{tick:,}" for tick in (ticks if len(ticks) > 1 else sizes)])
    ax.minorticks_off()
    ax.set_xlim(sizes[0] / 1.08, sizes[-1] * 1.04)
    ax.set_ylim(-2, 102)
    ax.set_yticks(range(0, 101, 20), [f"{tick}%" for tick in range(0, 101, 20)])
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.axhline(bound, color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
    low = bound < 10
    ax.annotate(f"asked for: {side} {bound:g}%", (0.0, bound), xycoords=("axes fraction", "data"),
                xytext=(5, 4 if low or side == "at least" else -4), textcoords="offset points",
                va="bottom" if low or side == "at least" else "top", fontsize=SMALL, color=INK)  # fmt: skip
    if sizes[0] <= SEED_SIZE <= sizes[-1]:
        ax.axvline(SEED_SIZE, color=INK, linewidth=0.6, linestyle=(0, (1, 2)))
    ax.set_xlabel("people on the panel (log scale; a marker at every size simulated)", fontsize=TEXT, color=INK)


def _label(ax: Axes, lines: Sequence[tuple[ViabilityCurve, str]]) -> None:
    """The name of each line at its right end, moved apart, a thin leader where it had to move."""
    wrapped = [textwrap.wrap(name, 30, max_lines=2, placeholder="…") or [""] for _, name in lines]
    ends = [100 * curve.chances[-1].value for curve, _ in lines]
    gap = 5.2 if max(len(words) for words in wrapped) == 1 else 9.5
    for number, (end, place) in enumerate(zip(ends, spread(ends, gap, 0.0, 100.0), strict=True)):
        style = series_style(number)
        ax.annotate("\n".join(wrapped[number]), (1.0, end), xycoords=("axes fraction", "data"),
                    xytext=(1.045, place), textcoords=("axes fraction", "data"), va="center", ha="left", fontsize=SMALL,
                    color=str(style["color"]), annotation_clip=False,
                    arrowprops={"arrowstyle": "-", "color": str(style["color"]), "linewidth": 0.6, "shrinkA": 1,
                                "shrinkB": 0})  # fmt: skip
