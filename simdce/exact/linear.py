"""Sums over slots, and smooth functions of a panel's totals brought to such sums by the delta method.

A benchmark is a sum of products of powers of totals. Around the exact means its gradient is a sum over slots; the
second-order term has a mean and, given the sum, a conditional mean that the exact covariances give (Serfling,
Approximation Theorems of Mathematical Statistics, 1980, section 3.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simdce.exact.slot import ABSENCE, QUANTITIES, SlotChain

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SlotSum:
    """A linear sum over slots: Σ (coefficients · totals of the slot + constant).

    ``coefficients``: (category, quantity, year); ``constant``: per slot (category,). Further quantities of a slot-year
    lengthen the second axis.
    """

    coefficients: FloatArray
    constant: FloatArray
    _of_one: dict[int, tuple[object, object, FloatArray]] = field(default_factory=dict, compare=False, repr=False)
    """Moments of one slot, by the sum they are shared with; that sum and the chains are held, so that ids last."""

    def __add__(self, other: SlotSum) -> SlotSum:
        return SlotSum(self.coefficients + other.coefficients, self.constant + other.constant)

    def __sub__(self, other: SlotSum) -> SlotSum:
        return self + other * -1.0

    def __mul__(self, factor: float) -> SlotSum:
        return SlotSum(self.coefficients * factor, self.constant * factor)

    @property
    def key(self) -> tuple[bytes, bytes]:
        """Equal for equal sums."""
        return self.coefficients.tobytes(), self.constant.tobytes()

    def mean(self, slots: FloatArray, chains: Sequence[SlotChain]) -> float:
        """The exact expectation for so many slots of each category."""
        if 0 not in self._of_one or self._of_one[0][1] is not chains:
            each = [np.vdot(part, chain.mean) for part, chain in zip(self.coefficients, chains, strict=True)]
            self._of_one[0] = (None, chains, np.array(each) + self.constant)
        return float(slots @ self._of_one[0][2])

    def covariance(self, other: SlotSum, slots: FloatArray, chains: Sequence[SlotChain]) -> float:
        """The exact covariance with another sum over the same slots."""
        if id(other) not in self._of_one or self._of_one[id(other)][1] is not chains:
            size = self.coefficients[0].size
            pairs = zip(self.coefficients, other.coefficients, chains, strict=True)
            each = [a.ravel() @ (c.covariance.reshape(size, size) @ b.ravel()) for a, b, c in pairs]
            self._of_one[id(other)] = (other, chains, np.array(each))
        return float(slots @ self._of_one[id(other)][2])


Place = tuple[int, int]
"""Quantity and year of a total; ABSENCE stands for the presence, person-years less absence."""

Powers = Mapping[Place, int]


def times(one: Powers, other: Powers) -> dict[Place, int]:
    """The powers of a product."""
    return {place: one.get(place, 0) + other.get(place, 0) for place in {**one, **other}}


@dataclass(frozen=True)
class Smooth:
    """A function of one category's totals, Σ factor Π total^power, of degree one: n slots make n times of it.

    ``terms``: factors and powers.
    """

    terms: tuple[tuple[float, Powers], ...] = ()

    def __add__(self, other: Smooth) -> Smooth:
        return Smooth(self.terms + other.terms)

    def __mul__(self, factor: float) -> Smooth:
        return Smooth(tuple((factor * each, powers) for each, powers in self.terms) if factor else ())

    def times(self, powers: Powers) -> Smooth:
        """The product with powers of totals."""
        return Smooth(tuple((factor, times(own, powers)) for factor, own in self.terms))

    def at_mean(self, chain: SlotChain) -> float:
        """The value at the expected totals of one slot."""
        return float(sum(factor * _product(powers, chain) for factor, powers in self.terms))

    def expanded(self, chain: SlotChain) -> tuple[FloatArray, float, FloatArray]:
        """Gradient (quantity, year), the constant beside it, and half the second derivative, of one slot."""
        years = chain.years
        gradient = np.zeros((QUANTITIES, years))
        half = np.zeros((QUANTITIES * years, QUANTITIES * years))
        value = 0.0
        for factor, powers in self.terms:
            size = factor * _product(powers, chain)
            value += size
            slopes = {
                place: power * (-1.0 if place[0] == ABSENCE else 1.0) / _total(place, chain)
                for place, power in powers.items()
                if power
            }
            for place, slope in slopes.items():
                gradient[place] += size * slope
                row = place[0] * years + place[1]
                half[row, row] -= 0.5 * size * slope**2 / powers[place]
                for other, along in slopes.items():
                    half[row, other[0] * years + other[1]] += 0.5 * size * slope * along
        return gradient, value - float(np.vdot(gradient, chain.mean)), half


def _total(place: Place, chain: SlotChain) -> float:
    mean = float(chain.mean[place])
    return 1.0 - mean if place[0] == ABSENCE else mean


def _product(powers: Powers, chain: SlotChain) -> float:
    return float(np.prod([_total(place, chain) ** power for place, power in powers.items()]))


def expanded(parts: Sequence[Smooth], chains: Sequence[SlotChain]) -> tuple[SlotSum, FloatArray]:
    """The sum over slots that a smooth function of each category is to first order, and its curvature.

    Curvature: half the second derivative of one slot; (category, quantity x year, quantity x year).
    """
    each = [part.expanded(chain) for part, chain in zip(parts, chains, strict=True)]
    gradients, constants, curvatures = (np.array(values) for values in zip(*each, strict=True))
    return SlotSum(gradients, constants), curvatures
