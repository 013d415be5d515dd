"""Job W2 as one would first write it: a lasting factor, lognormal costs, random numbers and branches as they come.

Not the kernel's integers: the same people in kind, so that what the integers save can be seen beside it.
"""

# ruff: noqa: NPY002 -- numba's own generator is the point
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

YEARS, LASTING, LOCATION, SCALE, LIMIT = 6, 0.7, 8.2, 1.5, 150_000.0
DEATH, LEAVING, DRIFT, LAST_YEAR_OF_LIFE = 0.04, 0.22, 0.2, 3.0


@njit(nogil=True)
def _worlds(worlds, sizes, totals, seed):  # type: ignore[no-untyped-def]
    np.random.seed(seed)
    rest = np.sqrt(1 - LASTING**2)
    for world in range(worlds):
        sums = np.zeros((YEARS, 5))
        size = 0
        for slot in range(sizes[-1]):
            factor = np.random.standard_normal()
            due = False
            for year in range(YEARS):
                if due:
                    factor = np.random.standard_normal()
                cost = np.exp(LOCATION + SCALE * (LASTING * factor + rest * np.random.standard_normal()))
                if np.random.random() < DEATH * np.exp(0.5 * factor):
                    cost *= LAST_YEAR_OF_LIFE
                    sums[year, 2] += np.random.random()
                    sums[year, 3] += 1
                    due = True
                elif np.random.random() < LEAVING:
                    sums[year, 4] += 1
                    due = True
                else:
                    due = np.random.random() < DRIFT
                sums[year, 0] += cost
                sums[year, 1] += min(cost, LIMIT)
            if slot + 1 == sizes[size]:
                totals[world, size] = sums
                size += 1


def numba_job(sizes: tuple[int, ...], threads: int) -> Callable[[int], FloatArray]:
    """A compiled loop with numba's random numbers; totals (world, size, year, measure)."""
    nested = np.array(sizes)

    def share(worlds: tuple[int, int]) -> FloatArray:
        first, last = worlds
        totals = np.zeros((last - first, len(sizes), YEARS, 5))
        _worlds(last - first, nested, totals, first + 1)
        return totals

    def job(worlds: int) -> FloatArray:
        cuts = [worlds * t // threads for t in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(share, pairwise(cuts))))

    return job


def numpy_job(sizes: tuple[int, ...]) -> Callable[[int], FloatArray]:
    """Whole panels at once with NumPy's generator; totals (world, size, year, measure)."""
    people, places, rest = sizes[-1], np.array(sizes) - 1, np.sqrt(1 - LASTING**2)
    random = np.random.default_rng(1)

    def job(worlds: int) -> FloatArray:
        totals = np.zeros((worlds, len(sizes), YEARS, 5))
        for world in range(worlds):
            factor, due = random.standard_normal(people), np.zeros(people, bool)
            for year in range(YEARS):
                factor = np.where(due, random.standard_normal(people), factor)
                cost = np.exp(LOCATION + SCALE * (LASTING * factor + rest * random.standard_normal(people)))
                died = random.random(people) < DEATH * np.exp(0.5 * factor)
                cost = np.where(died, LAST_YEAR_OF_LIFE * cost, cost)
                left = ~died & (random.random(people) < LEAVING)
                due = died | left | (random.random(people) < DRIFT)
                measures = (cost, np.minimum(cost, LIMIT), died * random.random(people), died, left)
                for number, measure in enumerate(measures):
                    totals[world, :, year, number] = np.cumsum(measure)[places]
        return totals

    return job
