"""The user's own people: annual cost as observed, one row a person, weighted or not."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simdce.costs import FloatArray
from simdce.errors import InputError, nearest_name

MOST_ROWS = 20_000_000
FEWEST_ROWS = 100
"""Below this a mean has an error of 20% and a top percentile is one person: refuse rather than mislead."""


AMOUNT = re.compile(r"\$?((?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)")
"""Dollars as people and programs write them: 1234.5, $1,234.50, 1.2e3; never a decimal comma."""


@dataclass(frozen=True)
class Empirical:
    """Observed costs in descending order (dollars) with weights that sum to one."""

    costs: FloatArray
    weights: FloatArray

    @property
    def mean(self) -> float:
        """Mean annual cost in dollars."""
        return float(np.dot(self.costs, self.weights))

    def upper_quantile(self, v: FloatArray) -> FloatArray:
        """The cost reached by a share ``v``: a step function, as observed."""
        place = np.searchsorted(np.cumsum(self.weights), np.asarray(v, float) * (1 - 1e-12))
        return np.asarray(self.costs[np.minimum(place, len(self.costs) - 1)])

    def upper_partial_mean(self, v: FloatArray) -> FloatArray:
        """Dollars per person on the costliest share ``v``; linear within one person's weight."""
        share = np.concatenate([[0.0], np.cumsum(self.weights)])
        dollars = np.concatenate([[0.0], np.cumsum(self.weights * self.costs)])
        return np.asarray(np.interp(np.asarray(v, float), share / share[-1], dollars))


def observed(costs: FloatArray, weights: FloatArray | None = None) -> Empirical:
    """An empirical law from costs in dollars and optional weights (for example person-years), any order."""
    weights = np.ones(len(costs)) if weights is None else np.asarray(weights, float)
    order = np.lexsort((weights, -np.asarray(costs, float)))  # so that sums do not depend on the order of the rows
    return Empirical(np.asarray(costs, float)[order], weights[order] / weights[order].sum())


def read_costs(path: Path, column: str, weight_column: str | None = None) -> Empirical:
    """An empirical law from a CSV file with a header; ``column`` holds dollars, ``weight_column`` person-years.

    Raises InputError naming file, row and column for anything that is not a finite number of at least zero.
    """
    costs: list[float] = []
    weights: list[float] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = [name.strip() for name in next(rows, [])]
            places = [_place(path, header, name) for name in (column, weight_column) if name]
            for number, row in enumerate(rows, start=2):
                if not row:
                    continue
                if len(row) != len(header):
                    raise InputError(
                        f"row {number} has {len(row)} fields, the header {len(header)}", where=str(path), key=column
                    )
                values = [_amount(row[place], path, number, header[place]) for place in places]
                costs.append(values[0])
                weights.append(values[1] if weight_column else 1.0)
                if len(costs) > MOST_ROWS:
                    raise InputError("too many rows", where=str(path), allowed=f"at most {MOST_ROWS:,}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read as a UTF-8 CSV file: {error}", where=str(path)) from error
    spent = sum(cost * weight for cost, weight in zip(costs, weights, strict=True))
    if len(costs) < FEWEST_ROWS or spent <= 0:
        raise InputError(
            "too few people with cost to make a law",
            where=str(path),
            key=column,
            value=f"{len(costs)} rows",
            allowed=f"at least {FEWEST_ROWS} rows, some above $0",
        )
    return observed(np.array(costs), np.array(weights))


def _place(path: Path, header: list[str], name: str) -> int:
    if header.count(name) != 1:
        problem = "this column is missing" if name not in header else "this column appears more than once"
        raise InputError(
            problem, where=str(path), key=name, allowed=", ".join(header[:12]), nearest=nearest_name(name, header)
        )
    return header.index(name)


def _amount(text: str, path: Path, row: int, column: str) -> float:
    written = AMOUNT.fullmatch(text.strip())
    value = float(written[1].replace(",", "")) if written else float("nan")
    if not 0 <= value < float("inf"):
        raise InputError(
            f"row {row} is not an amount", where=str(path), key=column, value=text, allowed="a number of at least 0"
        )
    return value
