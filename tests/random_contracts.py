"""Random contracts and results for them, many placed where the rules turn: at gates, edges of bands, limits and zero.

Dollars lie on a grid of 1/64, so that benchmark less expenditure is exact in binary and in decimal arithmetic alike. A
result stands exactly at a gate only where the rate is a written decimal, not interpolated between two, and its product
with the benchmark the same number in both; elsewhere it stands two grid points beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
from decimal_settlement import Contract, Paid, Result, minimum_rate

from simdce.arrangements import Arrangement, load, names
from simdce.arrangements.elections import Elections
from simdce.arrangements.settlement import Outcome
from simdce.sourced import Term

GRID = 64
CENT = Decimal("0.01")
SIZES = (100, 499, 500, 999, 1000, 3000, 4999, 5000, 6000, 9999, 10000, 15000, 20000, 50000, 59999, 60000, 300000)


@dataclass(frozen=True)
class Choice:
    """An arrangement, performance years and elections: what many results can be settled under at once."""

    name: str
    years: tuple[int, ...]
    elections: Elections


def drawn_choice(random: Random, name: str | None = None, *, overridden: float = 0.25) -> Choice:
    """A contract of any arrangement, in its years or a few outside them, under any elections it offers; the share
    ``overridden`` of all contracts replaces numbers of the arrangement.
    """
    arrangement = load(random.choice(names()) if name is None else name)
    first, last = arrangement.first_year, arrangement.last_year or arrangement.first_year + 12
    begin = random.randint(first - 2, last + 2)
    years = tuple(range(begin, begin + random.randint(1, arrangement.agreement_years + 1)))
    chosen: dict[str, Any] = {}
    if random.random() < 0.5:
        chosen["agreement_start"] = begin - random.choice((0, 0, 1, 1, 2, 3, 4, 6))
    if random.random() < 0.5:
        chosen["agreement_number"] = random.randint(1, 5)
    dated = arrangement.in_force(years, Elections(**chosen)).timeline
    for election, offered in arrangement.elections.items():
        if random.random() < 0.7:
            offers = [offered.at(date).value for date in dated.dates(offered.by)]
            value = drawn_election(random, election, offers)
            if value is not None:
                chosen[election] = value
    if random.random() < overridden:
        chosen["overrides"] = drawn_overrides(random, arrangement, len(years))
    if contradicts(chosen, arrangement, years):
        del chosen["low_revenue"]
    return Choice(arrangement.name, years, Elections.of(chosen))


def drawn_election(random: Random, name: str, offers: Sequence[dict[str, Any]]) -> Any:
    """One of the choices offered in every year; where any fraction is, one value or one per performance year."""
    lists = [set(offer["allowed"]) for offer in offers if "allowed" in offer]
    if lists:
        # in an order of our own: that of a set of words differs from run to run
        return random.choice(sorted(set.intersection(*lists), key=str) or [None])
    if name == "participant_revenue_share":
        return random.choice((0.02, 0.1, 0.3, 0.349, 0.35, 0.5, 1.2))
    if name == "minimum_savings_rate":
        return random.choice((0.0, 0.01, 0.02, 0.035, "variable"))
    return drawn_fraction(random) if random.random() < 0.5 else tuple(drawn_fraction(random) for _ in offers)


def drawn_fraction(random: Random) -> float:
    return random.choice((0.0, 0.25, 0.3, 0.5, 0.8, 1.0, random.randint(1, 9999) / 10000))


def drawn_overrides(random: Random, arrangement: Arrangement, years: int) -> dict[str, Any]:
    """One to three single numbers of the arrangement replaced, for all years or by year."""
    known: dict[str, Term] = {**arrangement.terms, **arrangement.benchmark, **arrangement.repayment}
    scalars = sorted(name for name, term in known.items() if term.is_scalar)
    settling = [name for name in scalars if name in arrangement.terms]
    found: dict[str, Any] = {}
    for name in random.sample(settling, min(len(settling), random.randint(1, 2))) + random.sample(scalars, 1):
        unit = known[name].entries[0].unit
        if unit.startswith("fraction"):
            values: Sequence[float] = (0.0, 0.01, 0.02, 0.05, 0.1, 0.35, 0.5, 0.77, 1.0)
        elif unit.startswith("factor"):
            values = (0.9, 0.98, 1.0, 1.02)
        else:
            values = (0, 1000, 5000, 20000)
        found[name] = random.choice(values)
        if random.random() < 0.3:
            found[name] = tuple(float(random.choice(values)) for _ in range(years))
    ends = ("loss_rate_floor", "loss_rate_ceiling")
    if found.keys() & set(ends):
        # a ceiling under its floor means nothing, and a flat rate, which quality does not move, has both equal
        low, high = (arrangement.terms[end].entries[0].value for end in ends)
        one = random.choice((0.1, 0.3, 0.77, 1.0))
        found |= {ends[0]: one, ends[1]: one} if low == high else {ends[0]: one * 0.5, ends[1]: one}
    return found


def contradicts(chosen: dict[str, Any], arrangement: Arrangement, years: Sequence[int]) -> bool:
    """Whether an ACO is said to be low revenue and its revenue share says otherwise, in some year."""
    if "low_revenue" not in chosen or "participant_revenue_share" not in chosen:
        return False
    thresholds = arrangement.in_force(years, Elections.of(chosen)).numbers("low_revenue_threshold")
    return any((chosen["participant_revenue_share"] < each) != chosen["low_revenue"] for each in thresholds)


# Results --------------------------------------------------------------------------------------------------------------


def turning_rates(contract: Contract) -> list[list[Decimal]]:
    """Shares of the benchmark, by year, near which a rule turns: every number under 50% that the year knows, and 0."""
    found = []
    for year in contract.years:
        rates = {Decimal(0)}
        for name, value in year.items():
            listed = value if name.endswith("edges") else [value]
            rates |= {each for each in listed if isinstance(each, Decimal) and each < Decimal("0.5")}
            if name.endswith("limit") or "limit_of_benchmark" in name:
                for share in (year.get("max_sharing_rate"), year.get("savings_share"), year.get("loss_rate_floor")):
                    rates |= {value / share} if share and value / share < Decimal("0.5") else set()
        found.append(sorted(rates))
    return found


def drawn_result(random: Random, year: dict[str, Any], rates: Sequence[Decimal]) -> Result:
    """One year: half of them somewhere, half at a turn of the rules or within a dollar of it."""
    people = Decimal(random.choice(SIZES) if random.random() < 0.4 else round(100 * 3000 ** random.random()))
    if random.random() < 0.1:
        people += Decimal("0.75")
    benchmark = Decimal(round(1e6 * 5000 ** random.random()))
    if random.random() < 0.5:
        savings = benchmark * Decimal(random.uniform(-0.5, 0.5))
        aside = Decimal(0)
    else:
        rate, is_written = random.choice(rates), True
        if "minimum_savings_rate_table" in year and random.random() < 0.5:
            rate = minimum_rate(year, people)
            written = [
                year["elected minimum_savings_rate"],
                *(row["rate_from"] for row in year["minimum_savings_rate_table"]),
            ]
            is_written = rate in written
        benchmark = benchmark // 1000 * 1000
        savings = rate * benchmark
        aside = Decimal(random.choice((-64, -2, 0, 0, 0, 2, 64))) / GRID
        if not aside and not (is_written and same_in_binary(rate, benchmark)):
            aside = Decimal(random.choice((-2, 2))) / GRID
        if random.random() < 0.5:
            savings, aside = -savings, -aside
    expenditure = on_grid(benchmark - savings - aside)
    revenue = on_grid(benchmark * Decimal(random.uniform(0, 1.2))) if random.random() < 0.2 else None
    return Result(benchmark, expenditure, people, revenue)


def on_grid(dollars: Decimal) -> Decimal:
    return (dollars * GRID).to_integral_value() / GRID


def same_in_binary(rate: Decimal, benchmark: Decimal) -> bool:
    """Whether rate times benchmark is the same number in binary and in decimal arithmetic, and on the grid."""
    product = rate * benchmark
    return product == on_grid(product) and Decimal(float(rate) * float(benchmark)) == product


def drawn_results(random: Random, contract: Contract, count: int) -> list[list[Result]]:
    """``count`` results of a contract's years; all of them state the participants' revenue, or none does."""
    rates, stated = turning_rates(contract), random.random() < 0.25
    found = []
    for _ in range(count):
        results = [drawn_result(random, dict(year), each) for year, each in zip(contract.years, rates, strict=True)]
        found.append([r._replace(revenue=(r.revenue or r.expenditure / 4) if stated else None) for r in results])
    return found


# Both settlements -----------------------------------------------------------------------------------------------------


def outcome_of(results: Sequence[Sequence[Result]]) -> Outcome:
    """Results of one contract as the package takes them, every array of shape (results, years)."""
    figures = np.array([[[float(x) for x in result if x is not None] for result in row] for row in results])
    return Outcome(*np.moveaxis(figures, -1, 0))


def settled_in_binary(choice: Choice, results: Sequence[Sequence[Result]]) -> np.ndarray[Any, Any]:
    """Earned, owed and cash of every result and year by the package, shape (3, results, years)."""
    settlement = load(choice.name).settle(outcome_of(results), choice.years, choice.elections)
    return np.stack([settlement.earned, settlement.owed, settlement.cash])


def settled_in_decimals(contract: Contract, results: Sequence[Sequence[Result]]) -> list[list[Paid]]:
    return [contract.settle(row) for row in results]


def disagreements(random: Random, count: int, name: str | None = None) -> list[str]:
    """Draw a contract and ``count`` results for it; one line for each that the two settlements pay differently."""
    choice = drawn_choice(random, name)
    contract = Contract.of(choice.name, choice.years, choice.elections)
    results = drawn_results(random, contract, count)
    decimals = settled_in_decimals(contract, results)
    binary = settled_in_binary(choice, results)
    exact = np.array([[[float(x) for x in paid] for paid in row] for row in decimals])
    # not "further than a cent", which a NaN would never be
    wrong = (~(np.abs(binary - np.moveaxis(exact, -1, 0)) <= float(CENT))).any(axis=(0, 2)).nonzero()[0]
    return [described(choice, results[i], decimals[i], binary[:, i]) for i in wrong]


def described(choice: Choice, results: Sequence[Result], paid: Sequence[Paid], binary: np.ndarray[Any, Any]) -> str:
    """A disagreement in full: the contract, and for each year what went in and what came out of either side."""
    elected = choice.elections.model_dump(exclude_defaults=True)
    lines = [f"{choice.name} {choice.years} {elected}"]
    for k, year in enumerate(choice.years):
        went_in = ", ".join(f"{field} {value}" for field, value in results[k]._asdict().items())
        decimal = ", ".join(f"{field} {value:.4f}" for field, value in paid[k]._asdict().items())
        floats = ", ".join(f"{field} {value:.4f}" for field, value in zip(Paid._fields, binary[:, k], strict=True))
        lines += [f"  {year}: {went_in}", f"    decimal: {decimal}", f"    package: {floats}"]
    return "\n".join(lines)
