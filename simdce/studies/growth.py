"""When do we cross 15,000? People by year under each plan, what the contract pays on the way, what a practice adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simdce import metrics
from simdce.growth.defaults import default
from simdce.growth.people import PeopleByYear, people_by_year
from simdce.growth.settled import PathPayments, payments_along
from simdce.metrics import Estimate
from simdce.results import AGREEMENT, Metric
from simdce.scenario import Scenario
from simdce.studies.comparison import LOW
from simdce.worlds import PanelYears

FAN = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
"""Edges of the bands that hold 95, 80 and 50% of worlds, around the median."""

NOBODY = ""
"""In the column of arrangements: a figure of people, the same under all of them."""


@dataclass(frozen=True)
class GrowthRow:
    """One estimate of a plan: of people, or of what an arrangement pays; a calendar year or the agreement."""

    plan: str
    arrangement: str
    year: str
    metric: str
    estimate: Estimate


@dataclass(frozen=True)
class GrowthAnswers:
    """Every plan on the same worlds; ``minimum``: people that each arrangement asks for, None for no number."""

    plans: tuple[str, ...]
    years: tuple[int, ...]
    marks: tuple[int, ...]
    causes: tuple[str, ...]
    minimum: dict[str, int | None]
    rows: tuple[GrowthRow, ...]
    one_more: int | None

    @property
    def metrics(self) -> dict[str, Metric]:
        """What every metric of the rows means."""
        return dict(_described(self.marks, self.causes))

    def estimate(self, plan: str, metric: str, year: int | str = AGREEMENT, arrangement: str = NOBODY) -> Estimate:
        """One figure; KeyError where there is none."""
        return self._found[plan, arrangement, str(year), metric]

    def crossed_by(self, plan: str, mark: int) -> tuple[float, ...]:
        """Chance of having stood at or above a mark by the end of each year."""
        first = [self.estimate(plan, f"chance_first_{mark}", year).value for year in self.years]
        return tuple(float(chance) for chance in np.cumsum(first))

    @cached_property
    def _found(self) -> dict[tuple[str, str, str, str], Estimate]:
        return {(row.plan, row.arrangement, row.year, row.metric): row.estimate for row in self.rows}


def growth_answers(
    scenario: Scenario,
    panels: PanelYears,
    *,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> GrowthAnswers | None:
    """The answers for the scenario's plans, None where it has none; the worlds are those of ``panels``."""
    growth = scenario.growth
    if growth is None:
        return None
    paths = [people_by_year(scenario, plan) for plan in growth.plans]
    larger = [people_by_year(scenario, plan, one_more=True) for plan in growth.plans if growth.one_more is not None]
    paid = payments_along(scenario, panels, [*paths, *larger], threads=threads, progress=progress)
    marks = tuple(default("marks")) if growth.marks is None else growth.marks
    rows: list[GrowthRow] = []
    for number, path in enumerate(paths):
        rows += _of_people(scenario, path, marks)
        for key, payments in paid[number].items():
            more = paid[len(paths) + number][key] if larger else None
            rows += _of_payments(scenario, path.plan, key, payments, paid[0][key], more)
    return GrowthAnswers(
        plans=tuple(path.plan for path in paths),
        years=scenario.years.performance_years,
        marks=marks,
        causes=paths[0].causes,
        minimum={key: None if p.below is None else int(p.below.least.max()) for key, p in paid[0].items()},
        rows=tuple(rows),
        one_more=None if growth.one_more is None else growth.one_more.people,
    )


def _of_people(scenario: Scenario, path: PeopleByYear, marks: tuple[int, ...]) -> Iterator[GrowthRow]:
    def row(year: int | str, metric: str, estimate: Estimate) -> GrowthRow:
        return GrowthRow(path.plan, NOBODY, str(year), metric, estimate)

    for number, year in enumerate(scenario.years.performance_years):
        people = path.people[:, number].astype(float)
        yield row(year, "mean_people", metrics.mean(people))
        for share in FAN:
            yield row(year, f"people_p{100 * share:g}", metrics.percentile(people, share))
        for mark in marks:
            yield row(year, f"chance_at_least_{mark}", metrics.chance(people >= mark))
            before = (path.people[:, :number] >= mark).any(axis=1)
            yield row(year, f"chance_first_{mark}", metrics.chance((people >= mark) & ~before))
        yield row(year, "mean_voluntary", metrics.mean((path.people - path.aligned)[:, number].astype(float)))
        for name in ("joined", "withdrawn", "signed", "replaced"):
            yield row(year, f"mean_{name}", metrics.mean(getattr(path, name)[:, number].astype(float)))
        for place, cause in enumerate(path.causes):
            yield row(year, f"mean_left_{cause}", metrics.mean(path.left[:, number, place].astype(float)))
        yield row(year, "mean_left", metrics.mean(path.left[:, number].sum(axis=1).astype(float)))
    for mark in marks:
        yield row(AGREEMENT, f"chance_never_{mark}", metrics.chance(np.all(path.people < mark, axis=1)))


def _of_payments(
    scenario: Scenario, plan: str, key: str, paid: PathPayments, first: PathPayments, more: PathPayments | None
) -> Iterator[GrowthRow]:
    years: list[tuple[str, slice]] = [
        (str(year), slice(number, number + 1)) for number, year in enumerate(scenario.years.performance_years)
    ]
    for year, columns in (*years, (AGREEMENT, slice(None))):

        def row(metric: str, estimate: Estimate, year: str = year) -> GrowthRow:
            return GrowthRow(plan, key, year, metric, estimate)

        net = paid.net[:, columns].sum(axis=1)
        yield row("mean_net", metrics.mean(net))
        yield row(f"net_p{100 * LOW:g}", metrics.percentile(net, LOW))
        for share in FAN:
            yield row(f"net_p{100 * share:g}", metrics.percentile(net, share))
        yield row("mean_lost_below_minimum", metrics.mean((paid.admitted - paid.net)[:, columns].sum(axis=1)))
        if paid.below is not None:
            yield row("chance_below_minimum", metrics.chance(np.any(paid.below.missed[:, columns], axis=1)))
            ended = np.any((paid.below.ends | paid.below.over)[:, columns], axis=1)
            yield row("chance_ended", metrics.chance(ended))
        other = first.net[:, columns].sum(axis=1)
        yield row("mean_difference", metrics.mean(net - other))
        yield row("net_p5_difference", metrics.percentile_difference(net, other, LOW))
        if more is not None:
            larger = more.net[:, columns].sum(axis=1)
            yield row("one_more_mean", metrics.mean(larger - net))
            yield row("one_more_p5", metrics.percentile_difference(larger, net, LOW))


def _described(marks: tuple[int, ...], causes: tuple[str, ...]) -> Iterator[tuple[str, Metric]]:
    people, chance, dollars = "people", "probability", "dollars"
    yield "mean_people", Metric(people, "People of the year, expected: those of its four quarters on average.")
    for share in FAN:
        yield f"people_p{100 * share:g}", Metric(people, f"People of the year: {100 * share:g}th percentile.")
    for mark in marks:
        yield f"chance_at_least_{mark}", Metric(chance, f"The panel has {mark:,} people or more in the year.")
        yield f"chance_first_{mark}", Metric(chance, f"The year is the first in which the panel has {mark:,} or more.")
        yield f"chance_never_{mark}", Metric(chance, f"The panel has fewer than {mark:,} people in every year.")
    yield "mean_voluntary", Metric(people, "Of the people of the year those who chose the entity themselves, expected.")
    yield "mean_joined", Metric(people, "People who come with their practice in January, expected.")
    yield "mean_withdrawn", Metric(people, "People who go with their practice in January, expected.")
    yield "mean_signed", Metric(people, "People who choose the entity themselves during the year, expected.")
    yield "mean_replaced", Metric(people, "Places of those lost in the year that others take at once, expected.")
    yield "mean_left", Metric(people, "People lost by the end of the year, deaths included, expected.")
    for cause in causes:
        yield f"mean_left_{cause}", Metric(people, f"Of those the ones lost by {cause.replace('_', ' ')}.")
    yield "mean_net", Metric(dollars, "Expected payment less expected amount owed, all years together or the year's.")
    for share in (LOW, *FAN):
        yield f"net_p{100 * share:g}", Metric(dollars, f"Net payment: {100 * share:g}th percentile.")
    yield "chance_below_minimum", Metric(chance, "Fewer people than the arrangement asks for (in any year).")
    yield "chance_ended", Metric(chance, "The agreement has ended by then for want of people.")
    yield (
        "mean_lost_below_minimum",
        Metric(dollars, "What missing the minimum costs, expected: against the same people if it were never missed."),
    )
    yield "mean_difference", Metric(dollars, "Net payment less that of the first plan, expected, world by world.")
    yield "net_p5_difference", Metric(dollars, "5th percentile of the net payment less that of the first plan.")
    yield "one_more_mean", Metric(dollars, "What one more practice adds to the net payment, expected, world by world.")
    yield "one_more_p5", Metric(dollars, "What one more practice adds to the 5th percentile of the net payment.")
