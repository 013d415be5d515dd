"""A share of savings and of losses within a cap: the Pioneer and Next Generation models, in the order of settlement.

Next Generation caps gross savings or losses first, then takes the share, then sequesters savings (Participation
Agreement, appendix B). Pioneer opens a gate at its minimum savings rate, shares from the first dollar and limits what
is paid or owed; that sequestration comes before its limit, as in the Shared Savings Program, is an assumption.
"""

from __future__ import annotations

import numpy as np

from simdce.arrangements.capped_share.terms import Terms
from simdce.arrangements.settlement import FloatArray, Outcome, Settlement, Step


def settle(outcome: Outcome, terms: Terms) -> Settlement:
    """The settlement of every performance year, arrays broadcast from outcome and terms, last axis years."""
    benchmark = outcome.benchmark
    savings = benchmark - outcome.expenditure
    minimum = terms.minimum_savings_rate * benchmark
    # with a minimum of zero, "reached" must still mean that something was saved or lost
    gate_met = (savings >= minimum) & (savings > 0.0)
    loss_gate_met = (-savings >= minimum) & (savings < 0.0)
    gross_cap = _dollars(terms.gross_cap, benchmark, savings)
    payment_limit = _dollars(terms.payment_limit, benchmark, savings)
    loss_limit = _dollars(terms.loss_limit, benchmark, savings)

    counted_savings = np.where(gate_met, np.minimum(savings, gross_cap), 0.0)
    counted_losses = np.where(loss_gate_met, np.minimum(-savings, gross_cap), 0.0)
    shared_savings = terms.savings_share * counted_savings
    shared_losses = terms.loss_share * counted_losses
    sequestered = shared_savings * terms.savings_sequestration_factor
    charged = shared_losses * terms.loss_sequestration_factor
    earned = np.minimum(sequestered, payment_limit)
    owed = np.minimum(charged, loss_limit)
    cash = earned - owed
    return Settlement(
        gross_savings=savings,
        earned=earned,
        owed=owed,
        cash=cash,
        savings_cap_hit=(gate_met & (savings > gross_cap)) | (sequestered > payment_limit),
        loss_limit_hit=(loss_gate_met & (-savings > gross_cap)) | (charged > loss_limit),
        gate_met=gate_met,
        loss_gate_met=loss_gate_met,
        steps=(
            Step(
                "savings", "Savings are the benchmark less expenditure; below zero they are a loss", savings, "dollars"
            ),
            *_counted(minimum, counted_savings, counted_losses, terms),
            Step(
                "shared savings",
                "The share is applied to savings from the first dollar",
                shared_savings,
                "dollars",
                ("savings_share",),
            ),
            Step(
                "shared losses",
                "The share is applied to losses from the first dollar",
                shared_losses,
                "dollars",
                ("loss_share",),
            ),
            *_limits(payment_limit, loss_limit, terms),
            Step(
                "earned",
                "What the arrangement pays for the year, after sequestration of savings",
                earned,
                "dollars",
                ("savings_sequestration_factor",),
            ),
            Step(
                "owed",
                "What the ACO owes for the year; losses have a sequestration factor of their own",
                owed,
                "dollars",
                ("loss_sequestration_factor",),
            ),
            Step("payment", "What moves with the settlement: earned less owed", cash, "dollars"),
        ),
    )


def _dollars(fraction: FloatArray, benchmark: FloatArray, shaped: FloatArray) -> FloatArray:
    """A limit in dollars; an infinite fraction of a benchmark of zero would not be a number."""
    limits: FloatArray = np.multiply(fraction, benchmark, out=np.full_like(shaped, np.inf), where=np.isfinite(fraction))
    return limits


def _counted(
    minimum: FloatArray, counted_savings: FloatArray, counted_losses: FloatArray, terms: Terms
) -> tuple[Step, ...]:
    """What of savings and losses counts: what reaches the minimum, and what stays within the elected cap."""
    steps: list[Step] = []
    if terms.minimum_savings_rate.any():
        sentence = "Savings or losses count once they reach the minimum savings rate times the benchmark"
        steps.append(Step("minimum savings", sentence, minimum, "dollars", ("minimum_savings_rate",)))
    if np.isfinite(terms.gross_cap).any():
        for name, counted in (("savings", counted_savings), ("losses", counted_losses)):
            sentence = f"Gross {name} count up to the share of the benchmark that the ACO elected"
            steps.append(Step(f"capped {name}", sentence, counted, "dollars"))
    return tuple(steps)


def _limits(payment_limit: FloatArray, loss_limit: FloatArray, terms: Terms) -> tuple[Step, ...]:
    limits: tuple[tuple[str, str, FloatArray, FloatArray, str], ...] = (
        ("performance payment limit", "payment", payment_limit, terms.payment_limit, "performance_payment_limit"),
        ("loss limit", "amount owed", loss_limit, terms.loss_limit, "loss_limit_of_benchmark"),
    )
    return tuple(
        Step(name, f"The {what} may not exceed this share of the benchmark", dollars, "dollars", (term,))
        for name, what, dollars, fraction, term in limits
        if np.isfinite(fraction).any()
    )
