"""One number about risk per function, from simulated worlds, with its Monte Carlo standard error.

Every argument has one entry per world; worlds are independent, so errors follow from their spread. Quantities of tails
use their influence functions (Manistre & Hancock, N. Am. Actuar. J. 2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A Monte Carlo figure and its standard error, in the same unit."""

    value: float
    standard_error: float


UNKNOWN = Estimate(float("nan"), float("nan"))
"""Of a quantity that no simulated world shows, such as the mean payment when nobody is paid."""


FEWEST_BEYOND = 2.0
"""Worlds beyond a percentile without which neither it nor its error means anything."""


def unpaired(one: Estimate, other: Estimate) -> Estimate:
    """The difference of two estimates as if each came from worlds of its own."""
    return Estimate(one.value - other.value, float(np.hypot(one.standard_error, other.standard_error)))


def mean(amounts: FloatArray) -> Estimate:
    """The expectation of ``amounts``."""
    return Estimate(float(amounts.mean()), _standard_error(amounts))


def chance(events: BoolArray | FloatArray) -> Estimate:
    """The probability of an event; with fractions (events per year), the average of them.

    An event never (or always) seen among W worlds has the error of one seen once: it is not known to be impossible.
    """
    shares = np.asarray(events, float)
    floor = 1.0 / len(shares) if shares.min() == shares.max() else 0.0
    return Estimate(float(shares.mean()), max(_standard_error(shares), floor))


def standard_deviation(amounts: FloatArray) -> Estimate:
    """The standard deviation of ``amounts``; its error from the fourth moment."""
    deviations = (amounts - amounts.mean()) ** 2
    spread = float(np.sqrt(deviations.mean()))
    return Estimate(spread, _standard_error(deviations) / (2.0 * spread) if spread > 0 else 0.0)


def percentile(amounts: FloatArray, probability: float) -> Estimate:
    """The quantile of ``amounts`` at a probability: an order statistic, never interpolated across a gap in the law.

    Its error is half the distance between the order statistics one binomial standard deviation below and above;
    unknown where fewer than two worlds are expected beyond it.
    """
    ((_, estimate),) = percentiles(amounts, (probability,))
    return estimate


def percentiles(amounts: FloatArray, probabilities: Sequence[float]) -> list[tuple[float, Estimate]]:
    """Each probability with the quantile of ``amounts`` there, as ``percentile`` has it."""
    count, asked = len(amounts), np.array(probabilities)
    known = count * np.minimum(asked, 1.0 - asked) >= FEWEST_BEYOND
    if not known.any():
        return [(probability, UNKNOWN) for probability in probabilities]
    spread = np.sqrt(count * asked * (1.0 - asked))
    places = np.ceil(asked * count - 1.0 + np.array([np.zeros_like(spread), -spread, spread]))
    values, low, high = np.sort(amounts)[np.clip(places, 0, count - 1).astype(int)]
    found = map(Estimate, values.tolist(), ((high - low) / 2.0).tolist())
    return [
        (probability, estimate if is_known else UNKNOWN)
        for probability, estimate, is_known in zip(probabilities, found, known, strict=True)
    ]


def percentile_difference(one: FloatArray, other: FloatArray, probability: float) -> Estimate:
    """The quantile of ``one`` less that of ``other``, two figures of the same worlds.

    Errors of quantiles are those of the counts below them over the density (Bahadur, Ann. Math. Stat. 1966), so the two
    are correlated as the events of falling below are; the densities are those behind the errors of ``percentile``.
    """
    first, second = percentile(one, probability), percentile(other, probability)
    below, beneath = np.asarray(one <= first.value, float), np.asarray(other <= second.value, float)
    return _difference_of_quantiles(first, second, below, beneath)


def _difference_of_quantiles(first: Estimate, second: Estimate, below: FloatArray, beneath: FloatArray) -> Estimate:
    """Two quantiles whose counts below them, world by world, are ``below`` and ``beneath``."""
    spread = float(below.std() * beneath.std())
    shared = float((below * beneath).mean() - below.mean() * beneath.mean()) / spread if spread > 0 else 0.0
    a, b = first.standard_error, second.standard_error
    variance = (a - b) ** 2 + 2.0 * (1.0 - shared) * a * b
    return Estimate(first.value - second.value, float(np.sqrt(max(variance, 0.0))))


def percentile_of_years(amounts: FloatArray, probability: float) -> Estimate:
    """The quantile of a year drawn from all years of ``amounts`` (world, year); the years of a world count as one.

    Otherwise as ``percentile``: its error follows from how much the share of years below it varies from world to world.
    """
    worlds, years = amounts.shape
    if amounts.size * min(probability, 1.0 - probability) < FEWEST_BEYOND * years:
        return UNKNOWN
    flat = amounts.ravel()
    value = float(np.partition(flat, place := max(0, int(np.ceil(probability * flat.size - 1.0))))[place])
    spread = years * float(np.sqrt(worlds) * np.mean(amounts <= value, axis=1).std())
    places = np.ceil(probability * flat.size - 1.0 + np.array([-spread, spread]))
    chosen = np.clip(places, 0, flat.size - 1).astype(int)
    edges = np.partition(flat, np.unique(chosen))[chosen]
    return Estimate(value, float(edges[1] - edges[0]) / 2.0)


def percentile_of_years_difference(one: FloatArray, other: FloatArray, probability: float) -> Estimate:
    """The quantile of a year of ``one`` less that of ``other``, (world, year) each, of the same worlds."""
    first, second = percentile_of_years(one, probability), percentile_of_years(other, probability)
    return _difference_of_quantiles(
        first, second, np.mean(one <= first.value, axis=1), np.mean(other <= second.value, axis=1)
    )


def tail_value_at_risk(losses: FloatArray, probability: float, quantile: float | None = None) -> Estimate:
    """The mean of the worst share ``1 - probability`` of losses (TVaR), by the excess over their quantile.

    ``quantile``: that of the losses, where it is known already.
    """
    beyond = percentile(losses, probability).value if quantile is None else quantile  # unknown in, unknown out
    excess = np.maximum(losses - beyond, 0.0) / (1.0 - probability)
    return Estimate(beyond + float(excess.mean()), _standard_error(excess))


def mean_given(amounts: FloatArray, condition: BoolArray) -> Estimate:
    """The expectation of ``amounts`` in the worlds where ``condition`` holds; unknown when it never does."""
    chosen = amounts[condition]
    if len(chosen) < 2:
        return UNKNOWN
    return Estimate(float(chosen.mean()), _standard_error(chosen))


def variance_ratio(part: FloatArray, whole: FloatArray) -> Estimate:
    """Var(part) / Var(whole) of two figures of the same worlds; error by the delta method, 1 when both are constant."""
    below = (whole - whole.mean()) ** 2
    above = (part - part.mean()) ** 2
    if below.mean() == 0:
        return Estimate(1.0, 0.0)
    ratio = float(above.mean() / below.mean())
    return Estimate(ratio, _standard_error((above - ratio * below) / below.mean()))


def certainty_equivalent(amounts: FloatArray, risk_tolerance: float) -> Estimate:
    """The sure amount that is worth as much as ``amounts`` under exponential utility with a risk tolerance, same unit.

    For a normal law it is the mean less the variance over twice the tolerance (Pratt, Econometrica 1964).
    """
    pulls = certainty_pulls(amounts, risk_tolerance)
    return Estimate(float(pulls.mean()), _standard_error(pulls))


def certainty_pulls(amounts: FloatArray, risk_tolerance: float) -> FloatArray:
    """Each world's pull on the certainty equivalent: their mean is it, their spread gives its error (delta method)."""
    losses = -amounts / risk_tolerance
    worst = losses.max()  # taken out, so that no exponential overflows
    weights = np.exp(losses - worst)
    average = weights.mean()
    equivalent = -risk_tolerance * (worst + np.log(average))
    return np.asarray(equivalent + risk_tolerance * (1.0 - weights / average))


def _standard_error(amounts: FloatArray) -> float:
    return float(amounts.std(ddof=1) / np.sqrt(len(amounts))) if len(amounts) > 1 else float("nan")
