"""Arrangement against arrangement on the same worlds: what one pays more than another, and how sure that is.

Both settle the same people, illnesses and shocks, so most of the luck cancels in the difference, and its error is that
of the differences world by world (common random numbers), far below that of two separate simulations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from simdce import metrics
from simdce.control import Controls
from simdce.metrics import Estimate
from simdce.results import AGREEMENT, Difference
from simdce.scenario import Scenario
from simdce.studies.break_even import BreakEven, RuleBreakEven, SavingsCurves, break_evens, rule_break_evens
from simdce.studies.payment import Lived, Paid, payments

FloatArray = NDArray[np.float64]

ALIKE = 0.5
"""Dollars: two payments nearer than that are the same payment."""

DISTINGUISHABLE = 2.0
"""Standard errors that a difference must exceed before it counts as one."""

MOST_FOR_ALL_PAIRS = 8
"""Arrangements up to which each is held against each, not only against the one that the question names."""

LOW = 0.05
"""The probability of the low percentile that is compared: the worst in twenty."""


@dataclass(frozen=True)
class Comparison:
    """The arrangements of a scenario side by side.

    ``against``: the arrangement that the others are held against. ``differences``: every pair at every panel size. The
    rest belongs to one panel size, ``panel_size``, the one that answers open with: the true savings at which the
    expected payments are nought or equal, the same by the rules alone, and the expected payments over the true savings.
    """

    against: str
    panel_size: int
    differences: tuple[Difference, ...]
    break_even: tuple[BreakEven, ...]
    by_rule: tuple[RuleBreakEven, ...]
    curves: SavingsCurves

    def difference(self, arrangement: str, metric: str, year: str = AGREEMENT, size: int | None = None) -> Estimate:
        """A metric of an arrangement against ``against``; at ``panel_size`` unless another size is asked for."""
        place = (arrangement, self.against, self.panel_size if size is None else size, year, metric)
        return next(
            each.estimate
            for each in self.differences
            if (each.arrangement, each.against, each.panel_size, each.performance_year, each.metric) == place
        )

    def crossings(self, arrangement: str, against: str | None) -> BreakEven:
        """The break-even of an arrangement alone (``against`` None) or against another."""
        return next(each for each in self.break_even if (each.arrangement, each.against) == (arrangement, against))


def distinguishable(difference: Estimate) -> bool:
    """Whether a difference exceeds two standard errors."""
    return abs(difference.value) > DISTINGUISHABLE * difference.standard_error


def reference(scenario: Scenario) -> str:
    """The key of the arrangement that the others are held against: the one that the question names, or the first."""
    against = scenario.questions.comparison.against
    return scenario.arrangements[0].key if against is None else against


def pairs(scenario: Scenario) -> tuple[tuple[str, str], ...]:
    """Every pair compared, the second subtracted from the first: all against the reference; of few, also the others."""
    against = reference(scenario)
    others = [choice.key for choice in scenario.arrangements if choice.key != against]
    found = [(key, against) for key in others]
    if len(scenario.arrangements) <= MOST_FOR_ALL_PAIRS:
        found += combinations(others, 2)
    return tuple(found)


def differences_at(lived: Lived, controls: Controls | None = None) -> list[Difference]:
    """Every pair of one panel size, by performance year and over the agreement; means with the exact law as control."""
    return differences_of(
        lived, {choice.key: payments(lived, choice.key, controls) for choice in lived.scenario.arrangements}
    )


def differences_of(lived: Lived, paid: Mapping[str, Sequence[Paid]]) -> list[Difference]:
    """As ``differences_at``, from the ``payments`` of every arrangement."""
    return [row for one, other in pairs(lived.scenario) for row in _of_pair(lived, one, other, paid[one], paid[other])]


def comparison(differences: list[Difference], lived: Lived) -> Comparison:
    """The differences of every panel size, and the break-evens of the panel size of ``lived``."""
    scenario, against = lived.scenario, reference(lived.scenario)
    found, curves = break_evens(lived, pairs(scenario), against)
    by_rule = rule_break_evens(scenario, lived.panel_size, pairs(scenario))
    return Comparison(against, lived.panel_size, tuple(differences), tuple(found), tuple(by_rule), curves)


def _of_pair(lived: Lived, one: str, other: str, first: Sequence[Paid], second: Sequence[Paid]) -> Iterator[Difference]:
    years = len(first) - 1
    names = [*((f"PY{year + 1}", 1) for year in range(years)), (AGREEMENT, years)]
    for (year, count), ours, theirs in zip(names, first, second, strict=True):
        for metric, estimate in _of_difference(ours, theirs, count * lived.panel_size):
            yield Difference(one, other, lived.panel_size, year, metric, estimate)


def _of_difference(one: Paid, other: Paid, person_years: int) -> Iterator[tuple[str, Estimate]]:
    ours, theirs = one.net, other.net
    more = ours - theirs
    mean = metrics.mean(one.steadied - other.steadied)
    yield "mean_difference", mean
    yield "mean_difference_unpaired", metrics.unpaired(metrics.mean(one.steadied), metrics.mean(other.steadied))
    yield "mean_difference_per_person_year", Estimate(mean.value / person_years, mean.standard_error / person_years)
    yield "chance_more", metrics.chance(more >= ALIKE)
    yield "chance_less", metrics.chance(more <= -ALIKE)
    yield "chance_alike", metrics.chance(np.abs(more) < ALIKE)
    yield "net_p5_difference", metrics.percentile_difference(ours, theirs, LOW)
