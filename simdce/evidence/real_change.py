"""How much a savings rate really changes from year to year, from CMS's results file, beside the model's own noise.

Within an agreement the benchmark stays, so Var(change) = 2 c^2 + CV^2 (1/n + 1/m) over panels of n and m people. Both
parts are fitted by normal quasi-likelihood after removing each year's mean; errors are jackknifed over groups of ACOs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from simdce.evidence.chance import chance_scenario
from simdce.evidence.row import Cell, Computed
from simdce.metrics import Estimate, standard_deviation
from simdce.published.reading import read
from simdce.published.row import Figures
from simdce.studies.payment import Lived
from simdce.worlds import simulate

FloatArray = NDArray[np.float64]

RESULTS = "mssp_results_2013_2024.csv"
"""Shared Savings Program results of all years as one table, in the folder of CMS's files."""

_UNDATED_UNTIL = 2015
"""Until this year the files do not date agreements, and all of them were first ones."""

_FOLDS = 50


@dataclass(frozen=True)
class Changes:
    """Pairs of years: change of the savings rate less its year's mean, 1/n + 1/m, and the number of the ACO."""

    change: FloatArray
    inverse: FloatArray
    aco: NDArray[np.int64]


@dataclass(frozen=True)
class Noise:
    """The fitted parts with their standard errors, and the pairs behind them."""

    floor: Estimate
    falling: Estimate
    pairs: int


def groups(folder: Path | None) -> dict[str, Callable[[Cell], Computed]]:
    """How each group of the table is computed, from the results file in a folder of CMS's files."""

    def noise(cell: Cell) -> Computed:
        return _from_file(cell, folder, lambda found: found.falling)

    def floor(cell: Cell) -> Computed:
        scale = sqrt(cell.inputs["years"])  # a change has the floor of two years
        return _from_file(
            cell, folder, lambda found: Estimate(scale * found.floor.value, scale * found.floor.standard_error)
        )

    return {"noise": noise, "floor": floor, "model_noise": model_noise}


def model_noise(cell: Cell) -> Computed:
    """The same of simulated panels: the change between two performance years of one benchmark, chance alone."""
    asked = cell.inputs
    people = asked["people"]
    scenario = chance_scenario(truncated=asked["truncated"], people=people, worlds=asked["worlds"], seed=asked["seed"])
    settled, benchmark = Lived(scenario, simulate(scenario), people).settled(scenario.arrangements[0].key, shocks=())
    rates = settled.gross_savings / benchmark
    found = standard_deviation(rates[:, 1] - rates[:, 0])
    scale = sqrt(people / 2.0)
    return Computed(
        scale * found.value, scale * found.standard_error, "standard error", f"{scenario.worlds:,} worlds of {people:,}"
    )


def _from_file(cell: Cell, folder: Path | None, part: Callable[[Noise], Estimate]) -> Computed:
    path = None if folder is None else folder / RESULTS
    if path is None or not path.is_file():
        where = (
            "no folder of CMS's files was given (SIMDCE_DATA or --data)" if path is None else f"no {path.name} there"
        )
        return Computed(None, note=f"skipped: {where}; it is not part of this project")
    found = _fitted(path, cell.inputs["largest_change"], cell.inputs["fewest"])
    if found is None:
        return Computed(None, note=f"skipped: {path.name} has fewer than {_FOLDS:,} ACOs with successive years")
    value = part(found)
    return Computed(value.value, value.standard_error, "standard error", f"{found.pairs:,} pairs of {path.name}")


@cache
def _fitted(path: Path, largest_change: float, fewest: int) -> Noise | None:
    found = changes(
        [row.figures for row in read(path).rows], largest_change, fewest
    )  # rows it cannot read are left out
    return with_errors(found) if len(set(found.aco)) >= _FOLDS else None


def changes(figures: list[Figures], largest_change: float, fewest: int) -> Changes:
    """Successive years of one agreement, at least ``fewest`` people, whose panel changed by less than the largest."""
    by_year: dict[tuple[str, int], Figures] = {(each.aco, each.year): each for each in figures}
    pairs = []
    for (aco, year), first in by_year.items():
        second = by_year.get((aco, year + 1))
        if second is None or not _one_agreement(first, second):
            continue
        sizes = first.assigned_beneficiaries, second.assigned_beneficiaries
        if min(sizes) >= fewest and abs(sizes[1] / sizes[0] - 1.0) < largest_change:
            pairs.append((aco, year, _rate(second) - _rate(first), sum(1.0 / size for size in sizes)))
    names, years, change, inverse = zip(*pairs, strict=True) if pairs else ((), (), (), ())
    moved, dated = np.array(change, float), np.array(years)
    for year in np.unique(dated):
        moved[dated == year] -= moved[dated == year].mean()
    return Changes(moved, np.array(inverse, float), np.unique(names, return_inverse=True)[1])


def fit(found: Changes) -> tuple[float, float]:
    """The floor c of a year and the falling part CV, by normal quasi-likelihood."""

    def surprise(logs: FloatArray) -> float:
        variance = 2.0 * np.exp(2.0 * logs[0]) + np.exp(2.0 * logs[1]) * found.inverse
        return float((np.log(variance) + found.change**2 / variance).sum())

    start = np.log([0.01, 2.0])
    best = minimize(surprise, start, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-5})
    c, cv = np.exp(best.x)
    return float(c), float(cv)


def with_errors(found: Changes) -> Noise:
    """The fit with jackknife standard errors over groups of ACOs."""
    whole = np.array(fit(found))
    fold = found.aco % _FOLDS
    parts = np.array(
        [fit(Changes(found.change[fold != k], found.inverse[fold != k], found.aco[fold != k])) for k in np.unique(fold)]
    )
    errors = np.sqrt((len(parts) - 1) / len(parts) * ((parts - parts.mean(axis=0)) ** 2).sum(axis=0))
    (c, cv), (c_error, cv_error) = whole, errors
    return Noise(Estimate(c, c_error), Estimate(cv, cv_error), len(found.change))


def _one_agreement(first: Figures, second: Figures) -> bool:
    """Whether two successive years have one benchmark."""
    starts = first.agreement_start, second.agreement_start
    if starts == (None, None):
        return second.year <= _UNDATED_UNTIL
    return starts[0] == starts[1]


def _rate(figures: Figures) -> float:
    return figures.savings / figures.benchmark
