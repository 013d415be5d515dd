"""The prior savings adjustment: part of what an ACO saved in its baseline years, given back to its next benchmark.

Agreements of the Shared Savings Program from 2024 (42 CFR 425.658). Recomputed on rows of the CMS public-use file of
2024: the base is the mean gap of the three baseline years, first dollar, years without a payment included. CMS takes
the larger of it and the regional adjustment (71 of 71 rows). Past savings are no part of a simulated panel: the
scenario gives them (``benchmark.prior_savings``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def prior_savings_adjustment(
    mean_gap: ArrayLike, *, scaling: ArrayLike, proration: ArrayLike = 1.0, ceiling: ArrayLike = np.inf
) -> NDArray[np.float64]:
    """Dollars per person-year added to the benchmark; the arguments broadcast, a negative gap gives nothing.

    ``mean_gap``: benchmark less expenditure per person-year, mean over the baseline years. ``scaling`` is the
    arrangement's ``prior_savings_scaling``, ``proration`` prior over baseline person-years, at most 1, ``ceiling`` the
    arrangement's ``prior_savings_cap`` times national per-capita cost.
    """
    shared = np.asarray(scaling) * np.minimum(np.asarray(proration, dtype=np.float64), 1.0)
    return np.asarray(np.clip(shared * np.asarray(mean_gap, dtype=np.float64), 0.0, ceiling))
