"""The dated numbers and elections of a capped-share arrangement as arrays over performance years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import FloatArray


@dataclass(frozen=True)
class Terms:
    """What the rule needs, each of shape (years,); limits are fractions of the benchmark, infinite where there is none.

    ``gross_cap`` limits savings and losses before they are shared, ``payment_limit`` and ``loss_limit`` what is paid
    and owed after.
    """

    minimum_savings_rate: FloatArray
    gross_cap: FloatArray
    savings_share: FloatArray
    loss_share: FloatArray
    savings_sequestration_factor: FloatArray
    loss_sequestration_factor: FloatArray
    payment_limit: FloatArray
    loss_limit: FloatArray


def resolve(numbers: InForce, agreement_years: int) -> Terms:
    """The Terms in force; nothing is carried from year to year, so the length of the agreement does not matter."""
    caps = [np.inf if cap is None else cap for cap in numbers.elected("gross_cap")]
    return Terms(
        minimum_savings_rate=numbers.numbers("minimum_savings_rate", absent=0.0),
        gross_cap=np.array(caps, dtype=np.float64),
        savings_share=numbers.numbers("savings_share"),
        loss_share=numbers.numbers("loss_share"),
        savings_sequestration_factor=numbers.numbers("savings_sequestration_factor"),
        loss_sequestration_factor=numbers.numbers("loss_sequestration_factor"),
        payment_limit=numbers.numbers("performance_payment_limit", absent=np.inf),
        loss_limit=numbers.numbers("loss_limit_of_benchmark", absent=np.inf),
    )
