"""What an arrangement and a scenario make of the panel's sums: regional rule, trend factor, what is kept, shocks.

Numbers come from the arrangement's benchmark entries and the scenario's replacements, as in ``benchmarking.chain``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce.arrangements.in_force import InForce
from simdce.benchmarking.chain import kept, trend_factor
from simdce.exact.regional import RegionalRule
from simdce.exact.shocks import Shock
from simdce.scenario import Scenario

FloatArray = NDArray[np.float64]


_TREND = ("trend", "retrospective_trend", "prospective_trend")
"""How the names begin of everything that the trend factor reads."""


@dataclass(frozen=True)
class BenchmarkRule:
    """How one performance year's benchmark is made.

    ``shock_key``: equal for rules with the same shocks. ``scale``: what true savings, discount and withholds make of
    E/B. ``benchmark_noise``: variance of the logarithm of the benchmark owed to shocks.
    """

    truncated: bool
    weights: tuple[float, ...]
    regional: RegionalRule
    shocks: tuple[Shock, ...]
    shock_key: tuple[str, ...]
    scale: float
    kept: float
    benchmark_noise: float
    unrepresented: tuple[str, ...]


def benchmark_rule(scenario: Scenario, rule: InForce, year: int, shocks: tuple[str, ...]) -> BenchmarkRule:
    """The rule of a performance year (position), with the named world-level shocks."""
    chosen = scenario.benchmark
    weights = rule.values("baseline_weights")[0] if chosen.weights is None else chosen.weights
    left = float(kept(rule, chosen, scenario.years.performance)[year])
    saved = scenario.savings.by_year(scenario.years.performance)[year]
    found: list[Shock] = []
    noise = 0.0
    for name in shocks:
        deviation = scenario.shocks.sd(f"{name}_sd")
        if deviation == 0:
            continue
        if name == "annual":
            found.append(Shock(partial(_multiplied, deviation), deviation))
        elif name == "persistent":
            found.append(Shock(partial(_divided, deviation), deviation))
            noise += deviation**2
        else:
            factor = partial(_against_trend, rule, year, scenario.years.performance, deviation)
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
    return BenchmarkRule(
        truncated=bool(rule.values("truncated")[0]),
        weights=tuple(float(weight) for weight in weights),
        regional=_regional(rule, scenario, year),
        shocks=tuple(found),
        shock_key=(*shocks, *(f"{name} {rule.values(name)[year]}" for name in rule.known if name.startswith(_TREND))),
        scale=(1.0 - saved) / left,
        kept=left,
        benchmark_noise=noise,
        unrepresented=tuple(_unrepresented(scenario, rule, year)),
    )


def _unrepresented(scenario: Scenario, rule: InForce, year: int) -> Iterator[str]:
    """What the simulator does and this law leaves out, one sentence each."""
    chosen, panel = scenario.benchmark, scenario.panel
    if (
        chosen.risk_adjustment is not False
        and "risk_adjustment" in rule
        and rule.values("risk_adjustment")[year] != "none"
    ):
        yield "risk scores: the benchmark does not follow them"
    if rule.elected("stop_loss")[year]:
        yield "stop-loss: cost is counted without it"
    if "health_equity_highest" in rule:
        yield "the health equity adjustment"
    if panel.voluntary_share and "regional_weight_voluntary" in rule:
        yield "voluntary alignment: everybody is taken to be aligned by claims"
    if chosen.prior_savings and "prior_savings_scaling" in rule:
        yield "the prior savings adjustment"
    if chosen.to_own_history != 1.0:
        yield "benchmark.to_own_history"


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


def _regional(rule: InForce, scenario: Scenario, year: int) -> RegionalRule:
    own = scenario.benchmark.regional_weight

    def number(name: str, absent: Any = None) -> Any:
        return rule.values(name)[year] if name in rule or absent is None else absent

    if "regional_weight_positive" in rule:
        return RegionalRule(
            weight_positive=number("regional_weight_positive") if own is None else own,
            weight_negative=number("regional_weight_negative") if own is None else own,
            category_ceiling=number("regional_cap_positive"),
            category_floor=number("regional_cap_negative"),
            drops_negative=bool(number("negative_regional_removed")),
        )
    weight = number("regional_weight", absent=0.0) if own is None else own
    return RegionalRule(
        weight, weight, ceiling=number("regional_ceiling", absent=np.inf), floor=number("regional_floor", absent=np.inf)
    )
