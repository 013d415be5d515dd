"""What an ACO's own past says that its people cost, and how far its published benchmark lies above that.

Per category the three baseline years are brought to the last one, by the growth of risk-adjusted cost of all ACOs of
the file whose agreement began in the same year and by the ACO's own risk scores, and weighted as its agreement weighs
them (42 CFR 425.602, 425.603). CMS's historical benchmark over their average holds what a row cannot derive again:
regional adjustment, prior savings, and what CMS's own baseline trend adds to the growth of ACOs. From the last baseline
year to the performance year the row has CMS's own update, in dollars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from simdce import arrangements, calibration
from simdce.arrangements.elections import Elections
from simdce.errors import InputError
from simdce.published.columns import PERIODS
from simdce.published.history import History

MASKED_PERSON_YEARS = 5.5
"""CMS masks fewer than 11 people; in the last baseline year, where no total is published, the middle is counted."""

_BASELINE, _LAST, _PERFORMANCE = PERIODS[:3], PERIODS[2], PERIODS[3]


@dataclass(frozen=True)
class OwnHistory:
    """An ACO's history by category, and what its benchmark is in units of it.

    ``weights``: of the baseline years, oldest first. ``growth``: risk-adjusted growth from each baseline year to the
    last, by category, of ``peers`` ACOs. ``per_capita``: weighted history, dollars of the last baseline year.
    ``expected``: the same in dollars of the performance year, such that the panel's average times ``benchmark_to_own``
    is the updated benchmark. ``mix``: shares of person-years in the performance year. ``filled``: figures that the row
    masks and that were taken from the peers; ``masked``: whether it masks person-years.
    """

    weights: tuple[float, ...]
    growth: Mapping[str, tuple[float, ...]]
    peers: int
    per_capita: Mapping[str, float]
    average: float
    benchmark_to_own: float
    update: float
    expected: Mapping[str, float]
    mix: Mapping[str, float]
    filled: tuple[str, ...]
    masked: bool


def own_history(history: History, everybody: Sequence[History]) -> OwnHistory:
    """The history of one row among all of its file; raises InputError naming a figure that it lacks."""
    figures = history.row.figures
    historical = _needed(history, "historical benchmark", history.historical_benchmark)
    updated = _needed(history, "updated benchmark", history.updated_benchmark)
    _needed(history, "person years", history.person_years)
    start = int(_needed(history, "agreement start", figures.agreement_start))
    number = int(_needed(history, "agreement number", history.agreement_number))
    rule = arrangements.load(figures.arrangement).in_force(
        [figures.year], Elections(agreement_start=start, agreement_number=number)
    )
    weights = tuple(float(weight) for weight in rule.values("baseline_weights")[0])
    peers = [each for each in everybody if each.row.figures.agreement_start == start]
    growth: dict[str, tuple[float, ...]] = {}
    per_capita: dict[str, float] = {}
    filled: list[str] = []
    for category in calibration.CATEGORIES:
        growth[category] = tuple(_growth(peers, category, period) for period in _BASELINE)
        costs = []
        last = history.risk_score[category, _LAST]
        for period, grown in zip(_BASELINE, growth[category], strict=True):
            cost = history.risk_adjusted(category, period)
            if cost is None or last is None:
                costs.append(_average(peers, category, period) * grown)
                filled.append(f"{category} {period}")
            else:
                costs.append(cost * last * grown)
        per_capita[category] = fsum(weight * cost for weight, cost in zip(weights, costs, strict=True))
    before, now = _shares(_before(history)), _shares(_now(history))
    average = fsum(before[name] * per_capita[name] for name in per_capita)
    benchmark_to_own = historical / average
    update = updated / (benchmark_to_own * fsum(now[name] * per_capita[name] for name in per_capita))
    return OwnHistory(
        weights=weights,
        growth=growth,
        peers=len(peers),
        per_capita=per_capita,
        average=average,
        benchmark_to_own=benchmark_to_own,
        update=update,
        expected={name: cost * update for name, cost in per_capita.items()},
        mix=now,
        filled=tuple(filled),
        masked=None in history.person_years_of.values(),
    )


def saved_by_all(everybody: Sequence[History]) -> tuple[float, int]:
    """What the ACOs of a file saved on average beyond what their histories and CMS's update let expect, and how many.

    The true savings (fraction of cost) with which the mean rate of each one's law would be the rate it had.
    """
    saved = []
    for history in everybody:
        try:
            own = own_history(history, everybody)
        except InputError:
            continue
        figures = history.row.figures
        if figures.benchmark > 0.0:
            saved.append(1.0 - own.benchmark_to_own * figures.expenditure / figures.benchmark)
    return fsum(saved) / max(len(saved), 1), len(saved)


def _needed(history: History, name: str, value: float | None) -> float:
    if value is None:
        raise InputError(f"the row does not give the {name}", where=f"{history.row.file}: row {history.row.line}")
    return value


def _before(history: History) -> dict[str, float]:
    """Person-years of the last baseline year by category."""
    printed = {name: history.person_years_of[name, _LAST] for name in calibration.CATEGORIES}
    return {name: MASKED_PERSON_YEARS if years is None else years for name, years in printed.items()}


def _now(history: History) -> dict[str, float]:
    """Person-years of the performance year by category; what the total leaves for masked ones split as before."""
    before = _before(history)
    printed = {name: history.person_years_of[name, _PERFORMANCE] for name in calibration.CATEGORIES}
    masked = fsum(before[name] for name, years in printed.items() if years is None)
    rest = max(history.person_years or 0.0, 0.0) - fsum(years for years in printed.values() if years is not None)
    return {name: max(rest, 0.0) * before[name] / masked if years is None else years for name, years in printed.items()}


def _shares(person_years: Mapping[str, float]) -> dict[str, float]:
    total = fsum(person_years.values())
    return {name: years / total for name, years in person_years.items()}


def _growth(peers: Sequence[History], category: str, period: str) -> float:
    """Risk-adjusted growth to the last baseline year, weighted by that year's person-years; 1 where nobody tells."""
    then, last = [], []
    for each in peers:
        years = each.person_years_of[category, _LAST]
        before, after = each.risk_adjusted(category, period), each.risk_adjusted(category, _LAST)
        if years is not None and before is not None and after is not None:
            then.append(years * before)
            last.append(years * after)
    return fsum(last) / fsum(then) if then else 1.0


def _average(peers: Sequence[History], category: str, period: str) -> float:
    """Dollars per person-year of a category over the peers that show it; raises InputError where none does."""
    dollars, people = [], []
    for each in peers:
        years, cost = each.person_years_of[category, _LAST], each.per_capita[category, period]
        if years is not None and cost is not None:
            dollars.append(years * cost)
            people.append(years)
    if not people:
        raise InputError(
            f"no ACO with this agreement start shows what {category.replace('_', ' ')} people cost in {period}",
            where=peers[0].row.file,
        )
    return fsum(dollars) / fsum(people)
