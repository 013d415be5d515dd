"""Tidy results: one row per arrangement, panel size, performance year and metric, and what every metric means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from math import log
from typing import TYPE_CHECKING, Any

from simdce.metrics import Estimate

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("arrangement", "panel_size", "performance_year", "metric", "value", "standard_error")
Columns = dict[str, list[Any]]
"""A table as its columns by name, all of one length."""

AGREEMENT = "agreement"
"""In the column of performance years: the sum over the agreement, or its worst year where the metric says so."""

PERCENTILES = (0.005, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 0.995)
QUARTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
"""Of the law of the savings rate, beside what happened."""

TAILS = (0.90, 0.95, 0.99, 0.995)

USUAL_SIZE = 15_000
"""Of several panel sizes answers open with the one nearest to this: the size that the debate is about."""


def headline_size(sizes: tuple[int, ...]) -> int:
    """The panel size that answers open with: the only one, or the nearest (by ratio) to 15,000."""
    return min(sizes, key=lambda size: (abs(log(size / USUAL_SIZE)), size))


@dataclass(frozen=True)
class Metric:
    """What a metric is: its unit and one sentence."""

    unit: str
    sentence: str


def _described() -> Iterator[tuple[str, Metric]]:
    dollars, chance = "dollars", "probability"
    yield "chance_paid", Metric(chance, "The ACO is paid (over the agreement: paid more than it owes).")
    yield "chance_owing", Metric(chance, "The ACO owes (over the agreement: owes more than it is paid).")
    yield "mean_net", Metric(dollars, "Expected payment less expected amount owed.")
    yield "mean_earned", Metric(dollars, "Expected payment, years without one counted as zero.")
    yield "mean_owed", Metric(dollars, "Expected amount owed, years without one counted as zero.")
    yield "mean_earned_if_paid", Metric(dollars, "Expected net payment in the worlds where the ACO is paid.")
    yield "mean_owed_if_owing", Metric(dollars, "Expected net amount owed in the worlds where the ACO owes.")
    yield "sd_net", Metric(dollars, "Standard deviation of the net payment.")
    yield "chance_payment_limit", Metric(chance, "The payment is cut by the performance payment limit (in any year).")
    yield "chance_loss_limit", Metric(chance, "The amount owed is cut by the loss limit (in any year).")
    yield (
        "chance_false_reward",
        Metric(chance, "Paid although true savings are 0, the lasting benchmark mismatch being off."),
    )
    yield (
        "chance_missed_reward",
        Metric(chance, "Not paid although true savings are the scenario's, the lasting benchmark mismatch being off."),
    )
    yield (
        "mean_net_without_savings",
        Metric(dollars, "Expected net payment with true savings of 0, mismatch off: what chance is worth."),
    )
    yield "mean_savings_rate", Metric("fraction of benchmark", "Expected measured savings rate.")
    yield "sd_savings_rate", Metric("fraction of benchmark", "Standard deviation of the measured savings rate.")
    yield (
        "sd_savings_rate_sampling",
        Metric("fraction of benchmark", "The same without world-level shocks: what a larger panel removes."),
    )
    yield (
        "removable_variance",
        Metric("fraction", "Share of the variance of the savings rate that a larger panel would remove."),
    )
    for probability in PERCENTILES:
        text = f"{100 * probability:g}"
        yield f"net_p{text}", Metric(dollars, f"Net payment: {text}th percentile, negative when owing.")
        yield (
            f"savings_rate_p{text}",
            Metric("fraction of benchmark", f"Measured savings rate: {text}th percentile."),
        )
    for probability in TAILS:
        text = f"{100 * probability:g}"
        yield f"var_{text}", Metric(dollars, f"Loss (negative net payment) not exceeded with chance {text}% (VaR).")
        yield f"tvar_{text}", Metric(dollars, f"Mean loss in the worst {100 - 100 * probability:g}% of worlds (TVaR).")


METRICS: dict[str, Metric] = dict(_described())
"""Every metric of the estimates, in the order of the tables."""


DIFFERENCES: dict[str, Metric] = {
    "mean_difference": Metric("dollars", "Expected net payment less that of the other arrangement, world by world."),
    "mean_difference_unpaired": Metric("dollars", "The same, with the error it would have from separate worlds."),
    "mean_difference_per_person_year": Metric("dollars", "The same per beneficiary and performance year."),
    "chance_more": Metric("probability", "The arrangement pays more than the other, by half a dollar at least."),
    "chance_less": Metric("probability", "The arrangement pays less than the other, by half a dollar at least."),
    "chance_alike": Metric("probability", "Both pay the same to the dollar."),
    "net_p5_difference": Metric("dollars", "5th percentile of the net payment less that of the other arrangement."),
}
"""Every metric of one arrangement against another, in the order of the tables."""


def _of_practice() -> Iterator[tuple[str, Metric]]:
    dollars, chance = "dollars", "probability"
    yield "mean_amount", Metric(dollars, "What the tier brings the practice beyond fee-for-service, expected.")
    yield "chance_owing", Metric(chance, "The practice owes the entity at settlement (of the years together: net).")
    yield "chance_behind", Metric(chance, "The tier brings the practice less than fee-for-service alone.")
    for probability in QUARTILES:
        text = f"{100 * probability:g}"
        yield f"amount_p{text}", Metric(dollars, f"What the tier brings: {text}th percentile, negative for a loss.")
    for probability in TAILS:
        text = f"{100 * probability:g}"
        yield f"var_{text}", Metric(dollars, f"Loss (negative amount) not exceeded with chance {text}% (VaR).")
        yield f"tvar_{text}", Metric(dollars, f"Mean loss in the worst {100 - 100 * probability:g}% of worlds (TVaR).")
    yield "mean_settlement", Metric(dollars, "Expected share of gains less share of losses.")
    yield "mean_capitation", Metric(dollars, "Monthly payments of a year, in place of primary care claims.")
    yield "mean_capitation_margin", Metric(dollars, "What of capitation exceeds the claims it replaces and is kept.")
    yield "mean_quality_bonus", Metric(dollars, "Expected quality bonus.")
    yield "mean_to_providers", Metric(dollars, "Part of positive amounts that goes to providers, expected.")
    yield "mean_kept_by_entity", Metric(dollars, "What CMS pays the pool less what all practices are paid, expected.")
    yield "mean_difference", Metric(dollars, "Amount less that of the first tier, expected, world by world.")
    yield "chance_more", Metric(chance, "The tier brings more than the first, by half a dollar at least.")
    yield "amount_p5_difference", Metric(dollars, "5th percentile of the amount less that of the first tier.")


PRACTICE: dict[str, Metric] = dict(_of_practice())
"""Every metric of what a practice would sign, in the order of the tables."""


def _of_cash() -> Iterator[tuple[str, Metric]]:
    dollars, chance, month = "dollars", "probability", "months from the start of the first performance year"
    parts = {
        "income": "What a performance year brings less what it costs, whenever the cash moves",
        "cash": "Cash of a calendar year",
        "final": "Cash after the last flow",
        "low_point": "Deepest cumulative cash, never above zero: what must be financed",
        "present_value": "Discounted cash, at the start of the first performance year",
    }
    for name, words in parts.items():
        yield f"mean_{name}", Metric(dollars, f"{words}, expected.")
        for probability in QUARTILES:
            yield f"{name}_p{100 * probability:g}", Metric(dollars, f"{words}: {100 * probability:g}th percentile.")
    yield "chance_loss", Metric(chance, "The performance year brings less than it costs.")
    yield "chance_back_by", Metric(chance, "By the end of the calendar year the money is back, for good.")
    yield "chance_never_back", Metric(chance, "Within the horizon the money spent does not come back for good.")
    for probability in QUARTILES:
        text = f"{100 * probability:g}th percentile, unknown where those worlds are never paid back."
        yield f"payback_month_p{100 * probability:g}", Metric(month, f"Month from which no money is missing: {text}")
    yield (
        "cost_covered",
        Metric("dollars a person and month", "Cost, alike in all performance years, that what comes in just covers."),
    )
    yield "low_month_p50", Metric(month, "Month of the deepest cumulative cash: median.")


CASH: dict[str, Metric] = dict(_of_cash())
"""Every metric of cash over time, in the order of the tables."""


@dataclass(frozen=True)
class CashRow:
    """One estimate of the cash of an ACO or DCE, or (``tier``) of a practice of some people in its pool.

    ``period``: PY1, a calendar year or "agreement"; ``share``: "whole", or what falls to each "practice", "physician".
    """

    arrangement: str
    tier: str
    people: int
    period: str
    share: str
    metric: str
    estimate: Estimate

    def __post_init__(self) -> None:
        if self.metric not in CASH:
            raise KeyError(f"metric {self.metric!r} has no description in CASH")


@dataclass(frozen=True)
class Row:
    """One estimate and where it belongs."""

    arrangement: str
    panel_size: int
    performance_year: str
    metric: str
    estimate: Estimate

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise KeyError(f"metric {self.metric!r} has no description in METRICS")


@dataclass(frozen=True)
class Difference:
    """One estimate of an arrangement against another, both on the same worlds."""

    arrangement: str
    against: str
    panel_size: int
    performance_year: str
    metric: str
    estimate: Estimate

    def __post_init__(self) -> None:
        if self.metric not in DIFFERENCES:
            raise KeyError(f"metric {self.metric!r} has no description in DIFFERENCES")


@dataclass(frozen=True)
class PracticeRow:
    """One estimate of what a tier brings a practice of some people in the pool, under the pool's arrangement."""

    arrangement: str
    tier: str
    people: int
    performance_year: str
    metric: str
    estimate: Estimate

    def __post_init__(self) -> None:
        if self.metric not in PRACTICE:
            raise KeyError(f"metric {self.metric!r} has no description in PRACTICE")


@dataclass(frozen=True)
class VarianceSaved:
    """How many times as many worlds would give the mean net payment over the agreement as exactly without controls."""

    arrangement: str
    panel_size: int
    ratio: float


def variance_saved(rows: Sequence[Row], worlds: int) -> Iterator[VarianceSaved]:
    """From the spread of the net payment over the agreement and the error of its mean, where worlds differ."""
    whole = {(row.arrangement, row.panel_size, row.metric): row for row in rows if row.performance_year == AGREEMENT}
    for (arrangement, size, metric), row in whole.items():
        if metric == "mean_net" and row.estimate.standard_error > 0:
            spread = whole[arrangement, size, "sd_net"].estimate.value
            ratio = spread**2 / (worlds - 1) / row.estimate.standard_error**2
            yield VarianceSaved(arrangement, size, ratio)


def columns(rows: Sequence[Any]) -> Columns:
    """The rows as columns: one a field of their dataclass, the estimate as value and standard_error."""
    if not rows:
        return {}
    kept = [field.name for field in fields(rows[0]) if field.name != "estimate"]
    return {
        **{name: [getattr(row, name) for row in rows] for name in kept},
        "value": [float(row.estimate.value) for row in rows],
        "standard_error": [float(row.estimate.standard_error) for row in rows],
    }


def frame(rows: Sequence[Any]) -> pd.DataFrame:
    """The rows as a data frame, its columns those of ``columns``."""
    import pandas as pd

    return pd.DataFrame(columns(rows))
