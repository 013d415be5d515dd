"""A TOML file becomes one frozen, validated Scenario, or an error naming file, key, value, what is allowed.

Every key has a unit in its description (``simdce schema`` prints them); what is left out takes a calibrated default,
whose source and confidence ``simdce check`` shows. Rates and shares are fractions, money is dollars.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from simdce import arrangements, calibration
from simdce.arrangements.elections import Elections
from simdce.errors import InputError
from simdce.validation import first_problem

LARGEST_PANEL = 10_000_000
MOST_BYTES = 1_000_000


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Share = Annotated[float, Field(ge=0.0, le=1.0)]
Chance = Annotated[float, Field(gt=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Change = Annotated[float, Field(gt=-1.0, lt=1.0)]
Size = Annotated[int, Field(ge=100, le=LARGEST_PANEL)]
Category = Literal["esrd", "disabled", "aged_dual", "aged_non_dual"]


class Table(BaseModel):
    """A table of the scenario file: strict (no text for numbers, no NaN), closed (no unknown key), frozen."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Panel(Table):
    """Who is aligned: how many people, of which category, in which year's dollars."""

    sizes: Annotated[tuple[Size, ...], BeforeValidator(_as_tuple)] = Field(
        min_length=1, description="people aligned to the panel; several sizes are nested panels of the same world"
    )
    price_year: int = Field(2024, description="calendar year of the calibrated cost level and category mix (2014-2024)")
    mix: dict[Category, Share] | None = Field(
        None, description="share of each entitlement category, adding up to 1; default: ACOs of the price year"
    )

    @model_validator(mode="after")
    def _check(self) -> Panel:
        if list(self.sizes) != sorted(set(self.sizes)):
            raise ValueError("panel sizes must rise and differ")
        if self.mix is not None and abs(sum(self.mix.values()) - 1.0) > 1e-6:
            raise ValueError(f"shares of the mix must add up to 1, these add up to {sum(self.mix.values()):.6g}")
        calibration.sourced("mix", self.price_year)
        return self


class CalibratedCost(Table):
    """The calibrated law of a category, at its own or the user's mean."""

    law: Literal["calibrated"]
    mean: Positive | None = Field(None, description="dollars per person-year, untruncated")


class LognormalCost(Table):
    """One lognormal beside people without cost."""

    law: Literal["lognormal"]
    mean: Positive = Field(description="dollars per person-year, untruncated, everybody included")
    cv: Positive = Field(description="standard deviation / mean over everybody")
    zero_share: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.0, description="share of people without cost")


class GammaCost(Table):
    """One gamma beside people without cost."""

    law: Literal["gamma"]
    mean: Positive = Field(description="dollars per person-year, untruncated, everybody included")
    cv: Positive = Field(description="standard deviation / mean over everybody")
    zero_share: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.0, description="share of people without cost")


class MixtureCost(Table):
    """Lognormals beside people without cost (the weights may add up to less than 1)."""

    law: Literal["mixture"]
    weights: Annotated[tuple[Share, ...], BeforeValidator(_as_tuple)] = Field(
        min_length=1, description="share of people"
    )
    means: Annotated[tuple[Positive, ...], BeforeValidator(_as_tuple)] = Field(description="dollars per person-year")
    log_sds: Annotated[tuple[Positive, ...], BeforeValidator(_as_tuple)] = Field(description="sd of the log of dollars")

    @model_validator(mode="after")
    def _check(self) -> MixtureCost:
        if not len(self.weights) == len(self.means) == len(self.log_sds):
            raise ValueError("weights, means and log_sds need the same number of entries")
        if not 0 < sum(self.weights) <= 1 + 1e-9:
            raise ValueError(f"weights must add up to at most 1 and more than 0, not to {sum(self.weights):.6g}")
        return self


class EmpiricalCost(Table):
    """The user's own people, one row each."""

    law: Literal["empirical"]
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

    esrd: CategoryCost | None = None
    disabled: CategoryCost | None = None
    aged_dual: CategoryCost | None = None
    aged_non_dual: CategoryCost | None = None
    level: Positive = Field(1.0, description="multiplier of every category's cost")
    catastrophic: Catastrophic = Catastrophic()


class Persistence(Table):
    """How much of a person's cost lasts; what is left out is calibrated by category."""

    lag_1_correlation: Annotated[float, Field(ge=0.0, lt=0.95)] | None = Field(
        None, description="correlation of a person's cost with next year's"
    )
    class_kept: Annotated[float, Field(ge=0.0, le=0.99)] | None = Field(
        None, description="chance of keeping the health class into the next year; lag-2 over lag-1 correlation"
    )


class Causes(Table):
    """Why survivors leave; only the proportions matter."""

    medicare_advantage: Annotated[float, Field(ge=0.0)] = 0.040
    moved_or_ineligible: Annotated[float, Field(ge=0.0)] = 0.016
    provider_left: Annotated[float, Field(ge=0.0)] = 0.050
    lost_plurality: Annotated[float, Field(ge=0.0)] = 0.100

    @model_validator(mode="after")
    def _check(self) -> Causes:
        if sum(dict(self).values()) <= 0:
            raise ValueError("at least one cause of leaving must be above 0")
        return self


class Turnover(Table):
    """Who leaves, dies and joins each year; every slot is filled again."""

    annual: Share | None = Field(None, description="share of the panel replaced each year, deaths included")
    causes: Causes | None = Field(None, description="split of leaving other than by death")
    mortality: dict[Category, Share] | None = Field(None, description="deaths per person and year by category")
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
    dollars: Positive | dict[Category, Positive] | None = Field(
        None, description="dollars a calendar year at the price year, one amount or one by category"
    )

    @model_validator(mode="after")
    def _check(self) -> Truncation:
        if self.percentile is not None and self.dollars is not None:
            raise ValueError("give either percentile or dollars")
        return self


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

    true: Change | Annotated[tuple[Change, ...], BeforeValidator(_as_tuple)] | None = Field(
        None,
        description="fraction of counted cost saved by performance year; one value, or a ramp whose last value stays",
    )

    @model_validator(mode="after")
    def _check(self) -> Savings:
        if self.true == ():
            raise ValueError("a ramp needs at least one value")
        return self

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
    annual_sd: Annotated[float, Field(ge=0.0, lt=0.2)] | None = Field(
        None, description="ACO-specific shock to each performance year's cost, fraction"
    )
    persistent_sd: Annotated[float, Field(ge=0.0, lt=0.2)] | None = Field(
        None, description="mismatch of the benchmark that lasts the whole agreement, fraction"
    )
    trend_error_sd: Annotated[float, Field(ge=0.0, lt=0.2)] | None = Field(
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

    weights: Annotated[tuple[Share, ...], BeforeValidator(_as_tuple)] | None = Field(
        None, description="weights of the baseline years, oldest first, adding up to 1"
    )
    annual_trend: Change | None = Field(None, description="growth of cost per person-year; sets the level of dollars")
    regional_weight: Share | None = Field(None, description="weight of the regional rate in the benchmark")
    regional_to_own_cost: Annotated[float, Field(gt=0.2, lt=5.0)] = Field(
        1.0, description="regional risk-adjusted cost in units of the panel's own expected cost"
    )
    discount: Change | None = Field(None, description="fraction taken off the benchmark")

    @model_validator(mode="after")
    def _check(self) -> Benchmark:
        if self.weights is not None and abs(sum(self.weights) - 1.0) > 1e-6:
            raise ValueError(f"weights must add up to 1, these add up to {sum(self.weights):.6g}")
        return self


class ArrangementChoice(Table):
    """One arrangement to settle under, with its elections."""

    name: str = Field(description="an arrangement of `simdce arrangements`")
    label: str | None = Field(None, max_length=60, description="how results call it; default: its name")
    elections: Elections = Elections()

    @property
    def key(self) -> str:
        """How results call it."""
        return self.label or self.name


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

    confidences: Annotated[tuple[Chance, ...], BeforeValidator(_as_tuple)] = (0.90, 0.95, 0.99, 0.995)


class Questions(Table):
    """What the run answers beside the law of each payment."""

    viability: Annotated[tuple[ViabilityCondition, ...], BeforeValidator(_as_tuple)] = (
        ViabilityCondition(outcome="paid", true_savings=0.03, at_least=0.80),
        ViabilityCondition(outcome="owing", true_savings=0.0, at_most=0.05),
    )
    repayment: RepaymentQuestion = RepaymentQuestion()


class Scenario(Table):
    """A whole question: the panel, its people, its contract, and how many worlds to try it in."""

    title: str = Field(min_length=1, max_length=120)
    description: str = Field("", max_length=4000)
    worlds: Annotated[int, Field(ge=100, le=10_000_000)] = Field(10_000, description="simulated replicates of reality")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(1, description="same scenario and seed, same bits")
    panel: Panel
    years: Years = Years()
    cost: Cost = Cost()
    persistence: Persistence = Persistence()
    turnover: Turnover = Turnover()
    truncation: Truncation = Truncation()
    savings: Savings = Savings()
    shocks: Shocks = Shocks()
    benchmark: Benchmark = Benchmark()
    arrangements: Annotated[tuple[ArrangementChoice, ...], BeforeValidator(_as_tuple)] = Field(min_length=1)
    questions: Questions = Questions()

    @model_validator(mode="after")
    def _check(self) -> Scenario:
        keys = [choice.key for choice in self.arrangements]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"two arrangements are called {', '.join(twice)}: give each its own label")
        if self.benchmark.weights is not None and len(self.benchmark.weights) != self.years.baseline:
            raise ValueError("benchmark.weights needs one weight per baseline year")
        return self

    @property
    def mix(self) -> dict[str, float]:
        """Share of each category, in the order of the categories; the user's or that of ACOs in the price year."""
        chosen: Any = self.panel.mix or calibration.default("mix", self.panel.price_year)
        total = sum(chosen.values())
        return {name: float(chosen.get(name, 0.0)) / total for name in calibration.CATEGORIES}

    @property
    def digest(self) -> str:
        """SHA-256 of everything that determines the simulated totals and the settlements."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def read_scenario(path: str | Path, changes: Mapping[str, Any] | None = None) -> Scenario:
    """The scenario of a TOML file, with top-level ``changes`` (worlds, seed) in place of what it says.

    Raises InputError naming file, key, value, what is allowed and the nearest key. A cost file is looked for beside
    the scenario file and read when the scenario is simulated.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            raise InputError("too large for a scenario", where=str(path), allowed=f"at most {MOST_BYTES:,} bytes")
        written = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not a UTF-8 text file", where=str(path)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"is not valid TOML: {error}", where=str(path)) from error
    scenario = build_scenario({**written, **(changes or {})}, where=str(path))
    return scenario.model_copy(update={"cost": _beside(scenario.cost, path.parent)})


def build_scenario(written: Mapping[str, Any], where: str = "scenario") -> Scenario:
    """The scenario of a mapping as a TOML file would give it; raises InputError like read_scenario."""
    try:
        scenario = Scenario(**written)
    except ValidationError as error:
        raise first_problem(error, Scenario, where) from error
    except InputError as error:
        raise InputError(str(error), where=where) from error
    for number, choice in enumerate(scenario.arrangements, start=1):
        try:
            arrangements.load(choice.name).resolve(scenario.years.performance_years, choice.elections)
        except InputError as error:
            raise InputError(str(error), where=where, key=f"arrangements[{number}]") from error
    return scenario


def schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file."""
    return Scenario.model_json_schema()


def _beside(cost: Cost, folder: Path) -> Cost:
    """Cost files as paths from the scenario's own folder."""
    found = {
        name: law.model_copy(update={"file": str(folder / law.file)})
        for name, law in cost
        if isinstance(law, EmpiricalCost)
    }
    return cost.model_copy(update=found)
