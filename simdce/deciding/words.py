"""The sentences of the page, each in plain words with figures no finer than their error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from simdce import metrics
from simdce.deciding.findings import SURE, Findings
from simdce.metrics import Estimate
from simdce.report.names import listed, names
from simdce.scenario import Scenario
from simdce.studies.cash import calendar_month
from simdce.studies.decision import SELDOM, Judgement, Limit, Rule, decision_terms
from simdce.studies.options import Option
from simdce.wording import money, percent, with_error

Key = tuple[str, str | None]
_MOST_NAMED = 3
_LONGEST_NAME = 6
"""Words of a name."""


@dataclass(frozen=True)
class Names:
    """What the page calls each option."""

    called: dict[str, str]
    several: bool

    @classmethod
    def of(cls, scenario: Scenario) -> Names:
        """The names of a scenario."""
        return cls({key: _short(name) for key, name in names(scenario).items()}, len(scenario.arrangements) > 1)

    def __call__(self, key: Key | None) -> str:
        """What an option is called; staying out has no key."""
        if key is None:
            return "staying out"
        arrangement, tier = key
        if tier is None:
            return self.called[arrangement]
        return f"{_short(tier)} with {self.called[arrangement]}" if self.several else _short(tier)


def _short(name: str) -> str:
    """A name of so many words as leave room for the rest of the page."""
    found = name.split()
    return name if len(found) <= _LONGEST_NAME else f"{' '.join(found[:_LONGEST_NAME])} …"


def amount(estimate: Estimate) -> str:
    """Dollars to the digits that their error leaves."""
    return money(estimate.value, estimate.standard_error)


def share(fraction: float, error: float = 0.0) -> str:
    """A share as a percentage, without a decimal that is nought: 2%, 1.5%."""
    return percent(fraction, error).replace(".0%", "%")


def headline(judged: Judgement, called: Names) -> str:
    """The verdict in a sentence."""
    first = called(judged.first.option.key)
    if judged.verdict == "close":
        second = None if judged.second is None else judged.second.option.key
        return f"Too close to call: {first}, or {called(second)}."
    if judged.verdict == "stay_out":
        return "Do not join." if len(judged.ranked) > 1 else f"Do not join {first}."
    if judged.ties:
        tied = [called(each.option.key) for each in (judged.first, *judged.ties)]
        more = ["others"] if len(tied) > _MOST_NAMED else []
        return f"Join. Between {listed([*tied[:_MOST_NAMED], *more])} it is too close to call."
    return f"Join, and sign {first}." if judged.first.option.tier is not None else f"Join, under {first}."


def brief(judged: Judgement, called: Names) -> str:
    """The verdict in a word or two, for another size."""
    first = called(judged.first.option.key)
    if judged.verdict == "stay_out":
        return "do not join"
    return f"{first}, too close to call" if judged.ties or judged.verdict == "close" else first


def reason(judged: Judgement, called: Names) -> str:
    """What the rule finds, and how far the rest is from it."""
    first = judged.first
    today = "" if first.option.low_point is None else " in today’s money"
    name, worth = called(first.option.key), f"{with_error(first.worth, 'dollars')} a year"
    if judged.rule.basis == "limits":
        return _by_limits(judged, name, f"{worth}{today}")
    sure = "the sure amount you would take instead of its ups and downs"
    if judged.verdict == "stay_out":
        best = f"even {name}, the best on offer," if len(judged.ranked) > 1 else name
        return f"To you {best} is as bad as a sure loss of {worth.replace('−', '')}{today}."
    if judged.verdict == "close":
        return f"{name} is worth {worth} to you{today}, {sure}: that cannot be told from nothing."
    others = [each for each in judged.ranked[1:] if each not in judged.ties]
    second = ""
    if others and others[0].worth.value > 0:
        second = f"; {called(others[0].option.key)}: {amount(others[0].worth)}"
    elif others:
        second = f"; {called(others[0].option.key)}: less than nothing"
    return f"{name} is worth {worth} to you{today}: {sure}. Staying out is worth nothing{second}."


def _by_limits(judged: Judgement, name: str, worth: str) -> str:
    first = judged.first
    if not first.allowed:
        broken = next(limit for limit in first.limits if limit.holds is False)
        every = f"Even {name}" if len(judged.ranked) > 1 else name
        return f"{every} breaks your limit: {_found(broken)}; you allow {_allowed(broken)}."
    if judged.verdict == "stay_out":
        return f"{name} keeps your limits but loses {worth.replace('−', '')} on average."
    unsure = next((limit for limit in first.limits if limit.holds is None), None)
    if judged.verdict == "close" and unsure is not None:
        told = f"{name} brings {worth} on average, but may break your limit"
        return f"{told}: {_found(unsure)}; you allow {_allowed(unsure)}."
    if judged.verdict == "close":
        return f"{name} keeps your limits; its average of {worth} cannot be told from nothing."
    ruled_out = [called for called in judged.ranked if not called.allowed]
    rest = " of what keeps" if ruled_out else " and keeps"
    return f"{name} brings the most on average{rest} your limits: {worth}."


def _found(limit: Limit) -> str:
    if limit.name == "largest_loss":
        return f"in 1 year of 20 it loses {with_error(limit.found, 'dollars')} or more"
    if limit.name == "largest_financed":
        return f"in 1 case of 20 {with_error(limit.found, 'dollars')} or more must be financed"
    return f"it owes in {with_error(limit.found, 'probability')} of years"


def _allowed(limit: Limit) -> str:
    return share(limit.allowed) if limit.name == "largest_chance_of_owing" else money(limit.allowed)


def rule(found: Findings) -> str:
    """The rule that decides, and where its number comes from."""
    used = found.judged.rule
    if used.basis == "limits":
        return f"Take what brings most on average, if more than nothing, within your limits: {listed(_limits(used))}."
    told = "Sign what is worth most as a sure amount, if that is more than nothing. "
    most = f"At most you would risk losing {money(used.bearable, used.bearable / 100)} a year with a chance of 1 in 20"
    return f"{told}{most} (risk tolerance {money(used.tolerance, used.tolerance / 100)}), {_basis(used, found)}."


def _limits(used: Rule) -> Iterator[str]:
    asked = used.asked
    if asked.largest_loss is not None:
        yield f"a loss of {money(asked.largest_loss)} in 1 year of 20"
    if asked.largest_chance_of_owing is not None:
        yield f"owing in {share(asked.largest_chance_of_owing)} of years"
    if asked.largest_financed is not None:
        yield f"{money(asked.largest_financed)} to be financed in 1 case of 20"


def _basis(used: Rule, found: Findings) -> str:
    if used.basis == "scenario":
        return "as you stated"
    if used.basis == "bearable_loss":
        practice = found.scenario.practice
        bearable = 0.0 if practice is None or practice.bearable_loss is None else practice.bearable_loss
        return f"as you stated: {share(bearable)} of the benchmark"
    usual = float(decision_terms()["risk_tolerance_share"].at().value)
    stated = used.asked.risk_tolerance_share
    revenue = money(used.revenue or 0.0, (used.revenue or 0.0) / 100)
    whose = "your" if used.basis == "revenue" else "a usual"
    of = f"{share(usual if stated is None else stated)} of {whose} revenue of {revenue}"
    return of if stated is not None else f"a guideline (Howard, 1988): {of}; state your own in [decision]"


def average(found: Findings) -> str:
    """The average year, and whether care management is paid from it."""
    option = found.option
    mean = metrics.mean(option.income.mean(axis=1))
    person = money(mean.value / option.people, mean.standard_error / option.people)
    told = f"On average {amount(mean)} a year, {person} a person"
    if found.scenario.cash is None:
        return f"{told}; what care management costs you is not taken off."
    return f"{told}, after {_dollars(found.care_cost)} a person and month for care management."


def timing(found: Findings) -> str:
    """When the money comes, and how much has to be advanced."""
    years = found.scenario.years.performance_years
    date = calendar_month(years[0], found.settlement_month)
    told = f"First settlement: {date}, {found.settlement_month} months after the first year begins."
    cash = found.cash
    if cash is None:
        return f"{told} Until then nothing comes." if not _monthly(found) else f"{told} Monthly payments come at once."
    low, worst = cash.estimate("mean_low_point"), cash.estimate("low_point_p5")
    if worst.value >= 0:
        return f"{told} Nothing has to be advanced until then."
    told += (
        f" Until the money is back {money(-low.value, low.standard_error)} must be financed on average, in 1 case of 20"
    )
    told += f" more than {money(-worst.value, worst.standard_error)}."
    back, never = cash.estimate("payback_month_p50"), cash.estimate("chance_never_back")
    missing = _chance(never)
    until = cash.date(cash.horizon_months)
    if never.value == 0:
        return f"{told} It is always back by {until}."
    if not isfinite(back.value):
        return f"{told} In {missing} of futures it is not back by {until}."
    if back.value <= cash.fan[0][0]:
        return f"{told} Typically none is missing; in {missing} of futures some is in {until}."
    return f"{told} Typically it is back in {cash.date(back.value)}; in {missing} of futures not by {until}."


def _monthly(found: Findings) -> bool:
    option = found.option
    return bool((option.income - option.settled).any()) and option.tier is not None


def _chance(estimate: Estimate) -> str:
    return share(
        estimate.value, estimate.standard_error if estimate.value < 0.01 else max(estimate.standard_error, 0.01)
    )


def aside(found: Findings) -> str:
    """What has to be at hand for what may be owed."""
    if not found.owes:
        return f"Nothing for losses: you never owe.{_to_advance(found)}"
    held = found.security
    if held is not None:
        mix = held.cheapest
        asks = f"Medicare asks for {money(held.required)}. " if held.tier is None else ""
        if not isfinite(mix.held):
            return f"{asks}Too few futures were simulated to say how much is enough."
        size = money(mix.held, mix.needed.standard_error if mix.held <= mix.needed.value else 0.0)
        ways = [
            name.replace("_", " ") for name in dict.fromkeys((*mix.flows, *(layer.instrument for layer in mix.layers)))
        ]
        cost = f"; held most cheaply ({listed(ways)}) that costs {amount(mix.cost)} a year" if ways else ""
        return f"{asks}{size} makes you {share(held.chance)} sure of being able to pay{cost}."
    if found.repayment is not None:
        enough = _chance(found.repayment.enough_worst_year)
        told = (
            f"Medicare asks for {money(found.repayment.rule.amount)}, enough for the worst year in {enough} of futures"
        )
        return f"{told}; {amount(found.needed)} would do in {share(SURE)}."
    if found.needed.value <= 0:
        return f"Nothing is owed in {share(SURE)} of futures."
    return f"{amount(found.needed)} covers what you would owe in the worst year in {share(SURE)} of futures."


def _to_advance(found: Findings) -> str:
    """That money for care management must be there all the same."""
    worst = None if found.cash is None else found.cash.estimate("low_point_p5")
    if worst is None or not worst.value < 0:
        return ""
    return f" But have {money(-worst.value, worst.standard_error)} ready to carry care management."


def _dollars(price: float) -> str:
    return f"${price:,.2f}"


def year_words(option: Option) -> tuple[tuple[str, Estimate, str], ...]:
    """The three years of the page: what each is called, the figure, and what stands beyond it."""
    worst, typical, good = option.year(SELDOM), option.year(0.5), option.year(0.9)
    return (
        ("Worst year in 20", worst, "or worse"),
        ("Typical year", typical, ""),
        ("Good year in 10", good, "or better"),
    )


def sizes(found: Findings, called: Names) -> str:
    """The verdict at every other size; nothing where there is one size."""
    told = [f"{each.people:,} people: {brief(each, called)}" for each in found.others]
    return f"At other sizes: {'; '.join(told)}." if told else ""
