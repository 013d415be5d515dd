"""Is it 15,000? Exact chances of reward and of penalty against the size of the panel, a column for each arrangement."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simdce.plots.style import DASHES, FAINT, INK, SERIES, SMALL, TEXT, axes, new_figure, spread
from simdce.plots.viability import SEED_SIZE
from simdce.studies.by_size import OUTCOMES, ChancesBySize, is_demonstration
from simdce.studies.pgp_groups import YEARS, groups, mean_people_of_the_others

_TICKS = (300, 1_000, 5_000, SEED_SIZE, 50_000, 200_000, 1_000_000)
_HEADINGS = {"paid": "rewarded", "owing": "penalised"}
_WIDTH, _HEIGHT = 3.1, 2.7


def chances_by_panel_size(found: Sequence[ChancesBySize], *, names: Mapping[str, str] | None = None) -> Figure:
    """One column per arrangement, above the chance of a reward, below that of a penalty where any can be owed.

    A line per true savings, drawn with world-level shocks and faint without; the dotted line is 15,000. On the rule of
    the demonstration stand its ten groups: across, their size (hollow at the mean of those not found), up, the share of
    years in which they were paid. ValueError without curves.
    """
    if not found:
        raise ValueError("chances_by_panel_size draws one or more arrangements")
    rows = [row for row in range(len(OUTCOMES)) if row == 0 or any(each.with_shocks[row].any() for each in found)]
    wide, high = 1.3 + _WIDTH * len(found), 1.15 + _HEIGHT * len(rows)
    figure = new_figure(wide, high)
    figure.subplots_adjust(left=0.8 / wide, right=1 - 0.75 / wide, top=1 - 0.45 / high, bottom=0.9 / high, wspace=0.16,
                           hspace=0.22)  # fmt: skip
    for column, each in enumerate(found):
        for place, row in enumerate(rows):
            ax = axes(figure.add_subplot(len(rows), len(found), place * len(found) + column + 1))
            _curves(ax, each, row, last=column == len(found) - 1)
            if place == 0:
                title = textwrap.fill((names or {}).get(each.arrangement, each.arrangement), 30)
                ax.set_title(title, fontsize=TEXT + 1, color=INK, loc="left", fontweight="bold", parse_math=False)
                if is_demonstration(each):
                    _groups(ax)
            if column == 0:
                ax.set_ylabel(f"{_HEADINGS[OUTCOMES[row]]}, % of years", fontsize=TEXT, color=INK)
            else:
                ax.set_yticklabels([])
            if place == len(rows) - 1:
                ax.set_xlabel("people on the panel (log scale)", fontsize=TEXT, color=INK)
            else:
                ax.set_xticklabels([])
    words = (
        "bold: with the shocks that no size averages out; faint: without; dotted: 15,000 people; steps: the rules' own"
    )
    if any(is_demonstration(each) for each in found):
        words += "; circles: the ten groups, up the share of years paid, hollow where their size was not found"
    for line, text in enumerate(textwrap.wrap(words, int(17 * wide))):
        figure.text(0.8 / wide, (0.3 - 0.16 * line) / high, text, fontsize=SMALL, color=INK)
    return figure


def _curves(ax: Axes, found: ChancesBySize, row: int, *, last: bool) -> None:
    sizes = np.array(found.sizes, float)
    ax.set_xscale("log")
    ax.set_xlim(sizes[0], sizes[-1])
    ticks = [tick for tick in _TICKS if sizes[0] <= tick <= sizes[-1]]
    ax.set_xticks(ticks, [_short(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(-2, 102)
    ax.set_yticks(range(0, 101, 25), [f"{tick}%" for tick in range(0, 101, 25)])
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    ax.axvline(SEED_SIZE, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
    if not found.with_shocks[row].any():
        ax.annotate("never owes", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=TEXT, color=INK)
        return
    ends = []
    for number in range(len(found.savings)):
        colour, dash = SERIES[number % len(SERIES)], DASHES[number % len(DASHES)]
        ax.plot(sizes, 100 * found.without[row, number], color=colour, linewidth=0.8, alpha=0.45, linestyle=dash)
        ax.plot(sizes, 100 * found.with_shocks[row, number], color=colour, linewidth=1.8, linestyle=dash)
        ends.append(100 * float(found.with_shocks[row, number, -1]))
    if last:
        for number, place in enumerate(spread(ends, 8.0, 0.0, 100.0)):
            colour, words = SERIES[number % len(SERIES)], f"saves {100 * found.savings[number]:g}%"
            ax.annotate(words, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=SMALL,
                        color=colour, annotation_clip=False)  # fmt: skip


def _short(people: int) -> str:
    """A size in a tick: 300, 15k, 1M."""
    return f"{people // 10**6}M" if people >= 10**6 else f"{people // 1000}k" if people >= 1000 else str(people)


def _groups(ax: Axes) -> None:
    """The ten groups; those of unknown size side by side around the mean of their sizes."""
    known = [group for group in groups() if group.people is not None]
    others = [group for group in groups() if group.people is None]
    for group in known:
        ax.plot(float(group.people or 0), 100 * group.years_paid / YEARS, marker="o", markersize=6, color=INK,
                markeredgecolor="white", linestyle="none", zorder=6)  # fmt: skip
    paid = 100 * max(group.years_paid for group in known) / YEARS
    ax.annotate("\n".join(group.name for group in known), (max(float(group.people or 0) for group in known), paid),
                xytext=(5, 0), textcoords="offset points", va="center", fontsize=SMALL, color=INK)  # fmt: skip
    for years in sorted({group.years_paid for group in others}):
        alike = [group for group in others if group.years_paid == years]
        across = mean_people_of_the_others() * 1.25 ** (np.arange(len(alike)) - (len(alike) - 1) / 2)
        ax.plot(across, np.full(len(alike), 100 * years / YEARS), marker="o", markersize=5.5, markerfacecolor="white",
                markeredgecolor=INK, linestyle="none", zorder=6)  # fmt: skip
