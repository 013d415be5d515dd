"""The laws that published tables of pure chance are held against: independent people, no shocks, no risk adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np
from scipy.optimize import brentq

from simdce import calibration
from simdce.exact import ExactModel, SavingsRateLaw
from simdce.scenario import Scenario, build_scenario

_ARRANGEMENT = "mssp_track_1"
"""Whose benchmark weights 10/30/60 and truncation stand behind a savings rate here; it has no regional part."""


def chance_scenario(*, truncated: bool = True, people: int = 5000, worlds: int = 100, seed: int = 1) -> Scenario:
    """Three performance years of people of the calibration's own year who save nothing; no risk adjustment."""
    written = {
        "title": "chance alone",
        "worlds": worlds,
        "seed": seed,
        "panel": {"sizes": [people], "price_year": calibration.REFERENCE_YEAR},
        "years": {"first_performance_year": 2013, "performance": 3},
        "truncation": {} if truncated else {"percentile": 1.0},
        "savings": {"true": 0.0},
        "benchmark": {"risk_adjustment": False},
        "arrangements": [{"name": _ARRANGEMENT}],
    }
    return build_scenario(written)


@dataclass(frozen=True)
class Chance:
    """The exact law of the savings rate of a panel that saves nothing, mean over some performance years.

    ``bound``: how far any probability may be off, by the laws' own bound and the terms after the second order.
    """

    laws: tuple[SavingsRateLaw, ...]
    people: int

    @property
    def bound(self) -> float:
        """The largest error of a probability."""
        return max(float(law.error_bound + law.left_out) for law in self.laws)

    @property
    def spreads(self) -> str:
        """The standard deviation of each year in words."""
        found = ", ".join(f"{law.sd * sqrt(self.people):.2f}" for law in self.laws)
        return f"chance alone varies by {found}/sqrt(n)"

    def above(self, rate: float) -> float:
        """The chance of a savings rate at or above ``rate``."""
        return float(np.mean([law.sf(rate) for law in self.laws]))

    def below(self, rate: float) -> float:
        """The chance of a savings rate below ``rate``."""
        return 1.0 - self.above(rate)

    def quantile(self, probability: float) -> tuple[float, float]:
        """The rate that chance stays below with a probability, and a bound of its error."""
        ends = [float(law.quantile(probability)) for law in self.laws]
        rate = ends[0]
        if max(ends) > min(ends):
            rate = float(brentq(lambda at: self.below(at) - probability, min(ends), max(ends), xtol=1e-12))
        return rate, self.bound / float(np.mean([law.density(rate) for law in self.laws]))

    def expected_savings(self, rate: float, true_savings: float) -> tuple[float, float]:
        """E[S; S >= rate] of those who truly save, a fraction of benchmark, and a bound of its error.

        True savings of t make a savings rate S into 1 - (1 - S)(1 - t).
        """
        chance, ratio, _ = np.mean([law.partial_moments(gate(rate, true_savings)) for law in self.laws], axis=0)
        low, high = self.laws[-1].quantile([1e-6, 1.0 - 1e-6])
        reach = float(high - low) + abs(rate) + true_savings
        return float(chance - (1.0 - true_savings) * ratio), self.bound * reach


def chance(people: int, years: Sequence[int] = (1,), *, truncated: bool = True, shocks: Sequence[str] = ()) -> Chance:
    """The law of so many people, mean over performance years (1 is the first); ``shocks`` on as calibrated."""
    return Chance(tuple(_law(people, year, truncated, tuple(shocks)) for year in years), people)


def gate(rate: float, true_savings: float) -> float:
    """The savings rate of those who save nothing that ``rate`` is to those who truly save."""
    return 1.0 - (1.0 - rate) / (1.0 - true_savings)


@cache
def _model(truncated: bool) -> ExactModel:
    return ExactModel(chance_scenario(truncated=truncated))


@cache
def _law(people: int, year: int, truncated: bool, shocks: tuple[str, ...]) -> SavingsRateLaw:
    return _model(truncated).savings_rate(_ARRANGEMENT, people, year - 1, shocks)
