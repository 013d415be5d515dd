"""Every metric against the exact figure of a known law, and its standard error against the spread of many replications.

Bounds are computed: a mean of R replications may be 4 standard errors off; the standard deviation of R replications has
a relative error of about sqrt((kurtosis - 1) / 4R), and the errors claimed are themselves estimates from W worlds.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from simdce import metrics
from simdce.metrics import Estimate
from simdce.results import PERCENTILES, TAILS

FloatArray = NDArray[np.float64]
WORLDS, REPLICATIONS = 2_000, 400


def paid_or_nothing(rng: np.random.Generator, size: int) -> FloatArray:
    """Nothing with chance .7, else exponential with mean 2: mass at zero, as every contract with a gate has."""
    return rng.exponential(2.0, size) * (rng.random(size) < 0.3)


def steps(rng: np.random.Generator, size: int) -> FloatArray:
    """-5 with chance .1, 0 with .6, 1 with .3: nothing but ties."""
    return rng.choice([-5.0, 0.0, 1.0], size, p=[0.1, 0.6, 0.3])


def normal(rng: np.random.Generator, size: int) -> FloatArray:
    return rng.normal(3.0, 2.0, size)


def tvar_of(law: stats.rv_frozen, probability: float) -> float:  # type: ignore[type-arg]
    return float(integrate.quad(law.ppf, probability, 1.0)[0] / (1.0 - probability))


NORMAL, TAIL = stats.norm(3.0, 2.0), stats.expon(scale=2.0)

Draw = Callable[[np.random.Generator, int], FloatArray]
Metric = Callable[[FloatArray], Estimate]
KNOWN: dict[str, tuple[Draw, Metric, float]] = {
    "mean, normal": (normal, metrics.mean, 3.0),
    "mean, paid or nothing": (paid_or_nothing, metrics.mean, 0.6),
    "mean, steps": (steps, metrics.mean, -0.2),
    "chance, normal": (normal, lambda x: metrics.chance(x > 4.0), float(NORMAL.sf(4.0))),
    "chance, atom": (paid_or_nothing, lambda x: metrics.chance(x == 0), 0.7),
    "chance, shares": (lambda rng, size: rng.beta(2.0, 3.0, size), metrics.chance, 0.4),
    "sd, normal": (normal, metrics.standard_deviation, 2.0),
    # E x^2 = .3 x 8 = 2.4, less .36
    "sd, paid or nothing": (paid_or_nothing, metrics.standard_deviation, sqrt(2.04)),
    # E x^2 = .1 x 25 + .3 = 2.8, less .04
    "sd, steps": (steps, metrics.standard_deviation, sqrt(2.76)),
    "median, normal": (normal, lambda x: metrics.percentile(x, 0.5), 3.0),
    "p5, normal": (normal, lambda x: metrics.percentile(x, 0.05), float(NORMAL.ppf(0.05))),
    "p99, normal": (normal, lambda x: metrics.percentile(x, 0.99), float(NORMAL.ppf(0.99))),
    # the chance of more than q is .3 exp(-q / 2)
    "p90, paid or nothing": (paid_or_nothing, lambda x: metrics.percentile(x, 0.9), float(TAIL.isf(0.1 / 0.3))),
    "tvar 95, normal": (normal, lambda x: metrics.tail_value_at_risk(x, 0.95), tvar_of(NORMAL, 0.95)),
    "tvar 99, normal": (normal, lambda x: metrics.tail_value_at_risk(x, 0.99), tvar_of(NORMAL, 0.99)),
    "tvar 90, paid or nothing": (
        paid_or_nothing,
        lambda x: metrics.tail_value_at_risk(x, 0.9),
        float(TAIL.isf(0.1 / 0.3)) + 2.0,  # an exponential tail has forgotten where it began
    ),
    # the worst fifth: .1 at +5 and .1 at 0, as losses
    "tvar 80, ties across the quantile": (lambda r, n: -steps(r, n), lambda x: metrics.tail_value_at_risk(x, 0.8), 2.5),
    "mean given, paid": (paid_or_nothing, lambda x: metrics.mean_given(x, x > 0), 2.0),
    "mean given, normal": (
        normal,
        lambda x: metrics.mean_given(x, x > 3.0),
        3.0 + 2.0 * sqrt(2.0 / np.pi),
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_metric_and_its_standard_error(name: str) -> None:
    draw, metric, exact = KNOWN[name]
    rng = np.random.default_rng(list(KNOWN).index(name))
    found = [metric(draw(rng, WORLDS)) for _ in range(REPLICATIONS)]
    values = np.array([each.value for each in found])
    errors = np.array([each.standard_error for each in found])
    spread = values.std(ddof=1)
    # an order statistic lies up to one rank off, and an estimate from W worlds has a bias of order sd / W
    bias = 0.1 * spread
    assert abs(values.mean() - exact) <= 4.0 * spread / sqrt(REPLICATIONS) + bias
    claimed = sqrt(float((errors**2).mean()))
    noise = sqrt((stats.kurtosis(values, fisher=False) - 1.0) / (4.0 * REPLICATIONS))
    assert claimed == pytest.approx(spread, rel=4.0 * noise + 0.05)  # .05: the error of the error from W worlds
    # and each single interval of two errors holds about as often as it says
    inside = float((np.abs(values - exact) <= 2.0 * errors).mean())
    assert inside >= 0.9545 - 4.0 * sqrt(0.9545 * 0.0455 / REPLICATIONS) - 0.03


def test_a_ratio_of_variances_and_its_standard_error() -> None:
    """Quiet = sampling noise alone (variance 4); loud = the same noise and a shock (variance 9): ratio 4 / 13."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(REPLICATIONS):
        quiet = rng.normal(0.0, 2.0, WORLDS)
        found.append(metrics.variance_ratio(quiet, quiet + rng.normal(0.0, 3.0, WORLDS)))
    values = np.array([each.value for each in found])
    claimed = np.mean([each.standard_error for each in found])
    assert abs(values.mean() - 4.0 / 13.0) <= 4.0 * values.std() / sqrt(REPLICATIONS) + 1e-3
    assert claimed == pytest.approx(values.std(), rel=4.0 / sqrt(2.0 * REPLICATIONS) + 0.05)


def test_a_ratio_of_variances_knows_its_ends() -> None:
    amounts = np.arange(10.0)
    assert metrics.variance_ratio(amounts, amounts) == Estimate(1.0, 0.0)
    assert metrics.variance_ratio(np.ones(10), np.ones(10)) == Estimate(1.0, 0.0)
    assert metrics.variance_ratio(np.ones(10), amounts) == Estimate(0.0, 0.0)


def test_figures_agree_with_numpy_and_scipy() -> None:
    amounts = np.random.default_rng(2).gamma(0.5, 3.0, 997)
    assert metrics.mean(amounts).value == pytest.approx(np.mean(amounts), rel=1e-12)
    assert metrics.mean(amounts).standard_error == pytest.approx(stats.sem(amounts), rel=1e-12)
    assert metrics.standard_deviation(amounts).value == pytest.approx(np.std(amounts), rel=1e-12)
    events = amounts > 1.0
    share = events.mean()
    assert metrics.chance(events).standard_error == pytest.approx(sqrt(share * (1.0 - share) / 996.0), rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100, 101, 1_000, 9_999, 10_000])
def test_a_percentile_is_an_order_statistic(count: int) -> None:
    """The smallest value that at least the stated share of worlds does not exceed: numpy's inverted_cdf.

    Unknown where fewer than two worlds are expected beyond it.
    """
    amounts = np.random.default_rng(count).normal(size=count)
    for probability in {*PERCENTILES, *TAILS}:
        found = metrics.percentile(amounts, probability).value
        if count * min(probability, 1 - probability) < 2:
            assert np.isnan(found)
            continue
        assert found == np.quantile(amounts, probability, method="inverted_cdf")
        assert found in amounts
        assert (amounts <= found).mean() >= probability - 1e-12


def test_a_percentile_never_lies_in_a_gap() -> None:
    """Below the minimum savings rate nothing is paid, above it at once a million: no half a million exists."""
    amounts = np.repeat([0.0, 1e6], [500, 500])
    for probability in np.linspace(0.01, 0.99, 99):
        assert metrics.percentile(amounts, float(probability)).value in {0.0, 1e6}
    assert metrics.percentile(amounts, 0.5).value == 0.0
    beside = metrics.percentile(amounts, 0.5)
    assert beside.standard_error == 5e5  # at the edge of the gap the error says that it may be either
    inside = metrics.percentile(amounts, 0.25)
    assert inside == Estimate(0.0, 0.0)  # deep within an atom nothing is uncertain


def test_loss_percentiles_mirror_net_percentiles_up_to_one_rank() -> None:
    net = np.random.default_rng(3).normal(size=1_000)
    ordered = np.sort(net)
    for probability in TAILS:
        value = -metrics.percentile(-net, probability).value
        rank = int(np.searchsorted(ordered, value))
        assert abs(rank - (1.0 - probability) * 1_000) <= 1


def test_a_chance_never_seen_is_not_impossible() -> None:
    assert metrics.chance(np.zeros(200, bool)) == Estimate(0.0, 1.0 / 200)
    assert metrics.chance(np.ones(200, bool)) == Estimate(1.0, 1.0 / 200)
    seen = metrics.chance(np.arange(200) == 0)
    assert seen.value == 1.0 / 200
    assert seen.standard_error == pytest.approx(1.0 / 200, rel=0.01)  # so the floor is continuous


def test_tiny_samples_say_that_they_know_nothing() -> None:
    one = np.array([5.0])
    assert metrics.mean(one).value == 5.0
    assert np.isnan(metrics.mean(one).standard_error)
    assert np.isnan(metrics.percentile(one, 0.5).value)
    assert np.isnan(metrics.tail_value_at_risk(np.arange(100.0), 0.99).value)
    nobody = metrics.mean_given(np.arange(10.0), np.zeros(10, bool))
    assert np.isnan(nobody.value)
    assert np.isnan(nobody.standard_error)
    assert np.isnan(metrics.mean_given(np.arange(10.0), np.arange(10) == 3).value)  # one world has no error
    two = metrics.mean_given(np.arange(10.0), np.arange(10) >= 8)
    assert two.value == 8.5
    assert two.standard_error == pytest.approx(0.5)


def test_constant_amounts_have_no_spread() -> None:
    same = np.full(300, 7.0)
    assert metrics.mean(same) == Estimate(7.0, 0.0)
    assert metrics.standard_deviation(same) == Estimate(0.0, 0.0)
    assert metrics.percentile(same, 0.99) == Estimate(7.0, 0.0)
    assert metrics.tail_value_at_risk(same, 0.99) == Estimate(7.0, 0.0)


def test_tail_values_order_as_they_must() -> None:
    losses = np.random.default_rng(4).lognormal(0.0, 1.5, 5_000)
    values = [metrics.percentile(losses, each).value for each in TAILS]
    tails = [metrics.tail_value_at_risk(losses, each).value for each in TAILS]
    assert values == sorted(values)
    assert tails == sorted(tails)
    assert all(tail >= value for tail, value in zip(tails, values, strict=True))
    for probability, tail in zip(TAILS, tails, strict=True):  # with W (1 - p) whole it is the mean of the worst worlds
        worst = np.sort(losses)[round(5_000 * probability) :]
        assert tail == pytest.approx(worst.mean(), rel=1e-9)


def test_no_metric_changes_its_argument_or_the_order_matters() -> None:
    amounts = np.random.default_rng(5).normal(size=501)
    before, shuffled = amounts.copy(), np.random.default_rng(6).permutation(amounts)
    for metric in (metrics.mean, metrics.standard_deviation, lambda x: metrics.percentile(x, 0.9)):
        assert metric(amounts).value == pytest.approx(metric(shuffled).value, rel=1e-12)
    assert (amounts == before).all()
