"""How CMS's payment to a pool is divided: the practice's part, the other practices', and what the entity keeps.

A practice's own result is its own savings at the rate at which CMS shared the pool's: where CMS pays nothing, nothing
is there to divide. Written as its equal part of the payment plus its savings beyond the pool's, it also holds where
no rate exists, and the results of all practices add up to the payment whatever the weights. What shares, limits and
insulation take from or add to that is the entity's, which is the residual claimant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.arrangements.settlement import FloatArray
from simdce.tiers.terms import CENTS, Terms

Cents = NDArray[np.int64]


@dataclass(frozen=True)
class Pool:
    """The pool's year under its contract with CMS, dollars, last axis performance years.

    ``payment``: what CMS pays (negative: what the entity owes); ``benchmark`` and ``expenditure`` as it settled them.
    """

    payment: FloatArray
    benchmark: FloatArray
    expenditure: FloatArray


@dataclass(frozen=True)
class Practice:
    """A practice's part of the pool: people, and its benchmark and expenditure (dollars, shaped as the pool's).

    ``quality_score``: share of a quality bonus that it earns.
    """

    people: float
    benchmark: FloatArray
    expenditure: FloatArray
    quality_score: float


@dataclass(frozen=True)
class Amounts:
    """What a tier pays a practice beyond fee-for-service, cents; negative ``settlement`` is owed to the entity.

    ``capitation_margin``: what the practice keeps of capitation beyond the claims that it replaces; ``capitation``:
    the monthly payments themselves, a year's sum, not part of ``total`` because claims fall by as much.
    ``to_providers``: part of a positive total, the rest stays for infrastructure.
    """

    settlement: Cents
    capitation_margin: Cents
    quality_bonus: Cents
    capitation: Cents
    to_providers: Cents

    @property
    def total(self) -> Cents:
        """What the tier brings the practice in all."""
        return self.settlement + self.capitation_margin + self.quality_bonus


@dataclass(frozen=True)
class Division:
    """CMS's payment to the cent: ``cms`` equals ``practice.total`` + ``others.total`` + ``entity`` in every world."""

    cms: Cents
    practice: Amounts
    others: Amounts

    @property
    def entity(self) -> Cents:
        """What is left for the entity, negative where it pays from its own pocket."""
        return self.cms - self.practice.total - self.others.total


def divided(
    pool: Pool, practice: Practice, terms: Terms, others_people: float, others_terms: Terms | None = None
) -> Division:
    """CMS's payment divided between a practice, all other practices and the entity.

    The others are the rest of the pool, settled as one on ``others_terms`` (default: the same tier), insulated and
    weighed as practices of ``others_people`` people each.
    """
    rest = Practice(
        others_people,
        pool.benchmark - practice.benchmark,
        pool.expenditure - practice.expenditure,
        practice.quality_score,
    )
    return Division(
        _cents(pool.payment),
        amounts(pool, practice, terms),
        amounts(pool, rest, terms if others_terms is None else others_terms),
    )


def amounts(pool: Pool, practice: Practice, terms: Terms) -> Amounts:
    """What the tier pays or charges the practice for each year."""
    result = credited(pool, practice, terms.weight_of_own(practice.people))
    settlement = shared(result, practice.benchmark, practice.people, terms)
    primary_care = terms.primary_care_share * practice.benchmark
    capitation = terms.capitation * np.where(terms.capitation_is_of_benchmark, practice.benchmark, primary_care)
    replaced = np.where(terms.capitation > 0, primary_care, 0.0)
    parts = Amounts(
        settlement=_cents(settlement),
        capitation_margin=_cents((1.0 - terms.reconciliation_share) * (capitation - replaced)),
        quality_bonus=_cents(terms.quality_bonus * practice.quality_score * practice.benchmark),
        capitation=_cents(capitation),
        to_providers=np.zeros_like(result, dtype=np.int64),
    )
    to_providers = np.rint(terms.providers_share * np.maximum(parts.total, 0)).astype(np.int64)
    return Amounts(parts.settlement, parts.capitation_margin, parts.quality_bonus, parts.capitation, to_providers)


def credited(pool: Pool, practice: Practice, own_weight: FloatArray) -> FloatArray:
    """The result that the tier shares, dollars: between the practice's equal part of the payment and its own result."""
    size = np.divide(practice.benchmark, pool.benchmark, out=np.zeros_like(pool.payment), where=pool.benchmark > 0)
    savings = pool.benchmark - pool.expenditure
    rate = np.divide(pool.payment, savings, out=np.zeros_like(pool.payment), where=savings != 0)
    beyond = practice.benchmark - practice.expenditure - size * savings
    return np.asarray(size * pool.payment + own_weight * np.clip(rate, 0.0, 1.0) * beyond)


def shared(result: FloatArray, benchmark: FloatArray, people: float, terms: Terms) -> FloatArray:
    """What of a result is paid (or, negative, owed): stop-loss, corridor, entity's take, share, limits, insulation."""
    within = terms.corridor * benchmark
    gain = np.maximum(result - within, 0.0) * (1.0 - terms.entity_take)
    loss = np.maximum(np.minimum(-result, _limit(terms.stop_loss, benchmark)) - within, 0.0)
    paid = np.minimum(terms.share_of_gains * gain, _limit(terms.gain_cap, benchmark))
    owed = np.minimum(terms.share_of_losses * loss, _limit(terms.loss_floor, benchmark))
    return paid - np.where(people < terms.insulated_below, 0.0, owed)


def _limit(fraction: FloatArray, benchmark: FloatArray) -> FloatArray:
    """A limit in dollars; infinite where there is none, also on a benchmark of zero."""
    limits = np.full(np.broadcast_shapes(fraction.shape, benchmark.shape), np.inf)
    return np.asarray(np.multiply(fraction, benchmark, out=limits, where=np.isfinite(fraction)))


def _cents(dollars: FloatArray) -> Cents:
    return np.rint(CENTS * dollars).astype(np.int64)
