"""The chance of an outcome against the size of the panel, with the stated confidence and where it begins to hold."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from simdce.plots.style import FAINT, INK, SMALL, TEXT, axes, series_style, spread
from simdce.studies.viability import INTERVAL_Z, ViabilityCurve
from simdce.wording import people

SEED_SIZE = 15_000
"""The panel size that the notes of 2011 take for a threshold; marked so that everybody can see what happens there."""

_TICKS = (100, 200, 500, 1000, 2000, 5000, 10_000, SEED_SIZE, 30_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)


def chance_by_panel_size(
    curves: Sequence[ViabilityCurve],
    *,
    names: Mapping[str, str] | None = None,
    admitted_from: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One line per curve with its 95% band, over panel sizes on a log axis; equal lines are drawn and named once.

    ``curves``: of one condition (several raise ValueError); ``names``: arrangement to what the figure calls it, equal
    names being said once; ``admitted_from``: people below which the contracts admit nobody, shaded. The dashed line is
    the stated confidence, a diamond on it the smallest panel, on its interval.
    """
    if not curves or len({curve.condition for curve in curves}) > 1:
        raise ValueError("chance_by_panel_size draws one or more curves of one condition")
    if ax is None:
        ax = axes(None, 10.0, 4.4)
        ax.figure.subplots_adjust(left=0.055, right=0.75, top=0.96, bottom=0.12)
    ax = axes(ax)
    together: dict[tuple[float, ...], list[ViabilityCurve]] = {}
    for curve in curves:
        together.setdefault(tuple(chance.value for chance in curve.chances), []).append(curve)
    for number, same in enumerate(together.values()):
        _draw(ax, same[0], number)
    _frame(ax, curves[0], admitted_from)
    called = [", ".join(dict.fromkeys((names or {}).get(c.arrangement, c.arrangement) for c in same))
              for same in together.values()]  # fmt: skip
    _label(ax, [same[0] for same in together.values()], called)
    return ax


def _draw(ax: Axes, curve: ViabilityCurve, number: int) -> None:
    sizes = np.array(curve.panel_sizes, float)
    chances = 100 * np.array([chance.value for chance in curve.chances])
    margin = 100 * INTERVAL_Z * np.array([chance.standard_error for chance in curve.chances])
    style = series_style(number)
    colour = str(style["color"])
    ax.plot(sizes, chances, markersize=4.5, linewidth=1.5, **style)  # type: ignore[arg-type]
    low, high = np.clip(chances - margin, 0, 100), np.clip(chances + margin, 0, 100)
    ax.fill_between(sizes, low, high, color=colour, alpha=0.16, linewidth=0)
    if curve.smallest is None or not sizes[0] < curve.smallest <= sizes[-1]:
        return
    bound = 100 * stated(curve)
    ends = np.clip((curve.low or curve.smallest, curve.high or sizes[-1]), sizes[0], sizes[-1])
    ax.plot(ends, (bound, bound), color=colour, linewidth=5, alpha=0.45, solid_capstyle="butt")
    ax.plot(curve.smallest, bound, marker="D", markersize=7, color=colour, markeredgecolor="white", zorder=5)
    called = people(curve.smallest) if curve.exact is None else curve.size_text
    ax.annotate(called, (curve.smallest, bound), xytext=(0, 7), textcoords="offset points", ha="center",
                fontsize=TEXT, fontweight="bold", color=colour)  # fmt: skip


def stated(curve: ViabilityCurve) -> float:
    """The chance that the condition asks for, as a fraction."""
    condition = curve.condition
    return float((condition.at_most if condition.at_least is None else condition.at_least) or 0.0)


def _frame(ax: Axes, curve: ViabilityCurve, admitted_from: int | None) -> None:
    sizes = curve.panel_sizes
    ax.set_xscale("log")
    ticks = [tick for tick in _TICKS if sizes[0] <= tick <= sizes[-1]]
    ticks = ticks if len(ticks) > 1 else list(sizes)
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    ax.set_xlim(sizes[0] / 1.08, sizes[-1] * 1.04)
    ax.set_ylim(-2, 103)
    ax.set_yticks(range(0, 101, 20), [f"{tick}%" for tick in range(0, 101, 20)])
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.axhline(100 * stated(curve), color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
    if sizes[0] <= SEED_SIZE <= sizes[-1]:
        ax.axvline(SEED_SIZE, color=INK, linewidth=0.7, linestyle=(0, (1, 2)))
    if admitted_from is not None and admitted_from > sizes[0]:
        ax.axvspan(ax.get_xlim()[0], admitted_from, color="#F0F2F4", linewidth=0, zorder=0)
        ax.annotate(f"under {admitted_from:,}: not admitted", (0.008, 0.985), xycoords="axes fraction", va="top",
                    fontsize=SMALL, color=INK)  # fmt: skip
    ax.set_xlabel("people on the panel (log scale; a marker at every size simulated)", fontsize=TEXT, color=INK)


def _label(ax: Axes, curves: Sequence[ViabilityCurve], names: Sequence[str]) -> None:
    """The name of each line, and what was asked for, at the right end, moved apart, a leader to where it belongs."""
    ranks = sorted(range(len(curves)), key=lambda number: [chance.value for chance in curves[number].chances][::-1])
    ends = [100 * curve.chances[-1].value + 1e-3 * ranks.index(number) for number, curve in enumerate(curves)]
    side = "at most" if curves[0].condition.at_least is None else "at least"
    asked = 100 * stated(curves[0])
    words = ["\n".join(textwrap.wrap(name, 34, max_lines=3, placeholder="…") or [""]) for name in names]
    words.append(f"asked for: {side} {asked:g}%")
    colours = [str(series_style(number)["color"]) for number in range(len(curves))] + [INK]
    tallest = max(name.count("\n") for name in words)
    places = spread([*ends, asked], 5.0 + 3.6 * tallest, 0.0, 100.0)
    for end, place, name, colour in zip([*ends, asked], places, words, colours, strict=True):
        ax.annotate(name, (1.0, end), xycoords=("axes fraction", "data"), xytext=(1.045, place),
                    textcoords=("axes fraction", "data"), va="center", ha="left", fontsize=SMALL, color=colour,
                    annotation_clip=False, parse_math=False, fontweight="bold" if colour == INK else "normal",
                    arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0,
                                "relpos": (0.0, 0.5)})  # fmt: skip
