"""When the money is in and what to hold against losses, as compact tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from rich.table import Table

from simdce.results import CASH
from simdce.wording import UNKNOWN, money, with_error

if TYPE_CHECKING:
    from simdce.metrics import Estimate
    from simdce.studies.cash import CashAnswer
    from simdce.studies.security import SecurityAnswer

_STYLE = {"title_justify": "left", "title_style": "bold", "header_style": "bold"}


def cash_tables(found: Sequence[CashAnswer], sizes: Sequence[int]) -> Iterator[Table]:
    """One table for each size (of a practice: and arrangement): what to finance, when it is back, what is left."""
    for people, arrangement in dict.fromkeys(_table_of(each) for each in found):
        if people in sizes:
            yield _cash([each for each in found if _table_of(each) == (people, arrangement)])


def _table_of(answer: CashAnswer) -> tuple[int, str | None]:
    return answer.people, None if answer.tier is None else answer.arrangement


def _cash(found: Sequence[CashAnswer]) -> Table:
    first = found[0]
    who = f"{first.people:,} people" + ("" if first.tier is None else f" under {first.arrangement}")
    title = f"\nWhen the money is in, {who}; first settlement {first.date(first.settlement_months[0])}"
    table = Table(title=title, box=None, pad_edge=False, **_STYLE)  # type: ignore[arg-type]
    headings = ("contract", "to be financed", "1 in 20 more than", "back for good by (typical)", "never back")
    for number, heading in enumerate((*headings, "left at the end", "a physician", "worth today")):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    for each in found:
        figures = {
            metric: _told(each.estimate(metric), CASH[metric].unit)
            for metric in ("chance_never_back", "mean_final", "mean_present_value")
        }
        low, worst = (each.estimate(metric) for metric in ("mean_low_point", "low_point_p5"))
        table.add_row(
            each.tier or each.arrangement,
            _told(_turned(low), "dollars"),
            _told(_turned(worst), "dollars"),
            month_told(each, each.estimate("payback_month_p50")),
            *(figures[metric] for metric in ("chance_never_back", "mean_final")),
            _told(each.estimate("mean_final", share="physician"), "dollars"),
            figures["mean_present_value"],
        )
    return table


def month_told(answer: CashAnswer, month: Estimate) -> str:
    """A month as people write it; that money is never short, or not back in half of the worlds."""
    if not isfinite(month.value):
        return "not in half"
    return "never short" if month.value <= answer.fan[0][0] else answer.date(month.value)


def security_tables(found: Sequence[SecurityAnswer], sizes: Sequence[int]) -> Iterator[Table]:
    """One table for each size: what the rule asks for, what is enough, the cheapest way and its yearly cost."""
    for people in dict.fromkeys(each.people for each in found):
        if people in sizes:
            yield _security([each for each in found if each.people == people])


def _security(found: Sequence[SecurityAnswer]) -> Table:
    chance = f"{100 * found[0].chance:g}%"
    title = f"\n{found[0].people:,} people: to be {chance} sure of being able to pay, held most cheaply"
    table = Table(title=title, box=None, pad_edge=False, **_STYLE)  # type: ignore[arg-type]
    headings = ("contract", "the rule asks", "falls short", "held", "cost a year", "if cheap to dear", "held by")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("contract", "held by") else "right", overflow="fold")
    for each in found:
        mix = each.cheapest
        table.add_row(
            each.tier or each.arrangement,
            money(each.required),
            _told(each.falls_short, "probability"),
            money(mix.held, mix.needed.standard_error if mix.held > each.required else 0.0),
            _told(mix.cost, "dollars"),
            UNKNOWN if not isfinite(mix.cost.value) else f"{money(mix.cost_at[0])} to {money(mix.cost_at[1])}",
            mix_in_words(each),
        )
    return table


def mix_in_words(answer: SecurityAnswer) -> str:
    """The cheapest mix from the first dollar up."""
    mix = answer.cheapest
    layers = [f"{layer.instrument.replace('_', ' ')} {money(layer.top - layer.bottom)}" for layer in mix.layers]
    return ", ".join([*(name.replace("_", " ") for name in mix.flows), *layers]) or UNKNOWN


def _turned(estimate: Estimate) -> Estimate:
    return type(estimate)(-estimate.value, estimate.standard_error)


def _told(estimate: Estimate, unit: str) -> str:
    told = with_error(estimate, unit)
    return (told if estimate.standard_error > 0 else told.partition(" ± ")[0]).replace(" ", "\N{NO-BREAK SPACE}")
