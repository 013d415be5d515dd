"""What the second order leaves of a mean of ratios: E[D/X] of a few slots, exactly.

D dollars of a year and X its person-years or sum of risk scores. With g(u) = E exp(-uX) and d(u) = E D exp(-uX) of one
slot, E[ΣD/ΣX] of n slots is n ∫ d(u) g(u)^(n-1) du over u > 0. In a category of a handful of people that is far from
the delta method: one of them may die in January, and all of them may bear the lowest score.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simdce.exact.benchmark import PanelSums
from simdce.exact.slot import ABSENCE, DOLLARS, SCORE, FloatArray, SlotChain
from simdce.slot_law import layout

ENOUGH = 128
"""Slots from which the remainder is taken to fall as 1/n² of the benchmark."""

_LOG_U = np.linspace(-14.0, 9.0, 161)
"""Logarithms of u n E X; the trapezoidal rule."""


def remaining_mean(sums: PanelSums, slots: FloatArray) -> float:
    """Dollars that the expected historical benchmark exceeds its second-order approximation by."""
    total = 0.0
    for number, (chain, count) in enumerate(zip(sums.chains, slots.astype(int), strict=True)):
        if count == 0:
            continue
        few = 1 << (min(int(count), ENOUGH).bit_length() - 1)  # a power of two, which many sizes share
        for year, dollars in sums.history:
            part = _remaining_part(chain, year, few, sums.scored) * (few / count) ** 2
            total += float(count) * float(dollars[number]) * part
    return total


@lru_cache(maxsize=4096)
def _remaining_part(chain: SlotChain, year: int, slots: int, scored: bool) -> float:
    """E[D/X] of so many slots in a year less its approximation to second order, over E D / E X."""
    mean, cov = chain.mean[:, year], chain.covariance[:, year, :, year]
    of = SCORE if scored else ABSENCE
    sign = 1.0 if scored else -1.0
    people = mean[SCORE] if scored else 1.0 - mean[ABSENCE]
    u = np.exp(_LOG_U) / (slots * people)
    worth = chain.scores if scored else np.ones(len(chain.deaths))
    units = np.arange(1, layout.YEAR_UNITS, 2) / layout.YEAR_UNITS
    staying = np.exp(-np.outer(u, worth))
    dying = np.exp(-u[:, None, None] * worth[:, None] * units).mean(axis=2)
    now = chain.occupancy[year]
    dollars = chain.costs_of(year).means[:, chain.classes]
    living, dead = now * (1.0 - chain.deaths), now * chain.deaths
    laplace = staying @ living + dying @ dead
    weighted = staying @ (living * dollars[0]) + dying @ (dead * dollars[1])
    step = _LOG_U[1] - _LOG_U[0]
    exact = slots * float((weighted * laplace ** (slots - 1) * u).sum()) * step
    exact += slots * float(weighted[0] * u[0])  # what lies below the first u
    bend = -sign * cov[DOLLARS, of] / people**2 + mean[DOLLARS] * cov[of, of] / people**3
    plain = float(mean[DOLLARS] / people)
    return float((exact - plain - float(bend) / slots) / plain)
