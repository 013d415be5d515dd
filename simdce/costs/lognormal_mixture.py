"""People without cost, and one or more lognormals (ambulatory care, acute care): the calibrated shape of Medicare cost.

Fitted to the concentration of fee-for-service spending (Wallis, EClinicalMedicine 2021); one lognormal alone is too
heavy at the top 1% and too light at the top 10-20%.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from simdce.costs import FloatArray


@dataclass(frozen=True)
class LognormalMixture:
    """A zero mass ``1 - sum(weights)`` and lognormals with the given means (dollars) and log standard deviations."""

    weights: tuple[float, ...]
    means: tuple[float, ...]
    log_sds: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean annual cost in dollars."""
        return float(np.dot(self.weights, self.means))

    def survival(self, dollars: FloatArray) -> FloatArray:
        """Share of people who cost more than ``dollars`` (positive)."""
        return self._sum(dollars, np.ones(len(self.weights)), shift=False)

    def upper_quantile(self, v: FloatArray) -> FloatArray:
        """The cost reached by a share ``v``: bisection on log dollars, exact to double precision."""
        v = np.asarray(v, float)
        low, high = np.full(v.shape, -60.0), np.full(v.shape, 60.0)
        for _ in range(90):
            middle = 0.5 * (low + high)
            above = self.survival(np.exp(middle)) > v
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.where(v >= sum(self.weights), 0.0, np.where(v <= 0, np.inf, np.exp(high)))

    def upper_partial_mean(self, v: FloatArray) -> FloatArray:
        """E[X; X above its upper v-quantile] = sum of w m Phi(sigma - z), each component in closed form."""
        v = np.asarray(v, float)
        inside = (v > 0) & (v < sum(self.weights))
        partial = self._sum(self.upper_quantile(np.where(inside, v, 0.5 * sum(self.weights))), self.means, shift=True)
        return np.where(inside, partial, np.where(v <= 0, 0.0, self.mean))

    def _sum(self, dollars: FloatArray, amounts: Sequence[float] | FloatArray, *, shift: bool) -> FloatArray:
        total = np.zeros(np.shape(dollars))
        for weight, mean, sd, amount in zip(self.weights, self.means, self.log_sds, amounts, strict=True):
            z = (np.log(dollars) - np.log(mean) + 0.5 * sd * sd) / sd
            total += weight * amount * ndtr((sd if shift else 0.0) - z)
        return total


def lognormal(mean: float, cv: float, zero_share: float = 0.0) -> LognormalMixture:
    """One lognormal beside a zero mass, by its mean (dollars) and coefficient of variation over everybody.

    Raises ValueError when the zero mass alone already exceeds the coefficient of variation.
    """
    positive = 1.0 - zero_share
    second = positive * (1.0 + cv * cv)  # E[X^2] of those with cost, in units of their squared mean
    if second <= 1.0:
        raise ValueError(f"a zero share of {zero_share:g} alone gives a CV above {cv:g}")
    return LognormalMixture((positive,), (mean / positive,), (float(np.sqrt(np.log(second))),))
