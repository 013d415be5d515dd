"""What the page of the answer rests on: the verdict at one size, what would turn it, cash and what is to be held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simdce import arrangements, metrics
from simdce.arrangements.arrangement import DOUBTFUL
from simdce.assumptions import assumptions
from simdce.errors import InputError
from simdce.metrics import Estimate
from simdce.results import headline_size
from simdce.scenario import Scenario
from simdce.studies.cash import CashAnswer, cash_of, plan_of
from simdce.studies.cash_defaults import cash_terms
from simdce.studies.decision import Judgement, judgement
from simdce.studies.flips import Flip, cost_assumed, flips
from simdce.studies.options import Offers, Option, savings_assumed
from simdce.studies.practice import terms_of
from simdce.studies.repayment import RepaymentAnswer, repayment_at
from simdce.studies.security import SecurityAnswer, security_of
from simdce.worlds import PanelYears

SURE = 0.95
"""How sure one wants to be of being able to pay where the scenario does not say."""


@dataclass(frozen=True)
class Findings:
    """Everything that the page tells of one size; dollars.

    ``others``: the verdicts at the other sizes. ``settlement_month``: months from the start of a performance year.
    ``owes``: whether the option that the page speaks of can owe at all; ``needed``: what covers the worst year's debt
    in 95% of worlds. ``repayment``: of a contract with CMS; ``security``: where the scenario asks. ``doubtful``: how
    many numbers of rules were not seen in a document.
    """

    scenario: Scenario
    judged: Judgement
    others: tuple[Judgement, ...]
    flips: tuple[Flip, ...]
    savings: tuple[float, ...]
    care_cost: float
    settlement_month: int
    owes: bool
    needed: Estimate
    cash: CashAnswer | None
    repayment: RepaymentAnswer | None
    security: SecurityAnswer | None
    doubtful: int

    @property
    def option(self) -> Option:
        """The option that the page speaks of."""
        return self.judged.first.option


def sizes_of(scenario: Scenario) -> tuple[int, ...]:
    """The sizes of whoever decides: those of the practice where the scenario has one, else of the panel."""
    return scenario.panel.sizes if scenario.practice is None else scenario.practice.people


def usual_size(scenario: Scenario) -> int:
    """The size that the page is about unless asked otherwise: of a practice the middle one, else nearest to 15,000."""
    sizes = sizes_of(scenario)
    return headline_size(sizes) if scenario.practice is None else sizes[len(sizes) // 2]


def findings(scenario: Scenario, panels: PanelYears, people: int | None = None) -> Findings:
    """The answer at one of the scenario's sizes; raises InputError for a size that it does not have."""
    people = usual_size(scenario) if people is None else people
    sizes = sizes_of(scenario)
    if people not in sizes:
        allowed = ", ".join(f"{size:,}" for size in sizes)
        raise InputError("the scenario has no such size", key="people", value=people, allowed=allowed)
    offers = Offers(scenario, panels, people)
    judged = judgement(offers)
    option = judged.first.option
    owed = np.maximum(-option.settled, 0.0).max(axis=1)
    contract = [] if option.tier is not None else repayment_at(offers.lived)
    cash = scenario.cash
    month = None if cash is None else cash.settlement_month
    return Findings(
        scenario,
        judged,
        tuple(judgement(Offers(scenario, panels, size)) for size in sizes if size != people),
        flips(offers, judged),
        savings_assumed(scenario),
        cost_assumed(offers),
        int(cash_terms()["settlement_month"].at().value) if month is None else month,
        _can_owe(scenario, option),
        metrics.percentile(owed, SURE),
        _cash(offers, option),
        next((each for each in contract if each.arrangement == option.arrangement), None),
        _security(offers, option),
        _doubtful(scenario, option),
    )


def _can_owe(scenario: Scenario, option: Option) -> bool:
    """Whether anything can be owed by rule."""
    practice = scenario.practice
    if practice is None:
        choice = next(choice for choice in scenario.arrangements if choice.key == option.arrangement)
        return arrangements.load(choice.name).two_sided
    tier = next(choice for choice in practice.tiers if choice.key == option.tier)
    return terms_of(tier, scenario).can_owe(option.people)


def _cash(offers: Offers, option: Option) -> CashAnswer | None:
    scenario = offers.scenario
    if scenario.cash is None:
        return None
    receipts = next(each for each in offers.receipts if (each.arrangement, each.tier) == option.key)
    return cash_of(receipts, plan_of(scenario, option.people), scenario.years.performance_years[0])


def _security(offers: Offers, option: Option) -> SecurityAnswer | None:
    asked = offers.scenario.security
    receipts = next(each for each in offers.receipts if (each.arrangement, each.tier) == option.key)
    if asked is None or not (receipts.net < 0).any():
        return None
    required = 0.0
    if option.tier is None:
        found = [each for each in repayment_at(offers.lived) if each.arrangement == option.arrangement]
        required = found[0].rule.amount if found else 0.0
    return security_of(asked, receipts.net, required, option.arrangement, option.tier, option.people)


def _doubtful(scenario: Scenario, option: Option) -> int:
    lines = {(line.name, line.arrangement) for line in assumptions(scenario) if line.confidence in DOUBTFUL}
    return sum(used_by == option.arrangement for _, used_by in lines)
