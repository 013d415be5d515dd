"""What a person costs in a calendar year: one distribution a file, all answering the same three questions.

A :class:`CostLaw` is described from its expensive end, because that is where the dollars are: ``v`` is the share of
people who cost at least as much. The frozen tables, the exact law and the tests need nothing else.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class CostLaw(Protocol):
    """A law of annual cost in dollars."""

    @property
    def mean(self) -> float:
        """Mean annual cost in dollars."""

    def upper_quantile(self, v: FloatArray) -> FloatArray:
        """The cost in dollars that a share ``v`` in [0, 1] of people reach; any shape, non-increasing in ``v``."""

    def upper_partial_mean(self, v: FloatArray) -> FloatArray:
        """Dollars per person spent on the most expensive share ``v``; 0 at 0 and ``mean`` at 1."""
