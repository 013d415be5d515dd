"""Prospective risk scores: who is seen to be sick before the year begins.

A person drawn into a health class is *coded* with one chance in every class, and stays so while the class is kept. The
score of a coded person is the expected cost of the class, that of all others the expected cost of people not coded, in
units of the category's mean: so a score is the mean cost of those who bear it (calibrated), and with chance w it
explains w Var(mean cost of class) / Var(cost) of the variance of cost. Its year-to-year noise and persistence follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.slot_law.layout import SCORE_UNITS, OutOfReachError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Integer scores by grade (grade,), grade 0 of people not coded, then each class; and who is coded (kind, draw)."""

    by_grade: IntArray
    coded: NDArray[np.bool_]


def coded_share(
    explained: float, mean_cost: FloatArray, shares: FloatArray, variance: float, *, strict: bool = True
) -> float:
    """The chance of being coded with which scores explain a share of the variance of cost.

    ``mean_cost`` and ``shares`` are per class, ``variance`` that of a calendar year's dollars. Where scores that know
    every class explain less, raises OutOfReachError, or codes everybody when not ``strict``.
    """
    between = float(shares @ mean_cost**2 - (shares @ mean_cost) ** 2)
    if explained * variance <= max(between, 0.0):
        return explained * variance / between if between > 0 else 0.0
    if strict:
        most = between / variance
        raise OutOfReachError("explained", f"health classes explain at most {most:.2f} of the variance of cost here")
    return 1.0


def scores(share: float, counts: IntArray, mean_cost: FloatArray) -> Scores:
    """Scores for a chance of being coded; ``counts`` are the draws (kind, class), the first kind the long-run panel.

    Whole draws are coded: the error made in the dearest class is carried to the next, so that the mean score of each
    kind is that of the exact chance to a few millionths.
    """
    relative = mean_cost / float(counts[0] @ mean_cost) * float(counts[0].sum())
    coded = np.stack([_coded_draws(share, of_kind, relative - 1.0) for of_kind in counts])
    others = counts[0] - coded[0]
    unseen = float(others @ relative) / max(float(others.sum()), 1.0)
    by_grade = np.round(SCORE_UNITS * np.concatenate([[unseen], relative])).astype(np.int64)
    return Scores(by_grade, np.stack([_marked(of_kind, some) for of_kind, some in zip(counts, coded, strict=True)]))


def _coded_draws(share: float, counts: IntArray, weight: FloatArray) -> IntArray:
    """How many draws of each class are coded; (class,)."""
    found = np.zeros(len(counts), np.int64)
    owed = 0.0
    for k in np.argsort(-np.abs(weight), kind="stable"):
        exact = share * float(counts[k])
        carried = owed / weight[k] if weight[k] != 0 else 0.0
        found[k] = int(np.clip(round(exact + carried), 0, counts[k]))
        owed += (exact - float(found[k])) * weight[k]
    return found


def _marked(counts: IntArray, coded: IntArray) -> NDArray[np.bool_]:
    """The first ``coded`` draws of each class."""
    place = np.concatenate([np.arange(count) for count in counts])
    return np.asarray(place < np.repeat(coded, counts))
