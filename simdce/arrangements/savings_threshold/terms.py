"""The dated numbers and elections of a savings-threshold arrangement as arrays over performance years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import BoolArray, FloatArray


@dataclass(frozen=True)
class Terms:
    """What the rule needs, each of shape (years,); threshold and limit are fractions of the target.

    ``quality_share`` is the part of the payment that the quality score decides, ``withhold`` the part of each payment
    kept back until the settlement of a year with ``closes_agreement``.
    """

    sharing_rate: FloatArray
    savings_threshold: FloatArray
    loss_threshold: FloatArray
    quality_share: FloatArray
    quality_score: FloatArray
    payment_limit: FloatArray
    withhold: FloatArray
    closes_agreement: BoolArray


def resolve(numbers: InForce, agreement_years: int) -> Terms:
    """The Terms in force; the demonstration's length says when withheld money is released."""
    return Terms(
        sharing_rate=numbers.numbers("max_sharing_rate"),
        savings_threshold=numbers.numbers("savings_threshold"),
        loss_threshold=numbers.numbers("loss_threshold"),
        quality_share=numbers.numbers("quality_share"),
        quality_score=np.array(numbers.elected("quality_score"), dtype=np.float64),
        payment_limit=numbers.numbers("performance_payment_limit"),
        withhold=numbers.numbers("withhold"),
        closes_agreement=np.array(numbers.timeline.agreement_years) % agreement_years == 0,
    )
