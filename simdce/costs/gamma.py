"""A gamma law of cost beside a zero mass: lighter in the tail than any lognormal, for stress by contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc, gammainccinv

from simdce.costs import FloatArray


@dataclass(frozen=True)
class Gamma:
    """A share ``zero_share`` without cost, the rest gamma with ``shape`` and ``scale`` (dollars)."""

    shape: float
    scale: float
    zero_share: float = 0.0

    @property
    def mean(self) -> float:
        """Mean annual cost in dollars."""
        return (1.0 - self.zero_share) * self.shape * self.scale

    def upper_quantile(self, v: FloatArray) -> FloatArray:
        """The cost reached by a share ``v``."""
        among_positive = np.clip(np.asarray(v, float) / (1.0 - self.zero_share), 0.0, 1.0)
        return np.asarray(self.scale * gammainccinv(self.shape, among_positive), dtype=np.float64)

    def upper_partial_mean(self, v: FloatArray) -> FloatArray:
        """E[X; X > x] = mean times the survival of a gamma with one more unit of shape."""
        v = np.asarray(v, float)
        above = np.asarray(gammaincc(self.shape + 1.0, self.upper_quantile(v) / self.scale))
        return np.asarray(np.where(v <= 0, 0.0, self.mean * above), dtype=np.float64)


def gamma(mean: float, cv: float, zero_share: float = 0.0) -> Gamma:
    """A gamma by its mean (dollars) and coefficient of variation over everybody; ValueError when it cannot exist."""
    positive = 1.0 - zero_share
    squared_cv = positive * (1.0 + cv * cv) - 1.0
    if squared_cv <= 0:
        raise ValueError(f"a zero share of {zero_share:g} alone gives a CV above {cv:g}")
    return Gamma(1.0 / squared_cv, mean / positive * squared_cv, zero_share)
