"""A cost law in other dollars: the same shape, every cost multiplied."""

from __future__ import annotations

from dataclasses import dataclass

from simdce.costs import CostLaw, FloatArray


@dataclass(frozen=True)
class Scaled:
    """``base`` with every cost multiplied by ``factor``."""

    base: CostLaw
    factor: float

    @property
    def mean(self) -> float:
        """Mean annual cost in dollars."""
        return self.base.mean * self.factor

    def upper_quantile(self, v: FloatArray) -> FloatArray:
        """The cost reached by a share ``v``."""
        return self.base.upper_quantile(v) * self.factor

    def upper_partial_mean(self, v: FloatArray) -> FloatArray:
        """Dollars per person on the costliest share ``v``."""
        return self.base.upper_partial_mean(v) * self.factor
