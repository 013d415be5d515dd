"""Rebased results in totals: by designation, step by step, and how they spread over ACOs."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simdce.rebased.lead import BoolArray, FloatArray, Rebased, Waterfall

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Group:
    """Sums over some ACOs in dollars; ``raised`` and ``better_paid`` count ACOs whose benchmark or payment rises."""

    name: str
    acos: int
    settled: float
    change: float
    raised: int
    savings_settled: float
    savings: float
    paid: float
    payment: float
    better_paid: int
    owing_settled: int
    owing: int

    @property
    def change_share(self) -> float:
        """The change as a fraction of the benchmarks settled; NaN where there are none."""
        return self.change / self.settled if self.settled else float("nan")


@dataclass(frozen=True)
class WaterfallStep:
    """One step summed over ACOs, in dollars."""

    name: str
    all_acos: float
    lower_spending: float
    higher_spending: float


def groups(found: Rebased) -> tuple[Group, Group, Group]:
    """Lower-spending, higher-spending and all ACOs."""
    everybody = np.ones_like(found.lower_spending)
    return (
        _group("lower-spending", found, found.lower_spending),
        _group("higher-spending", found, ~found.lower_spending),
        _group("all", found, everybody),
    )


def waterfall_steps(found: Rebased) -> tuple[WaterfallStep, ...]:
    """Each step from the benchmarks settled to LEAD's, in order."""
    lower = found.lower_spending
    dollars: dict[str, FloatArray] = {field.name: getattr(found.waterfall, field.name) for field in fields(Waterfall)}
    return tuple(
        WaterfallStep(name, float(each.sum()), float(each[lower].sum()), float(each[~lower].sum()))
        for name, each in dollars.items()
    )


def quantiles(found: Rebased) -> tuple[tuple[float, float, float], ...]:
    """Quantiles over ACOs: the quantile, change of the benchmark as a fraction, change of the payment in dollars."""
    change = found.waterfall.change / found.settled
    difference = found.payment - found.paid
    return tuple((each, float(np.quantile(change, each)), float(np.quantile(difference, each))) for each in QUANTILES)


def _group(name: str, found: Rebased, chosen: BoolArray) -> Group:
    change, paid, payment = found.waterfall.change[chosen], found.paid[chosen], found.payment[chosen]
    settled, expenditure = found.settled[chosen], found.expenditure[chosen]
    return Group(
        name=name,
        acos=int(chosen.sum()),
        settled=float(settled.sum()),
        change=float(change.sum()),
        raised=int((change > 0.0).sum()),
        savings_settled=float((settled - expenditure).sum()),
        savings=float((found.benchmark[chosen] - expenditure).sum()),
        paid=float(paid.sum()),
        payment=float(payment.sum()),
        better_paid=int((payment > paid).sum()),
        owing_settled=int((paid < 0.0).sum()),
        owing=int((payment < 0.0).sum()),
    )
