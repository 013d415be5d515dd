"""The three-way trend: growth as it came, national and regional, with part of a trend forecast long before.

LEAD and agreements of the Shared Savings Program from 2024 give a third to the accountable care prospective trend
(ACPT). LEAD holds that trend within a guardrail around the two-way one; the numbers stand in the arrangement's
``prospective_trend_…`` entries. Source: public LEAD workbook notes (2026); 42 CFR 425.652.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def two_way_trend(national: ArrayLike, regional: ArrayLike, *, national_weight: ArrayLike) -> NDArray[np.float64]:
    """National and regional growth factors blended; the arguments broadcast.

    The national weight is the ACO's share of the assignable people of its region: the more of a region an ACO is, the
    less the region can tell of it. A simulated region grows as the nation does, so both are one there.
    """
    weight = np.asarray(national_weight, dtype=np.float64)
    return np.asarray(weight * np.asarray(national) + (1.0 - weight) * np.asarray(regional))


def three_way_trend(
    two_way: ArrayLike,
    prospective: ArrayLike,
    *,
    prospective_weight: float,
    guardrail_above: float = np.inf,
    guardrail_below: float = np.inf,
) -> NDArray[np.float64]:
    """The benchmark update of growth rates (or of growth factors); the arguments broadcast.

    The guardrails are the points by which the prospective trend may exceed or fall short of the two-way trend, both
    given as positive numbers.
    """
    came = np.asarray(two_way, dtype=np.float64)
    forecast = np.clip(np.asarray(prospective, dtype=np.float64), came - guardrail_below, came + guardrail_above)
    return np.asarray((1.0 - prospective_weight) * came + prospective_weight * forecast)
