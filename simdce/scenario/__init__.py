"""A TOML file becomes one frozen, validated Scenario, or an error naming file, key, value, what is allowed.

Every key has a unit in its description (``simdce schema`` prints them); what is left out takes a calibrated default,
whose source and confidence ``simdce check`` shows. Rates and shares are fractions, money is dollars.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from math import fsum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from simdce import arrangements, calibration
from simdce.errors import InputError
from simdce.scenario.cash import Advance, Cash, check_cash
from simdce.scenario.consistency import check_arrangement, check_tables
from simdce.scenario.contract import ArrangementChoice, Benchmark, Observed, Savings, Shocks, Years
from simdce.scenario.decision import Decision, check_decision
from simdce.scenario.growth import Growth, check_growth
from simdce.scenario.people import (
    CalibratedCost,
    CategoryCost,
    Cost,
    EmpiricalCost,
    GammaCost,
    LognormalCost,
    Panel,
    Persistence,
    RiskScores,
    StopLossDesign,
    Truncation,
    Turnover,
)
from simdce.scenario.practice import PracticeInPool, TierChoice, check_practice
from simdce.scenario.questions import Questions, ViabilityCondition
from simdce.scenario.security import InstrumentChoice, Security
from simdce.scenario.tables import Line, Table, as_tuple
from simdce.validation import first_problem

__all__ = [
    "Advance",
    "ArrangementChoice",
    "Benchmark",
    "CalibratedCost",
    "Cash",
    "CategoryCost",
    "Decision",
    "EmpiricalCost",
    "GammaCost",
    "Growth",
    "InstrumentChoice",
    "LognormalCost",
    "Observed",
    "Panel",
    "PracticeInPool",
    "Scenario",
    "Security",
    "TierChoice",
    "ViabilityCondition",
    "build_scenario",
    "read_scenario",
    "schema",
]

MOST_BYTES = 1_000_000
OPTIONAL_TABLES = ("cash", "security", "growth", "decision")
LONGEST_LINE = 10_000  # a key of very many parts would take memory by the square of their number


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
    risk_scores: RiskScores = Field(RiskScores(), description="what risk scores know and how fast they grow")
    stop_loss: StopLossDesign = Field(StopLossDesign(), description="what stop-loss pays where it is elected")
    savings: Savings = Field(Savings(), description="what care management really saves")
    shocks: Shocks = Field(Shocks(), description="what a larger panel does not average out")
    benchmark: Benchmark = Field(Benchmark(), description="what replaces the arrangements' own benchmark rules")
    arrangements: Annotated[tuple[ArrangementChoice, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1, description="the contracts to settle under, each on the same worlds"
    )
    observed: Annotated[tuple[Observed, ...], BeforeValidator(as_tuple)] = Field(
        (), description="what really happened in performance years, to stand beside the law"
    )
    practice: PracticeInPool | None = Field(None, description="a practice inside the pool, and what it may sign")
    cash: Cash | None = Field(None, description="what care management costs and when money moves")
    security: Security | None = Field(None, description="what is held against losses, and what holding it costs")
    growth: Growth | None = Field(None, description="paths of the panel, and plans to grow")
    decision: Decision | None = Field(None, description="the rule by which it is decided whether to join")
    questions: Questions = Field(Questions(), description="what to answer beside the law of each payment")

    @model_serializer(mode="wrap")
    def _without_empty_tables(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A scenario without one of these tables is written, and has the digest, as before they existed."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if value is not None or name not in OPTIONAL_TABLES}

    @property
    def mix(self) -> dict[str, float]:
        """Share of each category, in the order of the categories; the user's or that of ACOs in the price year."""
        chosen: Any = self.panel.mix or calibration.default("mix", self.panel.price_year)
        total = fsum(chosen.values())
        return {name: float(chosen.get(name, 0.0)) / total for name in calibration.CATEGORIES}

    @property
    def elects_stop_loss(self) -> bool:
        """Whether any arrangement elects stop-loss in any performance year."""
        years = self.years.performance_years
        return any(
            any(arrangements.load(choice.name).in_force(years, choice.elections).elected("stop_loss"))
            for choice in self.arrangements
        )

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
        check_tables(scenario)
        check_practice(scenario)
        check_cash(scenario)
        check_growth(scenario)
        check_decision(scenario)
        for number, choice in enumerate(scenario.arrangements):
            check_arrangement(scenario, choice, number)
    except InputError as error:
        raise error.within(where) from error
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


def _digest_of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
