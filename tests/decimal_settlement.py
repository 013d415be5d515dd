"""Every settlement once more, in decimal arithmetic, one contract and one year at a time, from the text of the rules.

Nothing here calls the settlement of the package: it shares the numbers as they stand in a performance year, written as
the decimals of the TOML files, and what the ACO elected. Amounts are dollars, rates fractions. The sections named are
those of the reference on the rules (settlement rules: every arrangement's parameters).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from simdce.arrangements import load
from simdce.arrangements.elections import Elections

Numbers = Mapping[str, Any]
ZERO, ONE = Decimal(0), Decimal(1)
ENHANCED = ("mssp_enhanced", "mssp_2027_enhanced", "mssp_track_3")


class Result(NamedTuple):
    """What one performance year cost and was expected to cost; ``revenue`` of the participants where it is stated."""

    benchmark: Decimal
    expenditure: Decimal
    people: Decimal
    revenue: Decimal | None = None

    @property
    def savings(self) -> Decimal:
        return self.benchmark - self.expenditure


class Paid(NamedTuple):
    """What a year earned, what it owes and what moved with its settlement."""

    earned: Decimal
    owed: Decimal
    cash: Decimal


@dataclass(frozen=True)
class Contract:
    """An arrangement in given performance years under given elections, every number looked up and made a decimal."""

    name: str
    mechanism: str
    years: tuple[Numbers, ...]
    closes: tuple[bool, ...]

    @classmethod
    def of(cls, name: str, performance_years: Sequence[int], elections: Elections) -> Contract:
        arrangement = load(name)
        held = arrangement.in_force(performance_years, elections)
        years: list[dict[str, Any]] = [{} for _ in performance_years]
        for number in arrangement.terms:
            for year, value in zip(years, held.values(number), strict=True):
                year[number] = exactly(value)
        for election in arrangement.elections:
            for year, value in zip(years, held.elected(election), strict=True):
                year[f"elected {election}"] = exactly(value)
        # an agreement that goes on is renewed for as many years
        closes = tuple(year % arrangement.agreement_years == 0 for year in held.timeline.agreement_years)
        return cls(name, arrangement.mechanism, tuple(years), closes)

    def settle(self, results: Sequence[Result]) -> list[Paid]:
        """The settlement of each performance year."""
        if self.mechanism == "savings_threshold":
            return physician_group_practice(self, results)
        settled = MECHANISMS[self.mechanism]
        if self.mechanism == "shared_savings" and self.name.startswith(ENHANCED):
            settled = enhanced
        return withheld_until_the_close(self, [settled(year, r) for year, r in zip(self.years, results, strict=True)])


def exactly(value: object) -> Any:
    """A number as the decimal that is written for it, also inside lists and tables; words and switches as they are."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: exactly(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [exactly(each) for each in value]
    raise TypeError(value)


# Medicare PGP demonstration (section 1) -------------------------------------------------------------------------------


def physician_group_practice(contract: Contract, results: Sequence[Result]) -> list[Paid]:
    """80% of the savings beyond 2% of target, the rest by quality, at most 5% of target; no repayment.

    Spending more than 2% over target is carried forward and taken from later savings; a quarter of each payment is held
    until the demonstration ends, against losses that are still carried then.
    """
    carried, held, paid = ZERO, ZERO, []
    for year, closes, result in zip(contract.years, contract.closes, results, strict=True):
        target, savings = result.benchmark, result.savings
        carried += max(ZERO, -savings - year["loss_threshold"] * target)
        net = max(ZERO, savings - year["savings_threshold"] * target)
        offset = min(net, carried)
        carried -= offset
        by_quality = year["quality_share"]
        share = year["max_sharing_rate"] * ((ONE - by_quality) + by_quality * year["elected quality_score"])
        earned = min(share * (net - offset), year["performance_payment_limit"] * target)
        kept_back = year["withhold"] * earned
        cash, held = earned - kept_back, held + kept_back
        if closes:
            cash += max(ZERO, held - carried)
            carried = held = ZERO
        paid.append(Paid(earned, ZERO, cash))
    return paid


# Medicare Shared Savings Program (sections 2 and 3) -------------------------------------------------------------------


def table_rate(table: Sequence[Numbers], people: Decimal) -> Decimal:
    """The variable minimum savings rate (3.1): linear between the ends of a row, people rounded down."""
    count = people // ONE
    if count < table[0]["from"]:
        return table[0]["rate_from"]  # type: ignore[no-any-return]
    row = [each for each in table if each["from"] <= count][-1]
    if "to" not in row or row["rate_from"] == row["rate_to"]:
        return row["rate_from"]  # type: ignore[no-any-return]
    way = (count - row["from"]) / (row["to"] - row["from"])
    return row["rate_from"] + way * (row["rate_to"] - row["rate_from"])  # type: ignore[no-any-return]


def minimum_rate(year: Numbers, people: Decimal) -> Decimal:
    """The minimum savings (and loss) rate: as elected, the table's where variable or too few people for a fixed one."""
    elected = year["elected minimum_savings_rate"]
    too_few = people // ONE < year.get("fixed_rate_minimum_beneficiaries", ZERO)
    return table_rate(year["minimum_savings_rate_table"], people) if elected == "variable" or too_few else elected


def quality(year: Numbers) -> tuple[bool, Decimal]:
    """Whether a quality standard is met that year, and the share of the maximum sharing rate it earns (3.3)."""
    word = {"met": "sharing_when_met", "alternative": "sharing_when_alternative"}.get(year["elected quality_standard"])
    earns = "none" if word is None else year[word]
    share = {"full": ONE, "score": year["elected quality_score"], "none": ZERO}[earns]
    return earns != "none", share


def low_revenue(year: Numbers) -> bool:
    """Participants' revenue under 35% of the assigned people's expenditure, unless the ACO says what it is."""
    if "low_revenue_threshold" not in year:
        return False
    said, share = year["elected low_revenue"], year["elected participant_revenue_share"]
    if said is not None:
        return bool(said)
    return share is not None and bool(share < year["low_revenue_threshold"])


def shared_savings_earned(year: Numbers, result: Result) -> Decimal:
    """min(rate x savings x sequestration, limit x benchmark), from the first dollar once the minimum is met."""
    savings = result.savings
    if savings <= ZERO:
        return ZERO
    rate = year["max_sharing_rate"] * quality(year)[1]
    if savings < minimum_rate(year, result.people) * result.benchmark:
        if not low_revenue(year) or result.people // ONE < year["low_revenue_minimum_beneficiaries"]:
            return ZERO
        rate *= year["low_revenue_rate_below_gate"]
    shared = max(ZERO, savings - year.get("savings_threshold", ZERO) * result.benchmark)
    limit = year["performance_payment_limit"] * result.benchmark
    earned: Decimal = min(rate * shared * year["sequestration_factor"], limit) * year.get("elected part_year", ONE)
    return earned


def shared_losses_owed(year: Numbers, result: Result, rate_earned: Decimal) -> Decimal:
    """Loss rate x losses from the first dollar once the minimum is met, limited, then relieved; not sequestered.

    The loss rate is one less the rate earned, within its floor and ceiling (which are one where it is flat).
    """
    losses = -result.savings
    if losses <= ZERO or "loss_rate_ceiling" not in year:
        return ZERO
    if losses < minimum_rate(year, result.people) * result.benchmark:
        return ZERO
    rate = min(max(ONE - rate_earned, year["loss_rate_floor"]), year["loss_rate_ceiling"])
    shared = max(ZERO, losses - year.get("loss_threshold", ZERO) * result.benchmark)
    limit = year["loss_limit_of_benchmark"] * result.benchmark
    revenue = result.revenue
    if revenue is None and year.get("elected participant_revenue_share") is not None:
        revenue = year["elected participant_revenue_share"] * result.expenditure
    if revenue is not None and "loss_limit_of_revenue" in year:
        limit = min(limit, year["loss_limit_of_revenue"] * revenue)
    owed: Decimal = min(rate * shared, limit) * (ONE - forgiven(year)) * year.get("elected part_year", ONE)
    return owed


def forgiven(year: Numbers) -> Decimal:
    """The share of a loss forgiven: a disaster's, in 2020 to 2023 the public health emergency's where elected.

    Of both, which no rule adds up, the larger: what is forgiven if the disaster fell into the emergency's months.
    """
    disaster: Decimal = year.get("elected extreme_circumstance_relief", ZERO)
    if not year.get("elected public_health_emergency_relief"):
        return disaster
    emergency: Decimal = year["public_health_emergency_share_forgiven"]
    return max(disaster, emergency)


def shared_savings(year: Numbers, result: Result) -> Paid:
    """Tracks 1, 1+ and 2, BASIC and the proposals of 2011: the loss rate is one less the final sharing rate."""
    earned = shared_savings_earned(year, result)
    owed = shared_losses_owed(year, result, year["max_sharing_rate"] * quality(year)[1])
    return Paid(earned, owed, earned - owed)


def enhanced(year: Numbers, result: Result) -> Paid:
    """ENHANCED: the loss rate is one less 75% x quality score, the highest where neither quality standard is met.

    Track 3 too, whose loss rate is one less the final sharing rate: the same until 2020, and in 2021, the only year in
    which they differ, a reference to ENHANCED in the regulation includes Track 3 (42 CFR 425.600(a)(3)).
    """
    earned = shared_savings_earned(year, result)
    score = year["elected quality_score"] if quality(year)[0] else ZERO
    owed = shared_losses_owed(year, result, year["max_sharing_rate"] * score)
    return Paid(earned, owed, earned - owed)


# Pioneer and Next Generation (section 4) ------------------------------------------------------------------------------


def capped_share(year: Numbers, result: Result) -> Paid:
    """Next Generation caps gross savings and losses, then shares, then sequesters; Pioneer has a gate and limits."""
    gross, size = result.savings, abs(result.savings)
    if size < year.get("minimum_savings_rate", ZERO) * result.benchmark:
        return Paid(ZERO, ZERO, ZERO)
    if "elected gross_cap" in year:
        size = min(size, year["elected gross_cap"] * result.benchmark)
    side, limited = ("savings", "performance_payment_limit") if gross > 0 else ("loss", "loss_limit_of_benchmark")
    amount = size * year[f"{side}_share"] * year[f"{side}_sequestration_factor"]
    if limited in year:
        amount = min(amount, year[limited] * result.benchmark)
    return Paid(amount, ZERO, amount) if gross > 0 else Paid(ZERO, amount, -amount)


# GPDC, ACO REACH and LEAD (section 5; LEAD in the rules for 2027) -----------------------------------------------------


def risk_corridors(year: Numbers, result: Result) -> Paid:
    """The ACO's share of each band of gross savings or losses, bands in shares of the settlement base; sequestered."""
    gross = result.savings
    side = "savings" if gross > 0 else "loss"
    edges = year["corridor_edges"] if "corridor_edges" in year else year[f"{side}_edges"]
    bounds = [ZERO, *(edge * result.benchmark for edge in edges), max(abs(gross), edges[-1] * result.benchmark)]
    amount = ZERO
    for (low, high), share in zip(pairwise(bounds), year[f"{side}_shares"], strict=True):
        amount += share * max(ZERO, min(abs(gross), high) - low)
    amount *= year[f"{side}_sequestration_factor"]
    return Paid(amount, ZERO, amount) if gross > 0 else Paid(ZERO, amount, -amount)


# What moves when ------------------------------------------------------------------------------------------------------


def withheld_until_the_close(contract: Contract, settled: Sequence[Paid]) -> list[Paid]:
    """A share of each payment is kept back and comes with the settlement in which the agreement closes."""
    held, paid = ZERO, []
    for year, closes, one in zip(contract.years, contract.closes, settled, strict=True):
        kept_back = year.get("withhold", ZERO) * one.earned
        held += kept_back
        released = held if closes else ZERO
        held -= released
        paid.append(Paid(one.earned, one.owed, one.earned - kept_back + released - one.owed))
    return paid


MECHANISMS: Mapping[str, Callable[[Numbers, Result], Paid]] = {
    "shared_savings": shared_savings,
    "capped_share": capped_share,
    "risk_corridors": risk_corridors,
}
