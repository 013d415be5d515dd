"""The law of a year's payment at one panel size, arrangement by arrangement, equal results taken together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from simdce import arrangements, metrics
from simdce.arrangements.arrangement import Arrangement
from simdce.arrangements.settlement import Outcome
from simdce.metrics import BoolArray, Estimate, FloatArray
from simdce.report.names import names, spoken, together
from simdce.run import Answers
from simdce.scenario import ArrangementChoice, Scenario
from simdce.studies.payment import Lived
from simdce.studies.repayment import RepaymentAnswer

_LARGEST_RATE, _STEPS = 0.4, 800


@dataclass(frozen=True)
class Law:
    """One or more arrangements that give the same result in every world.

    ``called``: the name of each; ``name`` heads rows and figures, ``spoken`` is what sentences say. ``net`` (dollars)
    and ``rates`` (fraction of benchmark): (world, performance year). ``steadied``: what means of a year are taken of,
    with the run's control variate (world,). ``minimum_savings`` and ``minimum_losses``: the
    rates (losses below zero) from which money can move, each once. ``outside``: performance years in which the
    arrangement was not in force. ``admitted_from``: people it asks for, or None.
    """

    keys: tuple[str, ...]
    called: tuple[str, ...]
    name: str
    spoken: str
    rules: Arrangement
    net: FloatArray
    steadied: FloatArray
    rates: FloatArray
    minimum_savings: tuple[float, ...]
    minimum_losses: tuple[float, ...]
    outside: tuple[int, ...]
    admitted_from: int | None
    panel_size: int
    repayment: RepaymentAnswer | None

    @property
    def admitted(self) -> bool:
        """Whether the panel is large enough for the arrangement."""
        return self.admitted_from is None or self.panel_size >= self.admitted_from

    @property
    def never_owes(self) -> bool:
        """Whether nothing is owed by rule: one-sided, and so in every world."""
        return not self.rules.two_sided and not (self.net < 0).any()

    @property
    def paid(self) -> Estimate:
        """Chance of being paid in a performance year, all years alike."""
        return metrics.chance((self.net > 0).mean(axis=1))

    @property
    def owing(self) -> Estimate:
        """Chance of owing in a performance year; exactly nought for a one-sided rule."""
        return Estimate(0.0, 0.0) if self.never_owes else metrics.chance((self.net < 0).mean(axis=1))

    @property
    def nothing(self) -> Estimate:
        """Chance that no money moves in a performance year."""
        return metrics.chance((self.net == 0).mean(axis=1))

    @property
    def average(self) -> Estimate:
        """Expected net payment of a performance year, dollars."""
        return metrics.mean(self.steadied)

    def year(self, probability: float) -> Estimate:
        """Quantile of the net payment over all simulated years, an order statistic.

        Its error takes the years of a world for one observation: they share the lasting mismatch, so it errs on the
        safe side.
        """
        years = np.sort(self.net, axis=None)
        worlds = len(self.net)
        spread = np.sqrt(probability * (1 - probability) / worlds)
        shares = np.clip(probability + np.array([0.0, -spread, spread]), 0.0, 1.0)
        places = np.clip(np.ceil(shares * len(years) - 1.0), 0, len(years) - 1).astype(int)
        return Estimate(float(years[places[0]]), float(years[places[2]] - years[places[1]]) / 2.0)


def laws(answers: Answers, lived: Lived) -> list[Law]:
    """The law of every arrangement at the panel size of ``lived``; equal ones together, those in force first."""
    scenario = answers.scenario
    called = names(scenario)
    alike: dict[tuple[object, ...], list[Law]] = {}
    for choice in scenario.arrangements:
        law = _law(answers, lived, choice, called[choice.key])
        reserve = None if law.repayment is None else law.repayment.rule.amount
        same = (law.net.tobytes(), law.rates.tobytes(), law.minimum_savings, law.minimum_losses, reserve)
        alike.setdefault((*same, law.outside == (), law.admitted), []).append(law)
    found = [_merged(same) for same in alike.values()]
    return sorted(found, key=lambda law: bool(law.outside))


def _merged(same: list[Law]) -> Law:
    first = same[0]
    if len(same) == 1:
        return first
    fields = {name: getattr(first, name) for name in Law.__dataclass_fields__}
    keys = tuple(key for law in same for key in law.keys)
    called = tuple(name for law in same for name in law.called)
    name = together(called)
    return Law(**{**fields, "keys": keys, "called": called, "name": name, "spoken": spoken(name)})


def _law(answers: Answers, lived: Lived, choice: ArrangementChoice, name: str) -> Law:
    scenario = answers.scenario
    settlement, benchmark = lived.settled(choice.key)
    rules = arrangements.load(choice.name)
    held = rules.in_force(scenario.years.performance_years, choice.elections)
    asked = "minimum_beneficiaries"
    savings, losses = gates(scenario, choice, lived.panel_size)
    return Law(
        keys=(choice.key,),
        called=(name,),
        name=name,
        spoken=name,
        rules=rules,
        net=settlement.net,
        steadied=answers.steadied[choice.key],
        rates=settlement.gross_savings / benchmark,
        minimum_savings=savings,
        minimum_losses=losses,
        outside=held.timeline.outside,
        admitted_from=int(max(held.values(asked))) if asked in held else None,
        panel_size=lived.panel_size,
        repayment=next(
            (a for a in answers.repayment if (a.arrangement, a.panel_size) == (choice.key, lived.panel_size)), None
        ),
    )


def gates(
    scenario: Scenario, choice: ArrangementChoice, panel_size: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The savings rates from which a year counts as savings, and (negative) as losses; each value once.

    Found by settling rates from −40% to 40%, to a thousandth of a point, so it holds for any mechanism: a rule without
    a minimum has zero, one without losses none.
    """
    rules = arrangements.load(choice.name)
    years = scenario.years.performance_years

    def met(loss: int, year: int, rates: FloatArray) -> BoolArray:
        """Whether each rate counts as savings (``loss`` 0) or as losses (1) in a performance year."""
        benchmark = np.full((len(rates), len(years)), 1e10)
        people = np.array(float(panel_size))
        settled = rules.settle(Outcome(benchmark, benchmark * (1.0 - rates)[:, None], people), years, choice.elections)
        return np.broadcast_to((settled.gate_met, settled.loss_gate_met)[loss], benchmark.shape)[:, year]

    savings = {_opening(partial(met, 0, year), 1.0) for year in range(len(years))}
    losses = {_opening(partial(met, 1, year), -1.0) for year in range(len(years))}
    return _known(savings), _known(losses)


def _opening(met: Callable[[FloatArray], BoolArray], side: float) -> float | None:
    """The rate at which a gate opens, going up (``side`` 1) or down (−1) from zero; None where it never does."""
    low, high = 0.0, _LARGEST_RATE
    for _ in range(2):
        tried = np.linspace(low, high, _STEPS + 1)
        open_at = np.flatnonzero(met(side * tried))
        if len(open_at) == 0:
            return None
        high = float(tried[open_at[0]])
        low = float(tried[max(0, open_at[0] - 1)])
    return side * round(high, 5) + 0.0


def _known(rates: set[float | None]) -> tuple[float, ...]:
    return tuple(sorted(rate for rate in rates if rate is not None))
