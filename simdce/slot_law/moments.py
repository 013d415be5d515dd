"""What the frozen integers mean: exact moments of one slot, without drawing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.slot_law import SlotLaw, layout
from simdce.slot_law.classes import class_shares, correlation_after

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SlotMoments:
    """Moments of a category's frozen slot in its first year.

    Means are dollars per person-year (dollars divided by the time decedents are present), coefficients of variation
    those of calendar-year dollars; ``decedent_multiple`` is calendar-year cost of decedents over survivors.
    ``recovery`` is what stop-loss pays in dollars per person-year, ``recovery_sd`` its standard deviation in a
    calendar year; ``score`` the mean risk score with person-years as weights, ``score_sd`` the standard deviation over
    people, ``explained`` the share of the variance of cost that scores explain.
    """

    mean: float
    truncated_mean: float
    cv: float
    truncated_cv: float
    mortality: float
    decedent_multiple: float
    presence: float
    leave: float
    recovery: float
    recovery_sd: float
    score: float
    score_sd: float
    explained: float


def frozen_mass(law: SlotLaw) -> FloatArray:
    """Probability of every cell of the cost table in the first year; (living or decedent, class, cell), sums to one."""
    low, high = layout.cell_bounds()
    shares = np.bincount(law.classes[layout.KINDS["initial"]], minlength=law.costs.shape[1]) / law.classes.shape[1]
    dying = law.death_thresholds / (1 << layout.DEATH_BITS)
    return np.asarray(np.stack([shares * (1.0 - dying), shares * dying])[..., None] * (high - low))


def lag_correlations(law: SlotLaw, lags: int = 3) -> tuple[float, ...]:
    """Correlations of a stayer's frozen cost with that 1, 2, … years later."""
    powers = np.stack([law.costs.astype(float) ** power for power in range(3)])
    by_class = (powers * frozen_mass(law)).sum(axis=3) / class_shares()  # (power, living or decedent, class)
    moves = 1 << layout.MOVE_BITS
    kept = (moves - law.drift_threshold) / (moves - law.leave_threshold)
    drift = np.bincount(law.classes[layout.KINDS["drift"]], minlength=law.costs.shape[1]) / law.classes.shape[1]
    living, everybody = by_class[:, 0], by_class.sum(axis=1)
    return tuple(correlation_after(lag, kept, drift, living, everybody) for lag in range(1, lags + 1))


def top_shares(laws: Sequence[SlotLaw], shares: Sequence[float], tops: Sequence[float]) -> tuple[float, ...]:
    """Share of all dollars that the costliest fractions ``tops`` of people hold, categories mixed by ``shares``."""
    costs = np.concatenate([law.costs.ravel() for law in laws]).astype(float)
    mass = np.concatenate([share * frozen_mass(law).ravel() for law, share in zip(laws, shares, strict=True)])
    order = np.argsort(-costs, kind="stable")
    people, dollars = np.cumsum(mass[order]), np.cumsum((mass * costs)[order])
    return tuple(float(share) for share in np.interp(tops, people / people[-1], dollars / dollars[-1]))


def slot_moments(law: SlotLaw) -> SlotMoments:
    """Exact moments of a frozen slot, by summing its tables with their probabilities."""
    mass = frozen_mass(law)
    costs = law.costs.astype(float)
    truncated = np.minimum(costs, law.truncation)
    mean, counted = float((mass * costs).sum()), float((mass * truncated).sum())
    deaths = float(mass[1].sum())
    by_fate = (mass * costs).sum(axis=(1, 2))
    presence = 1.0 - 0.5 * deaths
    recovered = np.zeros(1) if law.recoveries is None else law.recoveries.astype(float)
    recovery = float((mass * recovered).sum())
    score, score_sd, explained = _scores(law, mass, costs)
    return SlotMoments(
        mean=mean / presence,
        truncated_mean=counted / presence,
        cv=float(np.sqrt((mass * costs**2).sum() - mean**2)) / mean,
        truncated_cv=float(np.sqrt((mass * truncated**2).sum() - counted**2)) / counted,
        mortality=deaths,
        decedent_multiple=(by_fate[1] / deaths) / (by_fate[0] / (1.0 - deaths)) if deaths > 0 else float("nan"),
        presence=presence,
        leave=law.leave_threshold / (1 << layout.MOVE_BITS),
        recovery=recovery / presence,
        recovery_sd=float(np.sqrt(max((mass * recovered**2).sum() - recovery**2, 0.0))),
        score=score,
        score_sd=score_sd,
        explained=explained,
    )


def _scores(law: SlotLaw, mass: FloatArray, costs: FloatArray) -> tuple[float, float, float]:
    """Mean (person-years as weights) and standard deviation of risk scores, and the R-squared of cost on them."""
    kind = layout.KINDS["initial"]
    grades = np.where(law.coded[kind], law.classes[kind] + 1, 0)
    score = law.scores[grades] / layout.SCORE_UNITS  # by draw
    presence = 1.0 - 0.5 * law.death_thresholds[law.classes[kind]] / (1 << layout.DEATH_BITS)
    cost = ((mass * costs).sum(axis=(0, 2)) / class_shares())[law.classes[kind]]
    sd = float(score.std())
    variance = float((mass * costs**2).sum() - (mass * costs).sum() ** 2)
    covariance = float((cost * score).mean() - cost.mean() * score.mean())
    explained = covariance**2 / (sd**2 * variance) if sd > 0 and variance > 0 else 0.0
    return float((score * presence).sum() / presence.sum()), sd, explained
