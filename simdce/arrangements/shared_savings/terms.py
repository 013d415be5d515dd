"""The dated numbers and elections of a shared-savings arrangement as arrays over performance years."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import BoolArray, FloatArray
from simdce.arrangements.shared_savings.minimum_savings_rate import MinimumSavingsRateTable
from simdce.errors import InputError


@dataclass(frozen=True)
class Terms:
    """What the rule needs, each of shape (years,); rates and limits are fractions of the benchmark unless said
    otherwise.

    ``fixed_rate`` is the elected minimum savings (and loss) rate, NaN where the variable table applies; the table also
    applies to panels under ``fixed_rate_beneficiaries`` people. ``sharing_rate`` is final, quality applied.
    ``rate_below_gate`` is the share of it that a low-revenue ACO of at least ``below_gate_beneficiaries`` people
    keeps when it saves less than the minimum. ``loss_rate`` is zero in one-sided years. ``loss_limit_of_revenue``
    (fraction of participant revenue) is infinite where there is none, ``revenue_share`` (of expenditure) NaN where
    not stated. ``relief`` is the share of a loss forgiven, ``part_year`` the share of the calendar year settled,
    ``withhold`` the share of earnings kept back until the settlement of a year with ``closes_agreement``.
    """

    table: MinimumSavingsRateTable
    fixed_rate: FloatArray
    fixed_rate_beneficiaries: FloatArray
    sharing_rate: FloatArray
    savings_threshold: FloatArray
    rate_below_gate: FloatArray
    below_gate_beneficiaries: FloatArray
    sequestration_factor: FloatArray
    payment_limit: FloatArray
    loss_rate: FloatArray
    loss_threshold: FloatArray
    loss_limit_of_benchmark: FloatArray
    loss_limit_of_revenue: FloatArray
    revenue_share: FloatArray
    relief: FloatArray
    part_year: FloatArray
    withhold: FloatArray
    closes_agreement: BoolArray


def resolve(numbers: InForce, agreement_years: int) -> Terms:
    """The Terms in force; raises InputError for elections that the arrangement does not offer or that contradict."""
    score = _floats(numbers.elected("quality_score"))
    passed, earned = _quality(numbers, score)
    revenue_share = _floats(numbers.elected("participant_revenue_share"))
    closing = np.array(numbers.timeline.agreement_years) % agreement_years == 0
    return Terms(
        table=MinimumSavingsRateTable.of(numbers.values("minimum_savings_rate_table")[0]),
        fixed_rate=_floats(None if rate == "variable" else rate for rate in numbers.elected("minimum_savings_rate")),
        fixed_rate_beneficiaries=numbers.numbers("fixed_rate_minimum_beneficiaries", absent=0.0),
        sharing_rate=numbers.numbers("max_sharing_rate") * earned,
        savings_threshold=numbers.numbers("savings_threshold", absent=0.0),
        rate_below_gate=_rate_below_gate(numbers, revenue_share),
        below_gate_beneficiaries=numbers.numbers("low_revenue_minimum_beneficiaries", absent=0.0),
        sequestration_factor=numbers.numbers("sequestration_factor"),
        payment_limit=numbers.numbers("performance_payment_limit"),
        loss_rate=_loss_rate(numbers, passed, earned, score),
        loss_threshold=numbers.numbers("loss_threshold", absent=0.0),
        loss_limit_of_benchmark=numbers.numbers("loss_limit_of_benchmark", absent=0.0),
        loss_limit_of_revenue=numbers.numbers("loss_limit_of_revenue", absent=np.inf),
        revenue_share=revenue_share,
        relief=_relief(numbers),
        part_year=_floats(1.0 if part is None else part for part in numbers.elected("part_year")),
        withhold=numbers.numbers("withhold", absent=0.0),
        closes_agreement=closing,
    )


def _floats(values: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _quality(numbers: InForce, score: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Whether a quality standard of the year is met, and the share of the maximum rate earned: all, the score, none."""
    passed, earned = np.zeros(score.shape, dtype=np.bool_), np.zeros_like(score)
    standard = np.array(numbers.elected("quality_standard"))
    for result in ("met", "alternative"):
        regime = np.array(numbers.values(f"sharing_when_{result}"))
        chosen = standard == result
        passed |= chosen & (regime != "none")
        earned = np.where(chosen, np.where(regime == "score", score, regime == "full"), earned)
    return passed, earned


def _loss_rate(numbers: InForce, passed: BoolArray, earned: FloatArray, score: FloatArray) -> FloatArray:
    """One less the maximum rate times the quality score where a standard is met or, where the arrangement says so, the
    final sharing rate; within floor and ceiling, which are equal where the rate is flat.
    """
    if "loss_rate_ceiling" not in numbers:
        return np.zeros_like(score)
    by_sharing_rate = numbers.values("loss_rate_by_sharing_rate") if "loss_rate_by_sharing_rate" in numbers else False
    kept = numbers.numbers("max_sharing_rate") * np.where(by_sharing_rate, earned, np.where(passed, score, 0.0))
    return np.clip(1.0 - kept, numbers.numbers("loss_rate_floor"), numbers.numbers("loss_rate_ceiling"))


def _rate_below_gate(numbers: InForce, revenue_share: FloatArray) -> FloatArray:
    """What a low-revenue ACO keeps below the minimum savings rate; revenue share decides unless elected outright."""
    if "low_revenue_rate_below_gate" not in numbers:
        return np.zeros_like(revenue_share)
    threshold = numbers.numbers("low_revenue_threshold")
    is_low = np.nan_to_num(revenue_share, nan=np.inf) < threshold
    elected = numbers.elected("low_revenue")[0]
    if elected is not None:
        contradicted = np.isfinite(revenue_share) & (is_low != elected)
        if contradicted.any():
            raise InputError(
                "contradicts participant_revenue_share",
                key="low_revenue",
                value=elected,
                allowed=f"low revenue is a share below {threshold[0]:g}, the share elected is {revenue_share[0]:g}",
            )
        is_low = np.full(is_low.shape, elected)
    return np.where(is_low, numbers.numbers("low_revenue_rate_below_gate"), 0.0)


def _relief(numbers: InForce) -> FloatArray:
    """The share of a loss forgiven: what was elected, or the public health emergency's where that is larger."""
    elected = _floats(0.0 if share is None else share for share in numbers.elected("extreme_circumstance_relief"))
    emergency = np.array([bool(chosen) for chosen in numbers.elected("public_health_emergency_relief")])
    if not emergency.any():
        return elected
    return np.maximum(elected, np.where(emergency, numbers.numbers("public_health_emergency_share_forgiven"), 0.0))
