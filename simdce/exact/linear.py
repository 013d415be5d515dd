"""Expenditure and benchmark of a performance year as sums over slots: exact where linear, by the delta method else.

Per category the historical benchmark is P' Σ w_y D_y / P_y, with dollars D and person-years P of the baseline years and
person-years P' of the performance year. Around the exact means its gradient is a sum over slots; the second-order term
has a mean and, given the sum, a conditional mean that the exact covariances give (Serfling, Approximation Theorems
of Mathematical Statistics, 1980, section 3.3). Dollars are at the price year: growth divides out of a savings rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.exact.slot import ABSENCE, DOLLARS, SlotChain

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SlotSum:
    """A linear sum over slots: Σ (coefficients · totals of the slot + constant).

    ``coefficients``: (category, quantity, year); ``constant``: per slot (category,). Further quantities of a slot-year
    lengthen the second axis.
    """

    coefficients: FloatArray
    constant: FloatArray

    def __add__(self, other: SlotSum) -> SlotSum:
        return SlotSum(self.coefficients + other.coefficients, self.constant + other.constant)

    def __mul__(self, factor: float) -> SlotSum:
        return SlotSum(self.coefficients * factor, self.constant * factor)

    def mean(self, slots: FloatArray, chains: Sequence[SlotChain]) -> float:
        """The exact expectation for so many slots of each category."""
        each = [np.vdot(part, chain.mean) for part, chain in zip(self.coefficients, chains, strict=True)]
        return float(slots @ (np.array(each) + self.constant))

    def covariance(self, other: SlotSum, slots: FloatArray, chains: Sequence[SlotChain]) -> float:
        """The exact covariance with another sum over the same slots."""
        pairs = zip(self.coefficients, other.coefficients, chains, strict=True)
        return float(slots @ np.array([np.einsum("qy,qyrz,rz->", a, c.covariance, b) for a, b, c in pairs]))


@dataclass(frozen=True)
class PanelSums:
    """What a savings rate is made of, to first order, and the second-order term of the benchmark.

    ``historical`` and ``gap``: dollars of the historical benchmark, and of the region's less it; ``curvature``:
    half the second derivative of one slot's historical benchmark, (category, quantity x year, quantity x year).
    ``weights``: of the simulated years in the historical benchmark; ``year``: the performance year among them.
    ``national``: expected dollars per slot at national cost (category,). Benchmark years run over the simulated years.
    """

    chains: tuple[SlotChain, ...]
    expenditure: SlotSum
    historical: SlotSum
    gap: SlotSum
    curvature: FloatArray
    national: FloatArray
    weights: FloatArray
    year: int


def panel_sums(
    chains: Sequence[SlotChain],
    weights: Sequence[float],
    baseline: int,
    year: int,
    regional: FloatArray,
    national: FloatArray,
) -> PanelSums:
    """The sums of performance year ``year`` (a position among the simulated years) against the last baseline years.

    ``regional`` and ``national``: dollars per person-year (category,).
    """
    years = chains[0].years
    shape = (len(chains), 2, years)
    expenditure, historical = np.zeros(shape), np.zeros(shape)
    constant, curvature = np.zeros(len(chains)), np.zeros((len(chains), 2 * years, 2 * years))
    regional_part, regional_constant = np.zeros(shape), np.zeros(len(chains))
    at_national = np.zeros(len(chains))
    expenditure[:, DOLLARS, year] = 1.0
    for number, chain in enumerate(chains):
        dollars, present = chain.mean[DOLLARS], 1.0 - chain.mean[ABSENCE]
        rate = 0.0
        for weight, base in zip(weights, range(baseline - len(weights), baseline), strict=True):
            per_capita = dollars[base] / present[base]
            rate += weight * per_capita
            slope = weight * present[year] / present[base]
            historical[number, DOLLARS, base] = slope
            historical[number, ABSENCE, base] = slope * per_capita
            paid, missing, later = (base, years + base, years + year)
            for row, column, second in (
                (paid, later, -weight / present[base]),
                (paid, missing, slope / present[base]),
                (missing, later, -weight * per_capita / present[base]),
                (missing, missing, 2.0 * slope * per_capita / present[base]),
            ):
                curvature[number, row, column] += 0.5 * second
                if row != column:
                    curvature[number, column, row] += 0.5 * second
        historical[number, ABSENCE, year] = -rate
        constant[number] = rate * present[year] - float(np.vdot(historical[number], chain.mean))
        regional_part[number, ABSENCE, year] = -regional[number]
        regional_constant[number] = regional[number]
        at_national[number] = national[number] * present[year]
    history = SlotSum(historical, constant)
    gap = SlotSum(regional_part, regional_constant) + history * -1.0
    spent = SlotSum(expenditure, np.zeros(len(chains)))
    by_year = np.zeros(years)
    by_year[baseline - len(weights) : baseline] = weights
    return PanelSums(tuple(chains), spent, history, gap, curvature, at_national, by_year, year)
