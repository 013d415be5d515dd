"""The law of a savings rate: chance, quantile, density and moments, from the law of log(E/B) on a grid."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simdce.exact.interpolation import POINTS, interpolated, running_integral
from simdce.exact.ratio import RatioGrid
from simdce.exact.shocks import Shock, shaken

FloatArray = NDArray[np.float64]

BISECTIONS = 60


@dataclass(frozen=True)
class SavingsRateLaw:
    """The law of S = 1 - E/B, fractions of the benchmark.

    ``ratio_cdf``: P(log(E/B) <= x) at ``start + step * k``. ``error_bound``: of every probability against the law of
    the linearised benchmark, found by the computation itself. ``second_order``: the most that the benchmark's
    second-order term, which is included, moves a probability; ``left_out``: about what the terms after it would move
    one, from the exact mean of its ratios (large where a category has a handful of people). ``approximated``: what
    the law holds to some order only, each with its size; ``neglected``: what it leaves out.
    """

    start: float
    step: float
    ratio_cdf: FloatArray
    error_bound: float
    second_order: float
    left_out: float
    approximated: tuple[str, ...] = ()
    neglected: tuple[str, ...] = ()
    unmoved: tuple[SavingsRateLaw, float] | None = field(default=None, compare=False, repr=False)
    """The law of another multiple of E/B, whose moments serve for this one, and what that is multiplied by."""

    def shifted(self, by: float) -> SavingsRateLaw:
        """The law with log(E/B) moved by a constant."""
        return replace(self, start=self.start + by, unmoved=(self, float(np.exp(by))))

    def leaving_out(self, neglected: tuple[str, ...]) -> SavingsRateLaw:
        """The same law with what it leaves out."""
        return replace(self, neglected=neglected, unmoved=(self, 1.0))

    def cdf(self, rate: ArrayLike) -> FloatArray:
        """P(S < rate), shaped as the argument."""
        return np.asarray(1.0 - self.sf(rate))

    def sf(self, rate: ArrayLike) -> FloatArray:
        """P(S >= rate), shaped as the argument."""
        s = np.asarray(rate, float)
        found = np.clip(interpolated(self.ratio_cdf, self._positions(s.ravel())), 0.0, 1.0)
        return np.where(s.ravel() >= 1.0, 0.0, found).reshape(s.shape)

    def density(self, rate: ArrayLike) -> FloatArray:
        """Density of S, per unit of savings rate, shaped as the argument."""
        s = np.asarray(rate, float).ravel()
        slope = interpolated(self.ratio_cdf, self._positions(s), derivative=True) / self.step
        return np.asarray(np.maximum(slope / (1.0 - np.minimum(s, 1.0 - 1e-12)), 0.0).reshape(np.shape(rate)))

    def quantile(self, probability: ArrayLike) -> FloatArray:
        """The rate that S stays below with a probability in (0, 1), shaped as the argument; ValueError outside."""
        p = np.asarray(probability, float)
        if not ((p > 0.0) & (p < 1.0)).all():
            raise ValueError("a probability lies between 0 and 1")
        wanted = 1.0 - p.ravel()
        high = np.clip(np.searchsorted(self.ratio_cdf, wanted), 1, len(self.ratio_cdf) - 1).astype(float)
        low = high - 1.0
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            below = interpolated(self.ratio_cdf, middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(-np.expm1(self.start + self.step * 0.5 * (low + high))).reshape(p.shape)

    @property
    def mean(self) -> float:
        """Expected savings rate."""
        return 1.0 - self._ratio_moments[0]

    @property
    def sd(self) -> float:
        """Standard deviation of the savings rate."""
        return float(np.sqrt(self._ratio_moments[1]))

    @property
    def skewness(self) -> float:
        """Third standardised moment of the savings rate: negative, because costs have a long upper tail."""
        return float(-self._ratio_moments[2] / self._ratio_moments[1] ** 1.5)

    def partial_moments(self, rate: ArrayLike) -> FloatArray:
        """E[(E/B)^power; S >= rate] for power 0, 1, 2; axes (power, *argument's)."""
        s = np.asarray(rate, float)
        held = np.clip(self._positions(s.ravel()), 0.0, len(self.ratio_cdf) - 1)
        ratio = np.exp(self.start + self.step * held)
        at, under, under_square = interpolated(self._integrals, held + POINTS)
        found = np.stack([at, ratio * at - self.step * under, ratio**2 * at - 2.0 * self.step * under_square])
        found[:, s.ravel() >= 1.0] = 0.0
        return np.asarray(found).reshape(3, *s.shape)

    @cached_property
    def _integrals(self) -> FloatArray:
        """F, and the running integrals of exp(x) F and exp(2x) F in grid steps, from POINTS steps before the grid to as
        many after; (3, point)."""
        if self.unmoved is not None:
            law, growth = self.unmoved
            return law._integrals * growth ** np.arange(3.0)[:, None]
        x = self.start + self.step * np.arange(-POINTS, len(self.ratio_cdf) + POINTS)
        wide = np.pad(self.ratio_cdf, POINTS, mode="edge")
        return np.stack([wide, *(running_integral(np.exp(power * x) * wide) for power in (1, 2))])

    @cached_property
    def _ratio_moments(self) -> tuple[float, float, float]:
        """Mean, variance and third central moment of E/B: the trapezoidal rule is exact enough for a smooth law."""
        if self.unmoved is not None:
            (mean, variance, third), growth = self.unmoved[0]._ratio_moments, self.unmoved[1]
            return mean * growth, variance * growth**2, third * growth**3
        mass = interpolated(self.ratio_cdf, np.arange(-1.0, len(self.ratio_cdf) + 1.0), derivative=True)
        ratio = np.exp(self.start + self.step * np.arange(-1.0, len(self.ratio_cdf) + 1.0))
        mass /= mass.sum()
        mean = float(mass @ ratio)
        off = ratio - mean
        return mean, float(mass @ off**2), float(mass @ off**3)

    def _positions(self, rate: FloatArray) -> FloatArray:
        """Grid positions of log(1 - rate); beyond the last where the rate is 1 or more."""
        x = np.log1p(-np.minimum(rate, 1.0 - 1e-300 - 1e-16))
        return np.asarray((x - self.start) / self.step)


def savings_rate_law(ratio: RatioGrid, shocks: tuple[Shock, ...], approximated: tuple[str, ...] = ()) -> SavingsRateLaw:
    """The law with world-level shocks, narrowest first."""
    cdf, start, deviation = ratio.cdf, ratio.start, ratio.standard_deviation
    for shock in sorted(shocks, key=lambda shock: shock.scale):
        cdf, start = shaken(cdf, start, ratio.step, deviation, shock)
        deviation = float(np.hypot(deviation, shock.scale))
    cdf = np.maximum.accumulate(np.clip(cdf, 0.0, 1.0))
    return SavingsRateLaw(start, ratio.step, cdf, ratio.error, ratio.second_order, ratio.left_out, approximated)
