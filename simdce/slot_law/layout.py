"""How one 64-bit word becomes one person-year, and how a uniform becomes a table cell: the integer contract.

Kernel, NumPy reference, plain-Python oracle and exact law all read this page; nothing here is ever drawn.

A word ``w`` is cut into four independent fields::

    high 32 bits   [ move 15 | class 11 | death 6 ]      low 32 bits   [ cost 24 | death 8 ]

``cost`` picks a cell of the cost table of the person's row, ``death`` (14 bits) is compared with the chance of dying
of the person's class, ``class`` draws a health class when one is due, ``move`` decides at the end of the year whether
a survivor leaves, drifts to another class, or keeps it. A decedent needs no move, so the same bits say when in the
year death came.

Cost cells are spaced by octaves of the tail: the cell of an odd 24-bit integer ``x = cost | 1`` is its exponent and
first ``MANTISSA_BITS`` mantissa bits as a float, so half of all cells describe the top 2^-12 of cost, and finding one
takes no search and no branch (Marsaglia, Tsang & Wang 2004, J. Stat. Softw. 11(3), use the idea in base 64).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COST_BITS, CLASS_BITS, DEATH_BITS, MOVE_BITS = 24, 11, 14, 15
MANTISSA_BITS = 3
CELLS = COST_BITS << MANTISSA_BITS
"""Cells of a row of the cost table; a few of the smallest are never reached."""

YEAR_UNITS = 32
"""A person-year is counted in 32nds; a decedent's is an odd number of them, 16 on average."""

SCORE_UNITS = 1024
"""A risk score of 1, the mean of its category; panels sum scores times the 32nds of a year that they hold for."""

KINDS = {"initial": 0, "drift": 1, "joiner": 2}
KEEP = 3
"""Which class table the next draw uses; KEEP means no draw is due."""


class OutOfReachError(ValueError):
    """No table can meet a wish of the model; ``wish`` is the name of its field in SlotModel."""

    def __init__(self, wish: str, reason: str) -> None:
        self.wish = wish
        super().__init__(reason)


def cell_of(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cell of odd integers in [1, 2**COST_BITS), the reference for the kernel's bit trick."""
    exponent = np.frexp(x.astype(float))[1] - 1
    mantissa = (x << MANTISSA_BITS >> exponent) - (1 << MANTISSA_BITS)
    return np.asarray((exponent << MANTISSA_BITS) + mantissa, dtype=np.int64)


def cell_bounds() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper tail share of every cell; shape (CELLS,), equal where no integer reaches the cell.

    An odd integer x stands for tail shares v in [x - 1, x + 1) / 2**COST_BITS: the smallest v is the largest cost.
    """
    cells = np.arange(CELLS)
    exponent = cells >> MANTISSA_BITS
    first = np.ldexp(((1 << MANTISSA_BITS) + (cells & ((1 << MANTISSA_BITS) - 1))) / (1 << MANTISSA_BITS), exponent)
    width = np.ldexp(1.0 / (1 << MANTISSA_BITS), exponent)
    lowest_odd = np.ceil((np.ceil(first) - 1) / 2) * 2 + 1
    highest_odd = np.floor((np.ceil(first + width) - 2) / 2) * 2 + 1
    reached = highest_odd >= lowest_odd
    low = np.where(reached, lowest_odd - 1, 0.0)
    high = np.where(reached, highest_odd + 1, 0.0)
    return np.ldexp(low, -COST_BITS), np.ldexp(high, -COST_BITS)


def class_counts() -> NDArray[np.int64]:
    """How many of the 2**CLASS_BITS draws give each of the 16 health classes, healthiest first.

    Two classes an octave, because the sickest half per cent hold a tenth of the dollars.
    """
    counts: list[int] = []
    remaining = 1 << CLASS_BITS
    while remaining > 16:
        counts += [remaining // 4, remaining // 4]
        remaining //= 2
    return np.array([*counts, remaining // 2, remaining // 2])
