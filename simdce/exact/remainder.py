"""What the second order leaves of a mean of ratios: E[D/P] of a few slots, exactly.

A decedent misses an odd number of 32nds of the year, so the absences of n slots are a lattice: with g the generating
function of one slot's absence and d the same weighted by its dollars, E[D; A = a] = n [z^a] d g^(n-1), and E[D/P] is
its sum over 1 / (n - a). In a category of a handful of people that is far from the delta method: one of them may die in
January.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

from simdce.exact.linear import PanelSums
from simdce.exact.slot import ABSENCE, DOLLARS, FloatArray, SlotChain
from simdce.slot_law import layout

ENOUGH = 128
"""Slots from which the remainder is taken to fall as 1/n² of the benchmark."""


def remaining_mean(sums: PanelSums, slots: FloatArray) -> float:
    """Dollars that the expected historical benchmark exceeds its second-order approximation by."""
    total = 0.0
    for chain, count in zip(sums.chains, slots.astype(int), strict=True):
        few = min(int(count), ENOUGH)
        if few == 0:
            continue
        present = 1.0 - float(chain.mean[ABSENCE, sums.year])
        for year in np.flatnonzero(sums.weights):
            rate = _remaining_rate(chain, int(year), few) * (few / count) ** 2
            total += float(count) * present * float(sums.weights[year]) * rate
    return total


@lru_cache(maxsize=4096)
def _remaining_rate(chain: SlotChain, year: int, slots: int) -> float:
    """E[D/P] of so many slots in a year less its approximation to second order, dollars per person-year."""
    by_fate = chain.dollars_by_fate[:, year]
    dying = float(chain.occupancy[year] @ chain.deaths)
    units, length = layout.YEAR_UNITS, fft.next_fast_len(slots * layout.YEAR_UNITS)
    absence, dollars = np.zeros(length), np.zeros(length)
    odd = np.arange(1, units, 2)
    absence[0], absence[odd] = 1.0 - dying, dying / len(odd)
    dollars[0], dollars[odd] = by_fate[0], by_fate[1] / len(odd)
    given = slots * fft.irfft(fft.rfft(dollars) * fft.rfft(absence) ** (slots - 1), length)
    present = slots - np.arange(slots * units) / units
    exact = float((given[: slots * units] / present).sum())
    mean, cov = chain.mean[:, year], chain.covariance[:, year, :, year]
    here = 1.0 - mean[ABSENCE]
    bend = cov[DOLLARS, ABSENCE] / here**2 + mean[DOLLARS] * cov[ABSENCE, ABSENCE] / here**3
    return exact - float(mean[DOLLARS] / here + bend / slots)
