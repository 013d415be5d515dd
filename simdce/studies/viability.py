"""When does a panel stop being a gamble? The smallest size at which stated confidences hold, and the curve behind it.

A condition states the true savings, so the lasting mismatch of the benchmark is off: it would count true performance
twice. Annual shocks and trend errors stay as the scenario has them. Over a year the size comes from the exact law, to
the person, with the range of its inputs; where that law leaves something out, and over an agreement, it comes from the
simulated sizes, with the interval of the simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from simdce import metrics
from simdce.exact import exact_model
from simdce.metrics import Estimate
from simdce.scenario import Scenario, ViabilityCondition
from simdce.settlements import SAVINGS_KNOWN
from simdce.studies.exact_chance import ExactChances
from simdce.studies.exact_size import FEWEST, MOST, ExactSize, exact_size
from simdce.studies.payment import Lived
from simdce.wording import people
from simdce.worlds import PanelYears

INTERVAL_Z = 1.96
"""Half-width of the reported interval in standard errors: 95% under the normal law."""


@dataclass(frozen=True)
class ViabilityCurve:
    """One condition under one arrangement over all panel sizes.

    Without ``exact``, ``smallest`` is the panel from which the condition holds at every larger simulated size
    (interpolated in the log of the size), with ``low`` and ``high`` where the curve plus or minus 1.96 standard errors
    does. With it, ``smallest`` is a whole number of people and ``low`` and ``high`` are its range over the inputs.
    None where it does not hold at the largest size searched; the smallest size searched means "that or less".
    ``left_out``: why a condition over a year has no exact size.
    """

    arrangement: str
    condition: ViabilityCondition
    panel_sizes: tuple[int, ...]
    chances: tuple[Estimate, ...]
    smallest: float | None
    low: float | None
    high: float | None
    exact: ExactSize | None = None
    left_out: tuple[str, ...] = ()

    @property
    def searched(self) -> tuple[int, int]:
        """The smallest and the largest panel that the size was sought between."""
        return (self.panel_sizes[0], self.panel_sizes[-1]) if self.exact is None else (FEWEST, MOST)

    @property
    def at_every_size(self) -> bool:
        """Whether the condition holds at the smallest panel searched already, and so from there on."""
        return self.smallest is not None and self.smallest <= self.searched[0]

    @property
    def size_text(self) -> str:
        """The smallest panel in words: "14,958", "about 15,000", "500 or fewer", "none up to 1,000,000"."""
        if self.smallest is None:
            return f"none up to {self.searched[1]:,}"
        if self.at_every_size:
            return f"{self.searched[0]:,} or fewer"
        return f"about {people(self.smallest)}" if self.exact is None else f"{self.smallest:,.0f}"

    @property
    def range_text(self) -> str:
        """Its range in words: "12,000 to 18,000", "9,000 to beyond 100,000"; empty where nothing is known of it."""
        fewest, most = self.searched
        if self.low is None:
            return ""
        begins = f"{fewest:,} or fewer" if self.low <= fewest else people(self.low)
        ends = f"beyond {most:,}" if self.high is None else people(self.high)
        if self.exact is not None and self.low == self.high == self.smallest:  # a step of the rule, whatever the inputs
            return self.size_text
        return begins if self.high is not None and self.high <= fewest else f"{begins} to {ends}"

    @property
    def text(self) -> str:
        """The condition in words."""
        return condition_text(self.condition)


def condition_text(condition: ViabilityCondition) -> str:
    """A stated confidence in words, such as "paid in at least 80% of years when true savings are 3%"."""
    bound = condition.at_most if condition.at_least is None else condition.at_least
    side = "at most" if condition.at_least is None else "at least"
    unit = "years" if condition.over == "year" else "agreements"
    return (
        f"{'paid' if condition.outcome == 'paid' else 'owing'} in {side} {100 * (bound or 0):g}% of {unit} "
        f"when true savings are {100 * condition.true_savings:g}%"
    )


Chances = dict[tuple[str, ViabilityCondition], Estimate]


ExactSizes = dict[tuple[str, ViabilityCondition], ExactSize | tuple[str, ...]]
"""By arrangement and condition over a year: its exact size, or what the exact law leaves out of the arrangement."""


def viability(scenario: Scenario, panels: PanelYears) -> list[ViabilityCurve]:
    """Every viability condition of the scenario under every arrangement."""
    found = [chances_at(Lived(scenario, panels, size)) for size in panels.panel_sizes]
    return with_exact_sizes(viability_curves(panels.panel_sizes, found), exact_sizes(scenario))


def exact_sizes(scenario: Scenario) -> ExactSizes:
    """The smallest panels by the exact law, of every condition over a year; no simulation is needed."""
    conditions = [condition for condition in scenario.questions.viability if condition.over == "year"]
    if not conditions:
        return {}
    chances = ExactChances(scenario, model=exact_model(scenario))
    found: ExactSizes = {}
    for key in [choice.key for choice in scenario.arrangements]:
        left_out = chances.left_out(key)
        for condition in conditions:
            found[key, condition] = left_out or exact_size(chances, key, condition)
    return found


def with_exact_sizes(curves: Sequence[ViabilityCurve], found: ExactSizes) -> list[ViabilityCurve]:
    """The curves, those of a condition over a year with their exact size wherever the exact law leaves nothing out."""

    def exact(curve: ViabilityCurve) -> ViabilityCurve:
        size = found.get((curve.arrangement, curve.condition), ())
        if isinstance(size, tuple):
            return replace(curve, left_out=size)
        return replace(curve, smallest=size.smallest, low=size.low, high=size.high, exact=size)

    return [exact(curve) for curve in curves]


def chances_at(lived: Lived) -> Chances:
    """The chance that each condition speaks of, by arrangement and condition, at one panel size."""
    return {
        (choice.key, condition): _chance(lived, choice.key, condition)
        for choice in lived.scenario.arrangements
        for condition in lived.scenario.questions.viability
    }


def viability_curves(panel_sizes: tuple[int, ...], found: Sequence[Chances]) -> list[ViabilityCurve]:
    """The chances of every panel size, in order, as curves with their smallest viable panels."""
    return [
        _curve(key, condition, panel_sizes, [chances[key, condition] for chances in found])
        for key, condition in found[0]
    ]


def _chance(lived: Lived, key: str, condition: ViabilityCondition) -> Estimate:
    settlement, _ = lived.settled(key, condition.true_savings, shocks=SAVINGS_KNOWN)
    amounts = settlement.net if condition.over == "year" else settlement.net.sum(axis=1, keepdims=True)
    events = amounts > 0 if condition.outcome == "paid" else amounts < 0
    return metrics.chance(events.mean(axis=1))


def _curve(key: str, condition: ViabilityCondition, sizes: tuple[int, ...], chances: list[Estimate]) -> ViabilityCurve:
    values = np.array([estimate.value for estimate in chances])
    errors = INTERVAL_Z * np.array([estimate.standard_error for estimate in chances])
    if condition.at_least is not None:
        margins = [values - condition.at_least + shift for shift in (0.0, errors, -errors)]
    else:
        margins = [(condition.at_most or 0.0) - values + shift for shift in (0.0, errors, -errors)]
    smallest, low, high = (_crossing(sizes, margin) for margin in margins)
    return ViabilityCurve(key, condition, sizes, tuple(chances), smallest, low, high)


def _crossing(sizes: tuple[int, ...], margin: metrics.FloatArray) -> float | None:
    """The size from which ``margin`` stays at or above zero, between grid points linear in log size."""
    failing = np.flatnonzero(margin < 0)
    if len(failing) == 0:
        return float(sizes[0])
    last = int(failing[-1])
    if last == len(sizes) - 1:
        return None
    share = -margin[last] / (margin[last + 1] - margin[last])
    return exp(log(sizes[last]) + share * (log(sizes[last + 1]) - log(sizes[last])))
