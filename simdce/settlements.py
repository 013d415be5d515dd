"""Simulated panels meet a contract: what each world's panel cost, what CMS expected, and who pays whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simdce import arrangements, calibration
from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import Outcome, Settlement
from simdce.benchmarking.chain import BenchmarkInputs, benchmark_dollars
from simdce.benchmarking.historical import per_capita
from simdce.benchmarking.scores import score_growth
from simdce.errors import InputError, nearest_name
from simdce.scenario import ArrangementChoice, Scenario
from simdce.worlds import SHOCKS, PanelYears

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Experience:
    """One panel size of every world, counted one way (truncated or not), before anything an arrangement does.

    ``panel_size``: people, one number or (world, performance year); ``inputs`` make the benchmark; ``expenditure``:
    dollars (world, performance year) as they would be without true savings; ``recovered``: what stop-loss pays of them
    and ``stop_loss_charge`` what it costs, alike, or None.
    """

    panel_size: int | NDArray[np.int64]
    inputs: BenchmarkInputs
    expenditure: FloatArray
    recovered: FloatArray | None = None
    stop_loss_charge: FloatArray | None = None


SAVINGS_KNOWN = ("annual", "trend_error")
"""The shocks that remain when true savings are assumed known: the lasting mismatch also holds true performance."""


@dataclass(frozen=True)
class Counted:
    """One panel size of every world, counted one way, before shocks.

    ``spent`` and ``recovered``: dollars at the price year (world, performance year); ``inputs`` without shocks.
    """

    panel_size: int
    truncated: bool
    inputs: BenchmarkInputs
    spent: FloatArray
    recovered: FloatArray | None


def counted(
    scenario: Scenario, panels: PanelYears, panel_size: int, *, truncated: bool, alike: Counted | None = None
) -> Counted:
    """What a panel of one size cost; ``alike``, counted the other way, lends what does not depend on the way."""
    size = _position(panels, panel_size)
    years = scenario.years
    dollars = panels.of_size("truncated_dollars" if truncated else "dollars", size).astype(np.float64)
    person_years = panels.person_years(size)
    performance = years.performance_slice
    annual = scenario.benchmark.annual_trend
    growth = 1.0 + (calibration.default("annual_trend") if annual is None else annual)
    inputs = BenchmarkInputs(
        baseline_per_capita=per_capita(dollars[..., : years.baseline], person_years[..., : years.baseline]),
        person_years=person_years[..., performance] if alike is None else alike.inputs.person_years,
        scores=score_growth(scenario, panels.risk_scores(size)) if alike is None else alike.inputs.scores,
        expected_per_capita=panels.expected_truncated_per_capita if truncated else panels.expected_per_capita,
        price_level=growth ** (np.array(years.performance_years, float) - scenario.panel.price_year),
        trend_error=np.zeros(()),
        mismatch=np.zeros(()),
    )
    recovered = None
    if panels.has_recoveries and not truncated:
        recovered = _spent(panels.of_size("recovered_dollars", size)[..., performance])
    return Counted(panel_size, truncated, inputs, _spent(dollars[..., performance]), recovered)


def _spent(dollars: FloatArray | NDArray[np.int64]) -> FloatArray:
    """The dollars of all categories (world, performance year); years lie apart in memory, as they are settled."""
    return np.asfortranarray(dollars.sum(axis=1, dtype=np.float64))


def experience(
    scenario: Scenario, panels: PanelYears, panel_size: int, *, truncated: bool, shocks: Sequence[str] = SHOCKS
) -> Experience:
    """What a panel of one size cost, counted truncated or not, with the named world-level shocks and no others."""
    return shocked(scenario, panels, counted(scenario, panels, panel_size, truncated=truncated), shocks)


def shocked(scenario: Scenario, panels: PanelYears, cost: Counted, shocks: Sequence[str] = SHOCKS) -> Experience:
    """A panel's cost with the named world-level shocks and no others.

    Trend, shocks and true savings scale whole dollars after they are summed: they are the same for everybody, and the
    truncation point moves with them.
    """

    def shock(name: str) -> FloatArray:
        return np.asfortranarray(panels.shocks[name]) * (scenario.shocks.sd(f"{name}_sd") if name in shocks else 0.0)

    inputs = replace(cost.inputs, trend_error=shock("trend_error"), mismatch=shock("persistent"))
    foreseen = inputs.price_level * inputs.scores.demographic[scenario.years.performance_slice]
    level = foreseen * (1.0 + shock("annual"))
    spent = cost.spent * level
    if cost.recovered is None:
        return Experience(cost.panel_size, inputs, spent)
    expected = np.einsum("c,wcy->wy", panels.expected_recovery, inputs.person_years)
    charge = np.asfortranarray(expected) * foreseen * (1.0 + scenario.stop_loss.charge_loading)
    return Experience(cost.panel_size, inputs, spent, cost.recovered * level, charge)


def outcome_of(lived: Experience, scenario: Scenario, rule: InForce, true_savings: float | None = None) -> Outcome:
    """Benchmark and expenditure as the arrangement sees them; ``true_savings`` replaces the scenario's in all years."""
    benchmark = benchmark_dollars(lived.inputs, rule, scenario.benchmark, scenario.panel)
    return measured_against(benchmark, lived, scenario, rule, true_savings)


def measured_against(
    benchmark: FloatArray, lived: Experience, scenario: Scenario, rule: InForce, true_savings: float | None = None
) -> Outcome:
    """The outcome against a benchmark already known: it does not depend on what the performance years save."""
    saved = np.array(scenario.savings.by_year(scenario.years.performance) if true_savings is None else true_savings)
    expenditure = lived.expenditure * (1.0 - saved)
    if lived.recovered is not None and lived.stop_loss_charge is not None:
        elected = np.array(rule.elected("stop_loss"), dtype=bool)
        net = expenditure - lived.recovered * (1.0 - saved) + lived.stop_loss_charge
        expenditure = np.where(elected, net, expenditure)
    shares = rule.elected("participant_revenue_share")
    return Outcome(
        benchmark=benchmark,
        expenditure=expenditure,
        assigned_beneficiaries=np.array(lived.panel_size, dtype=np.float64),
        participant_revenue=None if shares[0] is None else expenditure * np.array(shares, float),
    )


def settle(
    scenario: Scenario,
    panels: PanelYears,
    arrangement: str,
    panel_size: int | None = None,
    *,
    true_savings: float | None = None,
    shocks: Sequence[str] = SHOCKS,
) -> Settlement:
    """The settlement of every world under one of the scenario's arrangements; arrays (world, performance year).

    ``panel_size`` defaults to the largest. ``true_savings`` replaces the scenario's in every year; without
    ``shocks`` sampling error alone is left. Raises InputError for an arrangement or size the scenario does not have.
    """
    choice = _choice(scenario, arrangement)
    rules = arrangements.load(choice.name)
    rule = rules.in_force(scenario.years.performance_years, choice.elections)
    lived = experience(
        scenario,
        panels,
        panels.panel_sizes[-1] if panel_size is None else panel_size,
        truncated=counts_truncated(rule),
        shocks=shocks,
    )
    outcome = outcome_of(lived, scenario, rule, true_savings)
    return rules.settle(outcome, scenario.years.performance_years, choice.elections)


def counts_truncated(rule: InForce) -> bool:
    """Whether the arrangement counts each person's cost up to the truncation point."""
    return bool(rule.values("truncated")[0])


def _choice(scenario: Scenario, key: str) -> ArrangementChoice:
    keys = [choice.key for choice in scenario.arrangements]
    if key not in keys:
        raise InputError(
            "the scenario has no such arrangement", value=key, allowed=", ".join(keys), nearest=nearest_name(key, keys)
        )
    return scenario.arrangements[keys.index(key)]


def _position(panels: PanelYears, panel_size: int) -> int:
    if panel_size not in panels.panel_sizes:
        raise InputError(
            "the scenario has no such panel size", value=panel_size, allowed=", ".join(map(str, panels.panel_sizes))
        )
    return panels.panel_sizes.index(panel_size)
