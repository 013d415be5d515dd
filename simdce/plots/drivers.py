"""A tornado: how far each input, alone, moves the payment of an average year or that of the worst year in twenty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes

from simdce.metrics import Estimate
from simdce.plots.style import FAINT, INK, OWES, PAID, SMALL, TEXT, axes, dollar_tick
from simdce.studies.drivers import Driver

_BAR = 0.36
_ROOM = 0.30
"""Of the span of the bars, on either side for the words at their ends."""
_SAME = 0.004
"""Of that span: a bar shorter than that says nothing."""


def tornado(
    drivers: Sequence[Driver],
    *,
    measure: Literal["mean", "worst"] = "mean",
    named: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Two bars an input, from the payment as assumed to that at its low end (above) and its high end (below).

    Dollars a year: the expected net payment, or the worst year in twenty. Bars are blue where that is better than as
    assumed, vermilion with stripes where it is worse; whiskers are two standard errors of the difference. ``named``:
    whether the inputs stand at the left, with their value as assumed.
    """
    ax = axes(ax, 10.0, 0.9 + 0.46 * len(drivers))
    base = drivers[0].at_base if measure == "mean" else drivers[0].worst_base
    changes = [_changes(driver, measure) for driver in drivers]
    reach = [base.value + change.value for pair in changes for change in pair]
    low, high = min([base.value, *reach]), max([base.value, *reach])
    span = (high - low) or max(abs(base.value), 1.0)
    for place, (driver, pair) in enumerate(zip(drivers, changes, strict=True)):
        if place % 2 == 1:
            ax.axhspan(place - 0.5, place + 0.5, color=FAINT, alpha=0.22, linewidth=0, zorder=0)
        for change, told, offset in zip(pair, (driver.told[0], driver.told[2]), (-_BAR / 2, _BAR / 2), strict=True):
            if told == driver.told[1]:
                continue
            _bar(ax, base.value, change, place + offset)
            if abs(change.value) > _SAME * span or named:
                _label(ax, base.value, change, place + offset, told, span)
    ax.axvline(base.value, color=INK, linewidth=1.1, zorder=4)
    ax.set_ylim(len(drivers) - 0.5, -0.5)
    ax.set_xlim(low - _ROOM * span, high + _ROOM * span)
    names = [f"{driver.spoken} ({driver.told[1]})" for driver in drivers] if named else [""] * len(drivers)
    ax.set_yticks(range(len(drivers)), names, fontsize=SMALL, color=INK)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=SMALL)
    if high > low:
        ax.locator_params(axis="x", nbins=5)
    else:
        ax.set_xticks([base.value])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(dollar_tick)
    ax.grid(axis="x", color=FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    title = "Average year" if measure == "mean" else "Worst year in 20"
    ax.set_title(f"{title}: {dollar_tick(_rounded(base))} as assumed", loc="left", fontsize=TEXT, fontweight="bold",
                 color=INK, parse_math=False)  # fmt: skip
    return ax


def _changes(driver: Driver, measure: str) -> tuple[Estimate, Estimate]:
    if measure == "mean":
        return driver.change_low, driver.change_high
    return driver.worst_change_low, driver.worst_change_high


def _bar(ax: Axes, base: float, change: Estimate, place: float) -> None:
    better = change.value >= 0
    ax.barh(
        place,
        change.value,
        left=base,
        height=_BAR,
        color=PAID if better else OWES,
        hatch=None if better else "////",
        edgecolor="white",
        linewidth=0.4,
        zorder=3,
    )
    if change.standard_error > 0:
        ax.errorbar(
            base + change.value, place, xerr=2 * change.standard_error, color=INK, linewidth=0.9, capsize=2, zorder=5
        )


def _label(ax: Axes, base: float, change: Estimate, place: float, told: str, span: float) -> None:
    """The value of the input, beyond the end of its bar and the whisker."""
    right = change.value >= 0
    reach = 2 * change.standard_error + 0.012 * span
    end = base + change.value + (reach if right else -reach)
    ax.text(end, place, told, ha="left" if right else "right", va="center", fontsize=SMALL - 1, color=INK, zorder=6)


def _rounded(base: Estimate) -> float:
    return float(f"{base.value:.3g}")
