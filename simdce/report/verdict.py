"""What the numbers say in plain words, and no more than they carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from simdce import metrics
from simdce.metrics import Estimate
from simdce.report.laws import Law
from simdce.report.names import listed
from simdce.run import Answers
from simdce.studies.payment import Lived
from simdce.studies.viability import INTERVAL_Z, ViabilityCurve
from simdce.wording import money, percent

_TRIED_SAVINGS = (-0.02, 0.10)
_ALL = 0.995


@dataclass(frozen=True)
class Verdict:
    """The answer in one sentence, three statements that carry it, and what would change it."""

    headline: str
    statements: tuple[str, ...]
    flips: tuple[str, ...]


def verdict(answers: Answers, lived: Lived, laws: Sequence[Law]) -> Verdict:
    """The verdict over the arrangements that the panel could really choose."""
    choosable = choices(laws)
    safe = _ranked([law for law in choosable if law.never_owes])
    risky = _ranked([law for law in choosable if not law.never_owes])
    leads = [each[0] for each in (safe, risky) if each]
    return Verdict(
        headline=_headline(safe, risky),
        statements=(_expectation(leads), _danger(leads), _luck(answers, leads)),
        flips=tuple(_flips(answers, lived, leads)),
    )


def choices(laws: Sequence[Law]) -> list[Law]:
    """Arrangements in force in every performance year that admit the panel; failing that those in force, then all."""
    in_force = [law for law in laws if not law.outside]
    return [law for law in in_force if law.admitted] or in_force or list(laws)


def difference(one: Law, other: Law) -> Estimate:
    """How much more a year ``one`` brings than ``other``, dollars, judged world by world."""
    return metrics.mean(one.steadied - other.steadied)


def undecided(estimate: Estimate) -> bool:
    """Whether an estimate cannot be told from zero at 95%."""
    return abs(estimate.value) <= INTERVAL_Z * estimate.standard_error or estimate.value == 0


def _ranked(laws: list[Law]) -> list[Law]:
    return sorted(laws, key=lambda law: -law.average.value)


def _headline(safe: list[Law], risky: list[Law]) -> str:
    if safe and risky:
        return _safe_or_risky(safe[0], risky[0])
    ranked = safe or risky
    if len(ranked) == 1:
        return _alone(ranked[0])
    first, average = ranked[0], ranked[0].average
    if average.value < 0 and not undecided(average):
        return f"Every contract here is expected to cost money; {first.spoken} the least, {_amount(average)} a year."
    rivals = [law for law in ranked[1:] if undecided(difference(first, law))]
    if rivals:
        return f"Too close to call between {listed(law.spoken for law in (first, *rivals))}."
    return f"{first.spoken} brings the most on average, {_amount(average)} a year."


def _safe_or_risky(safe: Law, risky: Law) -> str:
    more = difference(risky, safe)
    if undecided(more):
        return (
            f"Too close to call between {risky.spoken} and {safe.spoken} on the average; {safe.spoken} can never owe."
        )
    if more.value < 0:
        return f"Do not take losses on these assumptions: {safe.spoken} brings more on average and can never owe."
    return (
        f"{risky.spoken} brings {_amount(more)} a year more on average than {safe.spoken}, "
        f"but it owes in {_chance(risky.owing)} of years; {safe.spoken} can never owe."
    )


def _alone(law: Law) -> str:
    average, name = law.average, law.spoken
    if not (law.net != 0).any():
        return f"{name} moved no money in any simulated year."
    if law.never_owes:
        return f"{name} can never owe; it is paid in {_chance(law.paid)} of years."
    if undecided(average):
        return f"Too close to call: on average {name} may as well cost money as bring it."
    if average.value < 0:
        return f"{name} is expected to cost money: {_amount(average)} a year on average."
    return f"{name} brings {_amount(average)} a year on average, and owes in {_chance(law.owing)} of years."


def _expectation(leads: Sequence[Law]) -> str:
    told = []
    for law in leads:
        typical, good = law.year(0.50), law.year(0.90)
        usual = (
            "In a typical year no money moves"
            if typical.value == 0
            else f"A typical year {'brings' if typical.value > 0 else 'costs'} {_amount(typical, signed=False)}"
        )
        best = (
            f"a good year in ten brings {_amount(good)} or more" if good.value > 0 else "not even one year in ten pays"
        )
        told.append(
            f"{law.spoken} is paid in {_chance(law.paid)} of years. {usual}; {best}. "
            f"The average is {_amount(law.average)} a year, {money(law.average.value / law.panel_size)} a person."
        )
    return " ".join(told)


def _danger(leads: Sequence[Law]) -> str:
    risky = next((law for law in leads if not law.never_owes), None)
    if risky is None:
        return (
            f"{leads[0].spoken} charges for no loss, so nothing has to be set aside for CMS (Medicare's administrator)."
        )
    worst = risky.year(0.05)
    if worst.value < 0:
        told = f"In the worst year in twenty {risky.spoken} owes {_amount(worst, signed=False)} or more."
    else:
        told = f"{risky.spoken} owes in {_chance(risky.owing)} of years, less often than one year in twenty."
    answer = risky.repayment
    if answer is None:
        return told + " In no simulated world was anything owed, and the rule sets nothing aside."
    nearest = int(np.argmin(np.abs(np.array(answer.confidences) - 0.95)))
    needed = answer.needed_worst_year[nearest]
    aside = f"{_amount(needed)} would cover it in {100 * answer.confidences[nearest]:g}%"
    if answer.rule.amount <= 0:
        return f"{told} The rule sets nothing aside for the worst year of the agreement; {aside} of worlds."
    told += f" The rule sets {money(answer.rule.amount)} aside, enough for the worst year of the agreement in "
    told += f"{_chance(answer.enough_worst_year)} of simulated worlds"
    return told + (f"; {aside}." if needed.value > answer.rule.amount else ".")


def average_year(answers: Answers, key: str, size: int, metric: str) -> Estimate:
    """A metric averaged over the performance years; its error as if the years were one, which errs on the safe side."""
    years = [answers.estimate(key, size, year, metric) for year in answers.performance_years]
    return Estimate(fmean(each.value for each in years), fmean(each.standard_error for each in years))


def _luck(answers: Answers, leads: Sequence[Law]) -> str:
    law = leads[-1]
    key, size = law.keys[0], law.panel_size
    false, worth, removable = (
        average_year(answers, key, size, metric)
        for metric in ("chance_false_reward", "mean_net_without_savings", "removable_variance")
    )
    brings = (
        f"and brings {_amount(worth)} a year on average"
        if worth.value > 0 and not undecided(worth)
        else f"but owes {_amount(worth, signed=False)} a year on average"
        if not undecided(worth)
        else "and neither brings nor costs money on average"
    )
    swing = (
        "The swing of a year's savings rate would average out in a larger panel: this scenario has no shock that "
        "panels of every size share."
        if removable.value > _ALL
        else f"Of the variance of a year's savings rate a larger panel would remove {_chance(removable)}; the rest "
        "comes from what panels of every size share."
    )
    own = answers.scenario.benchmark.to_own_history == 1.0
    benchmark = "a benchmark that is right" if own else "the published benchmark, without a lasting mismatch"
    return (
        f"Luck is paid too: with no true savings at all, and {benchmark}, {law.spoken} is paid in "
        f"{_chance(false)} of years {brings}. {swing}"
    )


def _flips(answers: Answers, lived: Lived, leads: Sequence[Law]) -> list[str]:
    name, key = leads[-1].spoken, leads[-1].keys[0]
    curves = [curve for curve in answers.viability if curve.arrangement == key]
    # the conditions take true savings as known, and leave out the lasting mismatch that the table above holds
    known = " and the benchmark is right" if answers.scenario.shocks.sd("persistent_sd") else ""
    return [
        _overtaking(lived, leads),
        *(f"{name}, {curve.text}{known}: {_from_which_size(curve)}." for curve in curves),
    ]


def _from_which_size(curve: ViabilityCurve) -> str:
    sizes = curve.panel_sizes
    if curve.exact is None and len(sizes) == 1:
        holds = "too close to call" if (curve.low is None) != (curve.high is None) else \
            "holds" if curve.smallest is not None else "does not hold"  # fmt: skip
        return f"{holds} at {sizes[0]:,} people, the chance is {_chance(curve.chances[0])}"
    if curve.smallest is None:
        return f"no panel up to {curve.searched[1]:,} people does that"
    if curve.at_every_size:
        return f"already so at {curve.searched[0]:,} people"
    ranges = curve.exact is not None and curve.range_text not in ("", curve.size_text)
    spread = f" ({curve.range_text} as its inputs are known)" if ranges else ""
    return f"from {curve.size_text} people{spread}"


def _overtaking(lived: Lived, leads: Sequence[Law]) -> str:
    """The flat true savings at which the riskier lead overtakes the safer one, or at which one alone breaks even."""

    def margin(saved: float) -> Estimate:
        nets = [lived.settled(law.keys[0], saved)[0].net for law in leads]
        return metrics.mean((nets[-1] - nets[0] if len(nets) > 1 else nets[0]).mean(axis=1))

    law, low, high = leads[-1], *_TRIED_SAVINGS
    event = (
        f"{law.spoken} brings more on average than {leads[0].spoken}" if len(leads) > 1 else f"{law.spoken} breaks even"
    )
    if law.never_owes:
        return f"{law.spoken} has no break-even to reach: it can never owe. What care management costs is not counted."
    if margin(low).value >= 0:
        return f"{event} at any true savings from {percent(low)} up."
    if margin(high).value <= 0:
        return f"{event} at no true savings up to {percent(high)} a year."
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if margin(middle).value > 0 else (middle, high)
    slope = (margin(high + 0.005).value - margin(high - 0.005).value) / 0.01
    error = margin(high).standard_error / slope if slope > 0 else 0.0
    found = f"{percent(high, error, 2)} ± {percent(error, error, 2)}"
    if high <= INTERVAL_Z * error:
        return f"{event} even without true savings (from {found} a year)."
    return f"{event} once true savings are above {found} every year."


def _chance(estimate: Estimate) -> str:
    """A chance in whole percent, finer only where it is small and known well enough."""
    return percent(
        estimate.value, estimate.standard_error if estimate.value < 0.01 else max(estimate.standard_error, 0.01)
    )


def _amount(estimate: Estimate, *, signed: bool = True) -> str:
    """Dollars to the digits that their error leaves, at most three."""
    return money(estimate.value if signed else abs(estimate.value), estimate.standard_error)
