"""The report's figures as SVG, each with the words that stand under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simdce import plots
from simdce.metrics import Estimate
from simdce.plots.style import TEXT
from simdce.report.laws import Law
from simdce.report.names import listed, together
from simdce.report.verdict import choices
from simdce.run import Answers
from simdce.scenario import Observed
from simdce.studies.viability import ViabilityCurve
from simdce.wording import percent

_MOST_LINES = 6
_MOST_LAWS = 4
_MOST_RESERVES = 6


@dataclass(frozen=True)
class Figure:
    """A drawing and its caption."""

    title: str
    caption: str
    svg: str


def payment_figure(laws: Sequence[Law]) -> Figure:
    """Twenty equally likely years of every arrangement."""
    ax = plots.payment_laws({_marked(law): law.net for law in laws})
    title = "Twenty equally likely years under each contract"
    caption = (
        "Each mark is one performance year in twenty: triangles owe, squares see no money move, circles are paid. "
        "The leftmost mark stands for the worst year in twenty."
    )
    if any(law.outside for law in laws):
        caption += " † Not in force in every year simulated; judged by the rules of its nearest year."
    return Figure(title, caption, plots.svg(ax, f"{title}: {_shares(laws)}"))


def _marked(law: Law) -> str:
    return f"{law.name} †" if law.outside else law.name


def _shares(laws: Sequence[Law]) -> str:
    return "; ".join(
        f"{law.name} owes {percent(law.owing.value, 0.01)}, nothing moves {percent(law.nothing.value, 0.01)}, "
        f"paid {percent(law.paid.value, 0.01)}"
        for law in laws
    )


def savings_rate_figure(laws: Sequence[Law], observed: Sequence[Observed] = ()) -> Figure:
    """The law of the savings rate against the gate, one panel for each different one among the contracts to choose.

    Years that have happened are marked.
    """
    happened = {str(each.year): each.savings_rate for each in observed}
    different: dict[tuple[object, ...], list[Law]] = {}
    for law in choices(laws):
        outcomes = ((law.net > 0).tobytes(), (law.net < 0).tobytes())
        different.setdefault((law.rates.tobytes(), law.minimum_savings, law.minimum_losses, *outcomes), []).append(law)
    shown = list(different.values())[:_MOST_LAWS]
    columns = min(2, len(shown))
    rows = (len(shown) + 1) // 2
    figure = plots.new_figure(10.0, 3.1 * rows + 0.2)
    figure.subplots_adjust(left=0.02, right=0.98, top=1 - 0.3 / (3.1 * rows), bottom=0.5 / (3.1 * rows), wspace=0.08,
                           hspace=0.42)  # fmt: skip
    for number, same in enumerate(shown):
        law = same[0]
        ax = figure.add_subplot(rows, columns, number + 1)
        plots.savings_rate_law(
            law.rates,
            law.net,
            minimum_savings=law.minimum_savings,
            minimum_losses=law.minimum_losses,
            observed=happened,
            ax=ax,
        )
        name = together([name for law in same for name in law.called])
        ax.set_title(name, loc="left", fontsize=TEXT, fontweight="bold", parse_math=False)
    title = "Measured savings and the gate they must pass"
    caption = (
        "How often each measured savings rate happens in a performance year: expected cost less real cost, as a share "
        "of expected cost. Dashed lines are the gates at which money begins to move; "
        "areas are coloured by what those years really brought."
    )
    if happened:
        caption += " Triangles on the axis are years that have happened."
    if len(different) > len(shown):
        left_out = listed(law.name for same in list(different.values())[_MOST_LAWS:] for law in same)
        caption += f" Not drawn: {left_out}."
    return Figure(title, caption, plots.svg(figure, f"{title}: {_shares([same[0] for same in shown])}"))


def size_figures(answers: Answers, laws: Sequence[Law]) -> Iterator[Figure]:
    """The chance against panel size, a figure for each stated confidence; nothing for a single size."""
    if len(answers.panels.panel_sizes) < 2:
        return
    for condition in dict.fromkeys(curve.condition for curve in answers.viability):
        curves = [curve for curve in answers.viability if curve.condition == condition]
        text, left_out = curves[0].text, ""
        if len({curve.chances for curve in curves}) > _MOST_LINES:
            chosen = {key for law in choices(laws) for key in law.keys}
            dropped = [law.name for law in laws if law.keys[0] not in chosen]
            curves = [curve for curve in curves if curve.arrangement in chosen]
            left_out = f" Only in the table: {listed(dropped)}." if dropped else ""
        called = _joint_names(curves, laws)
        drawn = {curve.arrangement for curve in curves}
        least = {law.admitted_from for law in laws if set(law.keys) & drawn}
        ax = plots.chance_by_panel_size(curves, names=called, admitted_from=least.pop() if len(least) == 1 else None)
        caption = (
            "Lines join the sizes simulated; bands are 95% intervals of the simulation. "
            "The dashed line is the confidence asked for, a diamond the smallest panel that meets it, on its range."
            + left_out
        )
        title = f"Panel size and the condition “{text}”"
        yield Figure(title, caption, plots.svg(ax, title))


def _joint_names(curves: Sequence[ViabilityCurve], laws: Sequence[Law]) -> dict[str, str]:
    """By arrangement the joint name of all whose curve is the same."""
    called = dict(pair for law in laws for pair in zip(law.keys, law.called, strict=True))
    alike: dict[tuple[Estimate, ...], list[str]] = {}
    for curve in curves:
        alike.setdefault(curve.chances, []).append(curve.arrangement)
    return {key: together([called[each] for each in keys]) for keys in alike.values() for key in keys}


def repayment_figure(laws: Sequence[Law]) -> Figure | None:
    """Amount against confidence, a panel for each contract that can owe."""
    chosen = {law.keys for law in choices(laws)}
    can_owe = sorted((law for law in laws if law.repayment is not None), key=lambda law: law.keys not in chosen)
    if not can_owe:
        return None
    shown = can_owe[:_MOST_RESERVES]
    rows = (len(shown) + 1) // 2
    figure = plots.new_figure(10.0, 3.0 * rows)
    figure.subplots_adjust(left=0.07, right=0.925, top=1 - 0.5 / (3.0 * rows), bottom=0.5 / (3.0 * rows), wspace=0.38,
                           hspace=0.52)  # fmt: skip
    for number, law in enumerate(shown):
        ax = figure.add_subplot(rows, min(2, len(shown)), number + 1)
        if law.repayment is not None:
            plots.repayment_by_confidence(law.repayment, name=_marked(law), ax=ax)
    title = "What would be enough to set aside"
    caption = (
        "Dollars against the chance that they cover what is owed, in the worst year (solid) and in all years together "
        "(dashed), with 95% intervals. The diamond is what the rule asks for. Dollar scales differ from panel to panel."
    )
    if len(can_owe) > len(shown):
        caption += f" Only in the table: {listed(law.name for law in can_owe[_MOST_RESERVES:])}."
    return Figure(title, caption, plots.svg(figure, title))


def variance_figure(answers: Answers, law: Law) -> Figure | None:
    """The removable and the lasting part of the swing of the savings rate by panel size; nothing for a single size."""
    if len(answers.panels.panel_sizes) < 2:
        return None
    ax = plots.variance_by_panel_size(answers.rows, law.keys[0])
    if len(answers.panels.panel_sizes) < 6:
        ax.set_xlim(-0.6, 5.4)
    title = "How much of the swing a larger panel removes"
    caption = (
        f"{law.name}, over the agreement: variance of the measured savings rate. The hatched part is the "
        "luck of who fell ill; the grey part (shocks of a year, lasting mismatch of the benchmark, trend errors) is "
        "the same for every size. Above each bar: the share that a larger panel removes, and the standard deviation "
        "(sd) in percentage points."
    )
    return Figure(title, caption, plots.svg(ax, title))
