"""One person-year: who holds the slot, whether they die, what they cost, whether they stay. See slot_law.layout.

Numba compiles it for one slot and NumPy reads it for arrays of slots; ``vector.py`` does the same in vectors.
Written without branches so that sixteen slots go through it at once. Every step is wrapped in uint32 because numba
widens uint32 + uint32 to 64 bits, which would halve the speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simdce.kernel.tables import DEATH_SHIFT, GRADE_BITS, ROW_BITS
from simdce.kernel.words import float_bits, mixed, where
from simdce.slot_law import layout

U = np.uint32

DRIFT, JOINER, KEEP = U(layout.KINDS["drift"]), U(layout.KINDS["joiner"]), U(layout.KEEP)
_CLASS_BITS = U(layout.CLASS_BITS)
_CLASS_MASK = U((1 << layout.CLASS_BITS) - 1)
_DEATH_HIGH = U(6)  # bits of the death field in the high half of the word
_DEATH_HIGH_MASK = U((1 << 6) - 1)
_DEATH_LOW = U(layout.DEATH_BITS - 6)
_DEATH_LOW_MASK = U((1 << (layout.DEATH_BITS - 6)) - 1)
_MOVE_SHIFT = U(32 - layout.MOVE_BITS)
_COST_SHIFT = U(32 - layout.COST_BITS)
_CELL_SHIFT = U(23 - layout.MANTISSA_BITS)  # a float32 has 23 mantissa bits
_CELL_ZERO = U(127 << layout.MANTISSA_BITS)  # and an exponent bias of 127
_MOMENT_SHIFT = U(layout.MOVE_BITS - 5)  # the five highest bits of the move say when a decedent died
_MOMENT_MASK = U(layout.YEAR_UNITS - 2)
_LATEST = U(layout.YEAR_UNITS - 1)
_GRADE_SHIFT, _DEATH_SHIFT = U(ROW_BITS), U(DEATH_SHIFT)
_ROW_MASK, _GRADE_MASK = U((1 << ROW_BITS) - 1), U((1 << GRADE_BITS) - 1)
_WHOLE_YEAR = U(layout.YEAR_UNITS)
_HALF_WORD = np.uint64(32)
ONE, ZERO = U(1), U(0)

FOUND = ("dollars", "truncated_dollars", "absent_units", "deaths", "departures", "score_units", "recovered_dollars")
"""What a person-year returns after the person and the kind of draw, in this order."""


def person_year(key: Any, counter: Any, person: Any, kind: Any, tables: Any) -> Any:
    """The slot's year: person, next kind of draw, then each of FOUND in its order.

    ``person`` is the packed class and grade of whoever holds the slot, ``kind`` says which table a new person or class
    comes from, KEEP if none is due; all uint32. What the caller does not sum is not computed.
    """
    word = mixed(key + counter)
    low, high = U(word), U(word >> _HALF_WORD)

    drawn = U(tables.classes[U(U(kind << _CLASS_BITS) + U(U(high >> _DEATH_HIGH) & _CLASS_MASK))])
    person = where(kind == KEEP, person, drawn)

    fate = U(U(U(high & _DEATH_HIGH_MASK) << _DEATH_LOW) | U(low & _DEATH_LOW_MASK))
    died = U(fate < U(person >> _DEATH_SHIFT))

    rank = U(U(low >> _COST_SHIFT) | ONE)
    cell = U(U(float_bits(np.float32(np.int32(rank))) >> _CELL_SHIFT) - _CELL_ZERO)
    cost = U(U(U(person & _ROW_MASK) + U(tables.decedents * died)) + cell)
    dollars, recovered = U(tables.costs[cost]), U(tables.costs[U(cost + tables.recoveries)])

    move = U(high >> _MOVE_SHIFT)
    left = U(U(ONE - died) & U(move < tables.leave_threshold))
    stays = where(move >= tables.drift_threshold, KEEP, DRIFT)
    kind = where(U(died | left) != ZERO, JOINER, stays)
    absent = U(died * U(_LATEST - U(U(move >> _MOMENT_SHIFT) & _MOMENT_MASK)))
    score = U(tables.scores[U(U(person >> _GRADE_SHIFT) & _GRADE_MASK)] * U(_WHOLE_YEAR - absent))
    truncated = where(dollars < tables.truncation, dollars, tables.truncation)
    return person, kind, dollars, truncated, absent, died, left, score, recovered
