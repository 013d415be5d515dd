"""A shared-savings arrangement in one line."""

from __future__ import annotations

from collections.abc import Mapping

from simdce.arrangements.headline import Headline, percent, through_the_years
from simdce.sourced import Term


def headline(terms: Mapping[str, Term]) -> Headline:
    """Share, payment limit, loss rate and loss limit, all of savings, losses or benchmark unless said otherwise."""
    limits = [
        f"{through_the_years(terms[name])} of {words}"
        for name, words in (("loss_limit_of_revenue", "revenue"), ("loss_limit_of_benchmark", "benchmark"))
        if name in terms
    ]
    return Headline(
        max_share=through_the_years(terms["max_sharing_rate"]),
        savings_cap=through_the_years(terms["performance_payment_limit"]),
        loss_rate=_loss_rate(terms),
        loss_limit=" or ".join(limits) or "none",
    )


def _loss_rate(terms: Mapping[str, Term]) -> str:
    if "loss_rate_ceiling" not in terms:
        return "none"
    highest = max(entry.value for entry in terms["loss_rate_ceiling"].entries)
    best_share = max(entry.value for entry in terms["max_sharing_rate"].entries)
    floor = max(entry.value for entry in terms["loss_rate_floor"].entries)
    lowest = min(highest, max(floor, 1 - best_share))
    return percent(highest) if lowest == highest else f"{percent(lowest)} to {percent(highest)}"
