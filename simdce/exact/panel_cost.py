"""The law of what a panel costs a person in one year, by inverting one slot's characteristic function.

With φ the characteristic function of the panel's total less its mean, a product of powers of one slot's, one factor a
category, P(total - mean <= x) = 1/2 - 1/π Σ_j Im(φ(t_j) exp(-i t_j x)) / (j + 1/2), t_j = (j + 1/2) Δ, off by at most
the chance of more than π/Δ on either side (Davies, Biometrika 1973). As φ falls off like a normal law's, some sixty
frequencies tell the whole law of fifteen thousand people.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simdce import calibration
from simdce.errors import InputError
from simdce.exact.cost import ComplexArray
from simdce.population import slots_by_category
from simdce.scenario import Scenario
from simdce.slot_law import SlotLaw
from simdce.slot_law.moments import frozen_mass
from simdce.slots import slot_laws

FloatArray = NDArray[np.float64]

TOLERANCE = 1e-10
"""No probability moves by more when the frequencies are doubled, and no weight is left beyond the last of them."""

WINDOW = 10.0  # standard deviations on either side of the mean that the first try covers
MOST_DOUBLINGS = 12
CHECKS = 41
BISECTIONS = 60


@dataclass(frozen=True)
class PanelCostLaw:
    """The law of dollars per slot and calendar year.

    ``error_bound``: of every probability, the largest change seen when the frequencies were doubled, with a margin.
    """

    mean: float
    sd: float
    error_bound: float
    _people: float
    _frequencies: FloatArray
    _characteristic: ComplexArray

    def cdf(self, dollars: ArrayLike) -> FloatArray:
        """Chance of costing at most so many dollars a slot."""
        distance = (np.asarray(dollars, dtype=np.float64) - self.mean) * self._people
        return _chance(distance, self._frequencies, self._characteristic)

    def quantile(self, probability: ArrayLike) -> FloatArray:
        """Dollars per slot not exceeded with a chance; InputError for chances that are none."""
        wanted = np.asarray(probability, dtype=np.float64)
        if not ((wanted > 0.0) & (wanted < 1.0)).all():
            raise InputError("must lie between 0 and 1", key="probability", value=probability)
        reach = pi / (2.0 * self._frequencies[0] * self._people)
        low, high = np.full_like(wanted, self.mean - reach), np.full_like(wanted, self.mean + reach)
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            below = self.cdf(middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(0.5 * (low + high))


def panel_cost_law(scenario: Scenario, panel_size: int, *, truncated: bool = False) -> PanelCostLaw:
    """The law of a panel's cost in its first year, at the price year, without shocks and true savings.

    Raises InputError as ``slot_laws`` does, and where the tail is too heavy for the frequencies allowed.
    """
    laws = slot_laws(scenario)
    people = slots_by_category((panel_size,), scenario.mix)[0]
    slots = [(law, int(people[calibration.CATEGORIES.index(name)])) for name, law in laws.items()]
    return cost_law_of([(law, count) for law, count in slots if count], truncated=truncated)


def cost_law_of(slots: list[tuple[SlotLaw, int]], *, truncated: bool = False) -> PanelCostLaw:
    """The same for frozen slots and how many there are of each."""
    parts = [(*_atoms(law, truncated), count) for law, count in slots]
    total = sum(count * float(weights @ costs) for costs, weights, count in parts)
    variance = sum(count * float(weights @ (costs - weights @ costs) ** 2) for costs, weights, count in parts)
    people, sd = float(sum(count for *_, count in parts)), float(np.sqrt(variance))
    points = np.linspace(-6.0, 8.0, CHECKS) * sd
    spacing, before = pi / (WINDOW * sd), None
    for _ in range(MOST_DOUBLINGS):
        frequencies, characteristic = _frequencies(parts, spacing, 1.0 / sd)
        chances = _chance(points, frequencies, characteristic)
        change = np.inf if before is None else float(np.abs(chances - before).max())
        if change <= TOLERANCE:
            bound = 3.0 * max(change, TOLERANCE)
            return PanelCostLaw(total / people, sd / people, bound, people, frequencies, characteristic)
        spacing, before = spacing / 2.0, chances
    raise InputError("the tail of cost is too heavy for an exact law of so small a panel", value=int(people))


def _atoms(law: SlotLaw, truncated: bool) -> tuple[FloatArray, FloatArray]:
    """Different amounts that a slot can cost, and their probabilities."""
    counted = np.minimum(law.costs, law.truncation) if truncated else law.costs
    costs, where = np.unique(counted.astype(np.float64), return_inverse=True)
    return costs, np.asarray(np.bincount(where.ravel(), weights=frozen_mass(law).ravel()), dtype=np.float64)


def _frequencies(
    parts: list[tuple[FloatArray, FloatArray, int]], spacing: float, step: float
) -> tuple[FloatArray, ComplexArray]:
    """Frequencies until nothing is left of the characteristic function, and its values less the mean."""
    found: list[ComplexArray] = []
    first, block = 0, max(16, int(np.ceil(4.0 * step / spacing)))
    while not found or np.abs(found[-1][-1]) > TOLERANCE / 10.0:
        t = (np.arange(first, first + block) + 0.5) * spacing
        logarithm = np.zeros(block, np.complex128)
        for costs, weights, count in parts:
            phase = np.multiply.outer(t, costs - weights @ costs)
            logarithm += count * np.log1p((np.cos(phase) - 1.0) @ weights + 1j * (np.sin(phase) @ weights))
        found.append(np.exp(logarithm))
        first += block
    values = np.concatenate(found)
    return np.asarray((np.arange(len(values)) + 0.5) * spacing, dtype=np.float64), values


def _chance(distance: FloatArray, frequencies: FloatArray, characteristic: ComplexArray) -> FloatArray:
    order = np.arange(len(frequencies)) + 0.5
    phase = np.multiply.outer(distance, frequencies)
    terms = np.cos(phase) @ (characteristic.imag / order) - np.sin(phase) @ (characteristic.real / order)
    return np.asarray(np.clip(0.5 - terms / pi, 0.0, 1.0))
