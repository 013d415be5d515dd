"""The whole benchmark of an arrangement, in its order: history, risk, region or prior savings, trend, discount, equity.

Only adjustments whose numbers stand in the arrangement's ``[benchmark]`` apply; the scenario may replace some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.arrangements.in_force import InForce
from simdce.benchmarking.discount import final_benchmark, health_equity_adjustment, kept_share
from simdce.benchmarking.historical import historical_benchmark
from simdce.benchmarking.prior_savings import prior_savings_adjustment
from simdce.benchmarking.regional import average, blended, regionally_adjusted
from simdce.benchmarking.retrospective_trend import retrospective_trend_adjustment
from simdce.benchmarking.scores import RiskScores, benchmark_scores
from simdce.benchmarking.three_way_trend import three_way_trend
from simdce.scenario import Benchmark, Panel

FloatArray = NDArray[np.float64]

MONTHS = 12


@dataclass(frozen=True)
class BenchmarkInputs:
    """What a benchmark is made of, for one panel size, in dollars of each performance year's price level.

    ``baseline_per_capita``: (world, category, baseline year) at the price year; ``person_years``: (world, category,
    performance year); ``scores``: risk scores of every simulated year; ``expected_per_capita``: (category,) at the
    price year, what the category truly costs; ``price_level``: (performance year,) from the price year;
    ``trend_error``: (world, performance year), actual growth over forecast growth less 1; ``mismatch``: (world,),
    lasting error of the benchmark as a fraction.
    """

    baseline_per_capita: FloatArray
    person_years: FloatArray
    scores: RiskScores
    expected_per_capita: FloatArray
    price_level: FloatArray
    trend_error: FloatArray
    mismatch: FloatArray


@dataclass(frozen=True)
class Unshocked:
    """What of a benchmark no shock reaches, dollars (world, performance year).

    ``unadjusted``: history, risk scores and region or prior savings, at the price year; ``equity``: the health equity
    adjustment, None where there is none. The years lie apart in memory, as they do in all that is settled: what a rule
    does with a year runs over worlds.
    """

    unadjusted: FloatArray
    equity: FloatArray | None


def benchmark_dollars(inputs: BenchmarkInputs, rule: InForce, chosen: Benchmark, panel: Panel) -> FloatArray:
    """The settlement base in dollars; shape (world, performance year)."""
    return settlement_base(unshocked(inputs, rule, chosen, panel), inputs, rule, chosen)


def unshocked(inputs: BenchmarkInputs, rule: InForce, chosen: Benchmark, panel: Panel) -> Unshocked:
    """The parts of a benchmark that its inputs come to whatever their shocks."""
    weights = rule.values("baseline_weights")[0] if chosen.weights is None else chosen.weights
    baseline_years = inputs.baseline_per_capita.shape[-1]
    scores = inputs.scores
    scored = "risk_adjustment" in rule and rule.values("risk_adjustment")[0] != "none"
    followed = scored if chosen.risk_adjustment is None else chosen.risk_adjustment and scored
    at_one = scores.by_year[..., :baseline_years] if followed else np.ones(1)
    historical = historical_benchmark(inputs.baseline_per_capita / at_one, weights)  # (world, category)
    historical *= chosen.to_own_history
    years = inputs.person_years.shape[-1]
    unadjusted = np.empty((len(historical), years), order="F")
    for year in range(years):
        rate = _rate(historical, inputs, rule, chosen, year)
        people = inputs.person_years[..., year]
        claims = benchmark_scores(scores, rule, rate * people, year) if followed else np.ones(1)
        paid = rate * claims
        if panel.voluntary_share and "regional_weight_voluntary" in rule:
            own = scores.grown(scores.first_performance + year) if followed else np.ones(1)
            voluntary = _rate(historical, inputs, rule, chosen, year, weight_of="regional_weight_voluntary") * own
            paid = (1.0 - panel.voluntary_share) * paid + panel.voluntary_share * voluntary
        unadjusted[:, year] = np.einsum("wc,wc->w", paid, people)
    adjusted = "health_equity_highest" in rule
    return Unshocked(unadjusted, equity(inputs.person_years.sum(axis=1), rule, panel) if adjusted else None)


def settlement_base(made: Unshocked, inputs: BenchmarkInputs, rule: InForce, chosen: Benchmark) -> FloatArray:
    """What price level, lasting mismatch, trend, discount and withholds make of it; (world, performance year)."""
    level = np.outer(inputs.price_level, 1.0 + inputs.mismatch).T
    left = kept(rule, chosen, made.unadjusted.shape[-1])
    base = final_benchmark(made.unadjusted * level, trend_factor(inputs.trend_error, rule), left)
    return base if made.equity is None else base + made.equity


def _rate(
    historical: FloatArray,
    inputs: BenchmarkInputs,
    rule: InForce,
    chosen: Benchmark,
    year: int,
    weight_of: str = "regional_weight",
) -> FloatArray:
    """The rate at a risk score of 1 in one performance year, region or prior savings included; (world, category)."""
    person_years = inputs.person_years[..., year]
    national = np.broadcast_to(inputs.expected_per_capita, historical.shape)
    regional = inputs.expected_per_capita * chosen.regional_to_own_cost
    own_weight = chosen.regional_weight

    def number(name: str, absent: float) -> float:
        return float(rule.numbers(name, absent=absent)[year])

    if "regional_weight_positive" in rule:
        adjusted = regionally_adjusted(
            historical,
            regional,
            person_years,
            national,
            weight_positive=number("regional_weight_positive", 0.0) if own_weight is None else own_weight,
            weight_negative=number("regional_weight_negative", 0.0) if own_weight is None else own_weight,
            cap_positive=number("regional_cap_positive", np.inf),
            cap_negative=number("regional_cap_negative", np.inf),
            negative_removed=bool(rule.values("negative_regional_removed")[year]),
        )
    else:
        weight = own_weight if own_weight is not None and weight_of == "regional_weight" else number(weight_of, 0.0)
        adjusted = blended(
            historical,
            regional,
            person_years,
            national,
            weight=weight,
            ceiling=number("regional_ceiling", np.inf),
            floor=number("regional_floor", np.inf),
        )
    if not chosen.prior_savings or "prior_savings_scaling" not in rule:
        return adjusted
    return _or_prior_savings(historical, adjusted, person_years, national, rule, chosen, year)


def _or_prior_savings(
    historical: FloatArray,
    adjusted: FloatArray,
    person_years: FloatArray,
    national: FloatArray,
    rule: InForce,
    chosen: Benchmark,
    year: int,
) -> FloatArray:
    """The larger of the regional adjustment and the prior savings adjustment, never both; (world, category)."""
    before, regional = average(historical, person_years), average(adjusted, person_years)
    # savings are a share of a benchmark, which is what was spent over one less that share
    gap = before * chosen.prior_savings / (1.0 - chosen.prior_savings)
    prior = prior_savings_adjustment(
        gap,
        scaling=rule.values("prior_savings_scaling")[year],
        ceiling=rule.values("prior_savings_cap")[year] * average(national, person_years),
    )
    larger = prior > regional - before
    return np.where(larger[:, None], historical + prior[:, None], adjusted)


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


def equity(person_years: FloatArray, rule: InForce, panel: Panel) -> FloatArray:
    """The health equity adjustment in dollars; (world, performance year)."""
    if "health_equity_highest" not in rule:
        return np.zeros_like(person_years)
    share = panel.health_equity
    groups = [share.highest_decile, share.second_decile, share.third_decile, share.lower_half]
    dollars = [
        rule.numbers("health_equity_highest"),
        rule.numbers("health_equity_second"),
        rule.numbers("health_equity_third"),
        -rule.numbers("health_equity_lower"),
    ]
    months = np.moveaxis(np.multiply.outer(groups, MONTHS * np.asfortranarray(person_years)), 0, -1)
    return health_equity_adjustment(months, np.stack(dollars, axis=-1))
