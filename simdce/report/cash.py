"""When the money is in: what must be financed, for how long, and what is left, in words, a picture and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from simdce import plots
from simdce.metrics import Estimate
from simdce.report.exhibits import Cell, Exhibit, cell, chance_cell
from simdce.report.figures import Figure
from simdce.results import CASH
from simdce.run import Answers
from simdce.studies.cash import CashAnswer, plan_of
from simdce.wording import UNKNOWN, money, percent, with_error

_MOST_PANELS = 6
_HEADINGS = (
    "", "to be financed", "in a bad case", "lowest in", "back for good", "never back", "left at the end", "bad case",
    "good case", "a physician", "worth today", "cost covered",
)  # fmt: skip
_NOTE = (
    "To be financed: how deep cumulative cash goes, on average and in one case of twenty. Back for good: the month "
    "from which in half of the worlds no money is missing any more; never back: share of worlds in which that does not "
    "come until {until}. Left at the end: cash after the last settlement, on average, in the worst and the best case "
    "of twenty. Worth today: the same at {rate} a year less for later dollars. Cost covered: what care management may "
    "cost a person and month, all years alike, before it uses up what comes in on average; assumed for {size:,} "
    "people: {cost}."
)


@dataclass(frozen=True)
class CashPassage:
    """The section: sentences on what the report leads with, the picture of cumulative cash, tables."""

    sentences: tuple[str, ...]
    figure: Figure
    exhibits: tuple[Exhibit, ...]


def cash_passage(answers: Answers, arrangement: str, size: int, called: dict[str, str]) -> CashPassage | None:
    """The section under the arrangement of the given key, at a panel size; None without a cash table."""
    if not answers.cash:
        return None
    practice = answers.practice
    if practice is None:
        leads = [each for each in answers.cash if (each.arrangement, each.people) == (arrangement, size)]
        drawn = [each for each in answers.cash if each.people == size]
    else:
        best = {found.people: found.best for found in practice.best if found.arrangement == arrangement}
        own = [each for each in answers.cash if each.arrangement == arrangement]
        leads = [each for each in own if best[each.people] == each.tier]
        sizes = list(best)
        drawn = [each for each in own if each.people == sizes[len(sizes) // 2]]
    return CashPassage(
        tuple(_sentence(answers, each, called) for each in leads),
        _figure(drawn, called),
        (_exhibit(answers, called), *_by_year(answers, called)),
    )


def _name(answer: CashAnswer, called: dict[str, str]) -> str:
    return called[answer.arrangement] if answer.tier is None else answer.tier


def _amount(estimate: Estimate, sign: float = 1.0) -> str:
    return money(sign * estimate.value, estimate.standard_error)


def _sentence(answers: Answers, answer: CashAnswer, called: dict[str, str]) -> str:
    figure = answer.estimate
    told = f"{_name(answer, called)}, {answer.people:,} people: the first settlement comes in "
    told += f"{answer.date(answer.settlement_months[0])}. "
    if figure("low_point_p5").value >= 0:
        told += "In nineteen worlds of twenty no money has to be advanced at all. "
    else:
        told += (
            f"Until the money is back {_amount(figure('mean_low_point'), -1.0)} must be financed on average, and in "
        )
        told += f"one case of twenty more than {_amount(figure('low_point_p5'), -1.0)}. "
    back, never = figure("payback_month_p50"), figure("chance_never_back")
    until = f"some is still missing in {answer.date(answer.horizon_months)}"
    if never.value == 0:
        told += f"In every world all of it is back by {answer.date(answer.horizon_months)}. "
    elif not isfinite(back.value):
        told += f"In most worlds ({_share(never)}) {until}. "
    elif back.value <= answer.fan[0][0]:
        told += f"In a typical world no money is ever missing; in {_share(never)} of worlds {until}. "
    else:
        told += (
            f"In a typical world all of it is back by {answer.date(back.value)}; in {_share(never)} of worlds {until}. "
        )
    final, each = figure("mean_final"), figure("mean_final", share="physician")
    left = "is left" if final.value >= 0 else "is what it comes to"
    told += f"After the last settlement {_amount(final)} {left} on average, {_amount(each)} for each of "
    told += f"{round(answer.physicians):,} physicians"
    covered = with_error(figure("cost_covered"), "dollars").partition(" ± ")[0]
    told += f". What comes in covers a cost of {covered} a person and month on average; {_cost(answers, answer)} is "
    return told + "assumed."


def _share(chance: Estimate) -> str:
    return chance_cell(chance).value


def _cost(answers: Answers, answer: CashAnswer) -> str:
    """The cost assumed a person and month, first year and last."""
    plan = plan_of(answers.scenario, answer.people)
    costs = [
        by_person + dollars / (12 * answer.people)
        for dollars, by_person in zip(plan.cost, plan.cost_per_person_month, strict=True)
    ]
    first, last = f"${costs[0]:.2f}", f"${costs[-1]:.2f}"
    return first if first == last else f"{first} in the first year and {last} in the last"


def _figure(drawn: Sequence[CashAnswer], called: dict[str, str]) -> Figure:
    shown = drawn[:_MOST_PANELS]
    rows = (len(shown) + 1) // 2
    figure = plots.new_figure(10.0, 2.9 * rows + 0.2)
    figure.subplots_adjust(left=0.07, right=0.98, top=1 - 0.35 / (2.9 * rows), bottom=0.5 / (2.9 * rows), wspace=0.2,
                           hspace=0.42)  # fmt: skip
    for number, answer in enumerate(shown):
        ax = figure.add_subplot(rows, min(2, len(shown)), number + 1)
        plots.cash_over_time(answer, name=_name(answer, called), ax=ax)
    title = f"Cash over time, {shown[0].people:,} people"
    caption = (
        "All that came in less all that was spent, month by month: the line is the middle of the worlds, bands hold "
        "50, 80 and 95% of them. Dotted lines are settlements; the triangle is the typical lowest point, the diamond "
        "the month in which the money is typically back for good. Dollar scales differ from panel to panel."
    )
    if len(drawn) > len(shown):
        caption += " Others are only in the table."
    told = "; ".join(
        f"{_name(each, called)}: lowest typically {_amount(each.estimate('low_point_p50'))}, "
        f"in the end {_amount(each.estimate('final_p50'))}"
        for each in shown
    )
    return Figure(title, caption, plots.svg(figure, f"{title}: {told}"))


def _sections(answers: Answers, called: dict[str, str]) -> Iterator[tuple[str, list[CashAnswer]]]:
    """Payees that stand together: of one size, and for practices under one arrangement."""
    found: dict[str, list[CashAnswer]] = {}
    for each in answers.cash:
        title = f"{each.people:,} people" + ("" if each.tier is None else f" under {called[each.arrangement]}")
        found.setdefault(title, []).append(each)
    yield from found.items()


def _exhibit(answers: Answers, called: dict[str, str]) -> Exhibit:
    first = answers.cash[0]
    rate = percent(plan_of(answers.scenario, first.people).discount_rate)
    note = _NOTE.format(
        until=first.date(first.horizon_months), rate=rate, cost=_cost(answers, first), size=first.people
    )
    sections = tuple(
        (title, tuple((_name(each, called), tuple(_cells(each))) for each in found))
        for title, found in _sections(answers, called)
    )
    return Exhibit("When the money is in", note, _HEADINGS, sections)


def _cells(answer: CashAnswer) -> Iterator[Cell]:
    for metric in ("mean_low_point", "low_point_p5"):
        low = answer.estimate(metric)
        yield cell(Estimate(-low.value, low.standard_error), "dollars")
    yield Cell(UNKNOWN if answer.estimate("low_point_p5").value >= 0 else _date(answer, "low_month_p50"))
    yield Cell(_date(answer, "payback_month_p50"))
    yield cell(answer.estimate("chance_never_back"), "probability")
    for metric in ("mean_final", "final_p5", "final_p95"):
        yield cell(answer.estimate(metric), "dollars")
    yield cell(answer.estimate("mean_final", share="physician"), "dollars")
    yield cell(answer.estimate("mean_present_value"), "dollars")
    yield cell(answer.estimate("cost_covered"), "dollars")


def _date(answer: CashAnswer, metric: str) -> str:
    month = answer.estimate(metric).value
    return "not in half" if not isfinite(month) else "never short" if month <= answer.fan[0][0] else answer.date(month)


def _by_year(answers: Answers, called: dict[str, str]) -> Iterator[Exhibit]:
    """Cash by calendar year and income by performance year: mean, and the worst and best case of twenty."""
    first = answers.cash[0]
    for title, name, periods, note in (
        ("Cash by calendar year", "cash", first.calendar_years, "What comes in less what is spent in the year."),
        (
            "Net income by performance year",
            "income",
            first.performance_years,
            "What a performance year brings less what it costs, whenever the cash moves.",
        ),
    ):
        sections = tuple(
            (
                f"{_name(each, called)}, {group}",
                tuple(
                    (words, tuple(cell(each.estimate(f"{part}_{name}" if part == "mean" else f"{name}_{part}", period),
                                       CASH[f"mean_{name}"].unit) for period in periods))
                    for part, words in (("mean", "average"), ("p5", "worst case of twenty"), ("p95", "best of twenty"))
                ),
            )
            for group, found in _sections(answers, called)
            for each in found
        )  # fmt: skip
        yield Exhibit(title, note, ("", *periods), sections)
