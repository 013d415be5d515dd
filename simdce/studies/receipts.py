"""What a contract brings whoever is paid, by the way it arrives: with the settlement, as a bonus, month by month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simdce.arrangements.settlement import FloatArray
from simdce.scenario import Scenario
from simdce.studies.payment import Lived
from simdce.studies.practice import division_under, terms_of
from simdce.studies.practice_result import pool_years
from simdce.tiers.rule import Practice
from simdce.tiers.terms import CENTS, Terms
from simdce.worlds import PanelYears


@dataclass(frozen=True)
class Receipts:
    """What an arrangement pays the ACO or DCE, or (``tier``) a practice of the pool; dollars (world, performance year).

    ``settled`` moves with the settlement, after withholds and their release; ``net`` is what the settlement of the
    year came to, withheld or not, negative when owed. ``monthly`` comes in twelve parts of the year beyond the claims
    it replaces; ``reconciled`` of it goes back at the settlement. ``bonus``: quality bonus. ``person_years``: those
    looked after.
    """

    arrangement: str
    tier: str | None
    people: int
    settled: FloatArray
    net: FloatArray
    bonus: FloatArray
    monthly: FloatArray
    reconciled: FloatArray
    person_years: FloatArray


def receipts_of_contract(lived: Lived, arrangement: str) -> Receipts:
    """Of the ACO or DCE under one arrangement, at the panel size that was lived."""
    settlement, _ = lived.settled(arrangement)
    none = np.zeros_like(settlement.cash)
    years = _person_years(lived.scenario, lived.panels, lived.panel_size)
    return Receipts(arrangement, None, lived.panel_size, settlement.cash, settlement.net, none, none, none, years)


def receipts_of_practice(scenario: Scenario, panels: PanelYears) -> Iterator[Receipts]:
    """Of the practice under every arrangement of the pool, size of the practice and tier; none without a practice."""
    practice = scenario.practice
    if practice is None:
        return
    for choice in scenario.arrangements:
        pool = pool_years(scenario, panels, choice)
        for people in practice.people:
            whole, own = pool.with_practice(people)
            years = _person_years(scenario, panels, people)
            for tier in practice.tiers:
                parts = division_under(tier, scenario, whole, own).practice
                monthly, back = _capitation(terms_of(tier, scenario), own, parts.capitation_margin / CENTS)
                settled, bonus = parts.settlement / CENTS, parts.quality_bonus / CENTS
                yield Receipts(choice.key, tier.key, people, settled, settled, bonus, monthly, back, years)


def _capitation(terms: Terms, own: Practice, margin: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Monthly payments of a year beyond the claims that they replace, and what of them goes back at settlement.

    The difference is the margin to the cent.
    """
    primary_care = terms.primary_care_share * own.benchmark
    paid = terms.capitation * np.where(terms.capitation_is_of_benchmark, own.benchmark, primary_care)
    back = terms.reconciliation_share * np.where(terms.capitation > 0, paid - primary_care, 0.0)
    return np.asarray(margin + back), np.asarray(back)


def _person_years(scenario: Scenario, panels: PanelYears, people: int) -> FloatArray:
    size = panels.panel_sizes.index(people)
    return np.asarray(panels.person_years(size)[..., scenario.years.performance_slice].sum(axis=1), float)
