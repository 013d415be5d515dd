"""The exact law of the savings rate on a grid of panel sizes, packed small enough for a page to carry.

At each size the page holds log(E/B) at standard normal scores, 201 quantiles from 3 in ten million on either side. Put
as place, spread and what is left of the standardised quantile, they change so smoothly with the logarithm of the size
that a cubic through four sizes stands for any other; the benchmark, which follows how the categories round to whole
people, is put as a multiple of dollars by category. True savings multiply E/B and so only shift its logarithm; where
stop-loss is elected its charge does not fall with them, and the law is computed at three rates for a parabola instead.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from simdce.exact import ExactModel, PaymentLaw
from simdce.population import slots_by_category
from simdce.scenario import ArrangementChoice, Scenario

FloatArray = NDArray[np.float64]

SCORES = np.linspace(-5.0, 5.0, 201)
"""Standard normal scores of the quantiles, rising with the savings rate."""

MIDDLE, ONE_BELOW, ONE_ABOVE = 100, 80, 120
SMALLEST, LARGEST = 300, 100_000
STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5)
"""Panel sizes within a decade."""

FINEST = 32_000
"""Steps of the packed remainder on either side of nought."""

DIGITS = 9


@dataclass(frozen=True)
class SizeGrid:
    """``even``: panel sizes about even on a log scale, between which the page interpolates; ``own``: the scenario's
    others. The page carries the laws of both as they are."""

    even: tuple[int, ...]
    own: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Every size, even ones first."""
        return (*self.even, *self.own)


def size_grid(scenario: Scenario) -> SizeGrid:
    """The sizes of a scenario's page: 300 to 100,000 people, further where its own panels are."""
    low, high = min(SMALLEST, scenario.panel.sizes[0]), max(LARGEST, scenario.panel.sizes[-1])
    round_sizes = (round(each * 10**power) for power in range(2, 8) for each in STEPS)
    even = tuple(sorted({low, high, *(size for size in round_sizes if low < size < high)}))
    return SizeGrid(even, tuple(size for size in scenario.panel.sizes if size not in even))


class PackedLaws:
    """Laws of a scenario's first performance year by arrangement; equal ones are packed once.

    ``saved``: the lowest and highest true savings that the page can ask for. Raises InputError as ``ExactModel`` does.
    """

    def __init__(self, scenario: Scenario, saved: tuple[float, float]) -> None:
        self.scenario = scenario
        self.sizes = size_grid(scenario)
        self.packed: list[dict[str, Any]] = []
        self._nodes = (saved[0], 0.5 * (saved[0] + saved[1]), saved[1])
        self._model = ExactModel(scenario)
        self._models: dict[float, ExactModel] = {}

    def add(self, choice: ArrangementChoice, *, stop_loss: bool) -> tuple[int, PaymentLaw]:
        """The position of an arrangement's law in ``packed``, and its law at the smallest of ``sizes``."""
        nodes = self._nodes if stop_loss else (0.0,)
        laws = [[self._saving(saved).payment(choice.key, size) for size in self.sizes.all] for saved in nodes]
        record = {"saved": list(nodes), "rows": [_packed(each, self.scenario, self.sizes) for each in laws]}
        if record not in self.packed:
            self.packed.append(record)
        return self.packed.index(record), laws[0][0]

    def _saving(self, saved: float) -> ExactModel:
        if saved not in self._models:
            self._models[saved] = self._model.at_savings(saved)
        return self._models[saved]


def log_ratios(payment: PaymentLaw) -> FloatArray:
    """log(E/B) at each of ``SCORES``, falling."""
    return np.minimum.accumulate(np.log1p(-payment.law.quantile(ndtr(SCORES))))


def _packed(laws: Sequence[PaymentLaw], scenario: Scenario, sizes: SizeGrid) -> dict[str, Any]:
    """Laws of several sizes (row): place and spread of the logs, what is left of them, and what makes dollars."""
    logs = np.array([log_ratios(each) for each in laws])
    place = logs[:, MIDDLE]
    spread = 0.5 * (logs[:, ONE_BELOW] - logs[:, ONE_ABOVE])
    left = (logs - place[:, None]) / spread[:, None] + SCORES
    unit = float(np.abs(left).max()) / FINEST
    benchmark = np.array([each.expected_benchmark for each in laws])
    slots = slots_by_category(sizes.all, scenario.mix).astype(float)
    even = slice(len(sizes.even))
    by_category = _dollars_by_category(slots[even], benchmark[even])
    # how much the benchmark, of which the payment is a share, moves with the ratio; free of the level of savings
    tilt = np.array([each.benchmark_slope * (1.0 - each.law.mean) for each in laws])
    return {
        "place": _digits(place),
        "spread": _digits(spread),
        "benchmark": _digits(benchmark / (slots @ by_category)),
        "dollars": by_category.tolist(),
        "tilt": _digits(tilt),
        "unit": unit,
        "left": base64.b64encode(np.rint(left / unit).astype("<i2").tobytes()).decode(),
        "doubt": [float(f"{each.law.left_out:.2g}") for each in laws],
    }


def _dollars_by_category(slots: FloatArray, benchmark: FloatArray) -> FloatArray:
    """Benchmark dollars of a person of each category (category,), by regression on slots (size, category).

    What bends of the benchmark add to a panel grows more slowly than its people: a constant and a square root hold it.
    """
    people = slots.sum(axis=1)
    columns = np.column_stack([slots, np.ones(len(people)), np.sqrt(people)]) / benchmark[:, None]
    return np.asarray(np.linalg.lstsq(columns, np.ones(len(people)))[0][: slots.shape[1]])


def _digits(values: FloatArray) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
