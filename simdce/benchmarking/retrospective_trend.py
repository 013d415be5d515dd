"""The retrospective trend adjustment (RTA) of GPDC and ACO REACH: CMS corrects a forecast trend by the one that came.

The raw adjustment is actual over forecast growth of the reference population. Inside the dead band it is not made; from
performance year 2024 a corridor passes on only a share of what lies further out. It hits every ACO of a year alike, so
a simulation draws it once per world and year. Source: Milliman, Retrospective trend adjustment (15 April 2024); the
numbers stand in the arrangement's ``retrospective_trend_…`` entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simdce.errors import InputError


def retrospective_trend_adjustment(
    raw: ArrayLike, *, dead_band: float, edges: Sequence[float], shares: Sequence[float]
) -> NDArray[np.float64]:
    """The factor that multiplies the benchmark in one performance year, shaped as the ``raw`` factor.

    A raw factor of 0.95 says that costs grew 5 points less than forecast. ``edges`` are the upper edges of the
    corridor's bands as fractions of change, the same both ways, the last band open; ``shares`` is what passes in
    each. Raises InputError unless there is one share more than edges.
    """
    if len(shares) != len(edges) + 1:
        raise InputError("one share more than edges", key="shares", value=list(shares))
    change = np.asarray(raw, dtype=np.float64) - 1.0
    size = np.abs(change)
    passed = np.zeros_like(size)
    for lower, upper, share in zip((0.0, *edges), (*edges, np.inf), shares, strict=True):
        passed += share * (np.minimum(size, upper) - np.minimum(size, lower))
    return 1.0 + np.where(size <= dead_band, 0.0, np.copysign(passed, change))
