"""Risk adjustment: how much of a change in risk scores a benchmark follows.

Rates are brought to a score of 1 in the baseline years and multiplied by the score of the performance year, held within
a cap around that of a reference year and multiplied by the coding intensity factor (CIF), by which CMS takes back what
coding alone has added in a whole programme. Caps and factor are the arrangement's ``risk_score_…`` entries. Source: 42
CFR 425.605 and 425.610 (Shared Savings Program); CMS ACO REACH PY2026 quick reference and acoharmony/aco (ACO REACH).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def normalized(raw: ArrayLike, normalization: ArrayLike) -> FloatArray:
    """Raw scores times the factor that makes the nation's mean score 1; the arguments broadcast."""
    return np.asarray(np.asarray(raw, dtype=np.float64) * np.asarray(normalization))


def capped(
    score: ArrayLike, reference: ArrayLike, *, rise: ArrayLike, fall: ArrayLike, demographic_change: ArrayLike = 0.0
) -> FloatArray:
    """The score held within (1 - fall) and (1 + rise) of the reference, both moved by the demographic change.

    ``rise``, ``fall`` (both >= 0, infinite without a cap) and ``demographic_change`` are fractions; the arguments
    broadcast. Where the reference is not a number the cap is bypassed: nobody was there to compare with.
    """
    score, reference = np.asarray(score, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    around = 1.0 + np.asarray(demographic_change, dtype=np.float64)
    least, most = _bound(around - np.asarray(fall), reference), _bound(around + np.asarray(rise), reference)
    return np.asarray(np.where(np.isnan(reference), score, np.clip(score, least, most)))


def _bound(change: FloatArray, reference: FloatArray) -> FloatArray:
    """The change of the reference, infinite where there is no cap, even of nothing."""
    change, reference = np.broadcast_arrays(change, reference)
    return np.multiply(change, reference, out=np.array(change, dtype=np.float64), where=np.isfinite(change))


def capped_together(
    scores: FloatArray,
    references: FloatArray,
    weights: FloatArray,
    *,
    rise: float,
    fall: float,
    demographic_change: float = 0.0,
) -> FloatArray:
    """Scores of several categories moved alike, so that their weighted mean keeps within the cap.

    Categories are on the last axis; ``weights`` are the dollars that the scores multiply, since a cap on their weighted
    mean is a cap on the benchmark.
    """
    before = np.einsum("...c,...c->...", references, weights)
    after = np.einsum("...c,...c->...", scores, weights)
    held = capped(after, before, rise=rise, fall=fall, demographic_change=demographic_change)
    return np.asarray(scores * np.divide(held, after, out=np.ones_like(after), where=after > 0)[..., None])


def credited_growth(growth: ArrayLike, newly_assigned: ArrayLike) -> FloatArray:
    """Coding growth (a factor) that a benchmark follows where only newly assigned people bring their own scores.

    Agreements of 2012 to 2018 credit those continuously assigned with demographic change alone, unless their scores
    fall. ``newly_assigned`` is their share of the panel.
    """
    factor = np.asarray(growth, dtype=np.float64)
    return np.where(factor > 1.0, 1.0 + np.asarray(newly_assigned) * (factor - 1.0), factor)
