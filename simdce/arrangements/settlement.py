"""What goes into a settlement and what comes out, the same for every mechanism.

Every array has performance years on its last axis; what stands before it (worlds, panel sizes) is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.errors import InputError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What a panel cost and what CMS expected it to cost, per performance year.

    ``benchmark`` and ``expenditure`` are dollars, last axis performance years. For risk corridors the benchmark is the
    settlement base: final benchmark after discount and withholds, health equity adjustment included.
    ``assigned_beneficiaries`` (people; the minimum savings rate reads them) and ``participant_revenue`` (dollars of
    Part A and B revenue of the ACO's participants, or None) broadcast against them. Raises InputError on negative,
    NaN or infinite figures and on shapes that do not fit.
    """

    benchmark: FloatArray
    expenditure: FloatArray
    assigned_beneficiaries: FloatArray
    participant_revenue: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("benchmark", "expenditure", "assigned_beneficiaries", "participant_revenue"):
            figures = getattr(self, name)
            if figures is None:
                continue
            figures = np.asarray(figures, dtype=np.float64)
            # the minimum of an array that holds a NaN is a NaN, which fails both comparisons
            if figures.size and not (figures.min() >= 0.0 and figures.max() < np.inf):
                raise InputError("must be finite and not negative", key=name, value=float(figures.min()))
            object.__setattr__(self, name, figures)
        try:
            np.broadcast_shapes(*(array.shape for array in self._arrays()))
        except ValueError as error:
            raise InputError(f"figures of an outcome do not fit together: {error}") from error
        if self.benchmark.ndim == 0 or self.benchmark.shape[-1] != self.expenditure.shape[-1]:
            raise InputError(
                "the last axis of benchmark and expenditure is the performance year",
                value=(self.benchmark.shape, self.expenditure.shape),
            )

    def _arrays(self) -> list[FloatArray]:
        arrays = [self.benchmark, self.expenditure, self.assigned_beneficiaries]
        return arrays if self.participant_revenue is None else [*arrays, self.participant_revenue]


@dataclass(frozen=True)
class Step:
    """One line of the calculation: what it is, the sentence that explains it, and its value.

    ``value`` broadcasts against the outcome; ``unit`` is "dollars", "fraction …" or "yes or no". ``terms`` names the
    numbers of the arrangement that the step uses.
    """

    name: str
    sentence: str
    value: FloatArray | BoolArray
    unit: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settlement:
    """What one performance year pays and costs, arrays shaped as the outcome.

    ``gross_savings``: benchmark less expenditure. ``earned`` (>= 0): what the arrangement pays for the year, after
    limit and sequestration. ``owed`` (>= 0): what it charges. ``cash``: what moves with that year's settlement,
    earned less withheld plus released less owed; equal to ``net`` where nothing is withheld. The flags say whether
    the payment limit or the loss limit bound, and whether the minimum savings or loss rate was met. ``steps`` are in
    order of the calculation and end in the payment (= ``cash``).
    """

    gross_savings: FloatArray
    earned: FloatArray
    owed: FloatArray
    cash: FloatArray
    savings_cap_hit: BoolArray
    loss_limit_hit: BoolArray
    gate_met: BoolArray
    loss_gate_met: BoolArray
    steps: tuple[Step, ...]

    @property
    def net(self) -> FloatArray:
        """Dollars earned less dollars owed for each performance year, whenever they move."""
        return self.earned - self.owed
