"""Expenditure and benchmark of a performance year as functions of a panel's totals, and their sums over slots.

With X the sum of risk scores over person-years, or person-years alone where scores are not followed, a category's
historical benchmark is X' Σ w D/X over the baseline years. Where the cap on scores is expected to bind, X' gives way to
the cap: person-years at the reference year's mean score. Dollars are at the price year: growth divides out of a rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.exact.contract import BenchmarkRule, ScoreRule
from simdce.exact.linear import FloatArray, Powers, SlotSum, Smooth, expanded
from simdce.exact.regional_rule import RegionalRule
from simdce.exact.slot import ABSENCE, DOLLARS, SCORE, SlotChain

BoolArray = NDArray[np.bool_]
Tangent = tuple[float, float]


@dataclass(frozen=True, eq=False)
class ScoreBend:
    """Where a cap on scores begins or ceases to bind: the benchmark gains ``weight`` times the positive part of a sum.

    ``group``: whether each category is held by this cap; ``beyond``: the sum, nought in other categories, negative in
    expectation; ``mean_shift``: what its second-order term adds to its expectation, dollars, for any number of slots.
    """

    group: BoolArray
    beyond: SlotSum
    mean_shift: float
    weight: float


@dataclass(frozen=True)
class RegionalPart:
    """A rule of regional adjustment with the tangent that stands for it, and the share of the benchmark it adjusts."""

    share: float
    rule: RegionalRule
    tangent: Tangent


@dataclass(frozen=True, eq=False)
class PanelSums:
    """What a savings rate is made of, per slot of each category (category, …).

    ``benchmark``: with the tangents of its bends; ``curvature``: half the second derivative of one slot's benchmark.
    ``gap``: dollars of the region's rate less history; ``national``, ``regional``: expected dollars at those rates.
    ``history``: baseline year, and expected dollars of the benchmark (category,) that are paid for it. ``charged`` and
    ``equity``: shares of expenditure and benchmark that the shocks do not touch. ``scored``: whether scores count.
    """

    chains: tuple[SlotChain, ...]
    expenditure: SlotSum
    benchmark: SlotSum
    curvature: FloatArray
    gap: SlotSum
    national: FloatArray
    regional: FloatArray
    adjustments: tuple[RegionalPart, ...]
    bends: tuple[ScoreBend, ...]
    history: tuple[tuple[int, FloatArray], ...]
    charged: float
    equity: float
    scored: bool

    @property
    def is_bent(self) -> bool:
        """Whether the regional adjustment bends."""
        return not all(part.rule.is_linear for part in self.adjustments)


@dataclass(frozen=True)
class Rates:
    """One category: history, region and nation per person-year at a score of 1, times any measure of people.

    ``score``: expected mean score, None where scores are not followed; ``weights`` by baseline year.
    """

    weights: tuple[tuple[int, float], ...]
    regional: float
    national: float
    score: float | None

    @property
    def people(self) -> int:
        """The quantity that people are counted in."""
        return ABSENCE if self.score is None else SCORE

    def history(self, measure: Powers) -> Smooth:
        """Historical dollars for a measure of people."""
        each = tuple((weight, {(DOLLARS, base): 1, (self.people, base): -1}) for base, weight in self.weights)
        return Smooth(each).times(measure)

    def flat(self, dollars: float, measure: Powers) -> Smooth:
        """Dollars per person-year for a measure of people."""
        return Smooth(((dollars / (1.0 if self.score is None else self.score), measure),))

    def adjusted(self, tangent: Tangent, measure: Powers) -> Smooth:
        """History with the tangent of the regional adjustment."""
        slope, share = tangent
        region = self.flat(slope * self.regional + share * self.national, measure)
        return self.history(measure) * (1.0 - slope) + region

    def measure(self, year: int) -> Powers:
        """People of a year, times their score where it is followed."""
        return {(self.people, year): 1}

    def measure_at(self, year: int, reference: int) -> Powers:
        """People of a year times the mean score of another."""
        return {(ABSENCE, year): 1, (SCORE, reference): 1, (ABSENCE, reference): -1}


def panel_sums(
    chains: Sequence[SlotChain],
    rule: BenchmarkRule,
    baseline: int,
    year: int,
    *,
    national: FloatArray,
    regional: FloatArray,
    score: FloatArray,
    recovery: FloatArray,
    mix: FloatArray,
) -> PanelSums:
    """The sums of performance year ``year`` (a position among the simulated years); everything else is (category,).

    ``national`` and ``regional``: dollars per person-year; ``score``: expected mean score; ``recovery``: expected
    dollars per person-year from stop-loss.
    """
    scores = rule.scores
    first = baseline - len(rule.weights)
    weights = tuple((first + place, rule.to_own_history * weight) for place, weight in enumerate(rule.weights))
    rates = [
        Rates(weights, float(regional[k]), float(national[k]), None if scores is None else float(score[k]))
        for k in range(len(chains))
    ]
    own = [each.measure(year) for each in rates]

    def expected(parts: Sequence[Smooth]) -> FloatArray:
        return np.array([part.at_mean(chain) for part, chain in zip(parts, chains, strict=True)])

    limits = expected([each.flat(each.national, powers) for each, powers in zip(rates, own, strict=True)])
    lived = expected([each.history(powers) for each, powers in zip(rates, own, strict=True)])
    regions = expected([each.flat(each.regional, powers) for each, powers in zip(rates, own, strict=True)])
    tangents = [each.tangent(mix * (regions - lived), mix * limits, mix * lived) for each in rule.adjustments]
    claims, bends = _claims(chains, rates, scores, tangents[0], year, baseline - 1, mix)
    adjusted = [each.adjusted(tangents[0], powers) * by for each, (powers, by) in zip(rates, claims, strict=True)]
    parts = [part * (1.0 - rule.voluntary_share) for part in adjusted]
    if rule.voluntary_share:
        growth = rule.voluntary_share * (1.0 if scores is None else scores.own_growth)
        chosen = [each.adjusted(tangents[1], powers) * growth for each, powers in zip(rates, own, strict=True)]
        parts = [part + other for part, other in zip(parts, chosen, strict=True)]
    equity = Smooth(((rule.equity, {(ABSENCE, year): 1}),)) * (1.0 if rule.equity else 0.0)
    before_equity = float(mix @ expected(parts))
    benchmark, curvature = expanded([part + equity for part in parts], chains)
    gap, _ = expanded(
        [
            (each.flat(each.regional, powers) + each.history(powers) * -1.0) * by
            for each, (powers, by) in zip(rates, claims, strict=True)
        ],
        chains,
    )
    measured = expected([each.flat(each.national, m) * by for each, (m, by) in zip(rates, claims, strict=True)])
    spent = [Smooth(((1.0, {(DOLLARS, year): 1}),)) for _ in chains]
    charges = [Smooth(((rule.charge * each, {(ABSENCE, year): 1}),)) * float(rule.charge > 0) for each in recovery]
    expenditure, _ = expanded([one + other for one, other in zip(spent, charges, strict=True)], chains)
    by_own = (1.0 if scores is None else scores.own_growth) * float(mix @ limits) / float(mix @ measured)
    shares = (1.0 - rule.voluntary_share, rule.voluntary_share * by_own)
    return PanelSums(
        chains=tuple(chains),
        expenditure=expenditure,
        benchmark=benchmark,
        curvature=curvature,
        gap=gap,
        national=measured,
        regional=expected([each.flat(each.regional, m) * by for each, (m, by) in zip(rates, claims, strict=True)]),
        adjustments=tuple(
            RegionalPart(share, adjustment, tangent)
            for share, adjustment, tangent in zip(shares, rule.adjustments, tangents, strict=False)
        ),
        bends=tuple(
            ScoreBend(bend.group, bend.beyond, bend.mean_shift, bend.weight * (1.0 - rule.voluntary_share))
            for bend in bends
        ),
        history=tuple((base, expected([_of_year(part, base) for part in parts])) for base, weight in weights if weight),
        charged=float(mix @ expected(charges)) / float(mix @ expected([*spent]) + mix @ expected(charges)),
        equity=1.0 - before_equity / (before_equity + float(mix @ expected([equity] * len(chains)))),
        scored=scores is not None,
    )


def _of_year(part: Smooth, base: int) -> Smooth:
    return Smooth(tuple((factor, powers) for factor, powers in part.terms if (DOLLARS, base) in powers))


Measured = tuple[Powers, float]

REACHED = {
    "followed": ("low", "high", "ceiling"),
    "low": ("followed", "ceiling"),
    "high": ("followed", "ceiling"),
    "ceiling": ("followed", "high"),
}
"""The measures that may take the place of the one that holds."""


def _claims(
    chains: Sequence[SlotChain],
    rates: Sequence[Rates],
    scores: ScoreRule | None,
    tangent: Tangent,
    year: int,
    last_baseline: int,
    mix: FloatArray,
) -> tuple[list[Measured], list[ScoreBend]]:
    """What each category's rate is expected to be multiplied by, and where that bends."""
    own = [(each.measure(year), 1.0) for each in rates]
    if scores is None:
        return own, []
    found, bends = list(own), []
    for group in scores.groups:
        inside = np.isin(np.arange(len(chains)), group)
        measures = {
            "followed": [(each.measure(year), scores.factor * scores.growth) for each in rates],
            "low": [(each.measure_at(year, scores.reference), scores.factor * scores.low) for each in rates],
            "high": [(each.measure_at(year, scores.reference), scores.factor * scores.high) for each in rates],
            "ceiling": [(each.measure_at(year, last_baseline), scores.ceiling) for each in rates],
        }
        sums: dict[str, SlotSum] = {}
        shifts, values = {}, {}
        for name, each in measures.items():
            if not np.isfinite(each[0][1]) or each[0][1] <= 0:
                continue
            parts = [
                rate.adjusted(tangent, powers) * (by if here else 0.0)
                for rate, (powers, by), here in zip(rates, each, inside, strict=True)
            ]
            sums[name], curvature = expanded(parts, chains)
            flat = [chain.covariance.reshape(curvature.shape[1:]) for chain in chains]
            shifts[name] = float(
                sum((half * cov).sum() for half, cov, share in zip(curvature, flat, mix, strict=True) if share)
            )
            values[name] = sums[name].mean(mix, chains)
        base = _held(values)
        for number in group:
            found[number] = measures[base][number]
        for other in values:
            if other in REACHED[base]:
                rises = 1.0 if values[base] < values[other] else -1.0  # beyond is negative in expectation
                beyond = (sums[base] - sums[other]) * rises
                shift = (shifts[base] - shifts[other]) * rises
                bends.append(ScoreBend(inside, beyond, shift, -rises))
    return found, bends


def _held(values: dict[str, float]) -> str:
    """The measure that holds at expected values."""
    base = "followed"
    if "low" in values and values["low"] > values[base]:
        base = "low"
    if "high" in values and values["high"] < values["followed"]:
        base = "high"
    if "ceiling" in values and values["ceiling"] < values[base]:
        base = "ceiling"
    return base
