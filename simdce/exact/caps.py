"""Caps on risk scores, where they begin or cease to bind, in the frequency domain.

A cap adds w max(U, 0) to the benchmark, U a sum over the slots of the categories that it holds together. It turns the
characteristic function of those categories' part of L = E - cB from E exp(itL) into that plus
E exp(itL) (exp(-itcw max(U, 0)) - 1), which the bivariate Edgeworth law of (L, U), exact in second and third cumulants
and the fourth of U, gives in closed form by the Faddeeva function (McCullagh, Tensor Methods in Statistics, 1987,
chapter 5). Groups of categories are independent, so that their functions multiply; the bends of one group are taken to
exclude each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, wofz

from simdce.exact.benchmark import PanelSums, ScoreBend
from simdce.exact.cost import ComplexArray
from simdce.exact.linear import SlotSum
from simdce.exact.regional import third_cumulants
from simdce.exact.slot import ABSENCE, DOLLARS, SCORE, SlotChain

FloatArray = NDArray[np.float64]

MOST_KURTOSIS = 2.0
SMALL_FREQUENCY = 0.02
"""That a fourth cumulant is taken at, in units of one over a slot's standard deviation."""

FARTHEST = 8.0
"""Standard deviations from which a cap is taken never to be reached."""


@dataclass
class ScoreCaps:
    """The bends of one set of sums, with their third cumulants as they are needed."""

    sums: PanelSums
    _known: dict[int, tuple[FloatArray, FloatArray]] = field(default_factory=dict)

    def reached(self, slots: FloatArray) -> list[int]:
        """Positions of the bends that a panel of so many slots can reach."""
        found = []
        for number, bend in enumerate(self.sums.bends):
            if slots[bend.group].sum() > 0:
                mean, sd = self._moments(bend, slots)
                if mean > -FARTHEST * sd:
                    found.append(number)
        return found

    def mean_beyond(self, slots: FloatArray) -> float:
        """Expected dollars that the bends add to the benchmark."""
        total = 0.0
        for number in self.reached(slots):
            mean, sd = self._moments(self.sums.bends[number], slots)
            z, (skewness, kurtosis) = mean / sd, self._shape(number, slots)
            density = float(np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi))
            upper = z * float(ndtr(z)) + density * (1.0 - skewness * z / 6.0 + kurtosis * (z**2 - 1.0) / 24.0)
            total += self.sums.bends[number].weight * sd * upper
        return total

    def straightened(self, slots: FloatArray) -> SlotSum:
        """The benchmark with each bend in place by its linear regression on what it bends."""
        found = self.sums.benchmark
        for number in self.reached(slots):
            bend = self.sums.bends[number]
            mean, sd = self._moments(bend, slots)
            chance = float(ndtr(mean / sd))
            level = (
                sd * float(np.exp(-0.5 * (mean / sd) ** 2)) / np.sqrt(2.0 * np.pi)
            )  # E max(U, 0) less its chance E U
            spread = SlotSum(np.zeros_like(found.coefficients), np.full(len(slots), level / float(slots.sum())))
            found = found + (bend.beyond * chance + spread) * bend.weight
        return found

    def fourth_order(self, slots: FloatArray) -> float:
        """Dollars that the fourth order adds to the expected benchmark, each bend's in absolute value."""
        total = 0.0
        for number in self.reached(slots):
            mean, sd = self._moments(self.sums.bends[number], slots)
            z, (_, kurtosis) = mean / sd, self._shape(number, slots)
            density = float(np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi))
            total += abs(self.sums.bends[number].weight * sd * density * kurtosis * (z**2 - 1.0)) / 24.0
        return total

    def _shape(self, number: int, slots: FloatArray) -> tuple[float, float]:
        """Skewness and excess kurtosis of a bend's sum, the latter held where no expansion follows it."""
        bend = self.sums.bends[number]
        inside = np.where(bend.group, slots, 0.0)
        third, fourth = self._cumulants(number)
        sd = self._moments(bend, slots)[1]
        return float(inside @ third[:, 2, 2, 2]) / sd**3, min(float(inside @ fourth) / sd**4, MOST_KURTOSIS)

    def _cumulants(self, number: int) -> tuple[FloatArray, FloatArray]:
        """Third cumulants of expenditure, benchmark and the bend's sum (category, 3, 3, 3), its fourth (category,)."""
        if number not in self._known:
            beyond, chains = self.sums.bends[number].beyond, self.sums.chains
            third = third_cumulants(chains, (self.sums.expenditure, self.sums.benchmark, beyond))
            self._known[number] = third, np.array([_fourth(beyond, k, chain) for k, chain in enumerate(chains)])
        return self._known[number]

    def factor(self, slots: FloatArray, log_c: FloatArray, t: FloatArray, logs: ComplexArray) -> ComplexArray:
        """What the characteristic function of L is multiplied by; (frequency, c).

        ``t``: frequencies in one over dollars (frequency, c); ``logs``: of one slot's characteristic function without
        its constant (category, frequency, c).
        """
        total = np.ones(t.shape, np.complex128)
        reached = self.reached(slots)
        for group in {tuple(self.sums.bends[number].group) for number in reached}:
            inside = np.array(group)
            plain = np.exp(np.einsum("k,kjc->jc", slots[inside], logs[inside]))
            bent = np.zeros(t.shape, np.complex128)
            for number in reached:
                if tuple(self.sums.bends[number].group) == group:
                    bent += self._added(number, slots, log_c, t)
            near = np.abs(plain) > 1e-40
            total *= 1.0 + np.divide(bent, plain, out=np.zeros_like(bent), where=near)
        return total

    def _moments(self, bend: ScoreBend, slots: FloatArray) -> tuple[float, float]:
        """Mean and standard deviation of a bend's sum."""
        inside = np.where(bend.group, slots, 0.0)
        chains = self.sums.chains
        mean = bend.beyond.mean(inside, chains) + bend.mean_shift
        return mean, float(np.sqrt(bend.beyond.covariance(bend.beyond, inside, chains)))

    def _added(self, number: int, slots: FloatArray, log_c: FloatArray, t: FloatArray) -> ComplexArray:
        """E exp(itL) (exp(-itcw max(U, 0)) - 1) of a bend's group, constants of L left out; (frequency, c)."""
        bend, chains, ratio = self.sums.bends[number], self.sums.chains, np.exp(log_c)
        inside = np.where(bend.group, slots, 0.0)
        parts = (self.sums.expenditure, self.sums.benchmark, bend.beyond)
        third = np.einsum("k,kabc->abc", inside, self._cumulants(number)[0])
        cov = np.array([[a.covariance(b, inside, chains) for b in parts] for a in parts])
        means = [part.mean(inside, chains) - float(inside @ part.constant) for part in parts[:2]]
        mean, sd = self._moments(bend, slots)
        along = (cov[0, 2] - ratio * cov[1, 2]) / sd  # covariance of L with the standardised U
        rest = np.stack([np.ones_like(ratio), -ratio, -along / sd], axis=1)
        sd_rest = np.sqrt(np.einsum("xa,ab,xb->x", rest, cov, rest))
        w, u = rest / sd_rest[:, None], np.array([0.0, 0.0, 1.0 / sd])
        s = 1j * t * sd_rest
        weights = (
            1.0 + s**3 * np.einsum("abc,xa,xb,xc->x", third, w, w, w) / 6.0,
            s**2 * np.einsum("abc,xa,xb,c->x", third, w, w, u) / 2.0,
            s * np.einsum("abc,xa,b,c->x", third, w, u, u) / 2.0,
            float(np.einsum("abc,a,b,c->", third, u, u, u)) / 6.0,
            self._shape(number, slots)[1] / 24.0,
        )
        turn = -t * ratio * bend.weight
        edge = -mean / sd
        bent = _upper(edge, t * along + turn * sd)
        plain = _upper(edge, t * along)
        shifted = np.exp(1j * turn * mean)
        total = sum(weight * (shifted * high - low) for weight, high, low in zip(weights, bent, plain, strict=True))
        outside = 1j * t * (means[0] - ratio * means[1]) - 0.5 * (t * sd_rest) ** 2
        return np.asarray(np.exp(outside) * total)


def _fourth(part: SlotSum, number: int, chain: SlotChain) -> float:
    """Fourth cumulant of a sum for one slot of a category, from the modulus of its characteristic function."""
    one = part.coefficients[number]
    variance = float(np.einsum("qy,qyrz,rz->", one, chain.covariance, one))
    if variance <= 0:
        return 0.0
    frequency = SMALL_FREQUENCY / np.sqrt(variance)
    at = one[:, None, :] * np.array([[frequency], [2.0 * frequency]])
    logs = chain.log_characteristic(at[DOLLARS], at[ABSENCE], at[SCORE], 1e-18).real
    near, far = (
        24.0 * (logs + 0.5 * variance * np.array([1.0, 4.0]) * frequency**2) / (np.array([1.0, 16.0]) * frequency**4)
    )
    return float((4.0 * near - far) / 3.0)


def _upper(edge: float, a: FloatArray) -> list[ComplexArray]:
    """∫ φ(v) He_n(v) exp(iav) dv over v > edge, n = 0 to 4; each shaped as ``a``."""
    at_edge = np.exp(1j * a * edge - 0.5 * edge**2)
    found = [0.5 * at_edge * wofz((a + 1j * edge) / np.sqrt(2.0))]
    hermite = (1.0, edge, edge**2 - 1.0, edge**3 - 3.0 * edge)
    for polynomial in hermite:
        found.append(at_edge / np.sqrt(2.0 * np.pi) * polynomial + 1j * a * found[-1])
    return found
