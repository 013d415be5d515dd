"""A programme's regional adjustment as a function of the panel's gap to its region, and its tangent there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RegionalRule:
    """Dollars that a gap of the whole panel adds to the benchmark, and the tangent that stands for it in the law.

    Weights of a positive and a negative gap; caps in units of national cost, of the whole panel (``ceiling``,
    ``floor``) or by category (``category_ceiling``, ``category_floor``), all positive; ``drops_negative``: nothing is
    taken off. The larger of this and ``prior_share`` of history, at most ``prior_cap``, counts; None: no prior savings.
    """

    weight_positive: float
    weight_negative: float
    ceiling: float = np.inf
    floor: float = np.inf
    category_ceiling: float = np.inf
    category_floor: float = np.inf
    drops_negative: bool = False
    prior_share: float | None = None
    prior_cap: float = np.inf

    def tangent(self, gaps: FloatArray, limits: FloatArray, history: FloatArray) -> tuple[float, float]:
        """The adjustment around expected gaps (category,) as slope times the whole gap plus a share of the limits.

        ``limits``: dollars at national cost (category,), ``history`` at their own. Where the rule bends there, the
        slope between both sides.
        """
        aside = 1e-6 * limits
        low, middle, high = (
            self._of_categories(gaps + sign * aside, limits, history - sign * aside) for sign in (-1.0, 0.0, 1.0)
        )
        slope = (high - low) / (2.0 * float(aside.sum()))
        return slope, (middle - slope * float(gaps.sum())) / float(limits.sum())

    def _of_categories(self, gaps: FloatArray, limits: FloatArray, history: FloatArray) -> float:
        """The adjustment of the whole panel when every category's gap is known."""
        weight = self.weight_positive if gaps.sum() >= 0 else self.weight_negative
        held = np.clip(weight * gaps, -self.category_floor * limits, self.category_ceiling * limits).sum()
        limit = limits.sum()
        return float(self.chosen(np.clip(held, -self.floor * limit, self.ceiling * limit), history.sum(), limit))

    @property
    def is_linear(self) -> bool:
        """Whether the adjustment is simply a share of the gap."""
        caps = (self.ceiling, self.floor, self.category_ceiling, self.category_floor)
        capped = self.weight_positive != 0 and np.isfinite(caps).any()
        straight = self.weight_positive == self.weight_negative and not capped
        drops = self.drops_negative and self.weight_positive != 0
        return straight and not drops and self.prior_share is None

    def overall(self, gap: FloatArray, limit: float) -> FloatArray:
        """The adjustment of a gap, dollars, before caps by category, dropping and prior savings."""
        weighted = gap * np.where(gap >= 0, self.weight_positive, self.weight_negative)
        return np.asarray(np.clip(weighted, -self.floor * limit, self.ceiling * limit))

    def chosen(self, adjustment: FloatArray, history: FloatArray, limit: float) -> FloatArray:
        """What counts: nothing negative where it is dropped, and prior savings where they are more."""
        found = np.maximum(adjustment, 0.0) if self.drops_negative else adjustment
        if self.prior_share is None:
            return np.asarray(found)
        return np.maximum(found, np.clip(self.prior_share * history, 0.0, self.prior_cap * limit))
