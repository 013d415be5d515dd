"""What an arrangement and a scenario make of the panel's sums: regional rule, trend factor, what is kept, shocks.

Numbers come from the arrangement's benchmark entries and the scenario's replacements, as in ``benchmarking.chain``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce import calibration
from simdce.arrangements.in_force import InForce
from simdce.benchmarking.chain import equity, kept, trend_factor
from simdce.benchmarking.risk_adjustment import credited_growth
from simdce.benchmarking.scores import RiskScores, capped_groups, score_growth
from simdce.exact.regional_rule import RegionalRule
from simdce.exact.shocks import Shock
from simdce.scenario import Panel, Scenario

FloatArray = NDArray[np.float64]


_TREND = ("trend", "retrospective_trend", "prospective_trend")
"""How the names begin of everything that the trend factor reads."""


@dataclass(frozen=True)
class ScoreRule:
    """How a benchmark follows risk scores; every number multiplies a mean score.

    ``groups``: positions of the categories capped together. That of the performance year grows by ``growth``, is held
    between ``low`` and ``high`` times that of the year ``reference`` (a position among the simulated years), and times
    ``factor`` held below ``ceiling`` times that of the last baseline year. ``own_growth`` is that of the voluntarily
    aligned, without any cap.
    """

    groups: tuple[tuple[int, ...], ...]
    growth: float
    reference: int
    low: float
    high: float
    factor: float
    ceiling: float
    own_growth: float


@dataclass(frozen=True)
class BenchmarkRule:
    """How one performance year's benchmark is made, and what is counted against it.

    ``adjustments``: the regional rule of people aligned by claims, then that of the voluntarily aligned if there are
    any. ``net``: dollars are less what stop-loss pays; ``charge``: its charge over expected payout, ``equity``: dollars
    per person-year of the health equity adjustment, both in units in which the rest stands at the price year.
    ``scale``: what true savings, growth, discount and withholds make of E/B. ``benchmark_noise``: variance of the
    logarithm of the benchmark owed to shocks. ``shock_key``: equal for rules with the same shocks.
    """

    truncated: bool
    net: bool
    charge: float
    weights: tuple[float, ...]
    to_own_history: float
    scores: ScoreRule | None
    adjustments: tuple[RegionalRule, ...]
    voluntary_share: float
    equity: float
    shocks: tuple[Shock, ...]
    shock_key: tuple[str, ...]
    scale: float
    kept: float
    benchmark_noise: float

    @property
    def made_of(self) -> tuple[Any, ...]:
        """Everything that the sums over slots depend on."""
        counted = (self.truncated, self.net, self.charge, self.weights, self.to_own_history)
        return (*counted, self.scores, self.adjustments, self.voluntary_share, self.equity)


def benchmark_rule(
    scenario: Scenario, rule: InForce, year: int, shocks: tuple[str, ...], categories: Sequence[str]
) -> BenchmarkRule:
    """The rule of a performance year (position), with the named world-level shocks, for categories that have people."""
    chosen, years = scenario.benchmark, scenario.years
    weights = rule.values("baseline_weights")[0] if chosen.weights is None else chosen.weights
    left = float(kept(rule, chosen, years.performance)[year])
    saved = scenario.savings.by_year(years.performance)[year]
    growth = score_growth(scenario, np.ones((1, len(calibration.CATEGORIES), years.total)))
    demographic = float(growth.demographic[growth.first_performance + year])
    found: list[Shock] = []
    noise = 0.0
    for name in shocks:
        deviation = scenario.shocks.sd(f"{name}_sd")
        if deviation == 0:
            continue
        if name == "annual":
            found.append(Shock(partial(_multiplied, deviation), deviation, of="expenditure"))
        elif name == "persistent":
            found.append(Shock(partial(_divided, deviation), deviation))
            noise += deviation**2
        else:
            factor = partial(_against_trend, rule, year, years.performance, deviation)
            spread = float(np.ptp(np.log(factor(np.array([-1.0, 1.0]))))) / 2.0
            if spread > 0 or _trend_kinks(rule, year):
                found.append(
                    Shock(
                        factor,
                        max(spread, 1e-3 * deviation),
                        tuple(kink / deviation for kink in _trend_kinks(rule, year)),
                    )
                )
                noise += spread**2
    truncated = bool(rule.values("truncated")[0])
    net = bool(rule.elected("stop_loss")[year]) and not truncated
    scored = "risk_adjustment" in rule and rule.values("risk_adjustment")[0] != "none"
    followed = scored if chosen.risk_adjustment is None else chosen.risk_adjustment and scored
    voluntary = scenario.panel.voluntary_share if "regional_weight_voluntary" in rule else 0.0
    adjustments = [_regional(rule, scenario, year)]
    if voluntary:
        adjustments.append(_regional(rule, scenario, year, "regional_weight_voluntary"))
    return BenchmarkRule(
        truncated=truncated,
        net=net,
        charge=(1.0 + scenario.stop_loss.charge_loading) / ((1.0 - saved) * demographic) if net else 0.0,
        weights=tuple(float(weight) for weight in weights),
        to_own_history=chosen.to_own_history,
        scores=_score_rule(growth, rule, year, categories) if followed else None,
        adjustments=tuple(adjustments),
        voluntary_share=voluntary,
        equity=equity_dollars(rule, scenario.panel, year) / (left * price_level(scenario, year)),
        shocks=tuple(found),
        shock_key=(*shocks, *(f"{name} {rule.values(name)[year]}" for name in rule.known if name.startswith(_TREND))),
        scale=(1.0 - saved) * demographic / left,
        kept=left,
        benchmark_noise=noise,
    )


def price_level(scenario: Scenario, year: int) -> float:
    """Dollars of a performance year (position) over those of the price year."""
    annual = scenario.benchmark.annual_trend
    growth = 1.0 + (calibration.default("annual_trend") if annual is None else annual)
    return float(growth ** (scenario.years.performance_years[year] - scenario.panel.price_year))


def equity_dollars(rule: InForce, panel: Panel, year: int) -> float:
    """What the health equity adjustment adds to a person-year of a performance year (position), in its own dollars."""
    people = np.zeros((1, len(rule.timeline.performance_years)))
    people[0, year] = 1.0
    return float(equity(people, rule, panel)[0, year])


def _score_rule(scores: RiskScores, rule: InForce, year: int, categories: Sequence[str]) -> ScoreRule:
    """As ``benchmark_scores`` reads the arrangement's entries, for mean scores that stay at 1 but for their growth."""
    here, reference = scores.first_performance + year, scores.last_baseline
    if "risk_score_reference_year" in rule:
        reference = scores.nearest(int(rule.values("risk_score_reference_year")[year]))
    manner = rule.values("risk_adjustment")[year]
    own = float(scores.demographic[here] * scores.coding[here])
    everybody = (tuple(range(len(categories))),)
    if manner == "newly_assigned":
        growth = credited_growth(scores.coding[here] / scores.coding[reference], scores.newly_assigned)
        return ScoreRule(everybody, float(scores.demographic[here] * growth), 0, 0.0, np.inf, 1.0, np.inf, own)

    def number(name: str, absent: float) -> float:
        return float(rule.numbers(name, absent=absent)[year])

    around = 1.0
    if "risk_score_cap_follows_demographics" in rule and rule.values("risk_score_cap_follows_demographics")[year]:
        around = float(scores.demographic[here] / scores.demographic[reference])
    then = float(scores.demographic[reference] * scores.coding[reference])
    places = [calibration.CATEGORIES.index(name) for name in categories]
    groups = [
        tuple(places.index(category) for category in group if category in places)
        for group in capped_groups(manner, len(calibration.CATEGORIES))
    ]
    rise, fall = number("risk_score_rise_cap", np.inf), number("risk_score_fall_cap", np.inf)
    caps = (rise, fall, number("risk_score_ceiling", np.inf))
    return ScoreRule(
        groups=tuple(group for group in groups if group) if np.isfinite(caps).any() else everybody,
        growth=own,
        reference=reference,
        low=max((around - fall) * then, 0.0),
        high=(around + rise) * then,
        factor=number("coding_intensity_factor", 1.0),
        ceiling=1.0 + number("risk_score_ceiling", np.inf),
        own_growth=own,
    )


def _multiplied(deviation: float, z: FloatArray) -> FloatArray:
    return 1.0 + deviation * z


def _divided(deviation: float, z: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + deviation * z)


def _against_trend(rule: InForce, year: int, years: int, deviation: float, z: FloatArray) -> FloatArray:
    errors = np.zeros((len(z), years))
    errors[:, year] = deviation * z
    return np.asarray(1.0 / trend_factor(errors, rule)[:, year])


def _trend_kinks(rule: InForce, year: int) -> tuple[float, ...]:
    """Trend errors at which the trend factor bends or jumps."""
    if rule.values("trend")[year] == "prospective" and "retrospective_trend_dead_band" in rule:
        edges = (rule.values("retrospective_trend_dead_band")[year], *rule.values("retrospective_trend_edges")[year])
        return tuple(sign * float(edge) for edge in edges for sign in (-1.0, 1.0))
    if "prospective_trend_weight" in rule:
        above = float(rule.numbers("prospective_trend_guardrail_above", absent=np.inf)[year])
        below = float(rule.numbers("prospective_trend_guardrail_below", absent=np.inf)[year])
        return tuple(1.0 / (1.0 + edge) - 1.0 for edge in (above, -below) if np.isfinite(edge))
    return ()


def _regional(rule: InForce, scenario: Scenario, year: int, weight_of: str = "regional_weight") -> RegionalRule:
    chosen = scenario.benchmark
    own = chosen.regional_weight

    def number(name: str, absent: Any = None) -> Any:
        return rule.values(name)[year] if name in rule or absent is None else absent

    prior = {}
    if chosen.prior_savings and "prior_savings_scaling" in rule:
        saved = max(chosen.prior_savings, 0.0)
        prior = {
            "prior_share": number("prior_savings_scaling") * saved / (1.0 - saved),
            "prior_cap": number("prior_savings_cap"),
        }
    if "regional_weight_positive" in rule:
        return RegionalRule(
            weight_positive=number("regional_weight_positive") if own is None else own,
            weight_negative=number("regional_weight_negative") if own is None else own,
            category_ceiling=number("regional_cap_positive"),
            category_floor=number("regional_cap_negative"),
            drops_negative=bool(number("negative_regional_removed")),
            **prior,
        )
    weight = own if own is not None and weight_of == "regional_weight" else number(weight_of, absent=0.0)
    return RegionalRule(
        weight,
        weight,
        ceiling=number("regional_ceiling", absent=np.inf),
        floor=number("regional_floor", absent=np.inf),
        **prior,
    )
