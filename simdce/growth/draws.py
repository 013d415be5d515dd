"""Draws behind a path: quantiles at numbers that depend on (seed, world, purpose, year) alone.

The quantile of a binomial law at a fixed number rises by at most one where one person is added, and so does the rest
that stays: a larger panel never becomes the smaller one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv, ndtri

from simdce.scenario.growth import Outreach
from simdce.worlds import uniforms

FloatArray = NDArray[np.float64]
People = NDArray[np.int64]

JOINS, UPTAKE, SIGNS, LOST, REPLACED, VOLUNTARY_LEAVES, CAUSE, VOLUNTARY_CAUSE, WITHDRAWS = range(80, 170, 10)
"""Purposes of the draws of growth; a cause adds its number."""


def binomial_quantile(at: FloatArray, people: People, chance: FloatArray | float) -> People:
    """The smallest number of events whose probability of not being exceeded is at least ``at``; arguments broadcast."""
    at, people, chance = np.broadcast_arrays(at, people, np.asarray(chance, float))
    found = np.where(chance >= 1.0, people, 0)
    real = (people > 0) & (chance > 0.0) & (chance < 1.0)
    u, n, p = at[real], people[real], chance[real]
    mean, sd = n * p, np.sqrt(n * p * (1.0 - p))
    z = ndtri(u)
    near = mean + sd * z + (1.0 - 2.0 * p) * (z**2 - 1.0) / 6.0  # Cornish and Fisher's, within one or two
    events = np.clip(np.rint(near), 0, n)
    for step in (-1.0, 1.0):
        moving = np.arange(len(events))
        while len(moving):
            below = bdtr(events[moving] + min(step, 0.0), n[moving], p[moving])  # not a number below nobody
            moving = moving[below >= u[moving] if step < 0 else below < u[moving]]
            events[moving] += step
    found[real] = events.astype(np.int64)
    return found


def split(at: list[FloatArray], people: People, weights: FloatArray) -> People:
    """People divided over causes in proportion to ``weights`` (cause,), one draw a cause but the last.

    Axes of the result: those of ``people``, then the cause; it adds up to ``people``.
    """
    found = np.zeros((*people.shape, len(weights)), np.int64)
    rest = people
    for number in range(len(weights) - 1):
        remaining = float(weights[number:].sum())
        share = float(weights[number]) / remaining if remaining > 0 else 0.0
        found[..., number] = binomial_quantile(at[number], rest, share)
        rest = rest - found[..., number]
    found[..., -1] = rest
    return found


def uptake(seed: int, worlds: int, years: int, outreach: Outreach) -> FloatArray:
    """Share of the invited who sign, a beta law; axes (world, year), alike in all years where it lasts."""
    mean, sd = outreach.uptake, outreach.uptake_sd
    if sd == 0.0:
        return np.full((worlds, years), mean)
    at = uniforms(seed, worlds, UPTAKE, 1 if outreach.uptake_lasts else years)
    size = mean * (1.0 - mean) / sd**2 - 1.0
    return np.broadcast_to(betaincinv(mean * size, (1.0 - mean) * size, at), (worlds, years))
