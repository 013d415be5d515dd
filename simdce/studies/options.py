"""What may be signed: of every contract, or every tier of a practice, what it brings the one who decides, by world.

Costs of care management and the dates of money count where the scenario has a cash table; without one, what a contract
brings is added up over its years as if care management cost nothing and money came at once. Not to join brings nothing
and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from simdce.arrangements.settlement import FloatArray
from simdce.metrics import Estimate, percentile_of_years
from simdce.scenario import ArrangementChoice, Scenario
from simdce.scenario.contract import Savings
from simdce.studies.cash import plan_of
from simdce.studies.cash_flows import MONTHS, flows_of, path_of
from simdce.studies.payment import Lived
from simdce.studies.receipts import Receipts, receipts_of_contract, receipts_of_practice
from simdce.worlds import PanelYears


@dataclass(frozen=True)
class Option:
    """One contract, or (``tier``) what a practice of some people would sign with an entity under it; dollars.

    ``income``: what a performance year brings less what it costs (world, year); ``settled``: what its settlement comes
    to, negative when owed. ``worth``: what a year of the agreement brings on average (world,), today's dollars where
    the scenario has a cash table; ``person_months`` likewise: what a dollar a person and month comes to in a year.
    ``low_point``: deepest cumulative cash, None without a cash table.
    """

    arrangement: str
    tier: str | None
    people: int
    income: FloatArray
    settled: FloatArray
    worth: FloatArray
    person_months: FloatArray
    low_point: FloatArray | None

    @property
    def key(self) -> tuple[str, str | None]:
        """What tells it from the others of its size."""
        return self.arrangement, self.tier

    def year(self, probability: float) -> Estimate:
        """Quantile of a year's income over all performance years."""
        return percentile_of_years(self.income, probability)


class Offers:
    """Everything that may be signed by one of some people, on the same worlds; what was counted is kept."""

    def __init__(self, scenario: Scenario, panels: PanelYears, people: int) -> None:
        practice = scenario.practice
        if practice is not None:  # the others' shares do not depend on how many sizes of the practice are asked for
            scenario = scenario.model_copy(update={"practice": practice.model_copy(update={"people": (people,)})})
        self.scenario, self.panels, self.people = scenario, panels, people

    @cached_property
    def lived(self) -> Lived:
        """The experience of the people of whoever decides."""
        return Lived(self.scenario, self.panels, self.people)

    @cached_property
    def receipts(self) -> tuple[Receipts, ...]:
        """What every option brings, by the way it arrives."""
        return tuple(self._receipts(self.scenario))

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """The options as the scenario has them."""
        return tuple(option_of(self.scenario, receipts) for receipts in self.receipts)

    def saving(self, more: float) -> tuple[Option, ...]:
        """The same if true savings were ``more`` (fraction of cost) higher in every performance year.

        Of a practice's own people where the scenario tells them from the pool's.
        """
        changed = saving_more(self.scenario, more)
        return tuple(option_of(changed, receipts) for receipts in self._receipts(changed)) if more else self.options

    def costing(self, more: float) -> tuple[Option, ...]:
        """The same if care management cost ``more`` dollars a person and month in every performance year."""
        return tuple(option_of(self.scenario, receipts, more) for receipts in self.receipts) if more else self.options

    def _receipts(self, scenario: Scenario) -> Iterator[Receipts]:
        if scenario.practice is not None:
            yield from receipts_of_practice(scenario, self.panels)
            return
        lived = copy(self.lived)  # benchmarks and experience do not depend on what is saved
        lived.scenario = scenario
        for choice in choosable(scenario, self.people):
            yield receipts_of_contract(lived, choice.key)


def choosable(scenario: Scenario, people: int) -> list[ArrangementChoice]:
    """Contracts in force in every performance year that admit the panel; failing that those in force, then all."""
    from simdce import arrangements

    years = scenario.years.performance_years
    held = [(c, arrangements.load(c.name).in_force(years, c.elections)) for c in scenario.arrangements]
    in_force = [(choice, rule) for choice, rule in held if not rule.timeline.outside]
    least = "minimum_beneficiaries"
    admitted = [c for c, rule in in_force if least not in rule or people >= max(rule.values(least))]
    return admitted or [choice for choice, _ in in_force] or list(scenario.arrangements)


def savings_assumed(scenario: Scenario) -> tuple[float, ...]:
    """True savings by performance year: the practice's own where the scenario gives them, else the pool's."""
    practice = scenario.practice
    own = None if practice is None else practice.true_savings
    return (scenario.savings if own is None else Savings(true=own)).by_year(scenario.years.performance)


def saving_more(scenario: Scenario, more: float) -> Scenario:
    """The scenario with true savings ``more`` higher in every performance year."""
    moved = Savings(true=tuple(saved + more for saved in savings_assumed(scenario)))
    practice = scenario.practice
    if practice is not None and practice.true_savings is not None:
        return scenario.model_copy(update={"practice": practice.model_copy(update={"true_savings": moved.true})})
    return scenario.model_copy(update={"savings": moved})


def option_of(scenario: Scenario, receipts: Receipts, more: float = 0.0) -> Option:
    """What receipts come to under the scenario's costs and dates, ``more`` dollars a person and month added."""
    months = MONTHS * receipts.person_years
    years = months.shape[1]
    net = receipts.net - receipts.reconciled
    place = (receipts.arrangement, receipts.tier, receipts.people)
    if scenario.cash is None:
        income = net + receipts.bonus + receipts.monthly - more * months
        return Option(*place, income, net, income.mean(axis=1), months.mean(axis=1), None)
    plan = plan_of(scenario, receipts.people)
    plan = replace(plan, cost_per_person_month=tuple(cost + more for cost in plan.cost_per_person_month))
    flows = flows_of(receipts, plan)
    path = path_of(flows)
    later = (1.0 + plan.discount_rate) ** (-np.arange(MONTHS * years) / MONTHS)
    weights = later.reshape(-1, MONTHS).mean(axis=1) / years
    return Option(*place, flows.income, net, path.present_value / years, months @ weights, path.low_point)
