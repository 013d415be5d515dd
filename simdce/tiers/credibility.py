"""How much a panel's own experience counts: classical limited-fluctuation credibility.

Z = min(1, sqrt(m / full credibility)), the square-root rule of Klugman, Panjer and Willmot, Loss Models, "Limited
fluctuation credibility theory"; Longley-Cook, Proceedings of the Casualty Actuarial Society 49 (1962).
"""

from __future__ import annotations

import numpy as np

from simdce.arrangements.settlement import FloatArray


def limited_fluctuation(people: float, full_credibility_people: FloatArray) -> FloatArray:
    """The weight of a panel's own result, 0 to 1; 1 from full credibility on, and where none is asked for."""
    return np.asarray(np.sqrt(people / np.maximum(full_credibility_people, people)))
