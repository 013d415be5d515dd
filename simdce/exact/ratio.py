"""The law of log(E/B) at one panel size on a uniform grid, as the inversion hands it on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RatioGrid:
    """P(log(E/B) <= x) at ``start + step * k``; (grid,). Beyond the grid it is 0 and 1.

    ``error``: bound of the inversion and of the grid. ``second_order``: the most that the second-order term of the
    benchmark, which is included, moves a probability, ``left_out`` about what the terms after it would.
    ``standard_deviation`` of log(E/B) to first order. ``caps``: the most that bends of the caps on scores, included,
    move a probability.
    """

    start: float
    step: float
    cdf: FloatArray
    error: float
    second_order: float
    left_out: float
    standard_deviation: float
    caps: float = 0.0

    @property
    def points(self) -> FloatArray:
        """log(E/B) at the grid; (grid,)."""
        return np.asarray(self.start + self.step * np.arange(len(self.cdf)))
