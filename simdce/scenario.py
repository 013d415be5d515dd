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

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from simdce import arrangements, calibration
from simdce.arrangements.elections import Elections
from simdce.errors import InputError
from simdce.validation import first_problem

LARGEST_PANEL = 10_000_000
MOST_BYTES = 1_000_000
LONGEST_LINE = 10_000  # a key of very many parts would take memory by the square of their number
MOST_TOTALS = 100_000_000
"""Worlds x panel sizes x years: about 11 GB of totals."""


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _rising(values: tuple[float, ...]) -> tuple[float, ...]:
    if list(values) != sorted(set(values)):
        raise ValueError("these must rise, none twice")
    return values


def _whole(shares: Any) -> Any:
    """Shares, in a list or a table, that add up to 1; nothing at all when left out."""
    total = 1.0 if shares is None else sum(shares.values() if isinstance(shares, dict) else shares)
    if abs(total - 1.0) > 1e-6:
        raise ValueError(f"these add up to {total:.6g}, not to 1")
    return shares


def _calibrated(year: int) -> int:
    calibration.sourced("mix", year)
    return year


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("one line without control characters, please")
    return text


Line = Annotated[str, Field(min_length=1), AfterValidator(_one_line)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
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


class Panel(Table):
    """Who is aligned: how many people, of which category, in which year's dollars."""

    sizes: Annotated[tuple[Size, ...], BeforeValidator(_as_tuple), AfterValidator(_rising)] = Field(
        min_length=1, description="people aligned to the panel; several sizes are nested panels of the same world"
    )
    price_year: Annotated[int, AfterValidator(_calibrated)] = Field(
        2024, description="calendar year of the calibrated cost level and category mix (2014-2024)"
    )
    mix: Annotated[dict[Category, Share] | None, AfterValidator(_whole)] = Field(
        None, description="share of each entitlement category, adding up to 1; default: ACOs of the price year"
    )


class CalibratedCost(Table):
    """The calibrated law of a category, at its own or the user's mean."""

    law: Literal["calibrated"] = Field(description="the calibrated law of the category")
    mean: Positive | None = Field(None, description="dollars per person-year, untruncated")


class LognormalCost(Table):
    """One lognormal beside people without cost."""

    law: Literal["lognormal"] = Field(description="one lognormal")
    mean: Positive = Field(description="dollars per person-year, untruncated, everybody included")
    cv: Positive = Field(description="standard deviation / mean over everybody")
    zero_share: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.0, description="share of people without cost")


class GammaCost(Table):
    """One gamma beside people without cost."""

    law: Literal["gamma"] = Field(description="one gamma")
    mean: Positive = Field(description="dollars per person-year, untruncated, everybody included")
    cv: Positive = Field(description="standard deviation / mean over everybody")
    zero_share: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.0, description="share of people without cost")


class MixtureCost(Table):
    """Lognormals beside people without cost (the weights may add up to less than 1)."""

    law: Literal["mixture"] = Field(description="several lognormals")
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
    level: Positive = Field(1.0, description="multiplier of every category's cost")
    catastrophic: Catastrophic = Field(Catastrophic(), description="knobs of the tail of claims")


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

    true: Change | Annotated[tuple[Change, ...], Field(min_length=1), BeforeValidator(_as_tuple)] | None = Field(
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

    weights: Annotated[tuple[Share, ...], BeforeValidator(_as_tuple), AfterValidator(_whole)] | None = Field(
        None, description="weights of the baseline years, oldest first, adding up to 1"
    )
    annual_trend: Change | None = Field(None, description="growth of cost per person-year; sets the level of dollars")
    regional_weight: Share | None = Field(None, description="weight of the regional rate in the benchmark")
    regional_to_own_cost: Annotated[float, Field(gt=0.2, lt=5.0)] = Field(
        1.0, description="regional risk-adjusted cost in units of the panel's own expected cost"
    )
    discount: Change | None = Field(None, description="fraction taken off the benchmark")


class ArrangementChoice(Table):
    """One arrangement to settle under, with its elections."""

    name: str = Field(description="an arrangement of `simdce arrangements`")
    label: Line | None = Field(None, max_length=60, description="how results call it; default: its name")
    elections: Elections = Field(Elections(), description="what the ACO chose, and its quality")

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

    confidences: Annotated[tuple[Chance, ...], BeforeValidator(_as_tuple), AfterValidator(_rising)] = Field(
        (0.90, 0.95, 0.99, 0.995), min_length=1, description="chances with which the amount set aside is to be enough"
    )


class Questions(Table):
    """What the run answers beside the law of each payment."""

    viability: Annotated[tuple[ViabilityCondition, ...], BeforeValidator(_as_tuple)] = Field(
        (
            ViabilityCondition(outcome="paid", true_savings=0.03, at_least=0.80),
            ViabilityCondition(outcome="owing", true_savings=0.0, at_most=0.05),
        ),
        description="from which panel size on each stated confidence holds",
    )
    repayment: RepaymentQuestion = Field(RepaymentQuestion(), description="how much to set aside for losses")


class Scenario(Table):
    """A whole question: the panel, its people, its contract, and how many worlds to try it in."""

    title: Line = Field(max_length=120, description="the question, in a line")
    description: str = Field("", max_length=4000, description="anything a reader should know")
    worlds: Annotated[int, Field(ge=100, le=10_000_000)] = Field(10_000, description="simulated replicates of reality")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(1, description="same scenario and seed, same bits")
    panel: Panel = Field(description="who is aligned")
    years: Years = Field(Years(), description="baseline, gap and performance years")
    cost: Cost = Field(Cost(), description="what a person-year costs")
    persistence: Persistence = Field(Persistence(), description="how much of a person's cost lasts")
    turnover: Turnover = Field(Turnover(), description="who leaves, dies and joins")
    truncation: Truncation = Field(Truncation(), description="where a person's counted cost is cut off")
    savings: Savings = Field(Savings(), description="what care management really saves")
    shocks: Shocks = Field(Shocks(), description="what a larger panel does not average out")
    benchmark: Benchmark = Field(Benchmark(), description="what replaces the arrangements' own benchmark rules")
    arrangements: Annotated[tuple[ArrangementChoice, ...], BeforeValidator(_as_tuple)] = Field(
        min_length=1, description="the contracts to settle under, each on the same worlds"
    )
    questions: Questions = Field(Questions(), description="what to answer beside the law of each payment")

    @property
    def mix(self) -> dict[str, float]:
        """Share of each category, in the order of the categories; the user's or that of ACOs in the price year."""
        chosen: Any = self.panel.mix or calibration.default("mix", self.panel.price_year)
        total = sum(chosen.values())
        return {name: float(chosen.get(name, 0.0)) / total for name in calibration.CATEGORIES}

    @property
    def digest(self) -> str:
        """SHA-256 of everything that determines the simulated totals and the settlements, content of cost files too.

        Raises InputError where a cost file cannot be read.
        """
        written = self.model_dump(mode="json")
        for name, law in self.cost:
            if isinstance(law, EmpiricalCost):
                written["cost"][name]["file"] = _digest_of_file(Path(law.file))
        return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()


def read_scenario(path: str | Path, changes: Mapping[str, Any] | None = None) -> Scenario:
    """The scenario of a TOML file, with top-level ``changes`` (worlds, seed) in place of what it says.

    Raises InputError naming file, key, value, what is allowed and the nearest key. A cost file is looked for beside
    the scenario file and read when the scenario is simulated.
    """
    path = Path(path)
    where = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=where) from error
    except UnicodeDecodeError as error:
        raise InputError("is not a UTF-8 text file", where=where) from error
    except ValueError as error:
        raise InputError(f"is not the name of a file: {error}", where=where) from error
    if len(raw) > MOST_BYTES:
        raise InputError("too large for a scenario", where=where, allowed=f"at most {MOST_BYTES:,} bytes")
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST_LINE:
            raise InputError(f"line {number} is too long", where=where, allowed=f"{LONGEST_LINE:,} characters")
    try:
        written = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not valid TOML: {error}", where=where) from error
    scenario = build_scenario({**written, **(changes or {})}, where=where)
    return scenario.model_copy(update={"cost": _beside(scenario.cost, path.parent)})


def build_scenario(written: Mapping[str, Any], where: str = "scenario") -> Scenario:
    """The scenario of a mapping as a TOML file would give it; raises InputError like read_scenario."""
    try:
        scenario = Scenario.model_validate(dict(written))
    except ValidationError as error:
        raise first_problem(error, Scenario, written, where) from error
    try:
        _check_tables_against_each_other(scenario)
        for number, choice in enumerate(scenario.arrangements):
            _check_arrangement(scenario, choice, number)
    except InputError as error:
        raise error.within(where) from error
    return scenario


def _check_tables_against_each_other(scenario: Scenario) -> None:
    """What no table can know alone; raises InputError with the key to change."""
    years, mix = scenario.years, scenario.mix
    sizes = len(scenario.panel.sizes)
    if scenario.worlds * sizes * years.total > MOST_TOTALS:
        most = f"at most {MOST_TOTALS // (sizes * years.total):,} for {sizes} panel sizes and {years.total} years"
        raise InputError("more than fit into memory", key="worlds", value=scenario.worlds, allowed=most)
    deaths = {**calibration.default("mortality"), **(scenario.turnover.mortality or {})}
    dying = sum(share * deaths[name] for name, share in mix.items())
    if scenario.turnover.annual is not None and scenario.turnover.annual < dying:
        least = f"at least {dying:.4g}, the share of this panel that dies"
        raise InputError("below deaths", key="turnover.annual", value=scenario.turnover.annual, allowed=least)
    dollars = scenario.truncation.dollars
    if isinstance(dollars, dict):
        for name in mix:
            if mix[name] > 0 and name not in dollars:
                raise InputError("an amount by category needs all of them", key=f"truncation.dollars.{name}")
    weights = scenario.benchmark.weights
    if weights is not None and len(weights) != years.baseline:
        raise InputError(
            "one weight for each baseline year, please",
            key="benchmark.weights",
            value=list(weights),
            allowed=f"{years.baseline} weights (years.baseline)",
        )


def _check_arrangement(scenario: Scenario, choice: ArrangementChoice, number: int) -> None:
    """That the arrangement exists, offers what is elected, and finds the baseline years it weighs."""
    key = f"arrangements[{number + 1}]"
    earlier = [other.key for other in scenario.arrangements[:number]]
    if choice.key in earlier:
        other = earlier.index(choice.key) + 1
        raise InputError(f"arrangements[{other}] has this name too", key=f"{key}.label", value=choice.key)
    try:
        rules = arrangements.load(choice.name)
    except InputError as error:
        raise error.within("", f"{key}.name") from error
    try:
        rules.resolve(scenario.years.performance_years, choice.elections)
        rule = rules.in_force(scenario.years.performance_years, choice.elections)
    except InputError as error:
        overridden = error.key in choice.elections.overrides
        raise error.within("", f"{key}.elections{'.overrides' if overridden else ''}") from error
    weights = rule.values("baseline_weights")[0]
    if scenario.benchmark.weights is None and scenario.years.baseline < len(weights):
        raise InputError(
            f"{choice.name} weighs {len(weights)} baseline years",
            key="years.baseline",
            value=scenario.years.baseline,
            allowed=f"{len(weights)} or more, or benchmark.weights of your own",
        )


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


def _digest_of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
