"""What must be set aside before taking two-sided risk: the repayment mechanism (MSSP) or financial guarantee (REACH).

42 CFR 425.204(f): a share of assigned beneficiaries' Part A and B expenditure or, from 2019 starts, the lesser of
that and a share of the participants' Part A and B revenue. The guarantee percentages of GPDC and REACH are recalled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simdce.errors import InputError
from simdce.sourced import Confidence, Sourced, weakest

if TYPE_CHECKING:
    from simdce.arrangements.arrangement import Arrangement
    from simdce.arrangements.elections import Elections


@dataclass(frozen=True)
class Repayment:
    """An amount to set aside, in dollars, the sentence that says which branch of the rule bound, and its sources."""

    amount: float
    branch: str
    source: str
    confidence: Confidence
    unit: str = "dollars"


def repayment_amount(
    arrangement: Arrangement,
    agreement_start: int,
    expenditure: float,
    revenue: float | None = None,
    elections: Elections | None = None,
) -> Repayment:
    """The amount for an agreement that starts in a calendar year; zero where the arrangement asks for none.

    ``expenditure``: dollars a year of assigned beneficiaries' Part A and B expenditure (GPDC and REACH: of the
    benchmark). ``revenue``: dollars a year of participants' Part A and B revenue; without it the expenditure branch
    stands. Raises InputError on figures that are negative or not finite.
    """
    for name, figure in (("expenditure", expenditure), ("revenue", revenue)):
        if figure is not None and not 0.0 <= figure < math.inf:
            raise InputError("must be finite and not negative", key=name, value=figure)
    numbers = arrangement.in_force((agreement_start,), elections)

    def found(name: str) -> Sourced | None:
        if name not in arrangement.repayment:
            return None
        if name in numbers.elections.overrides:
            return numbers.sourced(name)[0]
        term = arrangement.repayment[name]
        return term.known_at(numbers.timeline.dates(term.by)[0])

    branches = [
        (share.value * dollars, share, words)
        for name, dollars, words in (
            ("share_of_expenditure", expenditure, "Part A and B expenditure"),
            ("share_of_revenue", revenue, "participants' revenue"),
            ("share_of_benchmark", expenditure, "the benchmark"),
        )
        if dollars is not None and (share := found(name)) is not None
    ]
    if not branches:
        return Repayment(0.0, "none asked for", arrangement.citation, "quoted")
    amount, share, words = min(branches, key=lambda branch: branch[0])
    sentence = f"{100 * share.value:.4g}% of {words}"
    if len(branches) > 1:
        other = next(branch for branch in branches if branch[1] is not share)
        sentence += f", less than {100 * other[1].value:.4g}% of {other[2]} ({other[0]:,.0f})"
    return Repayment(amount, sentence, share.source, weakest(each[1].confidence for each in branches))
