"""What neighbours cost: the regional rate blended into a historical benchmark, by each programme's rule.

``historical`` and ``regional`` are dollars per person-year with categories on the last axis, ``person_years`` weigh the
categories, ``national`` is the national cost per person-year that caps are stated in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def blended(
    historical: FloatArray,
    regional: FloatArray,
    person_years: FloatArray,
    national: FloatArray,
    *,
    weight: float,
    ceiling: float,
    floor: float,
) -> FloatArray:
    """GPDC and ACO REACH: historical and regional rates by weight, the whole effect held within a share of USPCC.

    ``ceiling`` and ``floor`` are fractions of the national cost, both positive. Source: CMS PY2025 quick reference.
    """
    if weight == 0:
        return historical
    effect = weight * (regional - historical)
    overall, limit = average(effect, person_years), average(national, person_years)
    held = np.clip(overall, -floor * limit, ceiling * limit)
    return historical + effect * np.divide(held, overall, out=np.ones_like(overall), where=overall != 0)[..., None]


def regionally_adjusted(
    historical: FloatArray,
    regional: FloatArray,
    person_years: FloatArray,
    national: FloatArray,
    *,
    weight_positive: float,
    weight_negative: float,
    cap_positive: float,
    cap_negative: float,
    negative_removed: bool,
) -> FloatArray:
    """Shared Savings Program from July 2019, and LEAD: part of the gap from ACO to region, capped by category.

    The weight depends on whether the ACO is cheaper or dearer than its region overall; caps are fractions of national
    cost, both positive; agreements from 2024 drop an adjustment that is negative overall (42 CFR 425.601, 425.652).
    """
    gap = regional - historical
    cheaper = average(gap, person_years) >= 0
    adjustment = gap * np.where(cheaper, weight_positive, weight_negative)[..., None]
    adjustment = np.clip(adjustment, -cap_negative * national, cap_positive * national)
    if negative_removed:
        adjustment = np.where((average(adjustment, person_years) < 0)[..., None], 0.0, adjustment)
    return historical + adjustment


def average(amount: FloatArray, person_years: FloatArray) -> FloatArray:
    """Person-year weighted average over categories; loses the last axis."""
    weighted = np.einsum("...c,...c->...", amount, person_years)
    return np.asarray(weighted / np.maximum(person_years.sum(axis=-1), 1e-12))
