"""A practice inside the pool: its own benchmark and cost beside the pool's, in the same worlds.

The practice's benchmark is the pool's rate per person-year of each category times its own person-years: CMS sets one
rate for the pool and none for a practice, a practice's own history is mostly noise, and with one rate the benchmarks of
all practices add up to the pool's. The pool's rate of a category is its share of the benchmark as its weighted
baseline cost has it, so region, risk scores, trend and discount count for all categories alike. Risk scores of the
practice's own people are not taken into account.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simdce import arrangements
from simdce.arrangements.arrangement import Arrangement
from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import FloatArray, Outcome
from simdce.benchmarking.historical import historical_benchmark
from simdce.errors import InputError
from simdce.scenario import ArrangementChoice, Scenario
from simdce.scenario.contract import Savings
from simdce.settlements import Experience, counts_truncated, experience, measured_against, outcome_of
from simdce.tiers.rule import Pool, Practice
from simdce.worlds import PanelYears


@dataclass(frozen=True)
class PoolYears:
    """The pool, the largest panel, under one arrangement: rule, experience and outcome, as if the practice were as
    every other; ``rates``: benchmark dollars per person-year (world, category, performance year).
    """

    scenario: Scenario
    panels: PanelYears
    choice: ArrangementChoice
    rules: Arrangement
    rule: InForce
    lived: Experience
    outcome: Outcome
    rates: FloatArray

    def with_practice(self, people: int) -> tuple[Pool, Practice]:
        """Pool and practice of ``people`` people, the pool settled with what the practice itself saves."""
        own = self.scenario.practice
        if own is None:
            raise InputError("the scenario has no practice", key="practice")
        years = self.scenario.years.performance_years
        lived = experience(self.scenario, self.panels, people, truncated=counts_truncated(self.rule))
        benchmark = np.einsum("wcy,wcy->wy", self.rates, lived.inputs.person_years)

        def spent(scenario: Scenario) -> FloatArray:
            return measured_against(benchmark, lived, scenario, self.rule).expenditure

        expenditure, outcome = spent(self.scenario), self.outcome
        if own.true_savings is not None:
            usual = expenditure
            expenditure = spent(self.scenario.model_copy(update={"savings": Savings(true=own.true_savings)}))
            outcome = replace(outcome, expenditure=np.maximum(outcome.expenditure - usual + expenditure, 0.0))
        payment = self.rules.settle(outcome, years, self.choice.elections).net
        return (
            Pool(payment, outcome.benchmark, outcome.expenditure),
            Practice(float(people), benchmark, expenditure, own.quality_score),
        )


def pool_years(scenario: Scenario, panels: PanelYears, choice: ArrangementChoice) -> PoolYears:
    """The largest panel under one arrangement, with its benchmark spread over categories."""
    rules = arrangements.load(choice.name)
    rule = rules.in_force(scenario.years.performance_years, choice.elections)
    lived = experience(scenario, panels, panels.panel_sizes[-1], truncated=counts_truncated(rule))
    outcome = outcome_of(lived, scenario, rule)
    own = scenario.benchmark.weights
    weights = rule.values("baseline_weights")[0] if own is None else own
    history = historical_benchmark(lived.inputs.baseline_per_capita, weights)
    person_years = lived.inputs.person_years
    at_history = np.einsum("wc,wcy->wy", history, person_years)
    level = np.divide(outcome.benchmark, at_history, out=np.zeros_like(at_history), where=at_history > 0)
    rates = history[:, :, None] * level[:, None, :]
    return PoolYears(scenario, panels, choice, rules, rule, lived, outcome, rates)
