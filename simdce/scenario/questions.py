"""What a run answers beside the law of each payment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from simdce.scenario.tables import Chance, Change, Line, Table, as_tuple, rising


class ViabilityCondition(Table):
    """One stated confidence: a chance that must hold at a true savings rate."""

    outcome: Literal["paid", "owing"] = Field(description="being paid, or owing, at settlement")
    true_savings: Change = Field(description="fraction of counted cost saved in every performance year")
    at_least: Chance | None = Field(None, description="smallest acceptable chance")
    at_most: Chance | None = Field(None, description="largest acceptable chance")
    over: Literal["year", "agreement"] = Field(
        "year", description="'year': an average performance year; 'agreement': the net of all of them"
    )

    @model_validator(mode="after")
    def _check(self) -> ViabilityCondition:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a condition needs either at_least or at_most")
        return self


class RepaymentQuestion(Table):
    """What must be set aside for losses."""

    confidences: Annotated[tuple[Chance, ...], BeforeValidator(as_tuple), AfterValidator(rising)] = Field(
        (0.90, 0.95, 0.99, 0.995), min_length=1, description="chances with which the amount set aside is to be enough"
    )


class ComparisonQuestion(Table):
    """What the arrangements are held against."""

    against: Line | None = Field(
        None, description="arrangement (its label, or its name) that the others are compared with; default: the first"
    )


class Questions(Table):
    """What the run answers beside the law of each payment."""

    viability: Annotated[tuple[ViabilityCondition, ...], BeforeValidator(as_tuple)] = Field(
        (
            ViabilityCondition(outcome="paid", true_savings=0.03, at_least=0.80),
            ViabilityCondition(outcome="owing", true_savings=0.0, at_most=0.05),
        ),
        description="from which panel size on each stated confidence holds",
    )
    repayment: RepaymentQuestion = Field(RepaymentQuestion(), description="how much to set aside for losses")
    comparison: ComparisonQuestion = Field(ComparisonQuestion(), description="arrangement against arrangement")
