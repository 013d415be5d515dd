"""The law of the mean annual cost of 15,000 people: this package's exact law beside ``aggregate`` (Mildenhall).

Both get the same lognormal cost (mean $12,000, coefficient of variation 2.1) and 121 points of the distribution
function; both are held against a fine fast Fourier transform, and ``aggregate`` takes the widest bucket that is as
accurate as ours.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.special import ndtr

from benchmarks.rounds import Comparison, Job, best_of
from simdce.costs.lognormal_mixture import lognormal
from simdce.exact.panel_cost import cost_law_of
from simdce.slot_law import SlotModel, frozen

FloatArray = NDArray[np.float64]

PEOPLE, MEAN, CV = 15_000, 12_000.0, 2.1
POINTS = MEAN * np.linspace(0.93, 1.08, 121)


def reference(bucket: float = 32.0, log2: int = 23) -> FloatArray:
    """The distribution function by rounding costs to a fine lattice whose wrap-around holds the whole sum."""
    sigma = float(np.sqrt(np.log1p(CV**2)))
    mu = np.log(MEAN) - 0.5 * sigma**2
    edges = (np.arange((1 << log2) + 1) - 0.5) * bucket
    below = np.zeros(len(edges))
    below[1:] = ndtr((np.log(edges[1:]) - mu) / sigma)
    mass = np.diff(below)
    total = fft.irfft(fft.rfft(mass) ** PEOPLE, 1 << log2)
    lost = PEOPLE * MEAN - PEOPLE * bucket * float(mass @ np.arange(len(mass)))  # rounding and the tail cut off
    place = np.arange(1 << log2) * bucket
    window = (1 << log2) * bucket
    start = PEOPLE * MEAN - 0.5 * window
    order = np.argsort((place - start) % window, kind="stable")
    chance = np.cumsum(total[order])
    at = start + (np.arange(1 << log2) + 0.5) * bucket + lost
    return np.interp(PEOPLE * POINTS, at, chance)


def ours() -> FloatArray:
    """Frozen tables to 121 chances, nothing kept from before."""
    return cost_law_of([(LAW, PEOPLE)]).cdf(POINTS)


def theirs(log2: int) -> FloatArray:
    """The same from ``aggregate``, at its own choice of bucket."""
    from aggregate import build  # type: ignore[import-not-found, unused-ignore]

    built = build(f"agg Panel{log2} {PEOPLE} claims sev lognorm {MEAN:g} cv {CV:g} fixed", log2=log2)
    return np.asarray(built.cdf(PEOPLE * POINTS), dtype=np.float64)


LAW = frozen(SlotModel(lognormal(MEAN, CV, 0.0), mortality=0.0, steepness=0.0, kept=0.5, leave=0.25))


def compare(rounds: int, quick: bool) -> Comparison:
    truth = reference()
    ours_off = float(np.abs(ours() - truth).max())
    jobs, found, missing = {"simdce": Job(ours)}, {"simdce, largest error of a chance": ours_off}, {}
    if find_spec("aggregate"):
        for log2 in range(14, 21):
            name = f"aggregate, 2^{log2} buckets"
            off = float(np.abs(theirs(log2) - truth).max())
            found[f"{name}, largest error of a chance"] = off
            if off <= ours_off or log2 == 20 or quick:
                jobs[name] = Job(partial(theirs, log2))
                break
    else:
        missing["aggregate"] = "pip install aggregate"
    title = "Exact law of the mean cost of 15,000 people, 121 points"
    return Comparison(title, "law", "simdce", best_of(rounds, jobs), missing, found)
