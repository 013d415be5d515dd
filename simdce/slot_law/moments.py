"""What the frozen integers mean: exact moments of one slot, without drawing anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simdce.slot_law import SlotLaw, layout


@dataclass(frozen=True)
class SlotMoments:
    """Moments of a category's frozen slot in its first year.

    Means are dollars per person-year (dollars divided by the time decedents are present), coefficients of variation
    those of calendar-year dollars; ``decedent_multiple`` is calendar-year cost of decedents over survivors.
    """

    mean: float
    truncated_mean: float
    cv: float
    truncated_cv: float
    mortality: float
    decedent_multiple: float
    presence: float
    leave: float


def slot_moments(law: SlotLaw) -> SlotMoments:
    """Exact moments of a frozen slot, by summing its tables with their probabilities."""
    low, high = layout.cell_bounds()
    shares = np.bincount(law.classes[layout.KINDS["initial"]], minlength=law.costs.shape[1]) / law.classes.shape[1]
    dying = law.death_thresholds / (1 << layout.DEATH_BITS)
    mass = np.stack([shares * (1.0 - dying), shares * dying])[..., None] * (high - low)  # (living or not, class, cell)
    costs = law.costs.astype(float)
    truncated = np.minimum(costs, law.truncation)
    mean, counted = float((mass * costs).sum()), float((mass * truncated).sum())
    deaths = float(shares @ dying)
    by_fate = (mass * costs).sum(axis=(1, 2))
    presence = 1.0 - 0.5 * deaths
    return SlotMoments(
        mean=mean / presence,
        truncated_mean=counted / presence,
        cv=float(np.sqrt((mass * costs**2).sum() - mean**2)) / mean,
        truncated_cv=float(np.sqrt((mass * truncated**2).sum() - counted**2)) / counted,
        mortality=deaths,
        decedent_multiple=(by_fate[1] / deaths) / (by_fate[0] / (1.0 - deaths)) if deaths > 0 else float("nan"),
        presence=presence,
        leave=law.leave_threshold / (1 << layout.MOVE_BITS),
    )
