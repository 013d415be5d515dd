"""Control variates by regression: a mean over worlds, read off at the exact means of statistics of the same worlds.

Every estimate regresses on the same controls, so each is one weighted sum over the worlds: means of parts add up to the
mean of the whole. The error is the jackknife's, which leaving out one world at a time gives without refitting
(Lavenberg & Welch, Management Science 1981; Glasserman, Monte Carlo Methods in Financial Engineering, 2004, chapter 4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simdce import metrics
from simdce.metrics import BoolArray, Estimate

FloatArray = NDArray[np.float64]

NOTHING_NEW = 0.01
"""Of a control's spread: what must be left of it when the controls before it are taken out."""

ROUNDING = 1e-12
"""Of a control: a smaller spread is none."""

LEAST_LEFT = 1e-9
"""Of a world's own weight: less is a world that a control singles out, where nothing is left unexplained."""


@dataclass(frozen=True)
class Controlled:
    """Means over worlds with what the controls explain taken out.

    ``basis``: orthonormal, the constant first (function, world); ``at_exact``: its values where every control has its
    exact mean (function,). ``jump``: dollars that a payment jumps by at a gate.
    """

    basis: FloatArray
    at_exact: FloatArray
    jump: float = 0.0

    @property
    def controls(self) -> int:
        """Number of controls that count."""
        return len(self.at_exact) - 1

    def mean(self, amounts: FloatArray, steadied: FloatArray | None = None) -> Estimate:
        """The expectation of ``amounts`` (world,), of which ``steadied`` may be known already.

        As if one world had been seen on either side of a gate, where the controls explain all the others.
        """
        return self._estimate(amounts, self.jump, steadied)

    def chance(self, events: BoolArray) -> Estimate:
        """The probability of an event; one never (or always) seen, or explained in every world, as one seen once."""
        if self.controls == 0 or events.min() == events.max():
            return metrics.chance(events)
        found = self._estimate(np.asarray(events, float), 1.0)
        return Estimate(min(max(found.value, 0.0), 1.0), found.standard_error)

    def steadied(self, amounts: FloatArray) -> FloatArray:
        """The jackknife's pseudo-values (world,): their average is the estimate, their spread that of its error.

        Those of a sum are the sum of its parts'. Those of two regressions subtract world by world, so that a difference
        of means has the error it deserves.
        """
        if self.controls == 0 or amounts.min() == amounts.max():
            return amounts
        fitted = np.einsum("jw,w->j", self.basis, amounts)
        left_out = self._influence * (amounts - np.einsum("jw,j->w", self.basis, fitted))
        return np.asarray(float(self.at_exact @ fitted) + (len(amounts) - 1) * (left_out - left_out.mean()))

    def _estimate(self, amounts: FloatArray, jump: float, steadied: FloatArray | None = None) -> Estimate:
        found = metrics.mean(self.steadied(amounts) if steadied is None else steadied)
        if self.controls == 0 or amounts.min() == amounts.max():
            return found
        return Estimate(found.value, max(found.standard_error, jump / len(amounts)))

    @cached_property
    def _influence(self) -> FloatArray:
        """How far the estimate moves when a world is left out, per unit of what is unexplained in it; (world,)."""
        weights = np.einsum("jw,j->w", self.basis, self.at_exact)
        left = 1.0 - np.einsum("jw,jw->w", self.basis, self.basis)
        return np.asarray(weights / np.maximum(left, LEAST_LEFT))


PLAIN = Controlled(np.ones((1, 0)), np.ones(1))
"""Averages over the worlds as they are."""


def controlled(controls: Iterable[tuple[FloatArray, float]], worlds: int, most: int, jump: float = 0.0) -> Controlled:
    """Regression on the first ``most`` of the controls, each (world,) with its exact mean, that say anything new."""
    basis, at_exact = np.full((1, worlds), worlds**-0.5), [worlds**-0.5]
    for values, exact in controls:
        known = basis[: len(at_exact)]
        if len(known) > most:
            break
        spread = float(values.std()) * worlds**0.5
        if not spread > ROUNDING * worlds**0.5 * max(abs(exact), float(np.abs(values).max())):
            continue
        column, place = (values - exact) / spread, 0.0
        for _ in range(2):  # twice is enough (Giraud et al., Comput. Math. Appl. 2005)
            along = np.einsum("jw,w->j", known, column)
            column -= np.einsum("j,jw->w", along, known)
            place -= float(np.einsum("j,j->", along, at_exact))
        length = float(np.sqrt(np.einsum("w,w->", column, column)))
        if length > NOTHING_NEW:
            if len(known) == len(basis):
                basis = np.concatenate([basis, np.empty_like(basis)])
            basis[len(known)] = column / length
            at_exact.append(place / length)
    return Controlled(basis[: len(at_exact)].copy(), np.array(at_exact), jump)
