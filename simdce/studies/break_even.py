"""True savings at which a contract pays for itself, or pays as much as another: by simulation, and by its rule alone.

Benchmarks do not depend on what the performance years save, so the same worlds are settled again at every savings rate
tried; the expected payment is then a deterministic function of the rate, whose changes of sign are found on a grid and
closed in on between its points, with every shock of the scenario on, as in its payments. The error of a rate is that of
the payment there over its slope (delta method).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from simdce import arrangements, metrics
from simdce.benchmarking.chain import BenchmarkInputs, benchmark_dollars
from simdce.benchmarking.scores import RiskScores
from simdce.errors import InputError
from simdce.metrics import Estimate
from simdce.scenario import Scenario
from simdce.scenario.people import HealthEquity
from simdce.settlements import Experience, measured_against
from simdce.studies.payment import Lived
from simdce.wording import percent

FloatArray = NDArray[np.float64]
Pairs = Sequence[tuple[str, str]]

LARGEST_SAVINGS = 0.25
"""True savings are searched from 0 to this share of cost."""

ALWAYS, NEVER, ALIKE = "always", "never", "always alike"
"""In place of rates where no sign turns in all that is searched."""

_GRID = tuple(number / 100 for number in range(26))
_RULE_GRID = np.linspace(0.0, LARGEST_SAVINGS, 2501)
_PRECISION = 1e-6
_HALF_STEP = 0.005
"""For the slope: wide enough that single worlds at a gate do not make it."""
_ROUNDING = 1e-9
_NOTHING = 0.5
"""Expected dollars over the agreement that count as nought."""


@dataclass(frozen=True)
class Crossing:
    """A true savings rate (fraction, every performance year alike) at which the sign turns, upwards or downwards."""

    true_savings: Estimate
    upwards: bool


@dataclass(frozen=True)
class BreakEven:
    """Where the expected net payment over the agreement is nought, or as high as that of another arrangement.

    ``against``: the other arrangement, None for the payment alone. ``crossings`` in rising order; without one the sign
    is everywhere that of ``at_none``, the expected dollars (less those of the other) without true savings, or, where
    they are nought, that of ``at_most``, the same at the largest rate searched.
    """

    arrangement: str
    against: str | None
    panel_size: int
    crossings: tuple[Crossing, ...]
    at_none: Estimate
    at_most: Estimate

    @property
    def side(self) -> int:
        """The sign below the first crossing, or everywhere: 1 above nought (or the other), −1 below, 0 always alike."""
        if self.crossings:
            return -1 if self.crossings[0].upwards else 1
        return next((int(np.sign(end.value)) for end in (self.at_none, self.at_most) if abs(end.value) >= _NOTHING), 0)

    @property
    def text(self) -> str:
        """The true savings at which the payment (or difference) is positive: "above 9.86% ± 0.03%", ALWAYS, NEVER."""
        errors = [(each.true_savings.value, each.true_savings.standard_error) for each in self.crossings]
        return _spans([f"{percent(rate, error, 2)} ± {percent(error, error, 2)}" for rate, error in errors], self.side)


@dataclass(frozen=True)
class RuleBreakEven:
    """Savings (fraction of one undiscounted benchmark) at which two rules pay alike on it, chance left out.

    ``years``: calendar years, those simulated and, as far as both rules know their numbers, on to the end of the longer
    agreement. ``by_year``: the rates of each, rising, and whether the arrangement pays more above each. ``sides``: the
    sign of what it pays more below the first rate of each year, or everywhere; 0 where always alike.
    """

    arrangement: str
    against: str
    panel_size: int
    years: tuple[int, ...]
    by_year: tuple[tuple[tuple[float, bool], ...], ...]
    sides: tuple[int, ...]

    @property
    def text(self) -> str:
        """The savings at which it pays more; where years differ, in the first and in the one from which it stays."""
        told = [
            _spans([f"{100 * rate:.2f}".rstrip("0").rstrip(".") + "%" for rate, _ in rates], side)
            for rates, side in zip(self.by_year, self.sides, strict=True)
        ]
        if len(set(told)) == 1:
            return told[0]
        settled = next(place for place in range(len(told)) if set(told[place:]) == {told[-1]})
        return f"{told[0]} in {self.years[0]}, {told[-1]} in {self.years[settled]}"


@dataclass(frozen=True)
class SavingsCurves:
    """Expected net payment over the agreement (dollars) by true savings: of each arrangement, and less the other's."""

    panel_size: int
    savings: tuple[float, ...]
    net: dict[str, tuple[Estimate, ...]]
    difference: dict[str, tuple[Estimate, ...]]


def _spans(rates: Sequence[str], side: int) -> str:
    """Where something is positive, from the rates at which its sign turns and its sign below the first."""
    if not rates:
        return {1: ALWAYS, -1: NEVER, 0: ALIKE}[side]
    told = [f"below {rates[0]}"] if side > 0 else []
    turns = rates[1:] if side > 0 else rates
    told += [f"from {low} to {high}" for low, high in zip(turns[::2], turns[1::2], strict=False)]
    if len(turns) % 2:
        told.append(f"above {turns[-1]}")
    return " and ".join(told)


def break_evens(lived: Lived, pairs: Pairs, against: str) -> tuple[list[BreakEven], SavingsCurves]:
    """Break-evens of every arrangement alone and of every pair, and the curves, on the worlds of ``lived``."""
    keys = [choice.key for choice in lived.scenario.arrangements]
    grid: dict[tuple[str, str | None], list[Estimate]] = {}
    net: dict[str, list[Estimate]] = {key: [] for key in keys}
    for saved in _GRID:  # one rate at a time: the worlds of all rates together would not fit
        paid = {key: _net(lived, key, saved) for key in keys}
        for key in keys:
            net[key].append(metrics.mean(paid[key]))
        for one, other in pairs:
            grid.setdefault((one, other), []).append(metrics.mean(paid[one] - paid[other]))
    grid = {**{(key, None): net[key] for key in keys}, **grid}

    @cache
    def mean(key: str, saved: float) -> float:
        return float(_net(lived, key, saved).mean())

    def expected(one: str, other: str | None) -> Callable[[float], float]:
        return lambda saved: mean(one, saved) - (0.0 if other is None else mean(other, saved))

    found = [
        BreakEven(
            one,
            other,
            lived.panel_size,
            tuple(_crossings(lived, one, other, expected(one, other), margins)),
            margins[0],
            margins[-1],
        )
        for (one, other), margins in grid.items()
    ]
    apart = {one: tuple(margins) for (one, other), margins in grid.items() if other == against}
    return found, SavingsCurves(lived.panel_size, _GRID, {key: tuple(net[key]) for key in keys}, apart)


def _crossings(
    lived: Lived, one: str, other: str | None, expected: Callable[[float], float], margins: list[Estimate]
) -> Iterator[Crossing]:
    values = np.array([margin.value for margin in margins])
    for low, high in sign_changes(np.where(np.abs(values) < _NOTHING, 0.0, values)):
        rate = float(brentq(expected, _GRID[low], _GRID[high], xtol=_PRECISION))
        more = _net(lived, one, rate) - (0.0 if other is None else _net(lived, other, rate))
        slope = (expected(rate + _HALF_STEP) - expected(rate - _HALF_STEP)) / (2.0 * _HALF_STEP)
        error = metrics.mean(more).standard_error / abs(slope) if slope != 0 else float("nan")
        yield Crossing(Estimate(rate, error), bool(values[high] > 0))


def sign_changes(values: FloatArray) -> list[tuple[int, int]]:
    """Neighbouring places, noughts left out, between which the sign turns."""
    places = np.flatnonzero(values)
    return [(int(low), int(high)) for low, high in pairwise(places) if values[low] * values[high] < 0]


def _net(lived: Lived, key: str, true_savings: float) -> FloatArray:
    """Net payment over the agreement of every world at a true savings rate held in all its years."""
    total: FloatArray = lived.settled(key, true_savings)[0].net.sum(axis=1)
    return total


def rule_break_evens(scenario: Scenario, panel_size: int, pairs: Pairs) -> list[RuleBreakEven]:
    """Where the rules of each pair pay alike on equal undiscounted benchmarks, year by year of the agreement.

    The benchmarks have no regional part, no error of trend and no luck; what a rule takes off its own benchmark
    (discount, withholds, add-ons) and the elections of the scenario stay. Rates lie on the line between
    neighbours a hundredth of a percent apart: exact where the rules are linear there.
    """
    paid = cache(lambda key, years: paid_by_rule(scenario, key, panel_size, _RULE_GRID, years))
    found = []
    for one, other in pairs:
        years = _agreement(scenario, one, other)
        try:
            margin = paid(one, years) - paid(other, years)
        except InputError:  # a number of a later year is not known, or a list elects for the years simulated
            years = scenario.years.performance_years
            margin = paid(one, years) - paid(other, years)
        known = np.where(np.abs(margin) < _ROUNDING, 0.0, margin).T
        sides = tuple(next((int(np.sign(more)) for more in year if more != 0), 0) for year in known)
        found.append(RuleBreakEven(one, other, panel_size, years, tuple(_rates(year) for year in known), sides))
    return found


def _agreement(scenario: Scenario, *keys: str) -> tuple[int, ...]:
    """The calendar years simulated and those after them to the end of the longest agreement, while all are in force."""
    first, last = scenario.years.performance_years[0], scenario.years.performance_years[-1]
    ends, limits = [], []
    for choice in scenario.arrangements:
        if choice.key in keys:
            rules = arrangements.load(choice.name)
            start = choice.elections.agreement_start or first
            ends.append(start + rules.agreement_years - 1)
            limits += [] if rules.last_year is None else [rules.last_year]
    return tuple(range(first, max(last, min([max(ends), *limits])) + 1))


def paid_by_rule(
    scenario: Scenario, key: str, panel_size: int, savings: FloatArray, years: tuple[int, ...]
) -> FloatArray:
    """Net payment as a fraction of the undiscounted benchmark at each savings rate; (rate, calendar year)."""
    choice = next(choice for choice in scenario.arrangements if choice.key == key)
    rules = arrangements.load(choice.name)
    rule = rules.in_force(years, choice.elections)
    count, people = len(years), float(panel_size)
    ones = np.ones((1, 1, scenario.years.baseline))
    inputs = BenchmarkInputs(
        baseline_per_capita=1e4 * ones,
        person_years=np.full((1, 1, count), people),
        scores=RiskScores.stable(scenario.years.baseline, count),
        expected_per_capita=np.array([1e4]),
        price_level=np.ones(count),
        trend_error=np.zeros((1, count)),
        mismatch=np.zeros(1),
    )
    alike = {"regional_to_own_cost": 1.0, "prior_savings": 0.0, "to_own_history": 1.0}
    level = scenario.benchmark.model_copy(update=alike)
    nobody = HealthEquity(highest_decile=0.0, second_decile=0.0, third_decile=0.0, lower_half=0.0)
    panel = scenario.panel.model_copy(update={"health_equity": nobody})
    base = np.broadcast_to(benchmark_dollars(inputs, rule, level, panel), (len(savings), count))
    undiscounted = 1e4 * people
    spent = np.broadcast_to(undiscounted * (1.0 - savings)[:, None], base.shape)
    outcome = measured_against(base, Experience(panel_size, inputs, spent), scenario, rule, 0.0)
    return rules.settle(outcome, years, choice.elections).net / undiscounted


def _rates(margin: FloatArray) -> tuple[tuple[float, bool], ...]:
    """Rates at which a piecewise linear margin turns its sign, on the line between the grid's points."""
    found = []
    for low, high in sign_changes(margin):
        share = margin[low] / (margin[low] - margin[high])
        rate = _RULE_GRID[low] + share * (_RULE_GRID[high] - _RULE_GRID[low])
        found.append((float(rate), bool(margin[high] > 0)))
    return tuple(found)
