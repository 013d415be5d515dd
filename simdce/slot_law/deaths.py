"""Who dies: a selection from the same cost law, ever more likely up the ranks of cost.

Death does not change what a year costs; it picks people by what theirs did. With cost rank u in [0, 1] the chance is
min(1, c u^steepness): the law of everybody's cost stays exactly as calibrated, and the steepness is solved so that
decedents cost the published multiple of survivors. Decedents are on the panel for half a year on average.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from simdce.slot_law.layout import OutOfReachError

FloatArray = NDArray[np.float64]

STEEPEST = 400.0


def death_by_rank(mortality: float, steepness: float, edges: FloatArray) -> FloatArray:
    """Chance of death in each cell of the tail grid, averaging ``mortality``; shape (cell,)."""
    if mortality == 0:
        return np.zeros(len(edges) - 1)
    shares, rank = -np.diff(edges), 1.0 - 0.5 * (edges[1:] + edges[:-1])
    power = rank**steepness

    def excess(level: float) -> float:
        return float(shares @ np.minimum(1.0, np.exp(level) * power)) - mortality

    low = np.log(mortality) - 1.0  # ranks are at most one, so this kills too few
    high = 1.0 - steepness * np.log((1.0 - mortality) / 2)  # everybody above rank (1 - mortality) / 2: too many
    level = brentq(excess, low, high, xtol=1e-14)
    return np.asarray(np.minimum(1.0, np.exp(level) * power))


def solved_steepness(
    multiple: float,
    people: Sequence[float],
    mortality: Sequence[float],
    mean_costs: Sequence[FloatArray],
    edges: FloatArray,
) -> float:
    """The steepness at which decedents of all categories together cost ``multiple`` times survivors.

    ``people`` are shares of the panel by category, ``mean_costs`` the mean dollars in each tail cell by category.
    Raises OutOfReachError when the multiple is out of reach.
    """
    shares = -np.diff(edges)

    def achieved(steepness: float) -> float:
        dead = dead_cost = all_cost = 0.0
        for part, rate, costs in zip(people, mortality, mean_costs, strict=True):
            chance = death_by_rank(rate, steepness, edges)
            dead += part * float(shares @ chance)
            dead_cost += part * float(shares @ (chance * costs))
            all_cost += part * float(shares @ costs)
        return (dead_cost / dead) / ((all_cost - dead_cost) / (sum(people) - dead))

    if not any(mortality):
        return 0.0
    low, high = achieved(0.0), achieved(STEEPEST)
    if not low <= multiple <= high:
        raise OutOfReachError("steepness", f"decedents can cost {low:.2f} to {high:.2f} times survivors here")
    return float(brentq(lambda s: achieved(s) - multiple, 0.0, STEEPEST, xtol=1e-9))
