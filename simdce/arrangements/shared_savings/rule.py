"""Shared savings and losses of the Medicare Shared Savings Program (42 CFR 425.604, 605, 606, 610), in the order CMS
settles.

Savings: gate, sharing rate from the first dollar, sequestration, then the performance payment limit (the order that
public-use files show: three limited rows are exactly the limit). Losses: gate, loss rate from the first dollar, loss
limit, then relief for extreme and uncontrollable circumstances; losses are not sequestered.
"""

from __future__ import annotations

import numpy as np

from simdce.arrangements.settlement import BoolArray, FloatArray, Outcome, Settlement, Step
from simdce.arrangements.shared_savings.terms import Terms


def settle(outcome: Outcome, terms: Terms) -> Settlement:
    """The settlement of every performance year, arrays broadcast from outcome and terms, last axis years."""
    benchmark = outcome.benchmark
    savings = benchmark - outcome.expenditure
    minimum = _minimum_savings_rate(outcome, terms) * benchmark
    earned, limited, gate_met, savings_steps = _shared_savings(outcome, savings, minimum, terms)
    owed, loss_limited, loss_gate_met, loss_steps = _shared_losses(outcome, savings, minimum, terms)
    cash, cash_steps = _cash(earned, owed, terms)
    opening = (
        Step("savings", "Savings are the benchmark less expenditure; below zero they are a loss", savings, "dollars"),
        Step(
            "minimum savings",
            "Savings or losses count once they reach the minimum savings rate times the benchmark; the variable table "
            "sets it where no fixed rate was elected or the panel is too small for one",
            minimum,
            "dollars",
            ("minimum_savings_rate_table", "fixed_rate_minimum_beneficiaries"),
        ),
    )
    return Settlement(
        gross_savings=savings,
        earned=earned,
        owed=owed,
        cash=cash,
        savings_cap_hit=limited,
        loss_limit_hit=loss_limited,
        gate_met=gate_met,
        loss_gate_met=loss_gate_met,
        steps=(*opening, *savings_steps, *loss_steps, *cash_steps),
    )


def _minimum_savings_rate(outcome: Outcome, terms: Terms) -> FloatArray:
    people = outcome.assigned_beneficiaries
    is_variable = np.isnan(terms.fixed_rate) | (people < terms.fixed_rate_beneficiaries)
    if not is_variable.any():
        return terms.fixed_rate
    return np.where(is_variable, terms.table.at(people), terms.fixed_rate)


def _shared_savings(
    outcome: Outcome, savings: FloatArray, minimum: FloatArray, terms: Terms
) -> tuple[FloatArray, BoolArray, BoolArray, tuple[Step, ...]]:
    # with a minimum of zero, "reached" must still mean that something was saved
    gate_met = (savings >= minimum) & (savings > 0.0)
    below_gate = (savings > 0.0) & (outcome.assigned_beneficiaries >= terms.below_gate_beneficiaries)
    rate = terms.sharing_rate * np.where(gate_met, 1.0, np.where(below_gate, terms.rate_below_gate, 0.0))
    shareable = np.maximum(savings - terms.savings_threshold * outcome.benchmark, 0.0)
    shared = rate * shareable
    after_sequestration = shared * terms.sequestration_factor
    limit = terms.payment_limit * outcome.benchmark
    limited = after_sequestration > limit
    earned = np.minimum(after_sequestration, limit) * terms.part_year
    steps = [
        Step("savings gate", "Whether savings reach the minimum", gate_met, "yes or no"),
        Step(
            "sharing rate",
            "The final sharing rate is the maximum rate as quality earns it, or what a low-revenue ACO keeps of it "
            "when savings stay below the minimum",
            rate,
            "fraction of savings",
            ("max_sharing_rate", "sharing_when_met", "sharing_when_alternative", "low_revenue_rate_below_gate"),
        ),
    ]
    if terms.savings_threshold.any():
        steps.append(
            Step(
                "shareable savings",
                "Only savings beyond a threshold share of the benchmark are shared",
                np.where(rate > 0.0, shareable, 0.0),
                "dollars",
                ("savings_threshold",),
            )
        )
    steps += [
        Step("shared savings", "The sharing rate is applied to savings", shared, "dollars"),
        Step(
            "after sequestration",
            "Sequestration reduces the payment, before the limit is applied",
            after_sequestration,
            "dollars",
            ("sequestration_factor",),
        ),
        Step(
            "performance payment limit",
            "The payment may not exceed this share of the benchmark",
            limit,
            "dollars",
            ("performance_payment_limit",),
        ),
        Step("earned", "What the arrangement pays for the year" + _prorated(terms), earned, "dollars"),
    ]
    return earned, limited, gate_met, tuple(steps)


def _shared_losses(
    outcome: Outcome, savings: FloatArray, minimum: FloatArray, terms: Terms
) -> tuple[FloatArray, BoolArray, BoolArray, tuple[Step, ...]]:
    losses = -savings
    loss_gate_met = (losses >= minimum) & (losses > 0.0) & (terms.loss_rate > 0.0)
    if not terms.loss_rate.any():
        return np.zeros_like(savings), np.zeros_like(loss_gate_met), loss_gate_met, ()
    beyond = np.maximum(losses - terms.loss_threshold * outcome.benchmark, 0.0)
    shared = np.where(loss_gate_met, terms.loss_rate * beyond, 0.0)
    limit = _loss_limit(outcome, terms)
    limited = shared > limit
    forgiven = np.minimum(shared, limit) * terms.relief
    owed = (np.minimum(shared, limit) - forgiven) * terms.part_year
    steps = [
        Step(
            "loss gate",
            "Whether losses reach the minimum loss rate, the mirror of the savings gate",
            loss_gate_met,
            "yes or no",
        ),
        Step(
            "loss rate",
            "The ACO bears one less the sharing rate that quality earns, within floor and ceiling",
            terms.loss_rate,
            "fraction of losses",
            ("loss_rate_floor", "loss_rate_ceiling", "loss_rate_by_sharing_rate"),
        ),
        Step("shared losses", "The loss rate is applied to losses", shared, "dollars", ("loss_threshold",)),
        Step(
            "loss limit",
            "Losses are limited to a share of the benchmark or, if that is less and stated, of participants' revenue",
            limit,
            "dollars",
            ("loss_limit_of_benchmark", "loss_limit_of_revenue"),
        ),
    ]
    if terms.relief.any():
        steps.append(
            Step(
                "relief",
                "Extreme and uncontrollable circumstances forgive this part of the loss, after the limit",
                forgiven,
                "dollars",
                ("public_health_emergency_share_forgiven",),
            )
        )
    steps.append(Step("owed", "What the ACO owes for the year" + _prorated(terms), owed, "dollars"))
    return owed, limited, loss_gate_met, tuple(steps)


def _loss_limit(outcome: Outcome, terms: Terms) -> FloatArray:
    limit = terms.loss_limit_of_benchmark * outcome.benchmark
    if not np.isfinite(terms.loss_limit_of_revenue).any():
        return limit
    if outcome.participant_revenue is not None:
        return np.minimum(limit, terms.loss_limit_of_revenue * outcome.participant_revenue)
    # a revenue that nobody stated cannot bind: its NaN gives way to the other limit
    return np.fmin(limit, terms.loss_limit_of_revenue * (terms.revenue_share * outcome.expenditure))


def _cash(earned: FloatArray, owed: FloatArray, terms: Terms) -> tuple[FloatArray, tuple[Step, ...]]:
    """What moves with each settlement: part of the earnings waits until the agreement closes."""
    if not terms.withhold.any():
        cash = earned - owed
        return cash, (Step("payment", "What moves with the settlement: earned less owed", cash, "dollars"),)
    withheld = earned * terms.withhold
    released = np.zeros_like(earned)
    kept = np.zeros(earned.shape[:-1])
    for year, closes in enumerate(terms.closes_agreement):
        kept = kept + withheld[..., year]
        if closes:
            released[..., year] = kept
            kept = np.zeros_like(kept)
    cash = earned - withheld + released - owed
    return cash, (
        Step(
            "withheld", "Part of what is earned is kept back against later losses", withheld, "dollars", ("withhold",)
        ),
        Step("released", "What was kept back is paid out when the agreement closes", released, "dollars"),
        Step("payment", "What moves: earned less withheld plus released less owed", cash, "dollars"),
    )


def _prorated(terms: Terms) -> str:
    return "" if np.all(terms.part_year == 1.0) else ", for the part of the year under the agreement"
