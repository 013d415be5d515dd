"""The historical benchmark: the panel's own past cost per person-year, weighted over the baseline years."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def per_capita(dollars: FloatArray, person_years: FloatArray) -> FloatArray:
    """Dollars per person-year, 0 where nobody was present; the arguments have one shape."""
    return np.divide(dollars, person_years, out=np.zeros(np.shape(dollars)), where=np.asarray(person_years) > 0)


def historical_benchmark(baseline_per_capita: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Weighted cost per person-year of the latest ``len(weights)`` baseline years, oldest weight first.

    ``baseline_per_capita`` has baseline years on its last axis, already trended to the performance year, and loses it.
    Weights 10/30/60% or thirds: 42 CFR 425.602 and 425.603. Raises ValueError with fewer years than weights.
    """
    if baseline_per_capita.shape[-1] < len(weights):
        there = baseline_per_capita.shape[-1]
        raise ValueError(f"the benchmark weighs {len(weights)} baseline years, {there} are simulated")
    latest = baseline_per_capita[..., baseline_per_capita.shape[-1] - len(weights) :]
    return np.asarray(latest @ np.asarray(weights, float))
