"""The payment that the rules give for a row's figures: no file's payment is read here, there is none to read.

Where the quality score is printed rounded, the row is settled at both ends of the interval it was rounded from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from simdce.arrangements import Arrangement, load, names
from simdce.arrangements.elections import Elections
from simdce.arrangements.settlement import Outcome, Settlement
from simdce.published.row import Figures

NOT_IN_THIS_VERSION = "arrangement not in this version"
REVENUE_LIMIT = "the loss may be limited by participants' revenue, which CMS does not publish"
_CENT = 0.01


@dataclass(frozen=True)
class Recomputation:
    """Dollars paid to the ACO, minus where it owes: with rates as printed, and between what bounds rounding leaves.

    The rates are fractions, the final ones that quality earns, NaN for risk corridors. ``missing`` says what cannot be
    had, if anything. With ``at_most_owed`` the amount is the most the ACO can owe: a limit that is not published may
    lower it.
    """

    amount: float = math.nan
    low: float = math.nan
    high: float = math.nan
    minimum_savings_rate: float = math.nan
    sharing_rate: float = math.nan
    loss_rate: float = math.nan
    missing: str = ""
    at_most_owed: bool = False


def recompute(figures: Figures) -> Recomputation:
    """The row's payment by its arrangement's rules."""
    if figures.arrangement not in names():
        return Recomputation(missing=f"{NOT_IN_THIS_VERSION}: {figures.arrangement}")
    arrangement = load(figures.arrangement)
    if arrangement.mechanism == "risk_corridors":
        paid = float(arrangement.settle(_outcome(figures), [figures.year]).net[0])
        return Recomputation(paid, paid, paid)
    elected = elections_of(figures, arrangement)
    score, least, most = _scores(figures, arrangement, elected)
    settlement = _settled(figures, arrangement, elected, score)
    paid = float(settlement.net[0])
    ends = [paid]
    # a score scales what is paid or owed; where that is nothing, for another reason, no other score makes it something
    nothing = paid == 0.0 and score > 0.0 and figures.disaster_adjustment == 0.0
    if not nothing and (most - least) * abs(figures.savings) > _CENT:
        ends += [float(_settled(figures, arrangement, elected, end).net[0]) for end in (least, most)]
    final = arrangement.resolve([figures.year], Elections.of({**elected, "quality_score": score}))
    return Recomputation(
        amount=paid,
        low=min(ends),
        high=max(ends),
        minimum_savings_rate=_minimum(settlement, figures),
        sharing_rate=float(final.sharing_rate[0]),
        loss_rate=float(final.loss_rate[0]),
        at_most_owed=bool(settlement.owed[0] > 0.0) and "loss_limit_of_revenue" in arrangement.terms,
    )


def _outcome(figures: Figures) -> Outcome:
    people = np.nan_to_num([figures.assigned_beneficiaries])  # risk corridors, where it may be suppressed, ask for none
    return Outcome(np.array([figures.benchmark]), np.array([figures.expenditure]), people)


def _minimum(settlement: Settlement, figures: Figures) -> float:
    (step,) = [each for each in settlement.steps if each.name == "minimum savings"]
    return float(step.value[0]) / figures.benchmark if figures.benchmark else math.nan


def _settled(figures: Figures, arrangement: Arrangement, elected: dict[str, Any], score: float) -> Settlement:
    """The settlement; a disaster adjustment, published in dollars, is elected as the share of the loss that it is."""
    chosen = {**elected, "quality_score": score}
    settlement = arrangement.settle(_outcome(figures), [figures.year], Elections.of(chosen))
    owed = float(settlement.owed[0])
    if figures.disaster_adjustment > 0.0 and owed > 0.0:
        chosen["extreme_circumstance_relief"] = min(1.0, figures.disaster_adjustment / owed)
        settlement = arrangement.settle(_outcome(figures), [figures.year], Elections.of(chosen))
    return settlement


def elections_of(figures: Figures, arrangement: Arrangement) -> dict[str, Any]:
    """What the row says that the ACO elected and which standard it met, as Elections take it."""
    start = figures.year if figures.agreement_start is None else figures.agreement_start
    elected: dict[str, Any] = {"agreement_start": start, "quality_standard": _standard(figures)}
    if "low_revenue" in arrangement.elections and figures.low_revenue is not None:
        elected["low_revenue"] = figures.low_revenue
    if figures.guardrail and figures.savings > 0.0:
        # recalled, and so on all five such rows of 2024: losses on the restored benchmark are owed, savings not shared
        elected["overrides"] = {"max_sharing_rate": 0.0}
    if arrangement.two_sided:
        elected["minimum_savings_rate"] = _minimum_elected(figures, arrangement, start)
    if "public_health_emergency_relief" in arrangement.elections:
        # where only part of a year was an emergency, the published adjustment says how much was forgiven
        forgiven = _share_forgiven(arrangement.name, figures.year)
        elected["public_health_emergency_relief"] = forgiven >= 1.0 or figures.disaster_adjustment == 0.0
    return elected


@cache
def _share_forgiven(arrangement: str, year: int) -> float:
    return float(load(arrangement).in_force([year]).numbers("public_health_emergency_share_forgiven")[0])


def _standard(figures: Figures) -> str:
    """Which quality standard was met, by the file's flags; where it has none, a sharing rate of zero says: neither."""
    shares = figures.final_sharing_rate is None or figures.final_sharing_rate.value > 0.0
    met = shares if figures.quality_met is None else figures.quality_met
    if met:
        return "met"
    alternative = shares if figures.quality_alternative is None else figures.quality_alternative
    return "alternative" if alternative and figures.final_sharing_rate is not None else "not_met"


def _minimum_elected(figures: Figures, arrangement: Arrangement, start: int) -> float | str:
    """The offered fixed rate that prints as the published one; any other published rate is the variable table's."""
    published = figures.minimum_savings_rate
    offer = arrangement.elections["minimum_savings_rate"].at(start).value
    if published is None:
        default: float | str = offer["default"]
        return default
    fixed = [choice for choice in offer["allowed"] if choice != "variable"]
    return next((choice for choice in fixed if math.isclose(choice, published.value, abs_tol=1e-9)), "variable")


def _scores(figures: Figures, arrangement: Arrangement, elected: dict[str, Any]) -> tuple[float, float, float]:
    """The quality score as printed, and the least and the largest that both it and the final rate are printed from.

    No score is printed where the first agreement year only had to report: that is full quality.
    """
    printed = figures.quality_score
    if printed is None:
        return 1.0, 1.0, 1.0
    score = min(printed.value, 1.0)
    least, most = printed.low, min(printed.high, 1.0)
    rate = figures.final_sharing_rate
    numbers = arrangement.in_force([figures.year], Elections(agreement_start=elected["agreement_start"]))
    regime = {"met": "sharing_when_met", "alternative": "sharing_when_alternative"}.get(elected["quality_standard"])
    scaled = regime is not None and numbers.values(regime)[0] == "score"
    if figures.savings >= 0.0 and not scaled:
        return score, score, score  # savings are shared at a rate that does not depend on the score
    if rate is not None and scaled:
        largest = float(numbers.numbers("max_sharing_rate")[0])
        lower, upper = max(least, rate.low / largest), min(most, rate.high / largest)
        if lower <= upper:
            least, most = lower, upper
    return score, least, most
