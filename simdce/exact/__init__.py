"""The exact law of the savings rate, without simulation: S = 1 - E/B for one performance year and any panel size.

{S < s} is {E - (1 - s) B > 0}, a sum over independent slots once the benchmark B is linearised around exact means, so
that one slot's characteristic function, raised to the number of slots, gives its chance. World-level shocks are laid
over it, and each arrangement's settlement, a function of S alone, is integrated against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce import arrangements, calibration
from simdce.errors import InputError, nearest_name
from simdce.exact.contract import BenchmarkRule, benchmark_rule
from simdce.exact.first_order import FirstOrder
from simdce.exact.inversion import RatioLaws
from simdce.exact.law import SavingsRateLaw, savings_rate_law
from simdce.exact.linear import PanelSums, SlotSum, panel_sums
from simdce.exact.payment import Contract, PaymentLaw, Settled, contract, payment_law, settled_pieces
from simdce.exact.ratio import RatioGrid
from simdce.exact.regional import GapLaw, gap_law
from simdce.exact.slot import SlotChain
from simdce.population import slots_by_category
from simdce.scenario import ArrangementChoice, Scenario
from simdce.slot_law.moments import slot_moments
from simdce.slots import slot_laws

__all__ = ["ExactModel", "PaymentLaw", "SavingsRateLaw"]

FloatArray = NDArray[np.float64]

LEAST, MOST = 100, 10_000_000
"""Panel sizes that the law is made for."""

SHOCKS = ("annual", "persistent", "trend_error")


class ExactModel:
    """A scenario's exact laws; what they share is computed once and kept. Raises InputError as ``slot_laws`` does."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._laws = slot_laws(scenario)
        self._categories = [name for name in calibration.CATEGORIES if name in self._laws]
        self._where = [calibration.CATEGORIES.index(name) for name in self._categories]
        self._moments = {name: slot_moments(law) for name, law in self._laws.items()}
        self._counted: dict[bool, list[SlotChain]] = {}
        self._sums: dict[Any, PanelSums] = {}
        self._ratios: dict[Any, RatioLaws] = {}
        self._gaps: dict[Any, GapLaw] = {}
        self._grids: dict[Any, tuple[RatioGrid, tuple[str, ...]]] = {}
        self._shaken: dict[Any, SavingsRateLaw] = {}
        self._linear_laws: dict[Any, SavingsRateLaw] = {}
        self._moments_of_benchmark: dict[Any, tuple[float, float, float]] = {}
        self._rules: dict[Any, BenchmarkRule] = {}
        self._contracts: dict[str, Contract] = {}
        self._settled: dict[Any, Settled] = {}

    @cached_property
    def mix(self) -> FloatArray:
        """Shares of the categories that have people (category,)."""
        return np.array([self.scenario.mix[name] for name in self._categories])

    def savings_rate(
        self, arrangement: str, panel_size: int, year: int = 0, shocks: Sequence[str] = SHOCKS
    ) -> SavingsRateLaw:
        """The law of the savings rate under an arrangement (its key) in a performance year (position, from 0).

        ``shocks`` names the world-level shocks that are on. Raises InputError for an unknown arrangement or year.
        """
        rule = self._rule(arrangement, year, shocks)
        if not LEAST <= panel_size <= MOST:
            raise InputError("out of range", key="size", value=panel_size, allowed=f"{LEAST:,} to {MOST:,} people")
        key = (*self._key(rule, panel_size, year), rule.shock_key)
        if key not in self._shaken:
            grid, neglected = self._grid(rule, panel_size, year)
            self._shaken[key] = savings_rate_law(grid, rule.shocks, neglected)
        shaken = self._shaken[key]
        neglected = (*rule.unrepresented, *shaken.neglected)
        return replace(shaken, start=shaken.start + float(np.log(rule.scale)), neglected=neglected)

    def payment(self, arrangement: str, panel_size: int, year: int = 0, shocks: Sequence[str] = SHOCKS) -> PaymentLaw:
        """The law of the net payment of a performance year; arguments and errors as ``savings_rate``."""
        law = self.savings_rate(arrangement, panel_size, year, shocks)
        rule = self._rule(arrangement, year, shocks)
        if arrangement not in self._contracts:
            self._contracts[arrangement] = contract(self.scenario, self._choice(arrangement))
        settled = settled_pieces(self._contracts[arrangement], panel_size, year, self._settled)
        law = replace(law, neglected=(*law.neglected, *settled.neglected))
        return payment_law(law, settled, *self._benchmark(rule, law, panel_size, year))

    def first_order(self, arrangement: str, panel_size: int, year: int = 0) -> FirstOrder:
        """The savings rate to first order, in any world and as a law; arguments and errors as ``savings_rate``."""
        rule = self._rule(arrangement, year, SHOCKS)
        key = (*self._key(rule, panel_size, year), rule.shock_key)
        ratios, _ = self._ratio(rule, year)
        slots = self.slots(panel_size)
        if key not in self._linear_laws:
            self._linear_laws[key] = savings_rate_law(ratios.at(slots, second_order=False), rule.shocks)
        law = self._linear_laws[key]
        if arrangement not in self._contracts:
            self._contracts[arrangement] = contract(self.scenario, self._choice(arrangement))
        return FirstOrder(
            law=replace(law, start=law.start + float(np.log(rule.scale))),
            settled=settled_pieces(self._contracts[arrangement], panel_size, year, self._settled),
            expenditure=ratios.sums.expenditure,
            benchmark=ratios.benchmark,
            expected_benchmark=ratios.benchmark.mean(slots, ratios.sums.chains),
            slots=slots,
            truncated=rule.truncated,
            shocks={name: shock for name in SHOCKS for shock in self._rule(arrangement, year, (name,)).shocks},
            scale=rule.scale,
        )

    def slots(self, panel_size: int) -> FloatArray:
        """Slots of each category that has people (category,)."""
        return slots_by_category((panel_size,), self.scenario.mix)[0, self._where].astype(np.float64)

    def _rule(self, arrangement: str, year: int, shocks: Sequence[str]) -> BenchmarkRule:
        years = self.scenario.years
        if not 0 <= year < years.performance:
            raise InputError("no such performance year", value=year, allowed=f"0 to {years.performance - 1}")
        key = (arrangement, year, tuple(shocks))
        if key not in self._rules:
            choice = self._choice(arrangement)
            in_force = arrangements.load(choice.name).in_force(years.performance_years, choice.elections)
            self._rules[key] = benchmark_rule(self.scenario, in_force, year, tuple(shocks))
        return self._rules[key]

    def _choice(self, key: str) -> ArrangementChoice:
        choices = {choice.key: choice for choice in self.scenario.arrangements}
        if key not in choices:
            raise InputError(
                "the scenario has no such arrangement",
                value=key,
                allowed=", ".join(choices),
                nearest=nearest_name(key, choices),
            )
        return choices[key]

    def _chains(self, truncated: bool) -> list[SlotChain]:
        """One chain a category, the same for every rule: their tables of costs are what takes time."""
        if truncated not in self._counted:
            years = self.scenario.years.total
            self._counted[truncated] = [SlotChain(self._laws[name], truncated, years) for name in self._categories]
        return self._counted[truncated]

    def _linear(self, rule: BenchmarkRule, year: int) -> PanelSums:
        key = (rule.truncated, rule.weights, year)
        if key not in self._sums:
            years = self.scenario.years
            chains = self._chains(rule.truncated)
            moments = [self._moments[name] for name in self._categories]
            national = np.array([each.truncated_mean if rule.truncated else each.mean for each in moments])
            regional = national * self.scenario.benchmark.regional_to_own_cost
            performance = years.baseline + years.gap + year
            self._sums[key] = panel_sums(chains, rule.weights, years.baseline, performance, regional, national)
        return self._sums[key]

    def _ratio(self, rule: BenchmarkRule, year: int) -> tuple[RatioLaws, tuple[float, float]]:
        """Laws of E/B with the tangent of the regional adjustment, and that tangent."""
        sums = self._linear(rule, year)
        gaps = np.array([sums.gap.mean(one, sums.chains) for one in np.diag(self.mix)])
        slope, share = tangent = rule.regional.tangent(gaps, self.mix * sums.national)
        key = (rule.truncated, rule.weights, year, tangent)
        if key not in self._ratios:
            level = SlotSum(np.zeros_like(sums.gap.coefficients), share * sums.national)
            benchmark = sums.historical + sums.gap * slope + level
            self._ratios[key] = RatioLaws(sums, benchmark, 1.0 - slope, self.mix)
        return self._ratios[key], tangent

    @staticmethod
    def _key(rule: BenchmarkRule, panel_size: int, year: int) -> tuple[Any, ...]:
        return rule.truncated, rule.weights, rule.regional, year, panel_size

    def _grid(self, rule: BenchmarkRule, panel_size: int, year: int) -> tuple[RatioGrid, tuple[str, ...]]:
        key = self._key(rule, panel_size, year)
        if key not in self._grids:
            ratios, tangent = self._ratio(rule, year)
            slots = self.slots(panel_size)
            grid = ratios.at(slots)
            neglected: tuple[str, ...] = ()
            if not rule.regional.is_linear:
                change = self._gap(rule, ratios, tangent, year).change(rule.regional, tangent, slots, grid.points)
                grid = replace(grid, cdf=np.maximum.accumulate(np.clip(grid.cdf - change, 0.0, 1.0)))
                neglected = (_bend(change),)
            self._grids[key] = grid, neglected
        return self._grids[key]

    def _gap(self, rule: BenchmarkRule, ratios: RatioLaws, tangent: tuple[float, float], year: int) -> GapLaw:
        key = (rule.truncated, rule.weights, year, tangent)
        if key not in self._gaps:
            self._gaps[key] = gap_law(ratios.sums, ratios.benchmark)
        return self._gaps[key]

    def _benchmark(
        self, rule: BenchmarkRule, law: SavingsRateLaw, panel_size: int, year: int
    ) -> tuple[float, float, float]:
        """Expected benchmark in dollars, its relative standard deviation, its relative covariance with S."""
        key = self._key(rule, panel_size, year)
        if key not in self._moments_of_benchmark:
            ratios, tangent = self._ratio(rule, year)
            sums, slots = ratios.sums, self.slots(panel_size)
            expected, spent = (part.mean(slots, sums.chains) for part in (ratios.benchmark, sums.expenditure))
            expected += ratios.mean_curvature()
            if not rule.regional.is_linear:
                expected += self._gap(rule, ratios, tangent, year).mean_beyond(rule.regional, tangent, slots)
            variance = ratios.benchmark.covariance(ratios.benchmark, slots, sums.chains) / expected**2
            shared = sums.expenditure.covariance(ratios.benchmark, slots, sums.chains) / (expected * spent)
            self._moments_of_benchmark[key] = expected, variance, shared
        expected, variance, shared = self._moments_of_benchmark[key]
        ratio = 1.0 - law.mean
        noise = rule.benchmark_noise
        dollars = expected * rule.kept * self._price_level(year)
        return dollars, float(np.sqrt(variance + noise)), ratio * (variance - shared + noise)

    def _price_level(self, year: int) -> float:
        annual = self.scenario.benchmark.annual_trend
        growth = 1.0 + (calibration.default("annual_trend") if annual is None else annual)
        return float(growth ** (self.scenario.years.performance_years[year] - self.scenario.panel.price_year))


def _bend(change: FloatArray) -> str:
    most = float(np.abs(change).max())
    return (
        f"the bends of the regional adjustment move a chance by up to {most:.1e}; they are in the law to third order, "
        "caps by category at their mean given the gap of the whole panel"
    )
