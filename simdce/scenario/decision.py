"""By which rule it is decided whether to join: the rule is the user's own, stated here and on the page that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from simdce.errors import InputError
from simdce.scenario.tables import Share, Table

if TYPE_CHECKING:
    from simdce.scenario import Scenario

Positive = Annotated[float, Field(gt=0.0, le=1e10)]
Amount = Annotated[float, Field(ge=0.0, le=1e10)]

LIMITS = ("largest_loss", "largest_chance_of_owing", "largest_financed")
OF_CERTAINTY = ("risk_tolerance", "risk_tolerance_share", "revenue")


class Decision(Table):
    """Two rules: the sure amount one would take instead (certainty equivalent), or limits that no contract may break.

    ``certainty_equivalent``: of what a contract brings a year, on average over its years, under exponential utility.
    ``limits``: of the contracts that keep within them, the one with the largest average.
    """

    rule: Literal["certainty_equivalent", "limits"] = Field(
        "certainty_equivalent", description="what decides: the sure amount taken instead of the risk, or limits"
    )
    risk_tolerance: Positive | None = Field(
        None, description="dollars: how much risk is borne; a third of the loss one would risk with a chance of 1 in 20"
    )
    risk_tolerance_share: Annotated[float, Field(gt=0.0, le=10.0)] | None = Field(
        None, description="the same as a fraction of a year's revenue; default: sourced"
    )
    revenue: Positive | None = Field(
        None, description="dollars a year of whoever decides; default: what is usually earned from the people aligned"
    )
    largest_loss: Amount | None = Field(
        None, description="dollars that a performance year may lose, costs included, in 1 year of 20"
    )
    largest_chance_of_owing: Share | None = Field(None, description="chance of owing in a performance year")
    largest_financed: Amount | None = Field(
        None, description="dollars that may have to be financed before money comes, in 1 case of 20; needs [cash]"
    )

    @model_validator(mode="after")
    def _check(self) -> Decision:
        foreign = OF_CERTAINTY if self.rule == "limits" else LIMITS
        for key in foreign:
            if getattr(self, key) is not None:
                raise ValueError(f"the rule {self.rule} does not use {key}")
        if self.rule == "limits" and all(getattr(self, key) is None for key in LIMITS):
            raise ValueError(f"the rule limits needs one of {', '.join(LIMITS)}")
        if self.risk_tolerance is not None and (self.risk_tolerance_share is not None or self.revenue is not None):
            raise ValueError("risk_tolerance says it all: leave out risk_tolerance_share and revenue")
        return self


def check_decision(scenario: Scenario) -> None:
    """That what the rule asks for is simulated; raises InputError with the key to change."""
    decision = scenario.decision
    if decision is not None and decision.largest_financed is not None and scenario.cash is None:
        raise InputError(
            "needs the costs and dates of a [cash] table",
            key="decision.largest_financed",
            value=decision.largest_financed,
        )
