"""Comparisons as ratios on a logarithmic axis, growth as lines, in the style of the package's figures."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.rounds import Comparison
from simdce.plots.style import FAINT, INK, NOTHING, PAID, SMALL, TEXT, axes, new_figure, series_style


def drawn(comparisons: Mapping[str, Comparison], machine: str) -> Figure:
    """One figure; ``machine`` is written below it."""
    curves = [each for each in comparisons.values() if each.curves]
    rows = [len(each.seconds) + 2 for each in comparisons.values()] + [12] * len(curves)
    figure = new_figure(9.5, 0.25 * sum(rows) + 0.5)
    panels = figure.subplots(len(rows), 1, squeeze=False, height_ratios=rows)[:, 0]
    for panel, comparison in zip(panels, comparisons.values(), strict=False):
        dots(axes(panel), comparison)
    for panel, comparison in zip(panels[len(comparisons) :], curves, strict=True):
        growth(axes(panel), comparison)
    figure.tight_layout(rect=(0, 0.35 / figure.get_figheight(), 1, 1))
    figure.text(0.01, 0.1 / figure.get_figheight(), machine, fontsize=SMALL, color=INK)
    return figure


def dots(ax: Axes, comparison: Comparison) -> None:
    """Each job's time in units of the base's."""
    names = list(comparison.seconds)
    ratios = [comparison.ratio(name) for name in names]
    colours = [PAID if name == comparison.base else NOTHING for name in names]
    ax.hlines(range(len(names)), 1.0, ratios, color=colours, linewidth=2)
    ax.scatter(ratios, range(len(names)), color=colours, s=22, zorder=2)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xscale("log")
    ax.set_xlim(min(0.5, 0.4 * min(ratios)), 4 * max(ratios))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.axvline(1.0, color=FAINT, linewidth=1, zorder=0)
    ax.tick_params(labelsize=SMALL)
    for place, ratio in enumerate(ratios):
        side, beside = ("left", 6) if ratio >= 1 else ("right", -6)
        spot = {"xytext": (beside, 0), "textcoords": "offset points", "ha": side, "va": "center"}
        ax.annotate(f"{ratio:,.3g}", (ratio, place), fontsize=SMALL, color=INK, **spot)  # type: ignore[arg-type]
    ax.set_title(comparison.title, loc="left", fontsize=TEXT, color=INK, fontweight="bold")
    ax.set_xlabel(f"time a {comparison.unit}, times that of: {comparison.base}", fontsize=SMALL, color=INK)


def growth(ax: Axes, comparison: Comparison) -> None:
    """Cost by what grows, both in units of the first; the dashed line grows as much as it."""
    most = 1.0
    for number, (name, curve) in enumerate(comparison.curves.items()):
        steps, seconds = list(curve), list(curve.values())
        most = max(most, steps[-1] / steps[0])
        label = f"{name}: exponent {comparison.found[f'exponent of {name}']:.2f}"
        ax.plot(
            [step / steps[0] for step in steps],
            [each / seconds[0] for each in seconds],
            label=label,
            markersize=4,
            **series_style(number),  # type: ignore[arg-type]
        )
    ax.plot([1, most], [1, most], color=FAINT, zorder=0)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_xlabel("times as many", fontsize=SMALL, color=INK)
    ax.set_ylabel("times the cost", fontsize=SMALL, color=INK)
    ax.set_title(f"{comparison.title}; the faint line grows in proportion", loc="left", fontsize=TEXT, color=INK)
    ax.legend(frameon=False, fontsize=SMALL, loc="upper left")
