"""A capped-share arrangement in one line."""

from __future__ import annotations

from collections.abc import Mapping

from simdce.arrangements.headline import Headline, through_the_years
from simdce.sourced import Term


def headline(terms: Mapping[str, Term]) -> Headline:
    """Share and limit both ways; where the ACO elects a cap on gross savings and losses, that says so."""
    return Headline(
        max_share=through_the_years(terms["savings_share"]),
        savings_cap=_limit(terms, "performance_payment_limit", "as elected, on gross savings"),
        loss_rate=through_the_years(terms["loss_share"]),
        loss_limit=_limit(terms, "loss_limit_of_benchmark", "as elected, on gross losses"),
    )


def _limit(terms: Mapping[str, Term], name: str, elected: str) -> str:
    return f"{through_the_years(terms[name])} of benchmark" if name in terms else elected
