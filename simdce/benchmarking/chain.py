"""The whole benchmark of an arrangement, in its order: history, region, trend, discount and withholds.

Only adjustments whose numbers stand in the arrangement's ``[benchmark]`` apply; the scenario may replace some.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce.arrangements.in_force import InForce
from simdce.benchmarking.discount import final_benchmark, kept_share
from simdce.benchmarking.historical import historical_benchmark
from simdce.benchmarking.regional import blended, regionally_adjusted
from simdce.benchmarking.retrospective_trend import retrospective_trend_adjustment
from simdce.benchmarking.three_way_trend import three_way_trend
from simdce.scenario import Benchmark

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class BenchmarkInputs:
    """What a benchmark is made of, for one panel size, in dollars of each performance year's price level.

    ``baseline_per_capita``: (world, category, baseline year) at the price year; ``person_years``: (world, category,
    performance year); ``expected_per_capita``: (category,) at the price year, what the category truly costs;
    ``price_level``: (performance year,) from the price year; ``trend_error``: (world, performance year), actual growth
    over forecast growth less 1; ``mismatch``: (world,), lasting error of the benchmark as a fraction.
    """

    baseline_per_capita: FloatArray
    person_years: FloatArray
    expected_per_capita: FloatArray
    price_level: FloatArray
    trend_error: FloatArray
    mismatch: FloatArray


def benchmark_dollars(inputs: BenchmarkInputs, rule: InForce, chosen: Benchmark) -> FloatArray:
    """The settlement base in dollars; shape (world, performance year)."""
    weights = rule.values("baseline_weights")[0] if chosen.weights is None else chosen.weights
    historical = historical_benchmark(inputs.baseline_per_capita, weights)  # (world, category)
    regional = inputs.expected_per_capita * chosen.regional_to_own_cost
    years = range(inputs.person_years.shape[-1])
    rates = np.stack([_with_region(historical, regional, inputs, rule, chosen, year) for year in years], axis=-1)
    unadjusted = np.einsum("wcy,wcy->wy", rates, inputs.person_years) * inputs.price_level
    unadjusted *= (1.0 + inputs.mismatch)[:, None]
    return final_benchmark(unadjusted, trend_factor(inputs.trend_error, rule), kept(rule, chosen, len(years)))


def _with_region(
    historical: FloatArray, regional: FloatArray, inputs: BenchmarkInputs, rule: InForce, chosen: Benchmark, year: int
) -> FloatArray:
    """The historical rate with the region's share in one performance year; (world, category)."""

    def number(name: str) -> Any:
        return rule.values(name)[year]

    person_years = inputs.person_years[..., year]
    national = np.broadcast_to(inputs.expected_per_capita, historical.shape)
    if "regional_weight_positive" in rule:
        own_weight = chosen.regional_weight
        return regionally_adjusted(
            historical,
            regional,
            person_years,
            national,
            weight_positive=number("regional_weight_positive") if own_weight is None else own_weight,
            weight_negative=number("regional_weight_negative") if own_weight is None else own_weight,
            cap_positive=number("regional_cap_positive"),
            cap_negative=number("regional_cap_negative"),
            negative_removed=number("negative_regional_removed"),
        )
    weight = chosen.regional_weight
    if weight is None:
        weight = number("regional_weight") if "regional_weight" in rule else 0.0
    return blended(
        historical,
        regional,
        person_years,
        national,
        weight=weight,
        ceiling=number("regional_ceiling") if "regional_ceiling" in rule else np.inf,
        floor=number("regional_floor") if "regional_floor" in rule else np.inf,
    )


def trend_factor(trend_error: FloatArray, rule: InForce) -> FloatArray:
    """Benchmark trend over actual trend: 1 where CMS uses growth as it came, off by the forecast error where not.

    A prospective benchmark is the actual one over (1 + error); ACO REACH multiplies it by its retrospective trend
    adjustment, of which the corridor passes a part; the Shared Savings Program and LEAD give a third to a prospective
    trend, LEAD within a guardrail.
    """
    factors = np.ones_like(trend_error)
    for year in range(trend_error.shape[-1]):
        forecast = 1.0 / (1.0 + trend_error[:, year])
        if rule.values("trend")[year] == "prospective":
            factors[:, year] = forecast
            if "retrospective_trend_dead_band" in rule:
                factors[:, year] *= retrospective_trend_adjustment(
                    1.0 + trend_error[:, year],
                    dead_band=rule.values("retrospective_trend_dead_band")[year],
                    edges=rule.values("retrospective_trend_edges")[year],
                    shares=rule.values("retrospective_trend_shares")[year],
                )
        elif "prospective_trend_weight" in rule:
            # in units of growth as it came, so that a guardrail in points of growth is in points of that
            factors[:, year] = three_way_trend(
                1.0,
                forecast,
                prospective_weight=rule.values("prospective_trend_weight")[year],
                guardrail_above=rule.numbers("prospective_trend_guardrail_above", absent=np.inf)[year],
                guardrail_below=rule.numbers("prospective_trend_guardrail_below", absent=np.inf)[year],
            )
    return factors


def kept(rule: InForce, chosen: Benchmark, years: int) -> FloatArray:
    """What discount and withholds leave of the benchmark; (performance year,)."""
    discount = rule.numbers("discount", absent=0.0) if chosen.discount is None else np.full(years, chosen.discount)
    withholds = "quality_withhold" in rule
    score = np.array(rule.elected("quality_score"), float) if withholds else np.ones(years)
    elected = np.array([bool(choice) for choice in rule.elected("retention_withhold")])
    retention = np.where(elected, rule.numbers("retention_withhold", absent=0.0), 0.0)
    return kept_share(
        discount=discount,
        quality_withhold=rule.numbers("quality_withhold", absent=0.0),
        quality_score=score,
        retention_withhold=retention,
        administrative_add_on=rule.numbers("administrative_add_on", absent=0.0),
    )
