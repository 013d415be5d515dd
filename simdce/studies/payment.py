"""The law of the payment: how likely, how much, how bad, by year and over the agreement, for every panel size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simdce import arrangements, metrics
from simdce.arrangements.arrangement import Settler
from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import Settlement
from simdce.benchmarking.chain import Unshocked, kept, settlement_base, unshocked
from simdce.control import PLAIN, Controlled, Controls
from simdce.metrics import Estimate
from simdce.results import AGREEMENT, PERCENTILES, TAILS, Row
from simdce.scenario import ArrangementChoice, Scenario
from simdce.settlements import (
    SAVINGS_KNOWN,
    Counted,
    Experience,
    counted,
    counts_truncated,
    measured_against,
    shocked,
)
from simdce.worlds import SHOCKS, PanelYears

FloatArray = NDArray[np.float64]
Shocks = tuple[str, ...]

NEVER = Estimate(0.0, 0.0)
"""A chance that is nought by rule, not because no world showed it."""


def payment_estimates(scenario: Scenario, panels: PanelYears) -> list[Row]:
    """Estimates of every arrangement, panel size and performance year, and over the agreement."""
    return [row for size in panels.panel_sizes for row in payment_rows(Lived(scenario, panels, size))]


def payment_rows(lived: Lived, controls: Controls | None = None) -> list[Row]:
    """The estimates of one panel size under every arrangement; means and chances with the exact law as control."""
    keys = [choice.key for choice in lived.scenario.arrangements]
    return [row for key in keys for row in rows_of(lived, key, payments(lived, key, controls), controls)]


@dataclass(frozen=True)
class Paid:
    """What an arrangement pays in a performance year, or over the agreement.

    ``net``: dollars (world,); ``steadied``: the same as the controls leave it, of which means are taken.
    """

    net: FloatArray
    steadied: FloatArray
    mean_net: Estimate
    mean_earned: Estimate
    mean_owed: Estimate


def payments(lived: Lived, key: str, controls: Controls | None = None) -> list[Paid]:
    """What an arrangement pays by performance year, then over the agreement; means with the exact law as control."""
    control = PLAIN if controls is None else controls.at(key, lived.panel_size)
    settlement, _ = lived.settled(key)

    def steadied(amounts: FloatArray) -> FloatArray:
        return np.stack([control.steadied(year) for year in amounts.T]).T

    def paid(*amounts: FloatArray) -> Paid:
        net, earned, owed, steadied_net, steadied_earned, steadied_owed = amounts
        mean_net, mean_earned = control.mean(net, steadied_net), control.mean(earned, steadied_earned)
        return Paid(net, steadied_net, mean_net, mean_earned, control.mean(owed, steadied_owed))

    net, earned, owed = settlement.net, settlement.earned, settlement.owed
    steadied_earned, steadied_owed = steadied(earned), steadied(owed)
    parts = (net, earned, owed, steadied_earned - steadied_owed, steadied_earned, steadied_owed)
    years = [paid(*(part[:, year] for part in parts)) for year in range(net.shape[1])]
    return [*years, paid(*(part.sum(axis=1) for part in parts))]


class Lived:
    """The experience of one panel size, counted and shocked in each of the ways its settlements ask for, kept once.

    Arrangements whose benchmarks are made of the same numbers share them. Settlements are kept only of one arrangement
    alone, as long as that is asked.
    """

    def __init__(self, scenario: Scenario, panels: PanelYears, panel_size: int) -> None:
        self.scenario, self.panels, self.panel_size = scenario, panels, panel_size
        self._counted: dict[bool, Counted] = {}
        self._kept: dict[tuple[bool, Shocks], Experience] = {}
        self._settlers: dict[str, tuple[Settler, str]] = {}
        self._unshocked: dict[str, Unshocked] = {}
        self._benchmarks: dict[tuple[str, Shocks], FloatArray] = {}
        self._settled: dict[tuple[Shocks, tuple[float, ...]], tuple[Settlement, FloatArray]] | None = None

    def by_arrangement(self) -> Iterator[tuple[str, Lived]]:
        """Each arrangement's key, and the same experience as if the scenario had no other."""
        for choice in self.scenario.arrangements:
            alone = copy(self)
            alone.scenario, alone._settled = self.scenario.model_copy(update={"arrangements": (choice,)}), {}
            yield choice.key, alone

    @property
    def expected_expenditure(self) -> float:
        """Expected Part A and B dollars of the first performance year, untruncated, without true savings."""
        lived = self._in_way(truncated=False, shocks=())
        people = lived.inputs.person_years[..., 0].mean(axis=0)
        return float(people @ lived.inputs.expected_per_capita) * float(lived.inputs.price_level[0])

    def _in_way(self, *, truncated: bool, shocks: Shocks) -> Experience:
        way = (truncated, shocks)
        if way not in self._kept:
            if truncated not in self._counted:
                self._counted[truncated] = counted(
                    self.scenario,
                    self.panels,
                    self.panel_size,
                    truncated=truncated,
                    alike=self._counted.get(not truncated),
                )
            self._kept[way] = shocked(self.scenario, self.panels, self._counted[truncated], shocks)
        return self._kept[way]

    def choice(self, key: str) -> ArrangementChoice:
        """The scenario's choice of that key."""
        return next(choice for choice in self.scenario.arrangements if choice.key == key)

    def settled(
        self, key: str, true_savings: float | None = None, *, shocks: Shocks = SHOCKS
    ) -> tuple[Settlement, FloatArray]:
        """The settlement (without its steps) and the benchmark it was measured against, (world, year) each."""
        if self._settled is None:
            return self._settlement(key, true_savings, shocks)
        years = self.scenario.years.performance
        saved = self.scenario.savings.by_year(years) if true_savings is None else (true_savings,) * years
        if (shocks, saved) not in self._settled:
            self._settled[shocks, saved] = self._settlement(key, true_savings, shocks)
        return self._settled[shocks, saved]

    def _settlement(self, key: str, true_savings: float | None, shocks: Shocks) -> tuple[Settlement, FloatArray]:
        settler, numbers = self._settler(key)
        lived = self._in_way(truncated=counts_truncated(settler.numbers), shocks=shocks)
        benchmark = self._benchmark(lived, settler.numbers, numbers, shocks)
        outcome = measured_against(benchmark, lived, self.scenario, settler.numbers, true_savings)
        return replace(settler.settle(outcome), steps=()), benchmark

    def _settler(self, key: str) -> tuple[Settler, str]:
        """What settles under an arrangement, and the numbers that its benchmark is made of."""
        if key not in self._settlers:
            choice, years = self.choice(key), self.scenario.years
            rules = arrangements.load(choice.name)
            settler = rules.settler(years.performance_years, choice.elections)
            entries = {name: settler.numbers.known_values(name) for name in sorted(rules.benchmark)}
            left = kept(settler.numbers, self.scenario.benchmark, years.performance).tolist()
            self._settlers[key] = settler, repr((entries, left))
        return self._settlers[key]

    def _benchmark(self, lived: Experience, rule: InForce, numbers: str, shocks: Shocks) -> FloatArray:
        chosen, panel = self.scenario.benchmark, self.scenario.panel
        if numbers not in self._unshocked:
            self._unshocked[numbers] = unshocked(lived.inputs, rule, chosen, panel)
        if (numbers, shocks) not in self._benchmarks:
            self._benchmarks[numbers, shocks] = settlement_base(self._unshocked[numbers], lived.inputs, rule, chosen)
        return self._benchmarks[numbers, shocks]


def rows_of(lived: Lived, key: str, paid: Sequence[Paid], controls: Controls | None = None) -> Iterator[Row]:
    """The estimates of one panel size under an arrangement, of which ``payments`` is ``paid``."""
    control = PLAIN if controls is None else controls.at(key, lived.panel_size)
    settlement, benchmark = lived.settled(key)
    idle, _ = lived.settled(key, 0.0, shocks=SAVINGS_KNOWN)
    working, _ = lived.settled(key, shocks=SAVINGS_KNOWN)
    quiet, quiet_benchmark = lived.settled(key, shocks=())
    rate, quiet_rate = settlement.gross_savings / benchmark, quiet.gross_savings / quiet_benchmark

    def row(year: str, metric: str, estimate: Estimate) -> Row:
        return Row(key, lived.panel_size, year, metric, estimate)

    can_owe = arrangements.load(lived.choice(key).name).two_sided
    for number in range(rate.shape[1]):
        year = f"PY{number + 1}"
        for metric, estimate in _of_net(paid[number], can_owe, control):
            yield row(year, metric, estimate)
        yield row(year, "chance_payment_limit", metrics.chance(settlement.savings_cap_hit[:, number]))
        yield row(year, "chance_loss_limit", metrics.chance(settlement.loss_limit_hit[:, number]))
        yield row(year, "chance_false_reward", metrics.chance(idle.earned[:, number] > 0))
        yield row(year, "chance_missed_reward", metrics.chance(working.earned[:, number] <= 0))
        yield row(year, "mean_net_without_savings", metrics.mean(idle.net[:, number]))
        for metric, estimate in _of_rate(rate[:, number], quiet_rate[:, number]):
            yield row(year, metric, estimate)
    for metric, estimate in _of_net(paid[-1], can_owe, control):
        yield row(AGREEMENT, metric, estimate)
    yield row(AGREEMENT, "chance_payment_limit", metrics.chance(np.any(settlement.savings_cap_hit, axis=1)))
    yield row(AGREEMENT, "chance_loss_limit", metrics.chance(np.any(settlement.loss_limit_hit, axis=1)))
    yield row(AGREEMENT, "chance_false_reward", metrics.chance(idle.net.sum(axis=1) > 0))
    yield row(AGREEMENT, "chance_missed_reward", metrics.chance(working.net.sum(axis=1) <= 0))
    yield row(AGREEMENT, "mean_net_without_savings", metrics.mean(idle.net.sum(axis=1)))
    whole = settlement.gross_savings.sum(axis=1) / benchmark.sum(axis=1)
    for metric, estimate in _of_rate(whole, quiet.gross_savings.sum(axis=1) / quiet_benchmark.sum(axis=1)):
        yield row(AGREEMENT, metric, estimate)


def _of_net(paid: Paid, can_owe: bool, control: Controlled) -> Iterator[tuple[str, Estimate]]:
    net = paid.net
    yield "chance_paid", control.chance(net > 0)
    yield "chance_owing", control.chance(net < 0) if can_owe else NEVER
    yield "mean_net", paid.mean_net
    yield "mean_earned", paid.mean_earned
    yield "mean_owed", paid.mean_owed
    yield "mean_earned_if_paid", metrics.mean_given(net, net > 0)
    yield "mean_owed_if_owing", metrics.mean_given(-net, net < 0)
    yield "sd_net", metrics.standard_deviation(net)
    for probability, estimate in metrics.percentiles(net, PERCENTILES):
        yield f"net_p{100 * probability:g}", estimate
    for probability, estimate in metrics.percentiles(-net, TAILS):
        yield f"var_{100 * probability:g}", estimate
        yield f"tvar_{100 * probability:g}", metrics.tail_value_at_risk(-net, probability, estimate.value)


def _of_rate(rate: FloatArray, quiet: FloatArray) -> Iterator[tuple[str, Estimate]]:
    yield "mean_savings_rate", metrics.mean(rate)
    yield "sd_savings_rate", metrics.standard_deviation(rate)
    yield "sd_savings_rate_sampling", metrics.standard_deviation(quiet)
    yield "removable_variance", metrics.variance_ratio(quiet, rate)
    for probability, estimate in metrics.percentiles(rate, PERCENTILES):
        yield f"savings_rate_p{100 * probability:g}", estimate
