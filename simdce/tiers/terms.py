"""The terms of a tier as arrays over performance years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import BoolArray, FloatArray
from simdce.tiers.credibility import limited_fluctuation

CENTS = 100
"""To the dollar: payments are divided in whole cents, so that nothing is lost."""


@dataclass(frozen=True)
class Terms:
    """What the rule needs, each of shape (years,); shares and limits are fractions, of the practice's benchmark where
    they limit, and infinite where there is no limit. ``capitation_is_of_benchmark`` says what ``capitation``
    multiplies: the benchmark, or the primary care in it.
    """

    own_weight: FloatArray
    weighs_by_credibility: BoolArray
    full_credibility_people: FloatArray
    share_of_gains: FloatArray
    share_of_losses: FloatArray
    corridor: FloatArray
    stop_loss: FloatArray
    gain_cap: FloatArray
    loss_floor: FloatArray
    insulated_below: FloatArray
    entity_take: FloatArray
    providers_share: FloatArray
    capitation: FloatArray
    capitation_is_of_benchmark: BoolArray
    primary_care_share: FloatArray
    reconciliation_share: FloatArray
    quality_bonus: FloatArray

    def can_owe(self, people: float) -> bool:
        """Whether a practice of so many people can owe anything in some year."""
        return bool(((people >= self.insulated_below) & (self.share_of_losses > 0) & (self.loss_floor > 0)).any())

    def weight_of_own(self, people: float) -> FloatArray:
        """The weight of the practice's own result against the pool's, by year."""
        by_size = limited_fluctuation(people, self.full_credibility_people)
        return np.where(self.weighs_by_credibility, by_size, self.own_weight)


def resolve(numbers: InForce) -> Terms:
    """The Terms in force."""
    basis = np.array(numbers.values("basis"))
    given = numbers.numbers("own_weight")
    words = ("basis", "own_weight", "capitation_basis")
    return Terms(
        own_weight=np.where(basis == "own", 1.0, np.where(basis == "pool", 0.0, given)),
        weighs_by_credibility=basis == "credibility",
        capitation_is_of_benchmark=np.array(numbers.values("capitation_basis")) == "benchmark",
        **{name: numbers.numbers(name) for name in numbers.known if name not in words},
    )
