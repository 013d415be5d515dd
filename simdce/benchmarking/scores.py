"""Risk scores of a simulated panel, and what of them the benchmark of an arrangement follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce import calibration
from simdce.arrangements.in_force import InForce
from simdce.benchmarking.risk_adjustment import capped_together, credited_growth
from simdce.calibration import CATEGORIES
from simdce.scenario import Scenario

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RiskScores:
    """Mean risk scores of every simulated year, person-years as weights; 1 is what the category is expected to have.

    ``by_year``: (world, category, simulated year), of who is on the panel, without growth; ``calendar``: (simulated
    year,), calendar years; ``coding`` and ``demographic``: (simulated year,), growth factors from the last baseline
    year on; ``last_baseline`` and ``first_performance``: positions of those years; ``newly_assigned``: share of the
    panel that was not on it the year before.
    """

    by_year: FloatArray
    calendar: tuple[int, ...]
    coding: FloatArray
    demographic: FloatArray
    last_baseline: int
    first_performance: int
    newly_assigned: float

    @classmethod
    def stable(cls, baseline: int, performance: int) -> RiskScores:
        """Scores of one world and category that stay at 1."""
        years = baseline + performance
        ones = np.ones(years)
        return cls(np.ones((1, 1, years)), tuple(range(years)), ones, ones, baseline - 1, baseline, 0.0)

    def grown(self, position: int) -> FloatArray:
        """Scores of a simulated year with all their growth; (world, category)."""
        return np.asarray(self.by_year[..., position] * self.coding[position] * self.demographic[position])

    def nearest(self, calendar_year: int) -> int:
        """Position of a calendar year, or of the nearest one simulated before the performance years."""
        return min(max(calendar_year - self.calendar[0], 0), self.first_performance - 1)


def score_growth(scenario: Scenario, by_year: FloatArray) -> RiskScores:
    """Mean risk scores (world, category, simulated year) with their growth from the last baseline year on."""
    years, growth = scenario.years, scenario.risk_scores
    turnover = scenario.turnover.annual
    since = np.maximum(np.arange(years.total) - (years.baseline - 1), 0)
    first = years.first_performance_year - years.baseline - years.gap
    return RiskScores(
        by_year=by_year,
        calendar=tuple(range(first, first + years.total)),
        coding=(1.0 + growth.coding_growth) ** since,
        demographic=(1.0 + growth.demographic_growth) ** since,
        last_baseline=years.baseline - 1,
        first_performance=years.baseline + years.gap,
        newly_assigned=calibration.default("annual_turnover") if turnover is None else turnover,
    )


def benchmark_scores(scores: RiskScores, rule: InForce, dollars: FloatArray, year: int) -> FloatArray:
    """Scores that multiply the rates of claims-aligned people in a performance year, by number; (world, category).

    ``dollars`` (world, category) are what they multiply. Categories are capped each alone, those with end-stage renal
    disease apart from all others, or all together.
    """
    here = scores.first_performance + year
    reference = scores.last_baseline
    if "risk_score_reference_year" in rule:
        reference = scores.nearest(int(rule.values("risk_score_reference_year")[year]))
    manner = rule.values("risk_adjustment")[year]
    if manner == "newly_assigned":
        growth = credited_growth(scores.coding[here] / scores.coding[reference], scores.newly_assigned)
        return np.asarray(scores.by_year[..., here] * scores.demographic[here] * growth)

    def number(name: str, absent: float) -> float:
        return float(rule.numbers(name, absent=absent)[year])

    change = 0.0
    if "risk_score_cap_follows_demographics" in rule and rule.values("risk_score_cap_follows_demographics")[year]:
        change = float(scores.demographic[here] / scores.demographic[reference]) - 1.0
    rise, fall = number("risk_score_rise_cap", np.inf), number("risk_score_fall_cap", np.inf)
    factor, ceiling = number("coding_intensity_factor", 1.0), number("risk_score_ceiling", np.inf)
    followed, then, first = scores.grown(here), scores.grown(reference), scores.grown(scores.last_baseline)
    for group in capped_groups(manner, followed.shape[-1]):
        weights = dollars[..., group]
        held = factor * capped_together(
            followed[..., group], then[..., group], weights, rise=rise, fall=fall, demographic_change=change
        )
        followed[..., group] = capped_together(held, first[..., group], weights, rise=ceiling, fall=np.inf)
    return followed


def capped_groups(manner: str, categories: int) -> list[list[int]]:
    """Which categories' scores are capped together, by the arrangement's word for it."""
    esrd, everybody = CATEGORIES.index("esrd"), list(range(categories))
    if manner == "overall":
        return [everybody]
    if manner == "esrd_apart":
        return [[esrd], [category for category in everybody if category != esrd]]
    return [[category] for category in everybody]
