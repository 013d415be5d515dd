"""What must be set aside, against how sure one wants to be that it is enough."""

from __future__ import annotations

from math import log10

import numpy as np
from matplotlib.axes import Axes

from simdce.metrics import Estimate
from simdce.plots.style import FAINT, INK, OWES, PAID, SMALL, TEXT, FloatArray, axes, dollar_tick, spread
from simdce.studies.repayment import RepaymentAnswer
from simdce.studies.viability import INTERVAL_Z
from simdce.wording import money, percent

_TICKS = (0.99, 0.9, 0.5, 0.95, 0.999, 0.8, 0.0, 0.995)
"""Most important first: a tick too near to one already there is left out."""


def repayment_by_confidence(answer: RepaymentAnswer, *, name: str | None = None, ax: Axes | None = None) -> Axes:
    """The amount (dollars) that covers the worst year, and all years together, at each confidence, with 95% intervals.

    The diamond is the rule's amount, at the chance that it covers the worst year. The confidence axis stretches towards
    certainty: from 90% to 99% is one step, as from 99% to 99.9%. ``name`` is what the figure calls the arrangement.
    """
    ax = axes(ax, 6.0, 4.0)
    steps = np.array([_step(confidence) for confidence in answer.confidences])
    enough, rule = _step(answer.enough_worst_year.value), answer.rule.amount
    left, right = (
        min(steps[0], enough if rule > 0 else steps[0]) - 0.15,
        max(steps[-1], min(enough, steps[-1] + 0.5)) + 0.1,
    )
    lines = (
        (answer.needed_agreement, PAID, (0, (5, 2)), "s", "all years\ntogether"),
        (answer.needed_worst_year, OWES, "-", "o", "worst\nyear"),
    )
    for needed, colour, dash, marker, _ in lines:
        amounts = np.array([estimate.value for estimate in needed])
        ax.errorbar(steps, amounts, yerr=_margins(needed), color=colour, marker=marker, markersize=5, linestyle="none",
                    elinewidth=0.9, capsize=2)  # fmt: skip
        for moving in (amounts > 0, amounts == 0):  # never a line across the gap between nothing and the smallest loss
            ax.plot(steps[moving], amounts[moving], color=colour, linestyle=dash, linewidth=1.4)
    top = max([rule, *(e.value + INTERVAL_Z * _known(e.standard_error) for e in answer.needed_agreement)])
    ax.set(xlim=(left, right), ylim=(0.0, 1.08 * top if top > 0 else 1.0))
    if rule > 0:
        ax.axhline(rule, color=INK, linewidth=0.8, linestyle=(0, (1, 1.5)))
        ax.plot(min(enough, right), rule, marker="D", markersize=8, color=INK, markeredgecolor="white", zorder=4)
    _name_lines(ax, answer, [(needed[-1].value, colour, words) for needed, colour, _, _, words in lines])
    _frame(ax, left, right)
    ax.set_title(
        "\n".join(filter(None, (name, _rule_in_words(answer)))), loc="left", fontsize=TEXT, color=INK, parse_math=False
    )
    return ax


def _name_lines(ax: Axes, answer: RepaymentAnswer, lines: list[tuple[float, str, str]]) -> None:
    """The name of each line beside its last point, apart; one name where both are the same."""
    if answer.needed_worst_year == answer.needed_agreement:
        lines = [(lines[1][0], lines[1][1], "worst year =\nall years")]
    high = ax.get_ylim()[1]
    places = spread([amount for amount, _, _ in lines], 0.16 * high, 0.05 * high, 0.97 * high)
    for place, (_, colour, words) in zip(places, lines, strict=True):
        ax.annotate(words, (1.0, place), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                    fontsize=SMALL, color=colour, va="center", annotation_clip=False)  # fmt: skip


def _rule_in_words(answer: RepaymentAnswer) -> str:
    if answer.rule.amount <= 0:
        return "the rule asks for nothing"
    share = percent(answer.enough_worst_year.value, max(0.01, answer.enough_worst_year.standard_error))
    return f"◆ the rule's {money(answer.rule.amount)} covers the worst year in {share} of worlds"


def _frame(ax: Axes, left: float, right: float) -> None:
    shown: list[float] = []
    for tick in _TICKS:
        if left <= _step(tick) <= right and all(
            abs(_step(tick) - _step(other)) > 0.13 * (right - left) for other in shown
        ):
            shown.append(tick)
    ax.set_xticks([_step(tick) for tick in shown], [f"{100 * tick:g}%" for tick in shown])
    ax.yaxis.set_major_formatter(dollar_tick)
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.set_xlabel("chance that the amount is enough", fontsize=TEXT, color=INK)


def _step(confidence: float) -> float:
    """Where a confidence stands on the axis: a tenth of the doubt is one step further."""
    return -log10(max(1.0 - confidence, 1e-4))


def _margins(needed: tuple[Estimate, ...]) -> FloatArray:
    """Half-widths of the intervals, shape (2, confidences), never below zero dollars."""
    half = INTERVAL_Z * np.array([_known(estimate.standard_error) for estimate in needed])
    return np.array([np.minimum(half, [estimate.value for estimate in needed]), half])


def _known(error: float) -> float:
    return error if np.isfinite(error) else 0.0
