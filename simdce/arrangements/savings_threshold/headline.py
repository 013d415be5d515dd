"""A savings-threshold arrangement in one line."""

from __future__ import annotations

from collections.abc import Mapping

from simdce.arrangements.headline import Headline, through_the_years
from simdce.sourced import Term


def headline(terms: Mapping[str, Term]) -> Headline:
    """The share of savings beyond the threshold and the payment limit; losses are carried, never billed."""
    share, threshold = through_the_years(terms["max_sharing_rate"]), through_the_years(terms["savings_threshold"])
    return Headline(
        f"{share} beyond {threshold}", through_the_years(terms["performance_payment_limit"]), "carried", "none"
    )
