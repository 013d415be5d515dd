"""Growth as compact tables for a terminal: people by year, then what each plan brings."""

from __future__ import annotations

from rich.table import Table

from simdce.metrics import Estimate
from simdce.studies.comparison import distinguishable
from simdce.studies.growth import GrowthAnswers
from simdce.wording import UNKNOWN, heads, with_error


def growth_tables(found: GrowthAnswers) -> list[Table]:
    """People of every plan by year with the chances of standing at or above the sizes asked for; payments by plan."""
    return [_people(found), *(_payments(found, key) for key in found.minimum)]


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="bold", pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    return table


def _people(found: GrowthAnswers) -> Table:
    marks = tuple(f"{mark:,} or more" for mark in found.marks)
    table = _table(
        "\nHow many people, plan by plan", "plan", "year", "people", "1 in 10 below", "1 in 10 above", *marks
    )
    for plan in found.plans:
        for year in found.years:
            ends = (heads(Estimate(found.estimate(plan, f"people_p{end}", year).value, 0.0)) for end in (10, 90))
            chances = (
                _told(found.estimate(plan, f"chance_at_least_{mark}", year), "probability") for mark in found.marks
            )
            table.add_row(plan if year == found.years[0] else "", str(year),
                          _unbroken(heads(found.estimate(plan, "mean_people", year))), *ends, *chances)  # fmt: skip
    return table


def _payments(found: GrowthAnswers, key: str) -> Table:
    least, first = found.minimum[key], found.plans[0]
    below = () if least is None else (f"below {least:,} in a year", "cost of that")
    more = () if found.one_more is None else (f"{found.one_more:,} more: mean", "and 1 in 20 below")
    title = f"\nWhat growth brings under {key}, all {len(found.years)} years together"
    rivals = (f"against {first}", "and 1 in 20 below") if len(found.plans) > 1 else ()
    table = _table(title, "plan", "mean", "1 in 20 below", *rivals, *below, *more)
    for plan in found.plans:

        def figure(metric: str, plan: str = plan) -> str:
            unit = "probability" if metric.startswith("chance") else "dollars"
            return _told(found.estimate(plan, metric, arrangement=key), unit)

        against = [UNKNOWN] * len(rivals)
        if plan != first:
            difference = found.estimate(plan, "mean_difference", arrangement=key)
            against = [figure("mean_difference") if distinguishable(difference) else "not distinguishable",
                       figure("net_p5_difference")]  # fmt: skip
        missed = () if least is None else (figure("chance_below_minimum"), figure("mean_lost_below_minimum"))
        worth = () if found.one_more is None else (figure("one_more_mean"), figure("one_more_p5"))
        table.add_row(plan, figure("mean_net"), figure("net_p5"), *against, *missed, *worth)
    return table


def _told(estimate: Estimate, unit: str) -> str:
    return _unbroken(with_error(estimate, unit))


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")
