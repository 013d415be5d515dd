"""The regional adjustment where it bends: weights by sign, caps, and adjustments that are dropped when negative.

The tangent of the rule at the expected gap Γ between region and history is in the exact law. What the rule gives beyond
it, q(Γ), moves P(L > 0) to P(L > c q(Γ)); that difference is taken under the bivariate Edgeworth law of (L, Γ)
with exact second and third cumulants (McCullagh, Tensor Methods in Statistics, 1987, chapter 5), so that its error is
of order 1/n of a small difference. Caps by category act at their mean given Γ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from simdce.exact.benchmark import PanelSums
from simdce.exact.interpolation import gauss_legendre
from simdce.exact.linear import SlotSum
from simdce.exact.regional_rule import RegionalRule
from simdce.exact.slot import SlotChain

FloatArray = NDArray[np.float64]

NODES, FARTHEST = 12, 7.0
SCANNED = 400
ROUNDING = 1e-17
"""Of a probability: what a gap adds less than is left out."""

SMALL = (0.01, 0.02)
"""Frequencies that third cumulants are taken at, in units of one over a slot's standard deviation."""

_DIRECTIONS = np.array(
    [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1), (1, 1, 1)],
    float,
)
"""As many as a cubic form of three variables has coefficients."""


@dataclass(frozen=True)
class GapLaw:
    """The joint law of E, B and the gap to third order for one slot of each category, and of each category's own gap.

    ``third``: third cumulants (category, 3, 3, 3) of expenditure, benchmark and gap, in that order.
    """

    sums: PanelSums
    third: FloatArray

    def change(self, slots: FloatArray, x: FloatArray, benchmark: SlotSum) -> FloatArray:
        """P(E > c (B + q)) - P(E > c B) at c = exp(x), ``benchmark`` B with the adjustment's tangent in it; (x,)."""
        chains, ratio = self.sums.chains, np.exp(x)
        parts = (self.sums.expenditure, benchmark, self.sums.gap)
        mean = np.array([part.mean(slots, chains) for part in parts])
        cov = np.array([[a.covariance(b, slots, chains) for b in parts] for a in parts])
        third = np.einsum("k,kabc->abc", slots, self.third)
        sd_gap = float(np.sqrt(cov[2, 2]))
        beta = (cov[0, 2] - ratio * cov[1, 2]) / cov[2, 2]
        rest = np.stack([np.ones_like(ratio), -ratio, -beta], axis=1)  # L less its regression on the gap
        sd_rest = np.sqrt(np.einsum("xa,ab,xb->x", rest, cov, rest))
        v, weights = _normal_nodes(tuple((edge - mean[2]) / sd_gap for edge in self._edges(slots, mean[2], sd_gap)))
        beyond = self._beyond(slots, mean[2] + sd_gap * v)
        felt = np.abs(beyond) * weights > ROUNDING * sd_rest.min()
        v, weights, beyond = v[felt], weights[felt], beyond[felt]
        centre = -(mean[0] - ratio * mean[1])[:, None] - np.outer(beta, sd_gap * v)
        w, u = rest / sd_rest[:, None], np.array([0.0, 0.0, 1.0 / sd_gap])
        skew = (
            np.einsum("abc,xa,xb,xc->x", third, w, w, w) / 6.0,
            np.einsum("abc,xa,xb,c->x", third, w, w, u) / 2.0,
            np.einsum("abc,xa,b,c->x", third, w, u, u) / 2.0,
            float(np.einsum("abc,a,b,c->", third, u, u, u)) / 6.0,
        )
        plain = _edgeworth(centre / sd_rest[:, None], v, skew)
        bent = _edgeworth((centre + np.outer(ratio, beyond)) / sd_rest[:, None], v, skew)
        return np.asarray(np.einsum("xv,v->x", bent - plain, weights))  # no BLAS: its threads cost more

    def mean_beyond(self, slots: FloatArray) -> float:
        """Expected dollars of q, under the normal law of the gap."""
        whole, chains = self.sums.gap, self.sums.chains
        mean, sd = whole.mean(slots, chains), float(np.sqrt(whole.covariance(whole, slots, chains)))
        z, weights = _normal_nodes(tuple((edge - mean) / sd for edge in self._edges(slots, mean, sd)))
        return float(weights @ self._beyond(slots, mean + sd * z))

    def _beyond(self, slots: FloatArray, gap: FloatArray) -> FloatArray:
        """q: what the rules give less their tangents, dollars (gap,)."""
        limit = float(slots @ self.sums.national)
        total = np.zeros_like(gap)
        for part in self.sums.adjustments:
            slope, share = part.tangent
            total += part.share * (self.adjustment(part.rule, slots, gap) - slope * gap - share * limit)
        return total

    def adjustment(self, rule: RegionalRule, slots: FloatArray, gap: FloatArray) -> FloatArray:
        """The expected adjustment given the gap of the whole panel, with caps by category; dollars (gap,)."""
        limits = slots * self.sums.national
        history = float(slots @ self.sums.regional) - gap
        if not np.isfinite([rule.category_ceiling, rule.category_floor]).any():
            return rule.chosen(rule.overall(gap, float(limits.sum())), history, float(limits.sum()))
        chains, whole = self.sums.chains, self.sums.gap
        mean_gap, variance = whole.mean(slots, chains), whole.covariance(whole, slots, chains)
        weight = np.where(gap >= 0, rule.weight_positive, rule.weight_negative)
        total = np.zeros_like(gap)
        for number in np.flatnonzero(slots):
            own = np.where(np.arange(len(slots)) == number, slots, 0.0)
            own_mean, own_variance = whole.mean(own, chains), whole.covariance(whole, own, chains)
            given = weight * (own_mean + own_variance / variance * (gap - mean_gap))
            spread = weight * np.sqrt(max(own_variance * (1.0 - own_variance / variance), 0.0))
            total += _clipped_mean(
                given, spread, -rule.category_floor * limits[number], rule.category_ceiling * limits[number]
            )
        return rule.chosen(total, history, float(limits.sum()))

    def _edges(self, slots: FloatArray, mean: float, sd: float) -> list[float]:
        """Gaps at which a rule bends: those it names, and where prior savings take over."""
        limit, region = float(slots @ self.sums.national), float(slots @ self.sums.regional)
        edges = [0.0]
        for rule in (part.rule for part in self.sums.adjustments):
            for cap, weight, sign in (
                (rule.ceiling, rule.weight_positive, 1.0),
                (rule.floor, rule.weight_negative, -1.0),
            ):
                if np.isfinite(cap) and weight > 0:
                    edges.append(sign * cap * limit / weight)
            if rule.prior_share:
                edges.append(region - rule.prior_cap * limit / rule.prior_share)
                gap = mean + sd * np.linspace(-FARTHEST, FARTHEST, SCANNED)
                plain = self.adjustment(replace(rule, prior_share=None), slots, gap)
                ahead = np.clip(rule.prior_share * (region - gap), 0.0, rule.prior_cap * limit) - plain
                for cell in np.flatnonzero(np.diff(np.sign(ahead))):
                    part = ahead[cell] / (ahead[cell] - ahead[cell + 1])
                    edges.append(float(gap[cell] + part * (gap[cell + 1] - gap[cell])))
        return edges


def gap_law(sums: PanelSums) -> GapLaw:
    """The law of the gap beside expenditure and benchmark."""
    return GapLaw(sums, third_cumulants(sums.chains, (sums.expenditure, sums.benchmark, sums.gap)))


def third_cumulants(chains: Sequence[SlotChain], parts: tuple[SlotSum, SlotSum, SlotSum]) -> FloatArray:
    """Third cumulants of three sums for one slot of each category; (category, 3, 3, 3).

    From the curvature of log φ at small frequencies in ten directions, with Richardson's step.
    """
    triples = list(combinations_with_replacement(range(3), 3))
    third = np.zeros((len(chains), 3, 3, 3))
    terms = np.array([[_multiplicity(t) * np.prod(d[list(t)]) for t in triples] for d in _DIRECTIONS])
    for number, chain in enumerate(chains):
        one = np.where(np.arange(len(chains)) == number, 1.0, 0.0)
        variances = np.array([part.covariance(part, one, chains) for part in parts])
        if not (variances > 0).all():
            continue
        scale = 1.0 / np.sqrt(variances)
        coefficients = np.einsum(
            "da,aqy->dqy", _DIRECTIONS * scale, np.stack([part.coefficients[number] for part in parts])
        )
        mean = np.einsum("dqy,qy->d", coefficients, chain.mean)
        at = np.concatenate([coefficients * frequency for frequency in SMALL])
        logs = chain.log_characteristic(at[:, 0], at[:, 1], at[:, 2], 1e-18)
        near, far = (
            6.0 * (mean * frequency - part.imag) / frequency**3
            for frequency, part in zip(SMALL, np.split(logs, 2), strict=True)
        )
        cumulants = np.linalg.lstsq(terms, (4.0 * near - far) / 3.0, rcond=None)[0]
        for (a, b, c), value in zip(triples, cumulants, strict=True):
            plain = value / (scale[a] * scale[b] * scale[c])
            for i, j, k in {(a, b, c), (a, c, b), (b, a, c), (b, c, a), (c, a, b), (c, b, a)}:
                third[number, i, j, k] = plain
    return third


def _multiplicity(triple: tuple[int, ...]) -> int:
    return {1: 1, 2: 3, 3: 6}[len(set(triple))]


def _edgeworth(edge: FloatArray, v: FloatArray, skew: tuple[FloatArray, FloatArray, FloatArray, float]) -> FloatArray:
    """P(W > edge | V = v) times the density of V over its normal density; (x, v).

    ``skew``: third cumulants of W and V over 3!, 2!, 2!, 3!: www, wwv, wvv, vvv.
    """
    density = np.exp(-0.5 * edge**2) / np.sqrt(2.0 * np.pi)
    www, wwv, wvv = (part[:, None] for part in skew[:3])
    mixed = www * (edge**2 - 1.0) + wwv * edge * v + wvv * (v**2 - 1.0)
    return np.asarray(ndtr(-edge) * (1.0 + skew[3] * (v**3 - 3.0 * v)) + density * mixed)


def _clipped_mean(mean: FloatArray, spread: FloatArray, low: float, high: float) -> FloatArray:
    """E of a normal variable held between two limits."""
    wide = np.maximum(spread, 1e-12 * np.maximum(np.abs(mean), 1.0))

    def excess(limit: float, sign: float) -> FloatArray:
        if not np.isfinite(limit):
            return np.zeros_like(mean)
        z = sign * (mean - limit) / wide
        return np.asarray(wide * (z * ndtr(z) + np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)))

    return np.asarray(mean - excess(high, 1.0) + excess(low, -1.0))


def _normal_nodes(kinks: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of the standard normal law in panels of one, never across a kink."""
    inner = [kink for kink in (*kinks, *np.arange(-FARTHEST + 1.0, FARTHEST)) if abs(kink) < FARTHEST]
    cuts = np.unique([-FARTHEST, *inner, FARTHEST])
    unit, share = gauss_legendre(NODES)
    half, middle = 0.5 * np.diff(cuts), 0.5 * (cuts[1:] + cuts[:-1])
    nodes = (middle[:, None] + half[:, None] * unit).ravel()
    weights = (half[:, None] * share).ravel() * np.exp(-0.5 * nodes**2) / np.sqrt(2.0 * np.pi)
    return nodes, weights
