"""What care management costs and when money moves: the table from which cash over time is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from simdce.errors import InputError
from simdce.scenario.tables import Line, Share, Table, as_tuple

if TYPE_CHECKING:
    from simdce.scenario import Scenario

Amount = Annotated[float, Field(ge=0.0, le=1e10)]
"""Dollars, not negative."""

ByYear = Amount | Annotated[tuple[Amount, ...], Field(min_length=1), BeforeValidator(as_tuple)]
"""One amount for every performance year, or one each whose last value stays."""

Month = Annotated[int, Field(ge=0, le=240)]

WHOLE_ACO = ("survey", "cms_estimate")
"""Costs that were asked of whole ACOs: they say nothing of a practice."""


class Advance(Table):
    """Money that comes before any settlement: an advance investment payment, a monthly care management fee."""

    label: Line = Field("advance payment", max_length=60, description="how results call it")
    upfront: Amount = Field(0.0, description="dollars paid at once, in the first month")
    per_person_month: Amount = Field(0.0, description="dollars a person and month, people as in the panel size")
    first_month: Month = Field(0, description="month of the first payment; 0 is the first month of the first year")
    months: Annotated[int, Field(ge=1, le=120)] = Field(24, description="months that the payments per person cover")
    every: Annotated[int, Field(ge=1, le=12)] = Field(3, description="months from one payment to the next, paid ahead")
    recouped: bool = Field(True, description="whether it is taken back out of earned savings until it is repaid")
    rest_repaid: bool = Field(False, description="whether what savings did not repay falls due at the last settlement")

    @model_validator(mode="after")
    def _check(self) -> Advance:
        if self.rest_repaid and not self.recouped:
            raise ValueError("rest_repaid needs recouped")
        if self.months % self.every:
            raise ValueError("months must be a multiple of every")
        return self


class Cash(Table):
    """Costs, dates and discounting of whoever is paid: the practice where the scenario has one, else the ACO or DCE."""

    cost: ByYear | None = Field(
        None, description="infrastructure and care management, dollars in each performance year; the last value stays"
    )
    cost_per_person_month: ByYear | None = Field(
        None, description="the same, dollars a person and month; added to cost where both are given"
    )
    cost_of: Literal["st_johns", "survey", "cms_estimate"] | None = Field(
        None, description="whose published cost where neither of the two is given; default: st_johns, by the person"
    )
    cost_before: Amount = Field(0.0, description="dollars spent before the first performance year")
    months_before: Annotated[int, Field(ge=1, le=60)] = Field(12, description="months over which they are spent")
    settlement_month: Annotated[int, Field(ge=1, le=60)] | None = Field(
        None, description="months from the start of a performance year to its settlement; default: sourced"
    )
    bonus_month: Annotated[int, Field(ge=1, le=60)] | None = Field(
        None, description="the same for the quality bonus of a tier; default: with the settlement"
    )
    share_to_providers: Share = Field(
        0.0, description="share of a positive settlement and bonus paid on to providers whose purse is not this one"
    )
    advances: Annotated[tuple[Advance, ...], BeforeValidator(as_tuple)] = Field(
        (), description="payments before any settlement"
    )
    discount_rate: Annotated[float, Field(ge=0.0, lt=1.0)] | None = Field(
        None, description="yearly rate at which later dollars count less; default: sourced"
    )
    horizon_months: Annotated[int, Field(ge=1, le=360)] | None = Field(
        None,
        description="months from the start of the first performance year in which the money must be back; default: the "
        "last settlement",
    )
    physicians: Annotated[int, Field(ge=1)] | None = Field(
        None, description="physicians who share it; default: by the people that one physician usually looks after"
    )
    practices: Annotated[int, Field(ge=1)] | None = Field(
        None, description="practices of the ACO or DCE, for figures per practice; not where the scenario has [practice]"
    )

    @model_validator(mode="after")
    def _check(self) -> Cash:
        if self.cost_of is not None and (self.cost is not None or self.cost_per_person_month is not None):
            raise ValueError("cost_of stands for costs that are not given: leave it out or leave them out")
        return self


def check_cash(scenario: Scenario) -> None:
    """That the costs and shares are of whoever is paid; raises InputError with the key to change."""
    cash = scenario.cash
    if cash is None or scenario.practice is None:
        return
    if cash.cost_of in WHOLE_ACO:
        raise InputError(
            "is of whole ACOs, and this scenario is about a practice",
            key="cash.cost_of",
            value=cash.cost_of,
            allowed="st_johns, or cost and cost_per_person_month of your own",
        )
    if cash.practices is not None:
        raise InputError("the scenario is about one practice already", key="cash.practices", value=cash.practices)
