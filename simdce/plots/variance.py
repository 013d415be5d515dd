"""Which part of the swing of the savings rate a larger panel removes, and which it cannot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from simdce.plots.style import INK, NOTHING, PAID, SMALL, TEXT, axes
from simdce.results import AGREEMENT, Row
from simdce.wording import percent


def variance_by_panel_size(
    rows: Sequence[Row],
    arrangement: str | None = None,
    *,
    performance_year: str = AGREEMENT,
    ax: Axes | None = None,
) -> Axes:
    """Bars of the variance of the measured savings rate by panel size, split into what averages out and what stays.

    ``rows``: those of a run; ``arrangement`` defaults to the first. Variance, because variances add up; in
    squared percentage points, the standard deviation (sd, points) above each bar.
    """
    chosen = (arrangement or rows[0].arrangement, performance_year)
    found = {
        (row.panel_size, row.metric): row.estimate.value
        for row in rows
        if (row.arrangement, row.performance_year) == chosen
    }
    sizes = sorted({size for size, _ in found})
    if ax is None:
        ax = axes(None, 10.0, 3.6)
        ax.figure.subplots_adjust(left=0.07, right=0.99, top=0.93, bottom=0.16)
    ax = axes(ax)
    spread = 100 * np.array([found[size, "sd_savings_rate"] for size in sizes])
    share = np.clip([found[size, "removable_variance"] for size in sizes], 0.0, 1.0)
    stays, goes = (1 - share) * spread**2, share * spread**2
    places = np.arange(len(sizes))
    ax.bar(places, goes, 0.72, bottom=stays, facecolor=PAID, edgecolor="white", hatch="////", linewidth=0,
           label="averages out in a larger panel (its share above each bar)")  # fmt: skip
    ax.bar(places, stays, 0.72, color=NOTHING, label="stays, whatever the size of the panel")
    for place, total, part, sd in zip(places, spread**2, share, spread, strict=True):
        words = f"{percent(float(part), 0.01)}\nsd {sd:.1f}"
        ax.text(float(place), 1.01 * float(total), words, ha="center", va="bottom", fontsize=SMALL, color=INK)
    ax.set_ylim(0.0, 1.3 * float((spread**2).max()) or 1.0)
    ax.set_xlim(-0.6, len(sizes) - 0.4)
    ax.set_xticks(places, [f"{size:,}" for size in sizes])
    ax.set_xlabel("people on the panel", fontsize=TEXT, color=INK)
    ax.set_ylabel("variance, squared points", fontsize=TEXT, color=INK)
    ax.legend(frameon=False, fontsize=TEXT, loc="upper right", labelcolor=INK)
    return ax
