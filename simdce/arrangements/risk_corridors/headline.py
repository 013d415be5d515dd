"""A risk-corridor arrangement in one line."""

from __future__ import annotations

from collections.abc import Mapping

from simdce.arrangements.headline import Headline, percent
from simdce.sourced import Term


def headline(terms: Mapping[str, Term]) -> Headline:
    """The share of each band, nearest first, as last in force; there is no cap and no limit."""
    return Headline(_bands(terms["savings_shares"]), "none", _bands(terms["loss_shares"]), "none")


def _bands(term: Term) -> str:
    return ", ".join(percent(share) for share in term.entries[-1].value)
