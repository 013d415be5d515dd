"""Comparisons as bars of ratios on a logarithmic axis, one panel each, in the style of the package's figures."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from benchmarks.rounds import Comparison
from simdce.plots.style import FAINT, INK, NOTHING, PAID, SMALL, TEXT, axes, new_figure


def drawn(comparisons: Mapping[str, Comparison], machine: str) -> Figure:
    """One figure; ``machine`` is written below it."""
    rows = [len(each.seconds) + 2 for each in comparisons.values()]
    figure = new_figure(9.5, 0.25 * sum(rows) + 0.5)
    panels = figure.subplots(len(rows), 1, squeeze=False, height_ratios=rows)[:, 0]
    for panel, comparison in zip(panels, comparisons.values(), strict=True):
        ax = axes(panel)
        names = list(comparison.seconds)
        ratios = [comparison.ratio(name) for name in names]
        colours = [PAID if name == comparison.base else NOTHING for name in names]
        ax.hlines(range(len(names)), 1.0, ratios, color=colours, linewidth=2)
        ax.scatter(ratios, range(len(names)), color=colours, s=22, zorder=2)
        ax.set_yticks(range(len(names)), names)
        ax.set_xscale("log")
        ax.set_xlim(min(0.5, 0.6 * min(ratios)), 4 * max(ratios))
        ax.axvline(1.0, color=FAINT, linewidth=1, zorder=0)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.tick_params(labelsize=SMALL)
        for place, ratio in enumerate(ratios):
            ax.annotate(
                f"{ratio:,.3g}", (ratio, place), (6, 0), textcoords="offset points", va="center", fontsize=SMALL
            )
        ax.set_title(comparison.title, loc="left", fontsize=TEXT, color=INK, fontweight="bold")
        ax.set_xlabel(f"time a {comparison.unit}, times that of: {comparison.base}", fontsize=SMALL, color=INK)
    figure.tight_layout(rect=(0, 0.35 / figure.get_figheight(), 1, 1))
    figure.text(0.01, 0.1 / figure.get_figheight(), machine, fontsize=SMALL, color=INK)
    return figure
