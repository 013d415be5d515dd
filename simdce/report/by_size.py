"""Is it 15,000? The exact chances from 300 to 1,000,000 people beside the simulated ones, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simdce import plots
from simdce.plots.viability import SEED_SIZE
from simdce.report.figures import Figure
from simdce.report.laws import Law
from simdce.report.names import listed
from simdce.run import Answers
from simdce.studies.by_size import anecdote, chances_by_size, is_demonstration, sentences

_MOST_COLUMNS = 4


@dataclass(frozen=True)
class BySize:
    """The figure and its sentences."""

    figure: Figure
    sentences: tuple[str, ...]


def by_size(answers: Answers, laws: Sequence[Law]) -> BySize | None:
    """For a run of several panel sizes, the contracts that the exact law leaves nothing out of; None without any."""
    if len(answers.panels.panel_sizes) < 2:
        return None
    spoken = {law.keys[0]: law.spoken for law in laws}
    shown = chances_by_size(answers.scenario, list(spoken), complete=True, most=_MOST_COLUMNS)
    if not shown:
        return None
    drawn = {each.arrangement for each in shown}
    missing = [law.name for law in laws if law.keys[0] not in drawn]
    title = "Reward and penalty from 300 to 1,000,000 people, exactly"
    caption = (
        "Performance year 1 by the exact law, not simulated; bold with the shocks that no size averages out, faint "
        f"without. The dotted line is {SEED_SIZE:,} people. Below an arrangement's minimum as if admitted; steps are "
        "the rules' own."
    )
    if any(is_demonstration(each) for each in shown):
        caption += (
            " Circles: the ten groups of the demonstration, up the share of five years in which each was paid, across "
            "its size, hollow at the mean where its own was not found."
        )
    if missing:
        caption += f" Not drawn, for want of room or because the exact law leaves something out: {listed(missing)}."
    names = {law.keys[0]: law.name for law in laws}
    drawing = plots.svg(plots.chances_by_panel_size(shown, names=names), title)
    told = [*sentences(shown[0], spoken[shown[0].arrangement]), *(anecdote(e) for e in shown if is_demonstration(e))]
    return BySize(Figure(title, caption, drawing), tuple(told))
