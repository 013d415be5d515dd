"""The benchmark that LEAD would have set for an ACO of the Shared Savings Program, from its published parts.

History, update and people stay as CMS settled them; only what stands between them and the benchmark is exchanged:

1. the adjustment that the Shared Savings Program made (regional or prior savings) is taken out;
2. lower-spending ACOs under LEAD Global get their share of the regional difference, capped, or the prior savings
   adjustment if that is larger; all others the prior savings adjustment alone;
3. discount, quality withhold not earned, and the add-on of higher-spending ACOs follow, as shares of the benchmark.

Every number is the arrangements' own. The regional difference is the published adjustment over the weight it was made
with, which hangs on how often the ACO has had one; the file gives the number of the agreement, and ``weights`` shows
what the lowest and the highest weight of the rules make of it. All of it is done at the performance year's price level.

Assumed, and told with every result (notes.py): lower-spending is who has a positive published adjustment, dropped or
not; where it met the Shared Savings Program's cap the difference is larger than it shows, and LEAD's lower cap binds
anyway; a prior savings adjustment that is not published is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simdce.arrangements import load
from simdce.arrangements.elections import Elections
from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import Outcome
from simdce.benchmarking.discount import final_benchmark, kept_share
from simdce.benchmarking.prior_savings import prior_savings_adjustment
from simdce.benchmarking.regional import regionally_adjusted
from simdce.errors import InputError, nearest_name
from simdce.published.benchmark_parts import BenchmarkParts
from simdce.rebased.figures import national_per_capita

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Weights = Literal["by_agreement", "lowest", "highest"]

FAMILIES: Mapping[str, tuple[str, str]] = {
    "lead_global": ("lead_global_lower_spending", "lead_global_higher_spending"),
    "lead_professional": ("lead_professional", "lead_professional"),
}
"""Arrangements of lower- and of higher-spending ACOs, by what an ACO applies for."""

_RENEWING = 2
"""Agreement number by which the LEAD files tell ACOs that come from the Shared Savings Program from newcomers."""


@dataclass(frozen=True)
class Waterfall:
    """Dollars of each step from the benchmark settled to LEAD's, each of shape (ACO,); their sum is the change."""

    adjustment_removed: FloatArray
    regional_efficiency: FloatArray
    regional_cap: FloatArray
    prior_savings: FloatArray
    discount: FloatArray
    quality_withhold: FloatArray
    administrative_add_on: FloatArray

    @property
    def change(self) -> FloatArray:
        """LEAD's benchmark less the one settled."""
        return np.asarray(sum(getattr(self, field.name) for field in fields(self)))


@dataclass(frozen=True)
class Rebased:
    """ACOs of a results file under LEAD; dollars, shape (ACO,), in the order of ``parts``.

    ``settled``: the benchmark CMS settled on; ``benchmark``: LEAD's; ``paid``: what CMS paid, minus what it was owed;
    ``payment``: the same under LEAD. ``lower_spending``: whether the ACO spends less than its region.
    """

    parts: tuple[BenchmarkParts, ...]
    lower_spending: BoolArray
    waterfall: Waterfall
    settled: FloatArray
    benchmark: FloatArray
    expenditure: FloatArray
    paid: FloatArray
    payment: FloatArray


def arrangements_of(family: str) -> tuple[str, str]:
    """The arrangements of lower- and of higher-spending ACOs; raises InputError for an unknown family."""
    if family not in FAMILIES:
        raise InputError(
            "no such family of arrangements",
            value=family,
            allowed=", ".join(FAMILIES),
            nearest=nearest_name(family, FAMILIES),
        )
    return FAMILIES[family]


def rebased(
    parts: Sequence[BenchmarkParts],
    family: str,
    year: int,
    *,
    quality_score: float = 1.0,
    weights: Weights = "by_agreement",
) -> Rebased:
    """Published rows under a family of LEAD arrangements as its rules stand in ``year``.

    Raises InputError for an unknown family, a year outside its rules, a quality score that is no fraction, and rows
    whose own rules have no regional adjustment.
    """
    names = arrangements_of(family)
    lower = np.array([each.regional > 0.0 for each in parts], dtype=np.bool_)
    found = [
        _one(each, names[0 if cheaper else 1], year, quality_score, weights)
        for each, cheaper in zip(parts, lower, strict=True)
    ]
    steps = np.array([steps for steps, _, _ in found], dtype=np.float64).T
    published = [each.row for each in parts]
    return Rebased(
        parts=tuple(parts),
        lower_spending=lower,
        waterfall=Waterfall(*steps),
        settled=np.array([row.figures.benchmark for row in published]),
        benchmark=np.array([benchmark for _, benchmark, _ in found]),
        expenditure=np.array([row.figures.expenditure for row in published]),
        paid=np.array([row.payment for row in published]),
        payment=np.array([payment for _, _, payment in found]),
    )


def _one(
    parts: BenchmarkParts, name: str, year: int, quality_score: float, weights: Weights
) -> tuple[tuple[float, ...], float, float]:
    """One ACO's steps in the order of Waterfall, its LEAD benchmark and payment, in dollars."""
    rule, elections = _in_force(name, year, quality_score)
    figures = parts.row.figures
    removed = parts.adjustment * parts.update * parts.person_years
    before = figures.benchmark - removed
    whole, capped = _regional(parts, rule, before / parts.person_years, weights)
    prior = _prior_savings(parts, rule)
    if prior > capped:
        whole = capped = 0.0
    else:
        prior = 0.0
    unadjusted = before + (capped + prior) * parts.person_years
    shares = {
        "discount": float(rule.numbers("discount", absent=0.0)[0]),
        "quality_withhold": float(rule.numbers("quality_withhold", absent=0.0)[0]) * (1.0 - quality_score),
        "administrative_add_on": float(rule.numbers("administrative_add_on", absent=0.0)[0]),
    }
    kept = kept_share(
        discount=shares["discount"],
        quality_withhold=rule.numbers("quality_withhold", absent=0.0)[0],
        quality_score=quality_score,
        retention_withhold=0.0,
        administrative_add_on=shares["administrative_add_on"],
    )
    benchmark = float(final_benchmark(unadjusted, 1.0, kept))
    outcome = Outcome(
        np.array([benchmark]), np.array([figures.expenditure]), np.array([figures.assigned_beneficiaries])
    )
    payment = float(load(name).settle(outcome, [year], elections).net[0])
    steps = (
        -removed,
        whole * parts.person_years,
        (capped - whole) * parts.person_years,
        prior * parts.person_years,
        -shares["discount"] * unadjusted,
        -shares["quality_withhold"] * unadjusted,
        shares["administrative_add_on"] * unadjusted,
    )
    return steps, benchmark, payment


@cache
def _in_force(name: str, year: int, quality_score: float) -> tuple[InForce, Elections]:
    elections = Elections.of({"agreement_number": _RENEWING, "quality_score": quality_score})
    rule = load(name).in_force([year], elections)
    if rule.timeline.outside:
        allowed = f"{rule.timeline.first_year} to {rule.timeline.last_year}"
        raise InputError(f"{name} has no rules for this year", key="year", value=year, allowed=allowed)
    return rule, elections


def _regional(parts: BenchmarkParts, rule: InForce, own: float, weights: Weights) -> tuple[float, float]:
    """LEAD's regional efficiency adjustment before and after its cap, dollars per person-year."""
    if "regional_weight_positive" not in rule:
        return 0.0, 0.0
    difference = parts.regional * parts.update / _regional_weight(parts, weights)
    national = national_per_capita(parts)

    def adjustment(cap_positive: float) -> float:
        adjusted = regionally_adjusted(
            np.array([[own]]),
            np.array([[own + difference]]),
            np.array([[parts.person_years]]),
            np.array([[national]]),
            weight_positive=rule.values("regional_weight_positive")[0],
            weight_negative=rule.values("regional_weight_negative")[0],
            cap_positive=cap_positive,
            cap_negative=rule.values("regional_cap_negative")[0],
            negative_removed=rule.values("negative_regional_removed")[0],
        )
        return float(adjusted[0, 0]) - own

    return adjustment(np.inf), adjustment(rule.values("regional_cap_positive")[0])


def _prior_savings(parts: BenchmarkParts, rule: InForce) -> float:
    """LEAD's prior savings adjustment from the one published, dollars per person-year; 0 where none is published."""
    if not parts.prior_savings:
        return 0.0
    scaling = float(_own_rule(parts).numbers("prior_savings_scaling", absent=0.0)[0])
    if scaling <= 0.0:
        raise _not_in_the_rules(parts, "prior savings adjustment")
    return float(
        prior_savings_adjustment(
            parts.prior_savings * parts.update / scaling,
            scaling=rule.values("prior_savings_scaling")[0],
            ceiling=rule.values("prior_savings_cap")[0] * national_per_capita(parts),
        )
    )


def _regional_weight(parts: BenchmarkParts, weights: Weights) -> float:
    """The weight with which the Shared Savings Program passed on the ACO's positive regional difference."""
    rule, name = _own_rule(parts), "regional_weight_positive"
    if name not in rule:
        raise _not_in_the_rules(parts, "regional adjustment")
    ever = [float(entry.value) for entry in rule.known[name].entries]
    return {"by_agreement": float(rule.numbers(name)[0]), "lowest": min(ever), "highest": max(ever)}[weights]


def _own_rule(parts: BenchmarkParts) -> InForce:
    figures = parts.row.figures
    start = figures.year if figures.agreement_start is None else figures.agreement_start
    return load(figures.arrangement).in_force(
        [figures.year], Elections(agreement_start=start, agreement_number=parts.agreement_number)
    )


def _not_in_the_rules(parts: BenchmarkParts, what: str) -> InputError:
    row = parts.row
    return InputError(
        f"the rules of {row.figures.arrangement} have no {what}",
        where=f"{row.file}: row {row.line}",
        value=row.figures.aco,
    )
