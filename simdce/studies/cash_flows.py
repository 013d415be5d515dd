"""Yearly payments and costs become dated flows of cash, month by month, and those the path of what has been spent.

Month 0 is the first month of the first performance year. Costs of a year fall into its twelve months alike; a year's
settlement moves in one month, so many after the year began. Whatever falls into one month is netted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.scenario import Advance
from simdce.studies.receipts import Receipts

FloatArray = NDArray[np.float64]

Watch = Callable[[int, FloatArray], None]
"""What sees each month and every world's cumulative cash at its end, in order; it may not keep the array."""

MONTHS = 12
HALF_A_CENT = 0.005


@dataclass(frozen=True)
class CashPlan:
    """Costs, dates and discounting with nothing left open; dollars, months from the start of the first year.

    ``cost`` and ``cost_per_person_month``: one value a performance year.
    """

    cost: tuple[float, ...]
    cost_per_person_month: tuple[float, ...]
    cost_before: float
    months_before: int
    settlement_month: int
    bonus_month: int
    share_to_providers: float
    advances: tuple[Advance, ...]
    discount_rate: float
    horizon_months: int
    physicians: float
    practices: float | None = None

    @property
    def settlement_months(self) -> tuple[int, ...]:
        """When each performance year is settled."""
        return tuple(MONTHS * year + self.settlement_month for year in range(len(self.cost)))

    @property
    def bonus_months(self) -> tuple[int, ...]:
        """When each performance year's quality bonus comes."""
        return tuple(MONTHS * year + self.bonus_month for year in range(len(self.cost)))


@dataclass(frozen=True)
class CashFlows:
    """Every flow with its month, dollars by world: what is paid and received, outflows negative.

    ``at_settlement``: (world, performance year), after recoupment and providers' share; ``yearly_cost`` and ``monthly``
    alike, over twelve months; ``bonus`` after the providers' share; ``advances``: by month, the same in all worlds.
    ``income``: what each performance year brings less what it costs, whenever the cash moves, without advances.
    """

    plan: CashPlan
    at_settlement: FloatArray
    bonus: FloatArray
    monthly: FloatArray
    yearly_cost: FloatArray
    advances: dict[int, float]
    income: FloatArray

    @property
    def months(self) -> range:
        """From the first flow to the last."""
        before = self.plan.months_before if self.plan.cost_before > 0 else 0
        years = len(self.plan.cost)
        last = max(
            MONTHS * years - 1, self.plan.settlement_months[-1], self.plan.bonus_months[-1], *self.advances, *(0,)
        )
        return range(-before, last + 1)

    def each_month(self) -> Iterator[tuple[int, FloatArray]]:
        """The months in order, each with what moves in it, shape (world,)."""
        plan, years = self.plan, len(self.plan.cost)
        worlds = len(self.at_settlement)
        for month in self.months:
            flow = np.full(worlds, self.advances.get(month, 0.0))
            if month < 0:
                flow -= plan.cost_before / plan.months_before
            elif month < MONTHS * years:
                year = month // MONTHS
                flow += (self.monthly[:, year] - self.yearly_cost[:, year]) / MONTHS
            if month in plan.settlement_months:
                flow += self.at_settlement[:, plan.settlement_months.index(month)]
            if month in plan.bonus_months:
                flow += self.bonus[:, plan.bonus_months.index(month)]
            yield month, flow


def flows_of(receipts: Receipts, plan: CashPlan) -> CashFlows:
    """The dated flows of what a contract brings under a plan of costs and dates."""
    advances: dict[int, float] = {}
    settled = receipts.settled - receipts.reconciled
    for advance in plan.advances:
        paid = _payments(advance, receipts.people)
        for month, dollars in paid.items():
            advances[month] = advances.get(month, 0.0) + dollars
        if advance.recouped:
            settled -= _taken_back(settled, paid, advance, plan.settlement_months)
    passed_on = plan.share_to_providers
    settled -= passed_on * np.maximum(settled, 0.0)
    bonus = np.asarray((1.0 - passed_on) * receipts.bonus)
    cost = np.array(plan.cost) + MONTHS * np.array(plan.cost_per_person_month) * receipts.person_years
    net = receipts.net - receipts.reconciled
    own = net - passed_on * np.maximum(net, 0.0)
    income = own + bonus + receipts.monthly - cost
    return CashFlows(plan, settled, bonus, receipts.monthly, np.asarray(cost), advances, income)


def _payments(advance: Advance, people: int) -> dict[int, float]:
    """Dollars of an advance by month."""
    instalment = advance.per_person_month * people * advance.every
    paid = {advance.first_month + month: instalment for month in range(0, advance.months, advance.every)}
    paid[advance.first_month] += advance.upfront
    return paid


def _taken_back(
    settled: FloatArray, paid: dict[int, float], advance: Advance, settlement_months: tuple[int, ...]
) -> FloatArray:
    """What of each settlement is kept for an advance: positive ones until it is repaid, the rest at last if agreed."""
    taken = np.zeros_like(settled)
    for year, month in enumerate(settlement_months):
        owing = sum(dollars for when, dollars in paid.items() if when <= month) - taken.sum(axis=1)
        taken[:, year] = np.minimum(owing, np.maximum(settled[:, year], 0.0))
    if advance.rest_repaid:
        taken[:, -1] = sum(paid.values()) - taken[:, :-1].sum(axis=1)
    return taken


@dataclass(frozen=True)
class CashPath:
    """What the flows come to in every world: dollars, months and calendar years; shape (world,) or (world, year).

    ``low_point``: deepest cumulative cash, never above zero; ``low_month``: when it is first reached.
    ``payback_month``: from which month on cumulative cash is not below zero again, infinite where it ends below.
    ``calendar``: cash of each calendar year, ``years_from_first`` counting from that of the first performance year.
    """

    final: FloatArray
    low_point: FloatArray
    low_month: FloatArray
    payback_month: FloatArray
    present_value: FloatArray
    calendar: FloatArray
    years_from_first: tuple[int, ...]
    months: range


def path_of(flows: CashFlows, watch: Watch | None = None) -> CashPath:
    """The path of cumulative cash, one month after the other; ``watch`` sees every month's cumulative cash."""
    worlds, months = len(flows.at_settlement), flows.months
    cash, low, present = np.zeros(worlds), np.zeros(worlds), np.zeros(worlds)
    low_month = np.full(worlds, float(months[0]))
    back = np.full(worlds, np.inf)
    years = range(months[0] // MONTHS, months[-1] // MONTHS + 1)
    calendar = np.zeros((worlds, len(years)))
    for month, flow in flows.each_month():
        cash += flow
        calendar[:, month // MONTHS - years[0]] += flow
        present += flow * (1.0 + flows.plan.discount_rate) ** (-month / MONTHS)
        deeper = cash < low - HALF_A_CENT
        low_month[deeper] = month
        np.minimum(low, cash, out=low)
        below = cash < -HALF_A_CENT
        back = np.where(below, np.inf, np.minimum(back, month))
        if watch is not None:
            watch(month, cash)
    return CashPath(cash, low, low_month, back, present, calendar, tuple(years), months)
