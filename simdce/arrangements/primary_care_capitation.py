"""Enhanced primary care capitation of LEAD: an advance on the benchmark, recouped in full at settlement.

It moves cash within the year and never what a settlement owes. The numbers stand in the arrangement's
``primary_care_capitation`` and ``enhanced_primary_care_minimum``; the source is a digest of the LEAD request for
applications (15 April 2026), and ACO REACH is recalled to have had the same rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simdce.errors import InputError

if TYPE_CHECKING:
    from simdce.arrangements.arrangement import Arrangement
    from simdce.arrangements.elections import Elections
    from simdce.arrangements.settlement import FloatArray


def enhanced_primary_care(
    arrangement: Arrangement, performance_years: Sequence[int], base: float, elections: Elections | None = None
) -> FloatArray:
    """Enhanced capitation as a fraction of the benchmark, by performance year, where ``base`` of it is primary care.

    What base capitation leaves of the total, but never less than a minimum. Raises InputError where the arrangement
    has no such payment and for a base that is no fraction.
    """
    import numpy as np

    if not 0.0 <= base <= 1.0:
        raise InputError("out of range", key="base", value=base, allowed="0 to 1")
    if "primary_care_capitation" not in arrangement.benchmark:
        raise InputError(f"{arrangement.name} has no enhanced primary care capitation")
    numbers = arrangement.in_force(performance_years, elections)
    left = numbers.numbers("primary_care_capitation") - base
    return np.maximum(left, numbers.numbers("enhanced_primary_care_minimum"))
