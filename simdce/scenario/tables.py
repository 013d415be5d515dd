"""What every table of a scenario file is made of: strict, closed, frozen, with the units people write."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from simdce import calibration

LARGEST_PANEL = 10_000_000


def as_tuple(value: object) -> object:
    """A list of the file as the tuple of a frozen model; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def rising(values: tuple[float, ...]) -> tuple[float, ...]:
    """Values that rise; ValueError otherwise."""
    if list(values) != sorted(set(values)):
        raise ValueError("these must rise, none twice")
    return values


def whole(shares: Any) -> Any:
    """Shares, in a list or a table, that add up to 1; nothing at all when left out."""
    total = 1.0 if shares is None else sum(shares.values() if isinstance(shares, dict) else shares)
    if abs(total - 1.0) > 1e-6:
        raise ValueError(f"these add up to {total:.6g}, not to 1")
    return shares


def calibrated(year: int) -> int:
    """A year with published results to calibrate to; InputError otherwise."""
    calibration.sourced("mix", year)
    return year


def one_line(text: str) -> str:
    """Text without control characters; ValueError otherwise."""
    if not text.isprintable():
        raise ValueError("one line without control characters, please")
    return text


Line = Annotated[str, Field(min_length=1), AfterValidator(one_line)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Mortality = Annotated[float, Field(ge=0.0, le=0.5)]
WholeDollar = Annotated[float, Field(ge=1.0)]
Dollars = Annotated[float, Field(ge=1.0, le=1e7)]
"""Dollars per person and year: whole dollars are counted, and a category's mean fits the tables."""
Chance = Annotated[float, Field(gt=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Change = Annotated[float, Field(gt=-1.0, lt=1.0)]
SD = Annotated[float, Field(ge=0.0, le=0.1)]
"""A standard deviation so small that no draw can turn a benchmark negative: draws end at 8.2 of them."""
Size = Annotated[int, Field(ge=100, le=LARGEST_PANEL)]
Category = Literal["esrd", "disabled", "aged_dual", "aged_non_dual"]


class Table(BaseModel):
    """A table of the scenario file: strict (no text for numbers, no NaN), closed (no unknown key), frozen."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
