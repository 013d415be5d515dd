"""Who is aligned and what they cost: panel, cost laws, persistence, turnover, truncation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from simdce.scenario.tables import (
    Category,
    Change,
    Dollars,
    Mortality,
    Positive,
    Share,
    Size,
    Table,
    WholeDollar,
    as_tuple,
    calibrated,
    rising,
    whole,
)


class HealthEquity(Table):
    """How many of the aligned stand where in the national score of health equity; default: as in the nation."""

    highest_decile: Share = Field(0.1, description="share of people in the highest decile (most disadvantaged)")
    second_decile: Share = Field(0.1, description="share of people in the second highest decile")
    third_decile: Share = Field(0.1, description="share of people in the third highest decile")
    lower_half: Share = Field(0.5, description="share of people in the five lowest deciles")

    @model_validator(mode="after")
    def _check(self) -> HealthEquity:
        if sum(dict(self).values()) > 1 + 1e-9:
            raise ValueError("shares add up to more than 1")
        return self


class Panel(Table):
    """Who is aligned: how many people, of which category, in which year's dollars."""

    sizes: Annotated[tuple[Size, ...], BeforeValidator(as_tuple), AfterValidator(rising)] = Field(
        min_length=1, description="people aligned to the panel; several sizes are nested panels of the same world"
    )
    price_year: Annotated[int, AfterValidator(calibrated)] = Field(
        2024, description="calendar year of the calibrated cost level and category mix (2014-2024)"
    )
    mix: Annotated[dict[Category, Share] | None, AfterValidator(whole)] = Field(
        None, description="share of each entitlement category, adding up to 1; default: ACOs of the price year"
    )
    voluntary_share: Share = Field(
        0.0, description="share of the aligned who chose the entity themselves in the performance years (voluntary)"
    )
    health_equity: HealthEquity = Field(
        HealthEquity(), description="where the aligned stand in the nation's score of health equity"
    )


class CalibratedCost(Table):
    """The calibrated law of a category, at its own or the user's mean."""

    law: Literal["calibrated"] = Field(description="the calibrated law of the category")
    mean: Dollars | None = Field(None, description="dollars per person-year, untruncated")


class LognormalCost(Table):
    """One lognormal beside people without cost."""

    law: Literal["lognormal"] = Field(description="one lognormal")
    mean: Dollars = Field(description="dollars per person-year, untruncated, everybody included")
    cv: Positive = Field(description="standard deviation / mean over everybody")
    zero_share: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.0, description="share of people without cost")


class GammaCost(Table):
    """One gamma beside people without cost."""

    law: Literal["gamma"] = Field(description="one gamma")
    mean: Dollars = Field(description="dollars per person-year, untruncated, everybody included")
    cv: Positive = Field(description="standard deviation / mean over everybody")
    zero_share: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.0, description="share of people without cost")


class MixtureCost(Table):
    """Lognormals beside people without cost (the weights may add up to less than 1)."""

    law: Literal["mixture"] = Field(description="several lognormals")
    weights: Annotated[tuple[Share, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1, description="share of people"
    )
    means: Annotated[tuple[Dollars, ...], BeforeValidator(as_tuple)] = Field(description="dollars per person-year")
    log_sds: Annotated[tuple[Positive, ...], BeforeValidator(as_tuple)] = Field(description="sd of the log of dollars")

    @model_validator(mode="after")
    def _check(self) -> MixtureCost:
        if not len(self.weights) == len(self.means) == len(self.log_sds):
            raise ValueError("weights, means and log_sds need the same number of entries")
        if not 0 < sum(self.weights) <= 1 + 1e-9:
            raise ValueError(f"weights must add up to at most 1 and more than 0, not to {sum(self.weights):.6g}")
        return self


class EmpiricalCost(Table):
    """The user's own people, one row each."""

    law: Literal["empirical"] = Field(description="costs from a file")
    file: str = Field(description="CSV file with a header, relative to the scenario file")
    column: str = Field(description="column with dollars per person and year")
    weight_column: str | None = Field(None, description="column with person-years")


CategoryCost = Annotated[
    CalibratedCost | LognormalCost | GammaCost | MixtureCost | EmpiricalCost, Field(discriminator="law")
]


class Catastrophic(Table):
    """The tail of claims above a quantile: more frequent, more severe, or a Pareto."""

    above_quantile: Annotated[float, Field(gt=0.5, lt=1.0)] = Field(0.99, description="quantile where the tail begins")
    frequency_multiplier: Annotated[float, Field(gt=0.0, le=20.0)] = Field(1.0, description="times as many claims")
    severity_multiplier: Annotated[float, Field(ge=0.0, le=20.0)] = Field(1.0, description="times the excess over it")
    pareto_index: Annotated[float, Field(gt=1.5, le=50.0)] | None = Field(
        None, description="index of a Pareto tail in place of the law's own; Medicare's is about 3.3"
    )

    @model_validator(mode="after")
    def _check(self) -> Catastrophic:
        if (1.0 - self.above_quantile) * self.frequency_multiplier >= 0.5:
            raise ValueError("the tail would hold half of all people: lower frequency_multiplier")
        return self


class Cost(Table):
    """What a person-year costs, by category; a category left out keeps its calibrated law."""

    esrd: CategoryCost | None = Field(None, description="people with end-stage renal disease")
    disabled: CategoryCost | None = Field(None, description="people entitled through disability")
    aged_dual: CategoryCost | None = Field(None, description="aged people with Medicare and Medicaid")
    aged_non_dual: CategoryCost | None = Field(None, description="all other aged people")
    level: Annotated[float, Field(ge=0.01, le=100.0)] = Field(1.0, description="multiplier of every category's cost")
    catastrophic: Catastrophic = Field(Catastrophic(), description="knobs of the tail of claims")


class Persistence(Table):
    """How much of a person's cost lasts; what is left out is calibrated by category."""

    lag_1_correlation: Annotated[float, Field(ge=0.0, lt=0.95)] | None = Field(
        None, description="correlation of a person's cost with next year's"
    )
    class_kept: Annotated[float, Field(ge=0.0, le=0.99)] | None = Field(
        None, description="chance of keeping the health class into the next year; lag-2 over lag-1 correlation"
    )


class RiskScores(Table):
    """Prospective risk scores: what they know of next year's cost, and how fast coding makes them grow."""

    explained_variance: Annotated[float, Field(ge=0.0, lt=1.0)] | None = Field(
        None, description="share of the variance of a person's cost that the score explains"
    )
    coding_growth: Change = Field(
        0.0, description="growth of the scores a year beyond the nation's, from the last baseline year on, by coding"
    )
    demographic_growth: Change = Field(
        0.0, description="growth of the demographic score a year beyond the nation's; widens caps that allow for it"
    )


class StopLossDesign(Table):
    """What stop-loss pays of a person-year, where an arrangement has it and the entity elects it."""

    attachments: (
        Annotated[tuple[Positive, ...], Field(min_length=1), BeforeValidator(as_tuple), AfterValidator(rising)] | None
    ) = Field(None, description="attachment points in units of the person's expected cost, rising")
    payout_rates: Annotated[tuple[Share, ...], BeforeValidator(as_tuple)] | None = Field(
        None, description="share paid of what lies between each attachment point and the next"
    )
    charge_loading: Change = Field(0.0, description="charge over expected payout, less 1; 0 is budget neutral")

    @model_validator(mode="after")
    def _check(self) -> StopLossDesign:
        if (self.attachments is None) != (self.payout_rates is None):
            raise ValueError("give attachments and payout_rates together")
        if self.attachments and self.payout_rates and len(self.attachments) != len(self.payout_rates):
            raise ValueError("attachments and payout_rates need the same number of entries")
        return self


class Causes(Table):
    """Why survivors leave; only the proportions matter."""

    medicare_advantage: Annotated[float, Field(ge=0.0)] = Field(
        0.040, description="to Medicare Advantage; share of the panel a year"
    )
    moved_or_ineligible: Annotated[float, Field(ge=0.0)] = Field(
        0.016, description="moved away or no longer eligible; share of the panel a year"
    )
    provider_left: Annotated[float, Field(ge=0.0)] = Field(
        0.050, description="their provider left the ACO; share of the panel a year"
    )
    lost_plurality: Annotated[float, Field(ge=0.0)] = Field(
        0.100, description="most visits elsewhere, or none; share of the panel a year"
    )

    @model_validator(mode="after")
    def _check(self) -> Causes:
        if sum(dict(self).values()) <= 0:
            raise ValueError("at least one cause of leaving must be above 0")
        return self


class Turnover(Table):
    """Who leaves, dies and joins each year; every slot is filled again."""

    annual: Share | None = Field(None, description="share of the panel replaced each year, deaths included")
    causes: Causes | None = Field(None, description="split of leaving other than by death")
    mortality: dict[Category, Mortality] | None = Field(None, description="deaths per person and year by category")
    decedent_cost_multiple: Annotated[float, Field(ge=1.0)] | None = Field(
        None, description="calendar-year cost of those who die in units of those who do not"
    )
    joiner_cost_multiple: Positive | None = Field(
        None, description="cost of those who join in units of the category mean"
    )


class Truncation(Table):
    """Where a person's counted cost is cut off, the same way in baseline and performance years."""

    percentile: Annotated[float, Field(gt=0.5, le=1.0)] | None = Field(
        None, description="percentile of the category's law before catastrophic knobs; 1 is no truncation"
    )
    dollars: WholeDollar | dict[Category, WholeDollar] | None = Field(
        None, description="dollars a calendar year at the price year, one amount or one by category"
    )

    @model_validator(mode="after")
    def _check(self) -> Truncation:
        if self.percentile is not None and self.dollars is not None:
            raise ValueError("give either percentile or dollars")
        return self
