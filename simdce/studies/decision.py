"""Whether to join, and under what: a rule that the user states, applied to what every option brings in the same worlds.

What is compared is a year of the agreement, on average over its years. ``certainty_equivalent``: the option whose
certainty equivalent is largest, if it is above nothing. Exponential utility has one number, the risk tolerance; a third
of the loss that one would at most risk with a chance of 1 in 20 (Delquié, Decision Analysis 2008: tolerance times the
logarithm of 20). ``limits``: of the options that break none of the limits, the one whose average is largest, if that is
above nothing. What cannot be told apart at 95% is a tie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import log
from pathlib import Path
from typing import Literal

import numpy as np

from simdce import metrics
from simdce.metrics import Estimate, FloatArray
from simdce.scenario import Decision, Scenario
from simdce.sourced import Term, read_terms, read_toml
from simdce.studies.options import Offers, Option
from simdce.studies.practice import terms_of
from simdce.studies.practice_result import pool_years
from simdce.studies.viability import INTERVAL_Z

SELDOM = 0.05
"""One year of twenty, one case of twenty."""

_FILE = Path(__file__).with_name("decision.toml")

Basis = Literal["scenario", "bearable_loss", "revenue", "usual_revenue", "limits"]
Verdict = Literal["join", "stay_out", "close"]


@cache
def decision_terms() -> dict[str, Term]:
    """Sourced defaults of the rule by name."""
    return read_terms(read_toml(_FILE), _FILE.name)


@dataclass(frozen=True)
class Rule:
    """The rule with nothing left open; ``tolerance`` in dollars, infinite under limits (the average decides).

    ``basis``: where the tolerance comes from; ``revenue``: dollars a year that it is a share of, if it is.
    """

    asked: Decision
    tolerance: float
    basis: Basis
    revenue: float | None = None

    @property
    def bearable(self) -> float:
        """The loss, dollars a year of the agreement, that would at most be risked with a chance of 1 in 20."""
        return self.tolerance * log(1.0 / SELDOM)


@dataclass(frozen=True)
class Limit:
    """One limit held against one option: what it allows, what is found, in the same unit."""

    name: str
    allowed: float
    found: Estimate

    @property
    def holds(self) -> bool | None:
        """Whether it is kept; None where that cannot be told at 95%."""
        beyond = self.found.value - self.allowed
        if abs(beyond) <= INTERVAL_Z * self.found.standard_error and beyond != 0:
            return None
        return beyond <= 0


@dataclass(frozen=True)
class Judged:
    """An option under the rule: ``worth`` is what is compared, dollars a year of the agreement; limits of its own."""

    option: Option
    worth: Estimate
    average: Estimate
    limits: tuple[Limit, ...]

    @property
    def allowed(self) -> bool:
        """Whether no limit is surely broken."""
        return all(limit.holds is not False for limit in self.limits)


@dataclass(frozen=True)
class Judgement:
    """The verdict at one size. ``ranked``: the options that no limit rules out, best first, then the rest.

    ``ties``: options that cannot be told from the first (not the first itself). ``close``: joining under the first and
    staying out cannot be told apart, or whether the first keeps a limit.
    """

    people: int
    rule: Rule
    verdict: Verdict
    ranked: tuple[Judged, ...]
    ties: tuple[Judged, ...]

    @property
    def first(self) -> Judged:
        """The option that the page speaks of: the best, or the least bad."""
        return self.ranked[0]

    @property
    def second(self) -> Judged | None:
        """The best option that surely keeps every limit and is surely worth more than nothing, the first left out."""
        sure = (each for each in self.ranked[1:] if all(limit.holds for limit in each.limits))
        return next((each for each in sure if each.worth.value > 0 and told_apart(each.worth)), None)


def judgement(offers: Offers, rule: Rule | None = None) -> Judgement:
    """The verdict of the scenario's rule on everything that may be signed."""
    rule = rule_of(offers) if rule is None else rule
    judged = sorted((judge(option, rule) for option in offers.options), key=_order)
    first = judged[0]
    pulls = pulls_of(first.option, rule)
    ties = tuple(
        other
        for other in judged[1:]
        if other.allowed and not told_apart(metrics.mean(pulls - pulls_of(other.option, rule)))
    )
    return Judgement(offers.people, rule, _verdict(first), tuple(judged), ties if first.allowed else ())


def _order(judged: Judged) -> tuple[bool, float]:
    return not judged.allowed, -judged.worth.value


def _verdict(first: Judged) -> Verdict:
    if not first.allowed:
        return "stay_out"
    if not told_apart(first.worth):
        return "close"
    if first.worth.value < 0:
        return "stay_out"
    return "close" if any(limit.holds is None for limit in first.limits) else "join"


def told_apart(difference: Estimate) -> bool:
    """Whether a difference can be told from nought at 95%."""
    return abs(difference.value) > INTERVAL_Z * difference.standard_error


def judge(option: Option, rule: Rule) -> Judged:
    """An option under the rule, with the errors of simulation."""
    average = metrics.mean(option.worth)
    worth = average
    if np.isfinite(rule.tolerance):
        worth = metrics.certainty_equivalent(option.worth, rule.tolerance)
    return Judged(option, worth, average, tuple(_limits(option, rule.asked)))


def pulls_of(option: Option, rule: Rule) -> FloatArray:
    """Each world's pull on what is compared, so that differences of options have the error of paired worlds."""
    return metrics.certainty_pulls(option.worth, rule.tolerance) if np.isfinite(rule.tolerance) else option.worth


def best_of(options: Sequence[Option], rule: Rule) -> tuple[str, str | None] | None:
    """The key of the option that the rule takes by the figures as they are, None for staying out."""
    judged = (judge(option, rule) for option in options)
    kept = [each for each in judged if all(limit.found.value <= limit.allowed for limit in each.limits)]
    best = max(kept, key=lambda each: each.worth.value, default=None)
    return best.option.key if best is not None and best.worth.value > 0 else None


def _limits(option: Option, asked: Decision) -> Iterator[Limit]:
    if asked.largest_loss is not None:
        year = option.year(SELDOM)
        yield Limit("largest_loss", asked.largest_loss, replace(year, value=max(0.0, -year.value)))
    if asked.largest_chance_of_owing is not None:
        owing = metrics.chance((option.settled < 0).mean(axis=1))
        never = Estimate(0.0, 0.0)
        yield Limit("largest_chance_of_owing", asked.largest_chance_of_owing, owing if owing.value > 0 else never)
    if asked.largest_financed is not None and option.low_point is not None:
        financed = metrics.percentile(-option.low_point, 1.0 - SELDOM)
        yield Limit("largest_financed", asked.largest_financed, financed)


def rule_of(offers: Offers) -> Rule:
    """The scenario's rule; without one, the certainty equivalent at a tolerance that follows what it says of size.

    That is the loss a practice can bear, where the scenario gives it, else a sourced share of revenue.
    """
    scenario, practice = offers.scenario, offers.scenario.practice
    asked = Decision() if scenario.decision is None else scenario.decision
    if asked.rule == "limits":
        return Rule(asked, float("inf"), "limits")
    if asked.risk_tolerance is not None:
        return Rule(asked, asked.risk_tolerance, "scenario")
    own = asked.revenue is not None or asked.risk_tolerance_share is not None
    if not own and practice is not None and practice.bearable_loss:
        pool = pool_years(scenario, offers.panels, scenario.arrangements[0])
        benchmark = float(pool.with_practice(offers.people)[1].benchmark[:, 0].mean())
        return Rule(asked, practice.bearable_loss * benchmark / log(1.0 / SELDOM), "bearable_loss")
    share = asked.risk_tolerance_share
    share = float(decision_terms()["risk_tolerance_share"].at().value) if share is None else share
    if asked.revenue is not None:
        return Rule(asked, share * asked.revenue, "revenue", asked.revenue)
    revenue = usual_revenue(offers)
    return Rule(asked, share * revenue, "usual_revenue", revenue)


def usual_revenue(offers: Offers) -> float:
    """What Medicare usually pays whoever decides for the people aligned, dollars a year.

    Of a practice its primary care, as its tiers count it; of an ACO its participants' revenue, as elected or sourced.
    """
    return _revenue_share(offers.scenario) * offers.lived.expected_expenditure


def _revenue_share(scenario: Scenario) -> float:
    if scenario.practice is not None:
        return float(np.asarray(terms_of(scenario.practice.tiers[0], scenario).primary_care_share).flat[0])
    elected = [choice.elections.participant_revenue_share for choice in scenario.arrangements]
    usual = float(decision_terms()["participant_revenue_share"].at().value)
    return next((share for share in elected if share is not None), usual)
