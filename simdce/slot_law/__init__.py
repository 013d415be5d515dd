"""One slot, frozen: costs, health classes, deaths and leaving of a category become integer tables in whole dollars.

A *slot* is a place on the panel; a *person* holds it for some years. The tables are all that the compiled kernel, the
reference implementations and the exact law ever read, so each of them simulates the same integers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from simdce.costs import CostLaw
from simdce.slot_law import layout
from simdce.slot_law.classes import class_shares, class_tables, correlation_after, cost_given_class, tail_grid
from simdce.slot_law.deaths import death_by_rank
from simdce.slot_law.scores import coded_share, scores
from simdce.slot_law.stop_loss import StopLoss, payout

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SlotModel:
    """What is to be frozen for one category.

    ``law`` gives calendar-year dollars, everybody included; ``truncation`` is in the same dollars (None: no limit);
    ``coupling`` is the rank correlation of cost and health class, which ``lag_1_correlation``, that of a stayer's cost
    with next year's, replaces when given; ``leave`` is the chance that a survivor leaves; ``explained`` is the share of
    the variance of cost that risk scores explain, or the most they can where it is not ``explained_strict``.
    """

    law: CostLaw
    mortality: float
    steepness: float
    kept: float
    leave: float
    coupling: float = 0.0
    lag_1_correlation: float | None = None
    truncation: float | None = None
    joiner_multiple: float = 1.0
    explained: float = 0.0
    explained_strict: bool = True
    stop_loss: StopLoss | None = None


@dataclass(frozen=True)
class SlotLaw:
    """The frozen integers of one category.

    ``costs``: int32 (2, class, cell), whole dollars of the living and of decedents; ``classes``: int64 (kind, draw),
    the health class of each of the 2**11 draws; ``death_thresholds``: int64 (class,), out of 2**14;
    ``leave_threshold`` and ``drift_threshold``: a survivor whose move is below the first leaves, below the second draws
    another class; ``truncation``: whole dollars, at most 2**31 - 1 when there is no limit. ``scores``: int64 (grade,),
    risk scores in 1024ths, grade 0 of people not coded, 1 + class of the others; ``coded``: bool (kind, draw).
    ``recoveries``: int32 as ``costs``, what stop-loss pays of each of them; None without stop-loss.
    """

    costs: NDArray[np.int32]
    classes: NDArray[np.int64]
    death_thresholds: NDArray[np.int64]
    leave_threshold: int
    drift_threshold: int
    truncation: int
    scores: NDArray[np.int64]
    coded: NDArray[np.bool_]
    recoveries: NDArray[np.int32] | None = None


NO_LIMIT = 2**31 - 1


def frozen(model: SlotModel) -> SlotLaw:
    """The integer tables of a category. Raises OutOfReachError for a model no table can meet, with the reason."""
    edges = tail_grid()
    cell_means = tail_cell_means(model.law, edges)
    dying = death_by_rank(model.mortality, model.steepness, edges)

    def correlation(coupling: float) -> float:
        return lag_correlation(rows_by_class(coupling, edges, cell_means, dying), model.kept, 1)

    coupling = model.coupling
    if model.lag_1_correlation is not None:
        coupling = _coupling_for(model.lag_1_correlation, model.kept, correlation)
    rows = rows_by_class(coupling, edges, cell_means, dying)
    costs = np.stack([_whole_dollars(rows.living, cell_means), _whole_dollars(rows.decedents, cell_means)])
    truncation = NO_LIMIT if model.truncation is None else min(round(model.truncation), NO_LIMIT)
    if not np.minimum(costs, truncation).any():
        raise layout.OutOfReachError("law", "nobody's year costs a whole dollar that counts")
    if costs.max() > NO_LIMIT:
        raise layout.OutOfReachError(
            "law", f"a person-year of ${costs.max():,.0f} does not fit the tables (at most ${NO_LIMIT:,})"
        )
    counted = (rows.living + rows.decedents) @ np.minimum(cell_means, truncation)
    tables = class_tables(rows.deaths, rows.mean_cost, counted, model.kept, model.leave, model.joiner_multiple)
    counts = np.stack([tables[kind] for kind in layout.KINDS])
    share = coded_share(model.explained, rows.mean_cost, class_shares(), rows.variance, strict=model.explained_strict)
    graded = scores(share, counts, rows.mean_cost)
    moves = 1 << layout.MOVE_BITS
    leave_threshold = round(model.leave * moves)
    return SlotLaw(
        costs=costs.astype(np.int32),
        classes=np.stack([np.repeat(np.arange(len(of_kind)), of_kind) for of_kind in counts]),
        death_thresholds=rows.death_thresholds,
        leave_threshold=leave_threshold,
        drift_threshold=round(moves - (moves - leave_threshold) * model.kept),
        truncation=truncation,
        scores=graded.by_grade,
        coded=graded.coded,
        recoveries=None
        if model.stop_loss is None
        else _recoveries(costs, graded.by_grade, share, rows, model.stop_loss),
    )


def _recoveries(
    costs: FloatArray, by_grade: NDArray[np.int64], share: float, rows: Rows, stop_loss: StopLoss | None
) -> NDArray[np.int32] | None:
    """What stop-loss pays of each cell of the cost table; the people of a class are expected to cost its mean score."""
    if stop_loss is None:
        return None
    score = (share * by_grade[1:] + (1.0 - share) * by_grade[0]) / layout.SCORE_UNITS  # (class,)
    expected = score * float(class_shares() @ rows.mean_cost)
    paid = payout(costs, expected[None, :, None], stop_loss.attachments, stop_loss.payout_rates)
    return np.round(paid).astype(np.int32)


def _coupling_for(lag_1_correlation: float, kept: float, correlation: Callable[[float], float]) -> float:
    """The coupling that gives a lag-1 correlation; OutOfReachError with the most there is."""
    if lag_1_correlation == 0:
        return 0.0
    top = correlation(0.999)
    if top <= lag_1_correlation:
        raise layout.OutOfReachError(
            "lag_1_correlation",
            f"a lag-1 correlation of {lag_1_correlation:g} is out of reach: "
            f"at most {top:.2f} when a class is kept with chance {kept:g}",
        )
    return snapped(brentq(lambda r: correlation(r) - lag_1_correlation, 0.0, 0.999, xtol=1e-9))


def snapped(root: float) -> float:
    """A solved number to six decimals, so that the last bits of a machine's arithmetic cannot move the tables."""
    return round(root, 6)


def tail_cell_means(law: CostLaw, edges: FloatArray) -> FloatArray:
    """Mean dollars in each cell of the tail grid; shape (cell,), rising along it."""
    return np.diff(law.upper_partial_mean(edges)) / np.diff(edges)


@dataclass(frozen=True)
class Rows:
    """Mass of the living and of decedents in each tail cell by class (class, cell), with what follows from it."""

    living: FloatArray
    decedents: FloatArray
    death_thresholds: NDArray[np.int64]
    cell_means: FloatArray

    @property
    def deaths(self) -> FloatArray:
        """Chance of death by class."""
        return self.death_thresholds / (1 << layout.DEATH_BITS)

    @property
    def mean_cost(self) -> FloatArray:
        """Mean dollars by class, decedents included."""
        return np.asarray((self.living + self.decedents) @ self.cell_means)

    @property
    def variance(self) -> float:
        """Variance of a calendar year's dollars over everybody."""
        everybody = class_shares() @ (self.living + self.decedents)
        return float(everybody @ self.cell_means**2 - (everybody @ self.cell_means) ** 2)


def rows_by_class(coupling: float, edges: FloatArray, cell_means: FloatArray, dying: FloatArray) -> Rows:
    """Split each class into the living and decedents, deaths by class rounded so that the category's total holds."""
    mass = cost_given_class(coupling, edges)
    decedents = mass * dying
    exact = decedents.sum(axis=1) * (1 << layout.DEATH_BITS)
    shares = class_shares()
    thresholds = np.zeros(len(shares), np.int64)
    owed = 0.0
    for k in range(len(shares)):  # error diffusion: what one class rounds away the next one carries
        thresholds[k] = max(0, round(exact[k] + owed / shares[k]))
        owed += shares[k] * (exact[k] - thresholds[k])
    scale = np.divide(thresholds, exact, out=np.zeros_like(exact), where=exact > 0)
    decedents = np.minimum(decedents * scale[:, None], mass)
    return Rows(mass - decedents, decedents, thresholds, cell_means)


def lag_correlation(rows: Rows, kept: float, lag: int) -> float:
    """Correlation of a person's cost with that ``lag`` years later, among those still aligned then.

    Leaving is independent of cost: it thins the stayers without changing their law.
    """
    powers = np.stack([np.ones_like(rows.cell_means), rows.cell_means, rows.cell_means**2])
    shares, deaths = class_shares(), rows.deaths
    drift = shares * (1.0 + kept * (deaths - shares @ deaths) / ((1.0 - kept) * (1.0 - shares @ deaths)))
    return correlation_after(lag, kept, drift, powers @ rows.living.T, powers @ (rows.living + rows.decedents).T)


def _whole_dollars(mass: FloatArray, cell_means: FloatArray) -> FloatArray:
    """The cost table of each row: conditional cell means rounded so that the row's mean is exact; (row, cell).

    The rounding error is carried from the most frequent cells to the rarest, where a dollar weighs 2^-23.
    """
    low, high = layout.cell_bounds()
    weight = high - low
    order = np.argsort(-weight, kind="stable")
    table = np.zeros((len(mass), layout.CELLS))
    mean = np.zeros_like(table)
    for row, masses in enumerate(mass):
        if masses.sum() <= 0:
            continue
        tail_first = masses[::-1] / masses.sum()
        share = np.concatenate([[0.0], np.cumsum(tail_first)])
        dollars = np.concatenate([[0.0], np.cumsum(tail_first * cell_means[::-1])])
        partial = np.interp(np.stack([low, high]), share / share[-1], dollars)
        mean[row] = np.divide(partial[1] - partial[0], weight, out=np.zeros_like(weight), where=weight > 0)
    owed = np.zeros(len(mass))
    for cell in order[weight[order] > 0]:
        table[:, cell] = np.maximum(0.0, np.round(mean[:, cell] + owed / weight[cell]))
        owed += weight[cell] * (mean[:, cell] - table[:, cell])
    return table
