"""Published against recomputed: the one place that sees both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from simdce.published.recomputation import REVENUE_LIMIT, Recomputation, recompute
from simdce.published.row import PublishedRow

Verdict = Literal["reproduced", "within_published_rounding", "not_recomputable", "unexplained"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

_DOLLARS = 1.0
_SHARE = 0.001


@dataclass(frozen=True)
class Judged:
    """A row, what the rules give for it, the verdict, and the reason where it is neither of the first two."""

    row: PublishedRow
    recomputation: Recomputation
    verdict: Verdict
    reason: str = ""


def judge(row: PublishedRow) -> Judged:
    """The row judged: recomputed from its figures alone, then held against the payment published."""
    found = recompute(row.figures)
    verdict, reason = _verdict(row.payment, found)
    return Judged(row, found, verdict, reason)


def _verdict(paid: float, found: Recomputation) -> tuple[Verdict, str]:
    if found.missing:
        return "not_recomputable", found.missing
    if _same(found.amount, paid):
        return "reproduced", ""
    if found.low - _DOLLARS <= paid <= found.high + _DOLLARS:
        return "within_published_rounding", ""
    if found.at_most_owed and found.low < paid < 0.0:
        return "not_recomputable", REVENUE_LIMIT
    return "unexplained", f"differs by {abs(found.amount - paid):,.0f} dollars"


def _same(found: float, paid: float) -> bool:
    return abs(found - paid) <= max(_DOLLARS, _SHARE * abs(paid))


def counts(judged: Sequence[Judged]) -> dict[str, int]:
    """How many rows there are, and how many of each verdict."""
    return {"rows": len(judged)} | {verdict: sum(each.verdict == verdict for each in judged) for verdict in VERDICTS}
