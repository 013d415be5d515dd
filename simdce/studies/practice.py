"""What a practice would sign: the law of what each tier brings it, on the same worlds, by size of the practice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simdce import metrics, tiers
from simdce.metrics import Estimate, FloatArray
from simdce.results import AGREEMENT, QUARTILES, TAILS, PracticeRow
from simdce.scenario import PracticeInPool, Scenario, TierChoice
from simdce.studies.comparison import ALIKE, LOW, distinguishable
from simdce.studies.payment import NEVER
from simdce.studies.practice_result import PoolYears, pool_years
from simdce.tiers.rule import Amounts, Cents, Division, Pool, Practice, divided
from simdce.tiers.terms import CENTS, Terms
from simdce.worlds import PanelYears

FULL = "full"
"""The tier without insulation, against which the price of insulation is told."""

TAIL = 0.95


@dataclass(frozen=True)
class BestTier:
    """The tier with the largest expected amount over the agreement, among those whose losses the practice can bear.

    ``ties``: others among them that differ from it by less than two standard errors. ``unbearable``: tiers that in some
    performance year lose more than the practice can bear in one year of twenty. ``best`` is None where all do.
    """

    arrangement: str
    people: int
    best: str | None
    ties: tuple[str, ...]
    unbearable: tuple[str, ...]


@dataclass(frozen=True)
class InsulationPrice:
    """What a tier gives up against full risk, and the loss that it spares; dollars over the agreement.

    ``given_up``: difference of the means; ``avoided``: of the 95% values at risk; ``per_dollar``: the first over the
    second, its error a bound that holds whatever their correlation; unknown where nothing certain is avoided.
    """

    arrangement: str
    tier: str
    people: int
    given_up: Estimate
    avoided: Estimate
    per_dollar: Estimate


@dataclass(frozen=True)
class PracticeAnswers:
    """Every tier at every size of the practice, under every arrangement of the pool."""

    pool: int
    first: str
    rows: tuple[PracticeRow, ...]
    best: tuple[BestTier, ...]
    insulation: tuple[InsulationPrice, ...]

    def estimate(self, arrangement: str, tier: str, people: int, metric: str, year: str = AGREEMENT) -> Estimate:
        """One figure; KeyError where there is none."""
        return self._found[arrangement, tier, people, year, metric]

    @property
    def tiers(self) -> tuple[str, ...]:
        """Every tier, in the order of the scenario."""
        return tuple(dict.fromkeys(row.tier for row in self.rows))

    def price(self, arrangement: str, tier: str, people: int) -> InsulationPrice | None:
        """What a tier gives up against full risk; None for full risk itself, or where it is not among the tiers."""
        place = (arrangement, tier, people)
        return next((p for p in self.insulation if (p.arrangement, p.tier, p.people) == place), None)

    @cached_property
    def _found(self) -> dict[tuple[str, str, int, str, str], Estimate]:
        return {(r.arrangement, r.tier, r.people, r.performance_year, r.metric): r.estimate for r in self.rows}


def practice_answers(scenario: Scenario, panels: PanelYears) -> PracticeAnswers | None:
    """The answers for the scenario's practice, None where it has none."""
    practice = scenario.practice
    if practice is None:
        return None
    rows: list[PracticeRow] = []
    best: list[BestTier] = []
    prices: list[InsulationPrice] = []
    for choice in scenario.arrangements:
        pool = pool_years(scenario, panels, choice)
        for people in practice.people:
            divisions, benchmark = divisions_at(pool, practice, people)
            rows += _rows(choice.key, people, divisions, scenario)
            best.append(_best(choice.key, people, divisions, practice, benchmark))
            prices += _prices(choice.key, people, divisions, practice)
    return PracticeAnswers(panels.panel_sizes[-1], practice.tiers[0].key, tuple(rows), tuple(best), tuple(prices))


def divisions_at(pool: PoolYears, practice: PracticeInPool, people: int) -> tuple[dict[str, Division], FloatArray]:
    """CMS's payment divided under each tier, and the practice's benchmark; arrays (world, performance year)."""
    whole, own = pool.with_practice(people)
    found = {choice.key: division_under(choice, pool.scenario, whole, own) for choice in practice.tiers}
    return found, own.benchmark


def division_under(choice: TierChoice, scenario: Scenario, pool: Pool, own: Practice) -> Division:
    """CMS's payment divided where the practice signs ``choice`` and the others what the scenario says."""
    practice, people = scenario.practice, own.people
    terms = others = terms_of(choice, scenario)
    if practice is not None:
        people = own.people if practice.others_people is None else float(practice.others_people)
        others = next((terms_of(each, scenario) for each in practice.tiers if each.key == practice.others), terms)
    return divided(pool, own, terms, people, others)


def terms_of(choice: TierChoice, scenario: Scenario) -> Terms:
    """The terms of a tier in the scenario's performance years, overrides applied."""
    return tiers.load(choice.name).resolve(scenario.years.performance_years, choice.overrides)


def _dollars(cents: Cents) -> FloatArray:
    return np.asarray(cents / CENTS)


def _rows(
    arrangement: str, people: int, divisions: Mapping[str, Division], scenario: Scenario
) -> Iterator[PracticeRow]:
    can_owe = {
        choice.key: terms_of(choice, scenario).can_owe(people)
        for choice in (scenario.practice.tiers if scenario.practice is not None else ())
    }
    first = next(iter(divisions.values())).practice.total
    for tier, division in divisions.items():
        years = [(f"PY{year + 1}", slice(year, year + 1)) for year in range(first.shape[1])]
        for name, columns in (*years, (AGREEMENT, slice(None))):
            for metric, estimate in _law(division, _dollars(first[:, columns].sum(axis=1)), columns, can_owe[tier]):
                yield PracticeRow(arrangement, tier, people, name, metric, estimate)


def _law(division: Division, first: FloatArray, columns: slice, can_owe: bool) -> Iterator[tuple[str, Estimate]]:
    practice: Amounts = division.practice

    def summed(cents: Cents) -> FloatArray:
        return _dollars(cents[:, columns].sum(axis=1))

    amount, settlement = summed(practice.total), summed(practice.settlement)
    yield "mean_amount", metrics.mean(amount)
    yield "chance_owing", metrics.chance(settlement < 0) if can_owe else NEVER
    yield "chance_behind", metrics.chance(amount < 0)
    for probability in QUARTILES:
        yield f"amount_p{100 * probability:g}", metrics.percentile(amount, probability)
    for probability in TAILS:
        yield f"var_{100 * probability:g}", metrics.percentile(-amount, probability)
        yield f"tvar_{100 * probability:g}", metrics.tail_value_at_risk(-amount, probability)
    yield "mean_settlement", metrics.mean(settlement)
    for part in ("capitation", "capitation_margin", "quality_bonus", "to_providers"):
        yield f"mean_{part}", metrics.mean(summed(getattr(practice, part)))
    yield "mean_kept_by_entity", metrics.mean(summed(division.entity))
    yield "mean_difference", metrics.mean(amount - first)
    yield "chance_more", metrics.chance(amount - first >= ALIKE)
    yield "amount_p5_difference", metrics.percentile_difference(amount, first, LOW)


def _totals(divisions: Mapping[str, Division]) -> dict[str, FloatArray]:
    """What each tier brings over the agreement, dollars by world."""
    return {tier: _dollars(division.practice.total.sum(axis=1)) for tier, division in divisions.items()}


def _best(
    arrangement: str, people: int, divisions: Mapping[str, Division], practice: PracticeInPool, benchmark: FloatArray
) -> BestTier:
    unbearable = []
    if practice.bearable_loss is not None:
        for tier, division in divisions.items():
            spare = _dollars(division.practice.total) + practice.bearable_loss * benchmark
            if (np.mean(spare < 0, axis=0) > 1.0 - TAIL).any():
                unbearable.append(tier)
    totals = {tier: total for tier, total in _totals(divisions).items() if tier not in unbearable}
    if not totals:
        return BestTier(arrangement, people, None, (), tuple(unbearable))
    best = max(totals, key=lambda tier: totals[tier].mean())
    ties = [
        tier
        for tier, total in totals.items()
        if tier != best and not distinguishable(metrics.mean(totals[best] - total))
    ]
    return BestTier(arrangement, people, best, tuple(ties), tuple(unbearable))


def _prices(
    arrangement: str, people: int, divisions: Mapping[str, Division], practice: PracticeInPool
) -> Iterator[InsulationPrice]:
    full = next((choice.key for choice in practice.tiers if choice.name == FULL), None)
    if full is None:
        return
    totals = _totals(divisions)
    for tier, total in totals.items():
        if tier != full:
            given_up = metrics.mean(totals[full] - total)
            avoided = metrics.percentile_difference(-totals[full], -total, TAIL)
            yield InsulationPrice(arrangement, tier, people, given_up, avoided, _ratio(given_up, avoided))


def _ratio(cost: Estimate, gain: Estimate) -> Estimate:
    if not (gain.value > 0 and distinguishable(gain)):
        return metrics.UNKNOWN
    ratio = cost.value / gain.value
    return Estimate(ratio, (cost.standard_error + abs(ratio) * gain.standard_error) / gain.value)
