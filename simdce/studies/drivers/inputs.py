"""The inputs of a scenario that could be otherwise: in plain words, how far, and what the scenario is then.

Ends come from ``drivers.toml``: lowest, usual and highest value of what is known. An input is moved from where the
scenario has it by the distance from the usual value to either end (panel size and spread of cost by their ratio),
whether the user stated it or it is calibrated. Elections are moved to every choice that the arrangement offers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from simdce import calibration
from simdce.population import causes
from simdce.scenario import ArrangementChoice, Scenario
from simdce.scenario.contract import Savings
from simdce.scenario.tables import LARGEST_PANEL
from simdce.sourced import Term, read_terms, read_toml
from simdce.studies.cost_spread import has_spread, spread_scaled
from simdce.studies.drivers.words import give_or_take, people, plain, share, times
from simdce.studies.exact_size import input_ranges

Value = float | str | bool

_FILE = Path(__file__).with_name("drivers.toml")

_KEYS: tuple[tuple[str, str, str, str, Callable[[float], str]], ...] = (
    ("benchmark", "regional_to_own_cost", "regional_to_own_cost", "neighbours' cost, own people's being 100%", share),
    ("shocks", "annual_sd", "annual_shock_sd", "ups and downs of a year that no size averages out", give_or_take),
    ("shocks", "persistent_sd", "persistent_mismatch_sd", "how far off the benchmark may lie for good", give_or_take),
    ("shocks", "trend_error_sd", "trend_error_sd", "how far off the forecast of national cost may lie", give_or_take),
    ("turnover", "annual", "annual_turnover", "people replaced each year", share),
    ("persistence", "lag_1_correlation", "lag_1_correlation", "how much of a person's cost lasts a year", plain),
    ("risk_scores", "coding_growth", "coding_growth", "growth of risk scores by coding, a year", share),
    ("risk_scores", "demographic_growth", "demographic_growth", "growth of risk scores by age, a year", share),
)
"""Table and key of the scenario, name, plain words, and how a value is told."""

_DECIMALS = 12
"""Of an end, so that the sum of three decimal numbers is one."""

FEWEST = 100
"""People of the smallest panel that a scenario may have."""


@dataclass(frozen=True)
class Asked:
    """Whose payment: a contract's at a panel size, or, with ``tier``, that of a practice of so many people."""

    scenario: Scenario
    arrangement: str
    people: int
    tier: str | None = None

    @property
    def choice(self) -> ArrangementChoice:
        """The arrangement as the scenario elects it."""
        return next(choice for choice in self.scenario.arrangements if choice.key == self.arrangement)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The panels that must be simulated: a practice needs its pool."""
        return (self.people,) if self.tier is None else (self.people, self.scenario.panel.sizes[-1])


@dataclass(frozen=True)
class Input:
    """One input: where it is, how far it could plausibly lie, and what is asked with another value.

    ``ends``: plausible low and high; ``bounds``: beyond them no scenario exists. ``options``: of a choice all of them,
    else none. ``stated``: by the user, not calibrated. ``told``: a value in plain words.
    """

    name: str
    spoken: str
    unit: str
    base: Value
    ends: tuple[Value, Value]
    changed: Callable[[Any], Asked]
    told: Callable[[Any], str]
    source: str
    confidence: str
    stated: bool
    bounds: tuple[float, float] = (-np.inf, np.inf)
    options: tuple[Value, ...] = ()


@cache
def ranges() -> dict[str, Term]:
    """Lowest, usual and highest value of every input by name, with their sources."""
    return read_terms(read_toml(_FILE), _FILE.name)


def plausible(name: str) -> tuple[float, float, float]:
    """Lowest, usual and highest value of an input."""
    if name == "annual_shock_sd":
        low, high = input_ranges()[name].at().value
        return low, calibration.default(name), high
    low, usual, high = ranges()[name].at().value
    return low, usual, high


def numbers(asked: Asked) -> Iterator[Input]:
    """Every input that is a number, read by the arrangement or not."""
    scenario = asked.scenario
    yield from _savings(asked)
    for table, key, name, spoken, told in _KEYS:
        written = getattr(scenario, table)
        stated = key in written.model_fields_set and getattr(written, key) is not None
        base = scenario.shocks.sd(key) if table == "shocks" else getattr(written, key)
        usual = plausible(name)[1] if table == "persistence" else calibration.default(name) if base is None else base
        yield _moved(
            name,
            spoken,
            usual if base is None else base,
            _within(asked, table, key),
            told,
            _bounds(asked, name),
            stated,
        )
    if has_spread(scenario):
        yield _moved(
            "cost_spread",
            "how unequal people's costs are",
            1.0,
            lambda factor: replace(asked, scenario=spread_scaled(scenario, factor)),
            times,
            (0.5, 2.0),
            False,
        )
    yield _size(asked)
    own = scenario.practice
    if asked.tier is not None and own is not None:
        yield _moved(
            "practice_quality_score",
            "quality score of the practice",
            own.quality_score,
            _within(asked, "practice", "quality_score"),
            share,
            (0.0, 1.0),
            "quality_score" in own.model_fields_set,
            like="quality_score",
        )


def moved_ends(name: str, base: float, bounds: tuple[float, float]) -> tuple[float, float]:
    """Where an input could plausibly lie: as far from ``base`` as the ends are from the usual value."""
    low, usual, high = plausible(name)
    ends = np.clip(np.round([base + low - usual, base + high - usual], _DECIMALS), *bounds)
    return float(min(ends[0], base)), float(max(ends[1], base))


def _moved(
    name: str,
    spoken: str,
    base: float,
    changed: Callable[[float], Asked],
    told: Callable[[float], str],
    bounds: tuple[float, float],
    stated: bool,
    like: str = "",
) -> Input:
    term = (input_ranges() if name == "annual_shock_sd" else ranges())[like or name].at()
    ends = moved_ends(like or name, base, bounds)
    unit = term.unit.partition(": lowest")[0].partition(", lowest")[0]
    return Input(name, spoken, unit, base, ends, changed, told, term.source, term.confidence, stated, bounds)


def _savings(asked: Asked) -> Iterator[Input]:
    """True savings, all performance years moved alike; of the pool and the practice where they differ."""
    scenario, practice = asked.scenario, asked.scenario.practice
    apart = practice is not None and practice.true_savings is not None and asked.tier is not None
    spoken = "what care management really saves"
    pool = f"{spoken}, whole pool" if apart else spoken
    places = [("true_savings", pool, scenario.savings, "savings", "true")]
    if apart and practice is not None:
        own = Savings(true=practice.true_savings)
        places.append(
            ("practice_true_savings", f"{spoken}, the practice's own people", own, "practice", "true_savings")
        )
    for name, words, savings, table, key in places:
        ramp = np.array(savings.by_year(scenario.years.performance))
        average = float(ramp.mean())

        def changed(value: float, ramp: Any = ramp, average: float = average, at: Any = (table, key)) -> Asked:
            return _within(asked, *at)(tuple(float(saved) for saved in np.clip(ramp + (value - average), -0.99, 0.99)))

        stated = getattr(getattr(scenario, table), key) is not None
        yield _moved(name, words, average, changed, share, (-0.5, 0.5), stated, like="true_savings")


def _size(asked: Asked) -> Input:
    """Half and double the people; a practice cannot outgrow its pool."""
    people_now, term = asked.people, ranges()["panel_size"].at()
    low, usual, high = term.value
    most = LARGEST_PANEL if asked.tier is None else asked.scenario.panel.sizes[-1] - 1
    ends = (max(FEWEST, round(people_now * low / usual)), min(most, round(people_now * high / usual)))
    return Input(
        "panel_size",
        "number of people",
        "people",
        people_now,
        ends,
        lambda size: replace(asked, people=round(size)),
        people,
        term.source,
        term.confidence,
        True,
        (FEWEST, most),
    )


def _within(asked: Asked, table: str, key: str) -> Callable[[Any], Asked]:
    """What changes one key of one table of the scenario."""

    def changed(value: Any) -> Asked:
        written = getattr(asked.scenario, table).model_copy(update={key: value})
        return replace(asked, scenario=asked.scenario.model_copy(update={table: written}))

    return changed


def _bounds(asked: Asked, name: str) -> tuple[float, float]:
    if name == "annual_turnover":
        return causes(asked.scenario)["death"] + 1e-4, 1.0
    return {
        "regional_to_own_cost": (0.21, 4.99),
        "lag_1_correlation": (0.0, 0.9),
        "coding_growth": (-0.2, 0.2),
        "demographic_growth": (-0.2, 0.2),
    }.get(name, (0.0, 0.1))
