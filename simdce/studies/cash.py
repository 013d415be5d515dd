"""When the money is in: cash of the ACO, or of the practice under each tier, from the first dollar spent to the last.

A contract settles long after the year in which care management was paid for. From every world's yearly payments come
its dated flows (``cash_flows``), and from those the laws of yearly income, of the deepest hole, of the month in which
the money is back for good, of what is left in the end, and what all of it is worth today.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from simdce import metrics
from simdce.metrics import Estimate, FloatArray
from simdce.results import AGREEMENT, CASH, QUARTILES, CashRow
from simdce.scenario import Scenario
from simdce.studies.cash_defaults import DEFAULT_COST, cash_terms
from simdce.studies.cash_flows import MONTHS, CashFlows, CashPath, CashPlan, flows_of, path_of
from simdce.studies.payment import Lived
from simdce.studies.receipts import Receipts, receipts_of_contract, receipts_of_practice
from simdce.worlds import PanelYears

BANDS = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
"""Percentiles of the fan of cumulative cash: the edges of its 95, 80 and 50% bands, and the median."""


@dataclass(frozen=True)
class CashAnswer:
    """Cash of one payee: the ACO or DCE of some people (``tier`` None), or a practice under a tier.

    ``fan``: by month, the percentiles of BANDS of cumulative cash at the month's end, dollars. ``horizon_months``:
    within which the money must be back.
    """

    arrangement: str
    tier: str | None
    people: int
    physicians: float
    first_year: int
    settlement_months: tuple[int, ...]
    horizon_months: int
    rows: tuple[CashRow, ...]
    fan: tuple[tuple[int, tuple[Estimate, ...]], ...]

    def estimate(self, metric: str, period: str = AGREEMENT, share: str = "whole") -> Estimate:
        """One figure; KeyError where there is none."""
        return self._found[metric, period, share]

    @property
    def calendar_years(self) -> tuple[str, ...]:
        """The calendar years in which money moves."""
        return tuple(row.period for row in self.rows if (row.metric, row.share) == ("mean_cash", "whole"))

    @property
    def performance_years(self) -> tuple[str, ...]:
        """PY1 and so on."""
        return tuple(row.period for row in self.rows if (row.metric, row.share) == ("mean_income", "whole"))

    def date(self, month: float) -> str:
        """A month as people write it: July 2025."""
        return calendar_month(self.first_year, int(month))

    @cached_property
    def _found(self) -> dict[tuple[str, str, str], Estimate]:
        return {(row.metric, row.period, row.share): row.estimate for row in self.rows}


_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def calendar_month(first_year: int, month: int) -> str:
    """The month, counted from January of the first performance year, as people write it."""
    return f"{_NAMES[month % MONTHS]} {first_year + month // MONTHS}"


def cash_answers(scenario: Scenario, panels: PanelYears) -> tuple[CashAnswer, ...]:
    """The cash of every payee: the practice's under each tier where the scenario has one, else every contract's.

    None at all where the scenario has no cash table.
    """
    if scenario.cash is None:
        return ()
    return tuple(
        cash_of(receipts, plan_of(scenario, receipts.people), scenario.years.performance_years[0])
        for receipts in receipts_of(scenario, panels)
    )


def receipts_of(scenario: Scenario, panels: PanelYears) -> Iterator[Receipts]:
    """What comes in, for every payee."""
    if scenario.practice is not None:
        yield from receipts_of_practice(scenario, panels)
        return
    for size in panels.panel_sizes:
        lived = Lived(scenario, panels, size)
        for choice in scenario.arrangements:
            yield receipts_of_contract(lived, choice.key)


def plan_of(scenario: Scenario, people: int) -> CashPlan:
    """The scenario's costs and dates, sourced defaults in place of what it leaves out; ``people`` share physicians."""
    cash, years = scenario.cash, scenario.years.performance
    assert cash is not None
    dollars, by_person = cash.cost, cash.cost_per_person_month
    if dollars is None and by_person is None:
        published = cash_terms()[f"cost_{cash.cost_of or DEFAULT_COST}"].at().value
        dollars, by_person = published.get("dollars"), published.get("per_person_month")

    def sourced(own: Any, name: str) -> Any:
        return cash_terms()[name].at().value if own is None else own

    settlement = int(sourced(cash.settlement_month, "settlement_month"))
    bonus = settlement if cash.bonus_month is None else cash.bonus_month
    last = MONTHS * (years - 1) + max(settlement, bonus)
    usual = max(1.0, people / float(sourced(None, "people_per_physician")))
    return CashPlan(
        cost=_ramp(dollars, years),
        cost_per_person_month=_ramp(by_person, years),
        cost_before=cash.cost_before,
        months_before=cash.months_before,
        settlement_month=settlement,
        bonus_month=bonus,
        share_to_providers=cash.share_to_providers,
        advances=cash.advances,
        discount_rate=float(sourced(cash.discount_rate, "discount_rate")),
        horizon_months=last if cash.horizon_months is None else cash.horizon_months,
        physicians=usual if cash.physicians is None else float(cash.physicians),
        practices=None if cash.practices is None else float(cash.practices),
    )


def _ramp(amounts: Any, years: int) -> tuple[float, ...]:
    """One amount a performance year; the last of a list stays, nothing at all is zero."""
    given = (0.0,) if amounts is None else (amounts,) if isinstance(amounts, float | int) else tuple(amounts)
    return tuple(float(given[min(year, len(given) - 1)]) for year in range(years))


def cash_of(receipts: Receipts, plan: CashPlan, first_year: int) -> CashAnswer:
    """The laws of one payee's cash; ``first_year``: calendar year of the first performance year."""
    flows = flows_of(receipts, plan)
    fan: list[tuple[int, tuple[Estimate, ...]]] = []

    def watch(month: int, cash: FloatArray) -> None:
        ordered = np.sort(cash)
        fan.append((month, tuple(metrics.percentile(ordered, band) for band in BANDS)))

    path = path_of(flows, watch)
    tier = "" if receipts.tier is None else receipts.tier
    shares = {"whole": 1.0, "practice": plan.practices, "physician": plan.physicians}
    rows = []
    law = (*_law(flows, path, plan, first_year), (AGREEMENT, "cost_covered", _covered(flows, receipts.person_years)))
    for period, metric, estimate in law:
        for share, parts in shares.items():
            if parts is not None and (share == "whole" or CASH[metric].unit == "dollars"):
                part = Estimate(estimate.value / parts, estimate.standard_error / parts) if parts != 1.0 else estimate
                part = estimate if share == "whole" else part
                rows.append(CashRow(receipts.arrangement, tier, receipts.people, period, share, metric, part))
    return CashAnswer(
        receipts.arrangement,
        receipts.tier,
        receipts.people,
        plan.physicians,
        first_year,
        plan.settlement_months,
        plan.horizon_months,
        tuple(rows),
        tuple(fan),
    )


def _law(flows: CashFlows, path: CashPath, plan: CashPlan, first_year: int) -> Iterator[tuple[str, str, Estimate]]:
    back = np.where(path.payback_month <= plan.horizon_months, path.payback_month, np.inf)
    for year in range(flows.income.shape[1]):
        income = flows.income[:, year]
        yield from _spread(f"PY{year + 1}", "income", income)
        yield f"PY{year + 1}", "chance_loss", metrics.chance(income < 0)
    for number, year in enumerate(path.years_from_first):
        period = str(first_year + year)
        yield from _spread(period, "cash", path.calendar[:, number])
        yield period, "chance_back_by", metrics.chance(back < MONTHS * (year + 1))
    for name in ("final", "low_point", "present_value"):
        yield from _spread(AGREEMENT, name, getattr(path, name))
    yield AGREEMENT, "chance_never_back", metrics.chance(np.isinf(back))
    for probability in QUARTILES:
        yield AGREEMENT, f"payback_month_p{100 * probability:g}", _month(back, probability)
    yield AGREEMENT, "low_month_p50", _month(path.low_month, 0.5)


def _covered(flows: CashFlows, person_years: FloatArray) -> Estimate:
    """What comes in over the person-months of the performance years; error by the delta method."""
    brought, months = (flows.income + flows.yearly_cost).sum(axis=1), MONTHS * person_years.sum(axis=1)
    ratio = float(brought.mean() / months.mean())
    return Estimate(ratio, metrics.mean((brought - ratio * months) / months.mean()).standard_error)


def _spread(period: str, name: str, amounts: FloatArray) -> Iterator[tuple[str, str, Estimate]]:
    yield period, f"mean_{name}", metrics.mean(amounts)
    for probability in QUARTILES:
        yield period, f"{name}_p{100 * probability:g}", metrics.percentile(amounts, probability)


def _month(months: FloatArray, probability: float) -> Estimate:
    """A percentile of months; unknown where it is never, its error unknown where the next ones are."""
    latest = np.finfo(np.float64).max
    found = metrics.percentile(np.minimum(months, latest), probability)
    if not found.value < latest:
        return metrics.UNKNOWN
    return found if found.standard_error < latest / MONTHS else Estimate(found.value, float("nan"))
