"""Health classes: how much of a person's cost lasts, and where the people come from who fill them.

Cost rank and class rank are joined by a Gaussian copula (correlation ``coupling``); a person keeps the class into the
next year with chance ``kept`` or else draws anew, so the correlation of costs falls geometrically with the lag.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from simdce.slot_law.layout import CLASS_BITS, OutOfReachError, class_counts

FloatArray = NDArray[np.float64]

OCTAVES, CELLS_PER_OCTAVE, NODES = 44, 16, 24


def tail_grid() -> FloatArray:
    """Fine edges of the tail share v from 1 down to 0, the same number of cells in each octave."""
    steps = 1.0 - np.arange(1, CELLS_PER_OCTAVE + 1) / (2 * CELLS_PER_OCTAVE)
    edges = np.concatenate([[1.0], *(np.ldexp(steps, -octave) for octave in range(OCTAVES))])
    edges[-1] = 0.0
    return edges


def class_shares() -> FloatArray:
    """Long-run share of people in each health class, healthiest first; sums to one."""
    counts = class_counts()
    return np.asarray(counts / counts.sum())


def cost_given_class(coupling: float, edges: FloatArray) -> FloatArray:
    """Chance that a person of each class has a cost in each cell of the tail grid; shape (class, cell).

    Integrated over the class by Gauss-Legendre, then scaled so that all classes together give back the cells exactly.
    """
    shares = class_shares()
    bounds = 1.0 - np.concatenate([[0.0], np.cumsum(shares)])
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    ranks = bounds[1:, None] + 0.5 * (nodes + 1.0) * (bounds[:-1] - bounds[1:])[:, None]  # (class, node)
    spread = np.sqrt(1.0 - coupling * coupling)
    z_edge, z_rank = ndtri(edges), ndtri(ranks)
    below = ndtr((z_edge[:, None, None] - coupling * z_rank) / spread) @ (0.5 * weights)  # (edge, class)
    mass = -np.diff(below, axis=0).T
    for _ in range(8):  # iterative proportional fitting; quadrature error is all it has to mend
        mass /= mass.sum(axis=1, keepdims=True)
        mass *= -np.diff(edges) / np.maximum(shares @ mass, np.finfo(float).tiny)
    return np.asarray(mass)


def class_tables(
    deaths: FloatArray,
    mean_cost: FloatArray,
    counted_cost: FloatArray,
    kept: float,
    leave: float,
    joiner_multiple: float,
) -> dict[str, NDArray[np.int64]]:
    """Counts out of 2**CLASS_BITS of every class, for first members, drifting survivors and joiners.

    ``deaths``, ``mean_cost`` and ``counted_cost`` (truncated) are per class; ``leave`` is the chance that a survivor
    leaves. Joiners are the long-run shares tilted exponentially to ``joiner_multiple`` times the mean cost. Survivors
    who drift are sicker than average by just what death and joining took away (people age), which keeps the panel's
    mean the same every year:
    with shares p, refill R and kept k, drift = (p - R joiner - (1 - leave) k p (1 - deaths)) / the rest.
    Raises OutOfReachError when no such drift exists.
    """
    shares = class_shares()
    joiner = _tilted(shares, mean_cost, joiner_multiple * float(shares @ mean_cost))
    drift = _drift(shares, joiner, deaths, kept, leave)
    if drift.min() < 0 and joiner_multiple != 1.0:
        low, high = _joiners_in_reach(deaths, mean_cost, kept, leave)
        reason = f"joiners can cost {low:.2f} to {high:.2f} times the panel's mean at this turnover and persistence"
        raise OutOfReachError("joiner_multiple", reason)
    if drift.min() < 0:
        most = (1.0 - float(shares @ deaths)) / (1.0 - float(deaths.min()))
        raise OutOfReachError("kept", f"a class can be kept with a chance of at most {most:.3f} at these deaths")
    kept_alike = np.stack([mean_cost, counted_cost, deaths])
    return {
        "initial": class_counts(),
        "drift": quantised(drift, kept_alike),
        "joiner": quantised(joiner, kept_alike) if joiner_multiple != 1.0 else class_counts(),
    }


def _drift(shares: FloatArray, joiner: FloatArray, deaths: FloatArray, kept: float, leave: float) -> FloatArray:
    """Classes of survivors who change class, negative where none could keep the long-run shares; sums to one."""
    survive = 1.0 - float(shares @ deaths)
    changing = (1.0 - leave) * (1.0 - kept) * survive
    if changing <= 0:  # everybody leaves: nobody drifts, and any law will do
        return shares
    refill = 1.0 - (1.0 - leave) * survive
    return np.asarray((shares - refill * joiner - (1.0 - leave) * kept * shares * (1.0 - deaths)) / changing)


def _joiners_in_reach(deaths: FloatArray, mean_cost: FloatArray, kept: float, leave: float) -> tuple[float, float]:
    """The cheapest and dearest joiners, in units of the mean, that stayers can make up for."""
    shares, reached = class_shares(), [1.0, 1.0]
    for side, limit in enumerate((0.01, 100.0)):
        out = limit
        for _ in range(40):
            middle = 0.5 * (reached[side] + out)
            try:
                joiner = _tilted(shares, mean_cost, middle * float(shares @ mean_cost))
                possible = _drift(shares, joiner, deaths, kept, leave).min() >= 0
            except OutOfReachError:
                possible = False
            reached[side], out = (middle, out) if possible else (reached[side], middle)
    return reached[0], reached[1]


def quantised(shares: FloatArray, values: FloatArray) -> NDArray[np.int64]:
    """Integer counts out of 2**CLASS_BITS near ``shares`` that keep the means of ``values`` as close as possible.

    ``values``: (quantity, class). From the nearest counts, one or two draws at a time move to another class while that
    lowers the sum of squared errors, each quantity in units of its mean; no count departs by more than three.
    """
    exact = shares / shares.sum() * (1 << CLASS_BITS)
    counts = np.floor(exact).astype(np.int64)
    for place in np.argsort(counts - exact)[: (1 << CLASS_BITS) - counts.sum()]:
        counts[place] += 1
    scaled = values / np.maximum(values @ exact, np.finfo(float).tiny)[:, None]
    moves = np.eye(len(exact), dtype=np.int64)[None, :, :] - np.eye(len(exact), dtype=np.int64)[:, None, :]
    moves = moves.reshape(-1, len(exact))  # (move, class): one draw from a class to another, or nowhere
    gain = moves @ scaled.T
    pair = gain[:, None, :] + gain[None, :, :]
    while True:
        error = scaled @ (counts - exact)
        after = ((error + pair) ** 2).sum(axis=2)
        for place in _smallest(after.ravel(), 1000):
            first, second = np.unravel_index(int(place), after.shape)
            moved = counts + moves[first] + moves[second]
            if moved.min() >= 0 and np.abs(moved - exact).max() <= 2:
                break
        else:
            return np.asarray(counts)
        if not after[first, second] < float(error @ error) * (1 - 1e-9):
            return np.asarray(counts)
        counts = moved


def _smallest(values: FloatArray, count: int) -> NDArray[np.int64]:
    """Places of the smallest values, rising, the first of equals first."""
    near = np.flatnonzero(values <= np.partition(values, count)[count])
    return near[np.argsort(values[near], kind="stable")[:count]]


def correlation_after(lag: int, kept: float, drift: FloatArray, living: FloatArray, everybody: FloatArray) -> float:
    """Correlation of a stayer's cost with that ``lag`` years later.

    ``living`` and ``everybody``: (power 0 to 2, class), the mass of a class's survivors (of all its people) times
    their cost to that power. A stayer lives through the years in between and keeps the class or draws from ``drift``.
    """
    shares = class_shares()
    step = kept * np.eye(len(shares)) + (1.0 - kept) * drift
    joint = np.diag(shares) @ step
    for _ in range(lag - 1):
        joint = joint @ np.diag(living[0]) @ step
    moments = living @ joint @ everybody.T / float(living[0] @ joint @ everybody[0])  # (power then, power later)
    variance = (moments[2, 0] - moments[1, 0] ** 2) * (moments[0, 2] - moments[0, 1] ** 2)
    return float((moments[1, 1] - moments[1, 0] * moments[0, 1]) / np.sqrt(variance))


def _tilted(shares: FloatArray, values: FloatArray, target: float) -> FloatArray:
    """``shares`` tilted exponentially in class order until ``values`` average ``target``."""
    order = np.linspace(0.0, 1.0, len(shares))

    def tilted(slope: float) -> FloatArray:
        weights = shares * np.exp(slope * order)
        return np.asarray(weights / weights.sum())

    if abs(float(shares @ values) - target) < 1e-12 * abs(target):
        return shares
    low, high = -30.0, 30.0
    if not float(tilted(low) @ values) < target < float(tilted(high) @ values):
        raise OutOfReachError("joiner_multiple", "no mix of health classes has joiners of this cost")
    return tilted(brentq(lambda slope: float(tilted(slope) @ values) - target, low, high, xtol=1e-13))
