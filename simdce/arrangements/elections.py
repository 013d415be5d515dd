"""What an ACO chooses, and the quality it achieves: everything a settlement needs besides dollars and the rule.

A choice left out takes the arrangement's default; a choice the arrangement does not offer is an error when it settles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from simdce.validation import first_problem


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
ByYear = Annotated[tuple[Fraction, ...], Field(min_length=1), BeforeValidator(_as_tuple)]
Numbers = Annotated[tuple[float, ...], Field(min_length=1), BeforeValidator(_as_tuple)]


class Elections(BaseModel):
    """An ACO's elections; fractions, not percent; a list holds one value per performance year.

    ``agreement_start`` (calendar year), ``agreement_number`` and ``overrides`` (number by name of a term, benchmark or
    repayment entry) are known to every arrangement, the rest only where the arrangement's ``[elections]`` name them.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    minimum_savings_rate: Fraction | Literal["variable"] | None = Field(
        None, description="elected minimum savings and loss rate, fraction of benchmark, or 'variable' by the table"
    )
    gross_cap: Fraction | None = Field(
        None, description="elected cap on gross savings and losses before sharing, fraction of benchmark"
    )
    quality_standard: Literal["met", "alternative", "not_met"] | None = Field(
        None, description="which quality performance standard the ACO meets"
    )
    quality_score: Fraction | ByYear | None = Field(None, description="fraction, one value or one per performance year")
    low_revenue: bool | None = Field(None, description="whether the ACO is low revenue")
    participant_revenue_share: Annotated[float, Field(gt=0.0, le=10.0)] | None = Field(
        None,
        description="participants' Part A and B revenue as a fraction of the assigned beneficiaries' Part A and B "
        "expenditure; a hospital's ACO may exceed 1, since participants also treat others",
    )
    agreement_start: Annotated[int, Field(ge=1900, le=2200)] | None = Field(
        None, description="calendar year in which the agreement began; default: the first performance year"
    )
    agreement_number: Annotated[int, Field(ge=1)] | None = Field(
        None, description="1 for a first agreement, 2 for a second"
    )
    retention_withhold: bool | None = Field(None, description="whether the first year carries the retention withhold")
    stop_loss: bool | None = Field(None, description="whether stop-loss pays part of catastrophic claims, for a charge")
    extreme_circumstance_relief: Fraction | ByYear | None = Field(
        None, description="share of a loss forgiven for extreme and uncontrollable circumstances"
    )
    public_health_emergency_relief: bool | None = Field(
        None, description="whether the COVID-19 relief of 2020 to 2023 applies"
    )
    part_year: Fraction | ByYear | None = Field(
        None, description="share of the calendar year that the performance year covers (six months of 2019: 0.5)"
    )
    overrides: Mapping[str, bool | float | str | Numbers] = Field(
        default_factory=dict,
        description="numbers of the arrangement replaced by name, one value or one per year; a list of bands, a word "
        "or yes and no by another, which then holds in every year",
    )

    @classmethod
    def of(cls, chosen: Mapping[str, Any], where: str = "") -> Elections:
        """Elections of a mapping as read from a file or command line; raises InputError naming ``where`` and key."""
        try:
            return cls(**chosen)
        except ValidationError as error:
            raise first_problem(error, cls, chosen, where) from error

    def chosen(self) -> dict[str, Any]:
        """The elections made by name, without those left out and without start, number and overrides."""
        shared = {"agreement_start", "agreement_number", "overrides"}
        return {
            name: value
            for name in type(self).model_fields
            if name not in shared and (value := getattr(self, name)) is not None
        }
