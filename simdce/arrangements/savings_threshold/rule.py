"""The Physician Group Practice demonstration's bonus: a share of the savings beyond a threshold, with memory of losses.

No loss is ever billed. Spending beyond the threshold above target is carried forward and taken from later savings
before they are shared; a part of every bonus is kept back until the demonstration ends, and what losses are then left
unpaid is taken from it (in full dollars, which the sources leave open). Whether the threshold is a deductible, as
here, or only a gate is recalled: no document seen says so.
"""

from __future__ import annotations

import numpy as np

from simdce.arrangements.savings_threshold.terms import Terms
from simdce.arrangements.settlement import Outcome, Settlement, Step


def settle(outcome: Outcome, terms: Terms) -> Settlement:
    """The settlement of every performance year in turn; arrays broadcast from outcome and terms, last axis years."""
    target = outcome.benchmark
    savings = target - outcome.expenditure
    net_savings = np.maximum(savings - terms.savings_threshold * target, 0.0)
    net_losses = np.maximum(-savings - terms.loss_threshold * target, 0.0)
    quality = (1.0 - terms.quality_share) + terms.quality_share * terms.quality_score
    limit = np.broadcast_to(terms.payment_limit * target, savings.shape)
    kept_rate = np.broadcast_to(terms.sharing_rate * quality, savings.shape)

    offset, earned, released = np.zeros_like(savings), np.zeros_like(savings), np.zeros_like(savings)
    limited = np.zeros_like(savings, dtype=np.bool_)
    carried = np.zeros(savings.shape[:-1])
    kept_back = np.zeros(savings.shape[:-1])
    for year, closes in enumerate(terms.closes_agreement):
        carried = carried + net_losses[..., year]
        offset[..., year] = np.minimum(carried, net_savings[..., year])
        carried = carried - offset[..., year]
        bonus = kept_rate[..., year] * (net_savings[..., year] - offset[..., year])
        limited[..., year] = bonus > limit[..., year]
        earned[..., year] = np.minimum(bonus, limit[..., year])
        kept_back = kept_back + earned[..., year] * terms.withhold[year]
        if closes:
            released[..., year] = np.maximum(kept_back - carried, 0.0)
            carried, kept_back = np.zeros_like(carried), np.zeros_like(kept_back)

    withheld = earned * terms.withhold
    cash = earned - withheld + released
    return Settlement(
        gross_savings=savings,
        earned=earned,
        owed=np.zeros_like(savings),
        cash=cash,
        savings_cap_hit=limited,
        loss_limit_hit=np.zeros_like(limited),
        gate_met=net_savings > 0.0,
        loss_gate_met=np.zeros_like(limited),
        steps=(
            Step("savings", "Savings are the target less expenditure; below zero they are a loss", savings, "dollars"),
            Step(
                "net savings",
                "Only savings beyond the threshold share of the target are net savings",
                net_savings,
                "dollars",
                ("savings_threshold",),
            ),
            Step(
                "carried losses offset",
                "Losses beyond the threshold in earlier years are taken from net savings before they are shared",
                offset,
                "dollars",
                ("loss_threshold",),
            ),
            Step(
                "share kept",
                "The group keeps a share of what is left: part of it outright, part as its quality score earns it",
                kept_rate,
                "fraction of net savings",
                ("max_sharing_rate", "quality_share"),
            ),
            Step(
                "performance payment limit",
                "The payment may not exceed this share of the target",
                limit,
                "dollars",
                ("performance_payment_limit",),
            ),
            Step("earned", "What the demonstration pays for the year", earned, "dollars"),
            Step(
                "withheld", "Part of it is kept back until the demonstration ends", withheld, "dollars", ("withhold",)
            ),
            Step(
                "released",
                "What was kept back is paid out at the end, less losses still carried",
                released,
                "dollars",
            ),
            Step("payment", "What moves: earned less withheld plus released", cash, "dollars"),
        ),
    )
