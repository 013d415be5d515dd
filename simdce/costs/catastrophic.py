"""Catastrophic claims: the upper tail of any cost law, made more frequent, more severe, or a Pareto.

Claims above a threshold (by default the 99th percentile) are the tail. Its frequency is multiplied by compressing the
body below it, its severity by stretching each excess over the threshold; a Pareto index replaces the excess
altogether. The knobs move the mean, on purpose: more catastrophes cost more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simdce.costs import CostLaw, FloatArray


@dataclass(frozen=True)
class CatastrophicTail:
    """``base`` with another tail above the cost that a share ``tail_share`` of people exceed.

    ``frequency_multiplier * tail_share`` people exceed the threshold afterwards. ``pareto_index`` (above 1) gives
    P(X > x) = (threshold / x) ** index there; None keeps the shape of ``base``.
    """

    base: CostLaw
    tail_share: float = 0.01
    frequency_multiplier: float = 1.0
    severity_multiplier: float = 1.0
    pareto_index: float | None = None

    @property
    def threshold(self) -> float:
        """Dollars above which a claim is catastrophic."""
        return float(self.base.upper_quantile(np.array([self.tail_share]))[0])

    @property
    def new_share(self) -> float:
        """Share of people above the threshold after the frequency multiplier."""
        return self.tail_share * self.frequency_multiplier

    @property
    def mean(self) -> float:
        """Mean annual cost in dollars."""
        return float(self.upper_partial_mean(np.array([1.0]))[0])

    def upper_quantile(self, v: FloatArray) -> FloatArray:
        """The cost reached by a share ``v``."""
        v = np.asarray(v, float)
        tail = v < self.new_share
        within = np.where(tail, v / self.new_share, 1.0)  # rank among the catastrophic, 0 the worst
        if self.pareto_index is None:
            excess = self.base.upper_quantile(within * self.tail_share) - self.threshold
        else:
            with np.errstate(divide="ignore"):
                excess = self.threshold * (within ** (-1.0 / self.pareto_index) - 1.0)
        if self.severity_multiplier == 0:
            excess = np.zeros_like(v)  # even the unbounded top
        body = self.base.upper_quantile(self._body_rank(v))
        return np.where(tail, self.threshold + self.severity_multiplier * excess, body)

    def upper_partial_mean(self, v: FloatArray) -> FloatArray:
        """Dollars per person on the costliest share ``v``."""
        v = np.asarray(v, float)
        within = np.minimum(v / self.new_share, 1.0)
        if self.pareto_index is None:
            above = self.base.upper_partial_mean(within * self.tail_share) / self.tail_share - within * self.threshold
        else:
            index = self.pareto_index
            above = self.threshold * (within ** (1.0 - 1.0 / index) * index / (index - 1.0) - within)
        tail = self.new_share * (within * self.threshold + self.severity_multiplier * above)
        rank = self._body_rank(v)
        squeeze = (1.0 - self.new_share) / (1.0 - self.tail_share)
        at_threshold = self.base.upper_partial_mean(np.array([self.tail_share]))[0]
        body = squeeze * (self.base.upper_partial_mean(rank) - at_threshold)
        return tail + np.where(v > self.new_share, body, 0.0)

    def _body_rank(self, v: FloatArray) -> FloatArray:
        """Where a person below the threshold stood in the base law."""
        stretch = (1.0 - self.tail_share) / (1.0 - self.new_share)
        return self.tail_share + np.maximum(v - self.new_share, 0.0) * stretch
