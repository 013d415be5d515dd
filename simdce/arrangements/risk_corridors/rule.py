"""Risk corridors of GPDC, ACO REACH and LEAD: what the ACO keeps or bears of each band around the settlement base.

There is no minimum savings rate: the first dollar counts, and each band's share applies only to the dollars inside
it, so the payment has no cliff. Savings and losses may have corridors of their own. Sequestration reduces gains and,
unless the scenario says otherwise, leaves losses as they are.
"""

from __future__ import annotations

import numpy as np

from simdce.arrangements.risk_corridors.terms import Corridors, Terms
from simdce.arrangements.settlement import FloatArray, Outcome, Settlement, Step


def settle(outcome: Outcome, terms: Terms) -> Settlement:
    """The settlement of every performance year, arrays broadcast from outcome and terms, last axis years."""
    base = outcome.benchmark
    savings = base - outcome.expenditure
    gains = np.maximum(savings, 0.0)
    losses = np.maximum(-savings, 0.0)
    shared_savings = _within_corridors(gains, base, terms.savings)
    shared_losses = _within_corridors(losses, base, terms.losses)
    earned = shared_savings * terms.savings_sequestration_factor
    owed = shared_losses * terms.loss_sequestration_factor
    cash = earned - owed
    never = np.zeros_like(savings, dtype=np.bool_)
    return Settlement(
        gross_savings=savings,
        earned=earned,
        owed=owed,
        cash=cash,
        savings_cap_hit=never,
        loss_limit_hit=never,
        gate_met=savings > 0.0,
        loss_gate_met=savings < 0.0,
        steps=(
            Step(
                "savings",
                "Savings are the settlement base (final benchmark and health equity adjustment) less the cost of care "
                "net of stop-loss; below zero they are a loss",
                savings,
                "dollars",
            ),
            Step(
                "shared savings",
                "Each corridor's share is applied to the savings that fall inside it",
                shared_savings,
                "dollars",
                ("corridor_edges", "savings_edges", "savings_shares"),
            ),
            Step(
                "shared losses",
                "Each corridor's share is applied to the losses that fall inside it",
                shared_losses,
                "dollars",
                ("corridor_edges", "loss_edges", "loss_shares"),
            ),
            Step(
                "earned",
                "What the arrangement pays for the year, after sequestration of gains",
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


def _within_corridors(amount: FloatArray, base: FloatArray, corridors: Corridors) -> FloatArray:
    """Dollars kept or borne of an amount (>= 0), band by band."""
    kept = np.zeros_like(amount)
    for lower, upper, share in zip(corridors.lower, corridors.upper, corridors.share, strict=True):
        # the last band has no upper edge; an infinite edge of a benchmark of zero would not be a number
        inside = np.minimum(amount, upper * base) if np.isfinite(upper).all() else amount
        kept += share * np.maximum(inside - lower * base, 0.0)
    return kept
