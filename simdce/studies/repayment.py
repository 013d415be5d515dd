"""What must be set aside for losses: the rule's amount, the chance that it is enough, the amount that would be."""

from __future__ import annotations

from dataclasses import dataclass

from simdce import arrangements, metrics
from simdce.arrangements.elections import Elections
from simdce.arrangements.repayment import Repayment, repayment_amount
from simdce.metrics import Estimate
from simdce.scenario import ArrangementChoice, Scenario
from simdce.studies.payment import Lived
from simdce.worlds import PanelYears


@dataclass(frozen=True)
class RepaymentAnswer:
    """The repayment mechanism of one arrangement and panel size, in dollars.

    ``enough_worst_year`` and ``enough_agreement``: chance that the rule's amount covers the largest loss of any year,
    and all losses of the agreement together. ``needed_worst_year`` and ``needed_agreement``: amount at each confidence.
    """

    arrangement: str
    panel_size: int
    rule: Repayment
    enough_worst_year: Estimate
    enough_agreement: Estimate
    confidences: tuple[float, ...]
    needed_worst_year: tuple[Estimate, ...]
    needed_agreement: tuple[Estimate, ...]


def repayment(scenario: Scenario, panels: PanelYears) -> list[RepaymentAnswer]:
    """The answer for every arrangement that can owe, at every panel size."""
    return [answer for size in panels.panel_sizes for answer in repayment_at(Lived(scenario, panels, size))]


def repayment_at(lived: Lived) -> list[RepaymentAnswer]:
    """The answers of one panel size."""
    answers = []
    confidences = lived.scenario.questions.repayment.confidences
    for choice in lived.scenario.arrangements:
        settlement, benchmark = lived.settled(choice.key)
        rule = rule_amount(lived.scenario, choice, float(benchmark[:, 0].mean()), lived.expected_expenditure)
        worst, total = settlement.owed.max(axis=1), settlement.owed.sum(axis=1)
        if rule.amount == 0 and not worst.any():
            continue
        answers.append(
            RepaymentAnswer(
                choice.key,
                lived.panel_size,
                rule,
                metrics.chance(worst <= rule.amount),
                metrics.chance(total <= rule.amount),
                confidences,
                tuple(metrics.percentile(worst, confidence) for confidence in confidences),
                tuple(metrics.percentile(total, confidence) for confidence in confidences),
            )
        )
    return answers


def rule_amount(scenario: Scenario, choice: ArrangementChoice, benchmark: float, expenditure: float) -> Repayment:
    """The rule's amount from a year's expected dollars: of the benchmark where the rule says so, or of expenditure."""
    rules = arrangements.load(choice.name)
    years = scenario.years.performance_years
    start = years[0] if choice.elections.agreement_start is None else choice.elections.agreement_start
    scalars = {name: value for name, value in choice.elections.overrides.items() if isinstance(value, float | int)}
    base = benchmark if "share_of_benchmark" in rules.repayment else expenditure
    shares = rules.in_force(years, choice.elections).elected("participant_revenue_share")
    revenue = None if shares[0] is None else shares[0] * expenditure
    return repayment_amount(rules, start, base, revenue, Elections(overrides=scalars))
