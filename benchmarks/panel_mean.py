"""The law of the mean annual cost of 15,000 people: this package's exact law beside ``aggregate`` (Mildenhall).

``python benchmarks/panel_mean.py``, with ``pip install aggregate`` for the comparison. Both get the same lognormal cost
(mean $12,000, coefficient of variation 2.1) and 121 points of the distribution function; both are held against a fine
fast Fourier transform, and ``aggregate`` takes the widest bucket that is as accurate as ours. Times are the best of
several rounds, in turns, in one process; only their ratio means anything.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.special import ndtr

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


def best_of(rounds: int, jobs: dict[str, Callable[[], FloatArray]]) -> dict[str, float]:
    """Seconds of each job, the best of some rounds taken in turns."""
    found = dict.fromkeys(jobs, np.inf)
    for _ in range(rounds):
        for name, job in jobs.items():
            begun = time.perf_counter()
            job()
            found[name] = min(found[name], time.perf_counter() - begun)
    return found


LAW = frozen(SlotModel(lognormal(MEAN, CV, 0.0), mortality=0.0, steepness=0.0, kept=0.5, leave=0.25))


def main() -> None:
    """Print errors and the ratio of times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    truth = reference()
    errors = {"simdce": float(np.abs(ours() - truth).max())}
    jobs: dict[str, Callable[[], FloatArray]] = {"simdce": ours}
    try:
        for log2 in range(14, 21):
            errors["aggregate"] = float(np.abs(theirs(log2) - truth).max())
            print(f"aggregate at 2^{log2} buckets: largest error of a chance {errors['aggregate']:.1e}")
            if errors["aggregate"] <= errors["simdce"]:
                break
        jobs["aggregate"] = lambda: theirs(log2)
    except ImportError:
        print("aggregate is not installed: nothing to compare with")
    seconds = best_of(rounds, jobs)
    for name in jobs:
        ratio = seconds[name] / seconds["simdce"]
        print(f"{name:>10}: largest error of a chance {errors[name]:.1e}, time {ratio:8.1f} times ours")
    if "aggregate" in jobs:
        print(f"{'':>10}  aggregate at 2^{log2} buckets")


if __name__ == "__main__":
    main()
