"""The exact law of the savings rate, without simulation: S = 1 - E/B for one performance year and any panel size.

{S < s} is {E - (1 - s) B > 0}, a sum over independent slots once the benchmark B is linearised around exact means, so
that one slot's characteristic function, raised to the number of slots, gives its chance. World-level shocks are laid
over it, and each arrangement's settlement, a function of S alone, is integrated against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce import arrangements, calibration
from simdce.errors import InputError, nearest_name
from simdce.exact.benchmark import PanelSums, panel_sums
from simdce.exact.caps import ScoreCaps
from simdce.exact.contract import BenchmarkRule, benchmark_rule, price_level
from simdce.exact.cost import CountedCost, Counting
from simdce.exact.first_order import FirstOrder
from simdce.exact.inversion import RatioLaws
from simdce.exact.law import SavingsRateLaw, savings_rate_law
from simdce.exact.payment import PaymentLaw, payment_law
from simdce.exact.ratio import RatioGrid
from simdce.exact.regional import GapLaw, gap_law
from simdce.exact.settled import Settled, SettledBySize, contract
from simdce.exact.shocks import Shock
from simdce.exact.slot import SlotChain
from simdce.population import slots_by_category
from simdce.scenario import ArrangementChoice, Scenario
from simdce.slot_law.moments import slot_moments
from simdce.slots import slot_laws

__all__ = ["ExactModel", "PaymentLaw", "SavingsRateLaw", "exact_model"]

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
        self._costs: dict[tuple[str, Counting], CountedCost] = {}
        self._chains_of: dict[Any, list[SlotChain]] = {}
        self._sums: dict[Any, PanelSums] = {}
        self._score_caps: dict[Any, ScoreCaps] = {}
        self._ratios: dict[Any, RatioLaws] = {}
        self._gaps: dict[Any, GapLaw] = {}
        self._grids: dict[Any, tuple[RatioGrid, tuple[str, ...]]] = {}
        self._shaken: dict[Any, SavingsRateLaw] = {}
        self._linear_laws: dict[Any, SavingsRateLaw] = {}
        self._moments_of_benchmark: dict[Any, tuple[float, float, float]] = {}
        self._rules: dict[Any, BenchmarkRule] = {}
        self._settled: dict[tuple[str, int], SettledBySize] = {}

    def at_savings(self, true: float) -> ExactModel:
        """The model with true savings of another fraction in every year; what they leave alone is shared with this."""
        savings = self.scenario.savings.model_copy(update={"true": true})
        other = copy(self)
        other.scenario = self.scenario.model_copy(update={"savings": savings})
        other._rules = {}
        return other

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
        key = (rule.made_of, year, panel_size, rule.shock_key)
        if key not in self._shaken:
            grid, approximated = self._grid(rule, panel_size, year)
            self._shaken[key] = savings_rate_law(grid, self._felt(rule, year), approximated)
        shaken = self._shaken[key]
        return shaken.shifted(float(np.log(rule.scale)))

    def payment(self, arrangement: str, panel_size: int, year: int = 0, shocks: Sequence[str] = SHOCKS) -> PaymentLaw:
        """The law of the net payment of a performance year; arguments and errors as ``savings_rate``."""
        law = self.savings_rate(arrangement, panel_size, year, shocks)
        rule = self._rule(arrangement, year, shocks)
        settled = self.settled(arrangement, panel_size, year)
        law = law.leaving_out(settled.neglected)
        return payment_law(law, settled, *self._benchmark(rule, law, panel_size, year))

    def first_order(self, arrangement: str, panel_size: int, year: int = 0) -> FirstOrder:
        """The savings rate to first order, in any world and as a law; arguments and errors as ``savings_rate``."""
        rule = self._rule(arrangement, year, SHOCKS)
        sums, slots = self._panel_sums(rule, year), self.slots(panel_size)
        key = (rule.made_of, year, panel_size, rule.shock_key)
        if key not in self._linear_laws:
            grid = self._ratio(rule, year).at(slots, second_order=False)
            self._linear_laws[key] = savings_rate_law(grid, self._felt(rule, year))
        law, own = self._linear_laws[key], {name: self._rule(arrangement, year, (name,)) for name in SHOCKS}
        years = self.scenario.years
        return FirstOrder(
            law=law.shifted(float(np.log(rule.scale))),
            settled=self.settled(arrangement, panel_size, year),
            expenditure=sums.expenditure,
            benchmark=sums.benchmark,
            expected_benchmark=sums.benchmark.mean(slots, sums.chains),
            paid_as=rule.kept * price_level(self.scenario, year),
            slots=slots,
            truncated=rule.truncated,
            net_year=years.baseline + years.gap + year if rule.net else None,
            shocks={name: shock for name, alone in own.items() for shock in self._felt(alone, year)},
            scale=rule.scale,
        )

    def slots(self, panel_size: int) -> FloatArray:
        """Slots of each category that has people (category,)."""
        return slots_by_category((panel_size,), self.scenario.mix)[0, self._where].astype(np.float64)

    def _felt(self, rule: BenchmarkRule, year: int) -> tuple[Shock, ...]:
        """A rule's shocks, each where it strikes."""
        sums = self._panel_sums(rule, year)
        struck = {"expenditure": 1.0 - sums.charged, "benchmark": 1.0 - sums.equity}
        return tuple(shock.striking(struck[shock.of]) for shock in rule.shocks)

    def settled(self, arrangement: str, panel_size: int, year: int = 0) -> Settled:
        """The net payment of a performance year as a function of E/B; arguments and errors as ``savings_rate``."""
        if (arrangement, year) not in self._settled:
            agreed = contract(self.scenario, self._choice(arrangement))
            self._settled[arrangement, year] = SettledBySize(agreed, year)
        return self._settled[arrangement, year].at(panel_size)

    def _rule(self, arrangement: str, year: int, shocks: Sequence[str]) -> BenchmarkRule:
        years = self.scenario.years
        if not 0 <= year < years.performance:
            raise InputError("no such performance year", value=year, allowed=f"0 to {years.performance - 1}")
        key = (arrangement, year, tuple(shocks))
        if key not in self._rules:
            choice = self._choice(arrangement)
            in_force = arrangements.load(choice.name).in_force(years.performance_years, choice.elections)
            self._rules[key] = benchmark_rule(self.scenario, in_force, year, tuple(shocks), self._categories)
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

    def _chains(self, rule: BenchmarkRule, year: int) -> list[SlotChain]:
        """The chains of a rule's way of counting; others that count alike share them, and their tables always."""
        key = (rule.truncated, rule.scores is not None, year if rule.net else None)
        if key not in self._chains_of:
            years = self.scenario.years
            self._chains_of[key] = [
                SlotChain(
                    self._laws[name],
                    self._cost(name, "truncated" if rule.truncated else "whole"),
                    years.total,
                    rule.scores is not None,
                    self._cost(name, "net") if rule.net else None,
                    years.baseline + years.gap + year,
                )
                for name in self._categories
            ]
        return self._chains_of[key]

    def _cost(self, name: str, counting: Counting) -> CountedCost:
        if (name, counting) not in self._costs:
            self._costs[name, counting] = CountedCost(self._laws[name], counting)
        return self._costs[name, counting]

    def _panel_sums(self, rule: BenchmarkRule, year: int) -> PanelSums:
        key = (rule.made_of, year)
        if key not in self._sums:
            years, moments = self.scenario.years, [self._moments[name] for name in self._categories]
            national = np.array([each.truncated_mean if rule.truncated else each.mean for each in moments])
            self._sums[key] = panel_sums(
                self._chains(rule, year),
                rule,
                years.baseline,
                years.baseline + years.gap + year,
                national=national,
                regional=national * self.scenario.benchmark.regional_to_own_cost,
                score=np.array([each.score for each in moments]),
                recovery=np.array([each.recovery for each in moments]),
                mix=self.mix,
            )
        return self._sums[key]

    def _ratio(self, rule: BenchmarkRule, year: int) -> RatioLaws:
        """Laws of E/B with the tangents of caps and regional adjustment, the same for rules that these make alike."""
        sums = self._panel_sums(rule, year)
        key = (rule.truncated, rule.net, sums.scored, year, sums.expenditure.key, sums.benchmark.key)
        if key not in self._ratios:
            self._ratios[key] = RatioLaws(sums, self.mix)
        return self._ratios[key]

    def _grid(self, rule: BenchmarkRule, panel_size: int, year: int) -> tuple[RatioGrid, tuple[str, ...]]:
        key = (rule.made_of, year, panel_size)
        if key not in self._grids:
            sums, slots = self._panel_sums(rule, year), self.slots(panel_size)
            grid = self._ratio(rule, year).at(slots, self._caps(rule, year))
            approximated: tuple[str, ...] = ()
            if grid.caps:
                beyond = self._caps(rule, year).fourth_order(slots) / sums.expenditure.mean(slots, sums.chains)
                approximated = (_capped(grid.caps, beyond / (np.sqrt(2.0 * np.pi) * grid.standard_deviation)),)
            if sums.is_bent:
                change = self._gap(rule, year).change(slots, grid.points, self._caps(rule, year).straightened(slots))
                grid = replace(grid, cdf=np.maximum.accumulate(np.clip(grid.cdf - change, 0.0, 1.0)))
                approximated = (*approximated, _bend(change))
            self._grids[key] = grid, approximated
        return self._grids[key]

    def _caps(self, rule: BenchmarkRule, year: int) -> ScoreCaps:
        key = (rule.made_of, year)
        if key not in self._score_caps:
            self._score_caps[key] = ScoreCaps(self._panel_sums(rule, year))
        return self._score_caps[key]

    def _gap(self, rule: BenchmarkRule, year: int) -> GapLaw:
        key = (rule.made_of, year)
        if key not in self._gaps:
            self._gaps[key] = gap_law(self._panel_sums(rule, year))
        return self._gaps[key]

    def _benchmark(
        self, rule: BenchmarkRule, law: SavingsRateLaw, panel_size: int, year: int
    ) -> tuple[float, float, float]:
        """Expected benchmark in dollars, its relative standard deviation, its relative covariance with S."""
        key = (rule.made_of, year, panel_size)
        if key not in self._moments_of_benchmark:
            sums, slots = self._panel_sums(rule, year), self.slots(panel_size)
            expected, spent = (part.mean(slots, sums.chains) for part in (sums.benchmark, sums.expenditure))
            expected += self._ratio(rule, year).mean_curvature() + self._caps(rule, year).mean_beyond(slots)
            if sums.is_bent:
                expected += self._gap(rule, year).mean_beyond(slots)
            variance = sums.benchmark.covariance(sums.benchmark, slots, sums.chains) / expected**2
            shared = sums.expenditure.covariance(sums.benchmark, slots, sums.chains) / (expected * spent)
            self._moments_of_benchmark[key] = expected, variance, shared
        expected, variance, shared = self._moments_of_benchmark[key]
        ratio = 1.0 - law.mean
        noise = rule.benchmark_noise
        dollars = expected * rule.kept * price_level(self.scenario, year)
        return dollars, float(np.sqrt(variance + noise)), ratio * (variance - shared + noise)


def exact_model(scenario: Scenario) -> ExactModel:
    """The exact laws of a scenario; those of the last one asked for are kept, with the tables that they share."""
    digest = scenario.digest
    if digest not in _KEPT:
        _KEPT.clear()
        _KEPT[digest] = ExactModel(scenario)
    return _KEPT[digest]


_KEPT: dict[str, ExactModel] = {}


def _capped(most: float, beyond: float) -> str:
    return (
        f"the caps on risk scores move a chance by up to {most:.1e} where they bend; they are in the law to fourth "
        f"order, which is {beyond:.1e} of it"
    )


def _bend(change: FloatArray) -> str:
    most = float(np.abs(change).max())
    return (
        f"the bends of the regional adjustment move a chance by up to {most:.1e}; they are in the law to third order, "
        "caps by category at their mean given the gap of the whole panel"
    )
