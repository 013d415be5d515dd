"""The law of one year's net payment: the settlement as a function of the savings rate, integrated against its law.

Between the bends and gates of a settlement the integral is a difference of partial moments of the law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.exact.law import SavingsRateLaw
from simdce.exact.settled import ROUNDING, Settled

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PaymentLaw:
    """The net payment to the ACO in one performance year, negative when it owes.

    ``mean``, ``sd`` and percentiles are fractions of the benchmark; times ``expected_benchmark`` they are dollars at
    the expected benchmark. ``mean_dollars`` also holds the covariance of benchmark and payment, by regression of the
    benchmark on the savings rate, and is off by at most ``mean_dollars_bound`` (Cauchy and Schwarz, what is left of the
    regression). ``benchmark_slope``: of that regression, in units of the expected benchmark.
    """

    law: SavingsRateLaw
    settled: Settled
    expected_benchmark: float
    mean: float
    sd: float
    chance_paid: float
    chance_owing: float
    mean_dollars: float
    mean_dollars_bound: float
    benchmark_slope: float

    def percentile(self, probability: float) -> float:
        """The net payment, a fraction of the benchmark, not exceeded with a probability."""
        rate = self.law.quantile(np.array([probability]))
        return float(self.settled.at(1.0 - rate)[0])

    def value_at_risk(self, probability: float) -> float:
        """Loss (negative net payment) not exceeded with a probability, fraction of the benchmark."""
        return -self.percentile(1.0 - probability)

    def tail_value_at_risk(self, probability: float) -> float:
        """Mean loss in the worst share ``1 - probability``, fraction of the benchmark."""
        worst = 1.0 - probability
        ratio = 1.0 - float(self.law.quantile(np.array([worst]))[0])
        edges = np.append(ratio, self.settled.edges[self.settled.edges > ratio])
        piece = np.searchsorted(self.settled.edges, edges, side="right") - 1
        chance, first, _ = _moments(self.law, edges)
        return -float((self.settled.level[piece] * chance + self.settled.slope[piece] * first).sum()) / worst


def payment_law(
    law: SavingsRateLaw, settled: Settled, expected_benchmark: float, benchmark_cv: float, covariance: float
) -> PaymentLaw:
    """The payment law; ``covariance`` is that of the benchmark, in units of its expectation, with the savings rate."""
    level, tilt = settled.level, settled.slope
    chance, first, second = _moments(law, settled.edges)
    mean = float((level * chance + tilt * first).sum())
    square = float((level**2 * chance + 2.0 * level * tilt * first + tilt**2 * second).sum())
    with_ratio = float((level * first + tilt * second).sum())
    sd = float(np.sqrt(max(square - mean**2, 0.0)))
    shared = -(with_ratio - mean * (1.0 - law.mean))  # covariance of payment and savings rate
    slope = covariance / law.sd**2
    left_of_benchmark = max(benchmark_cv**2 - slope * covariance, 0.0)
    left_of_payment = max(sd**2 - shared**2 / law.sd**2, 0.0)
    return PaymentLaw(
        law=law,
        settled=settled,
        expected_benchmark=expected_benchmark,
        mean=mean,
        sd=sd,
        chance_paid=float(chance[settled.middles > ROUNDING].sum()),
        chance_owing=float(chance[settled.middles < -ROUNDING].sum()),
        mean_dollars=expected_benchmark * (mean + slope * shared),
        mean_dollars_bound=expected_benchmark * float(np.sqrt(left_of_benchmark * left_of_payment)),
        benchmark_slope=slope,
    )


def _moments(law: SavingsRateLaw, edges: FloatArray) -> FloatArray:
    """E[(E/B)^k; E/B in a piece] for k = 0, 1, 2; (k, piece)."""
    return np.diff(law.partial_moments(np.append(1.0 - edges, -np.inf)), axis=1)
