"""What must be set aside, against how sure one wants to be that it is enough."""

from __future__ import annotations

from math import log10

import numpy as np
from matplotlib.axes import Axes

from simdce.metrics import Estimate
from simdce.plots.style import FAINT, INK, OWES, PAID, SMALL, TEXT, axes
from simdce.studies.repayment import RepaymentAnswer
from simdce.studies.viability import INTERVAL_Z
from simdce.wording import money, percent

_TICKS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999)


def repayment_by_confidence(answer: RepaymentAnswer, ax: Axes | None = None) -> Axes:
    """The amount (dollars) that covers the worst year, and all years together, at each confidence, with 95% intervals.

    The diamond is the rule's amount, at the chance that it covers the worst year. The confidence axis stretches towards
    certainty: 90%, 99% and 99.9% are one step apart each.
    """
    ax = axes(ax, 6.0, 4.0)
    steps = np.array([_step(confidence) for confidence in answer.confidences])
    rule = answer.rule.amount
    left = min([*steps, _step(answer.enough_worst_year.value)])
    for needed, colour, dash, marker, name in (
        (answer.needed_agreement, PAID, (0, (5, 2)), "s", "whole agreement"),
        (answer.needed_worst_year, OWES, "-", "o", "worst year"),
    ):
        amounts = np.array([estimate.value for estimate in needed])
        ax.errorbar(steps, amounts, yerr=_margins(needed), color=colour, linestyle=dash, marker=marker, markersize=5,
                    linewidth=1.4, elinewidth=0.9, capsize=2)  # fmt: skip
        ax.annotate(name, (steps[-1], amounts[-1]), xytext=(7, 0), textcoords="offset points", fontsize=SMALL,
                    color=colour, va="center", annotation_clip=False)  # fmt: skip
    right = float(steps[-1])
    ax.set_xlim(left - 0.12, right + 0.08)
    top = max([rule, *(e.value + INTERVAL_Z * _known(e.standard_error) for e in answer.needed_agreement)])
    ax.set_ylim(0.0, 1.08 * top if top > 0 else 1.0)
    _mark_rule(ax, answer)
    ticks = [tick for tick in _TICKS if left - 0.12 <= _step(tick) <= right + 0.08]
    ax.set_xticks([_step(tick) for tick in ticks], [f"{100 * tick:g}%" for tick in ticks])
    ax.yaxis.set_major_formatter(lambda value, _: money(value))
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.set_xlabel("chance that the amount is enough", fontsize=TEXT, color=INK)
    return ax


def _mark_rule(ax: Axes, answer: RepaymentAnswer) -> None:
    rule, enough = answer.rule.amount, answer.enough_worst_year
    if rule <= 0:
        ax.annotate("the rule asks for nothing", (0.03, 0.95), xycoords="axes fraction", va="top", fontsize=SMALL)
        return
    ax.axhline(rule, color=INK, linewidth=0.8, linestyle=(0, (1, 1.5)))
    at = min(_step(enough.value), ax.get_xlim()[1])
    ax.plot(at, rule, marker="D", markersize=8, color=INK, markeredgecolor="white", zorder=4)
    words = f"rule: {money(rule)}, enough for\nthe worst year in {percent(enough.value, enough.standard_error)}"
    above = rule < 0.6 * ax.get_ylim()[1]
    near_right = at > sum(ax.get_xlim()) / 2
    ax.annotate(words, (at, rule), xytext=(2 if not near_right else -2, 9 if above else -9), textcoords="offset points",
                ha="right" if near_right else "left", va="bottom" if above else "top", fontsize=SMALL,
                fontweight="bold", color=INK)  # fmt: skip


def _step(confidence: float) -> float:
    """Where a confidence stands on the axis: a tenth of the doubt is one step further."""
    return -log10(max(1.0 - confidence, 1e-4))


def _margins(needed: tuple[Estimate, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Half-widths of the intervals, shape (2, confidences), never below zero dollars."""
    half = INTERVAL_Z * np.array([_known(estimate.standard_error) for estimate in needed])
    return np.array([np.minimum(half, [estimate.value for estimate in needed]), half])


def _known(error: float) -> float:
    return error if np.isfinite(error) else 0.0
