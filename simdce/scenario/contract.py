"""What is agreed and what happens under it: years, true savings, shocks, benchmark, arrangements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from simdce import calibration
from simdce.arrangements.elections import Elections
from simdce.scenario.tables import SD, Change, Line, Share, Table, as_tuple, whole


class Years(Table):
    """The calendar: baseline years, then gap years, then performance years."""

    first_performance_year: int = Field(2024, ge=2005, le=2036, description="calendar year of performance year 1")
    performance: Annotated[int, Field(ge=1, le=10)] = Field(3, description="number of performance years")
    baseline: Annotated[int, Field(ge=1, le=5)] = Field(3, description="number of baseline years")
    gap: Annotated[int, Field(ge=0, le=8)] = Field(0, description="years between baseline and performance years")

    @property
    def total(self) -> int:
        """Number of simulated years."""
        return self.baseline + self.gap + self.performance

    @property
    def labels(self) -> tuple[str, ...]:
        """BY1…, gap years GY1…, PY1…"""
        return tuple(
            f"{kind}{number + 1}"
            for kind, count in (("BY", self.baseline), ("GY", self.gap), ("PY", self.performance))
            for number in range(count)
        )

    @property
    def performance_years(self) -> tuple[int, ...]:
        """Calendar years of the performance years."""
        return tuple(range(self.first_performance_year, self.first_performance_year + self.performance))

    @property
    def performance_slice(self) -> slice:
        """Where the performance years stand among the simulated years."""
        return slice(self.baseline + self.gap, None)


class Savings(Table):
    """What care management really saves."""

    true: Change | Annotated[tuple[Change, ...], Field(min_length=1), BeforeValidator(as_tuple)] | None = Field(
        None,
        description="fraction of counted cost saved by performance year; one value, or a ramp whose last value stays",
    )

    def by_year(self, performance_years: int) -> tuple[float, ...]:
        """One value per performance year."""
        chosen = calibration.default("true_savings") if self.true is None else self.true
        ramp = (chosen,) if isinstance(chosen, float | int) else tuple(chosen)
        return tuple(ramp[min(year, len(ramp) - 1)] for year in range(performance_years))


class Shocks(Table):
    """What a larger panel does not average out: one draw per world (and year), the same for every panel size."""

    preset: Literal["forecast", "none"] = Field(
        "forecast", description="'forecast': calibrated standard deviations; 'none': sampling error alone"
    )
    annual_sd: SD | None = Field(None, description="ACO-specific shock to each performance year's cost, fraction")
    persistent_sd: SD | None = Field(
        None, description="mismatch of the benchmark that lasts the whole agreement, fraction"
    )
    trend_error_sd: SD | None = Field(
        None, description="national growth against its forecast, a year; touches prospective benchmarks only"
    )

    def sd(self, name: str) -> float:
        """The standard deviation in force: the user's, the calibrated one, or 0 under preset 'none'."""
        chosen = getattr(self, name)
        if chosen is not None:
            return float(chosen)
        calibrated = {"annual_sd": "annual_shock_sd", "persistent_sd": "persistent_mismatch_sd"}.get(name, name)
        return float(calibration.default(calibrated)) if self.preset == "forecast" else 0.0


class Benchmark(Table):
    """What CMS expected to spend; what is left out follows each arrangement's own rule."""

    weights: Annotated[tuple[Share, ...], BeforeValidator(as_tuple), AfterValidator(whole)] | None = Field(
        None, description="weights of the baseline years, oldest first, adding up to 1"
    )
    annual_trend: Change | None = Field(None, description="growth of cost per person-year; sets the level of dollars")
    to_own_history: Annotated[float, Field(gt=0.2, lt=5.0)] = Field(
        1.0,
        description="a published benchmark in units of the panel's own weighted history, whatever made them differ "
        "(region, prior savings, limits); regional_weight = 0 beside it counts nothing twice",
    )
    regional_weight: Share | None = Field(None, description="weight of the regional rate in the benchmark")
    regional_to_own_cost: Annotated[float, Field(gt=0.2, lt=5.0)] = Field(
        1.0, description="regional risk-adjusted cost in units of the panel's own expected cost"
    )
    discount: Change | None = Field(None, description="fraction taken off the benchmark")
    risk_adjustment: bool | None = Field(
        None, description="false leaves risk scores out of every benchmark; default: each arrangement's own rule"
    )
    prior_savings: Change = Field(
        0.0,
        description="benchmark less expenditure over benchmark in the baseline years, where an earlier agreement"
        " covered them; part of it is given back by arrangements with a prior savings adjustment",
    )


class Observed(Table):
    """What CMS published of a performance year that has happened, to stand beside the simulated law."""

    year: int = Field(description="calendar year, one of the performance years")
    benchmark: Annotated[float, Field(ge=1.0, le=1e12)] = Field(description="dollars of the year")
    expenditure: Annotated[float, Field(ge=1.0, le=1e12)] = Field(description="counted dollars of the year")
    payment: Annotated[float, Field(ge=-1e12, le=1e12)] | None = Field(
        None, description="dollars earned, negative when owed"
    )
    source: Line | None = Field(None, max_length=200, description="where the figures stand")

    @property
    def savings_rate(self) -> float:
        """Measured savings, fraction of benchmark."""
        return 1.0 - self.expenditure / self.benchmark


class ArrangementChoice(Table):
    """One arrangement to settle under, with its elections."""

    name: str = Field(description="an arrangement of `simdce arrangements`")
    label: Line | None = Field(None, max_length=60, description="how results call it; default: its name")
    elections: Elections = Field(Elections(), description="what the ACO chose, and its quality")

    @property
    def key(self) -> str:
        """How results call it."""
        return self.label or self.name
