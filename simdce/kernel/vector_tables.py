"""Tables of a frozen slot as the vector kernel fetches from them; see vector.py."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simdce.kernel.tables import GRADE_BITS, SlotTables
from simdce.slot_law import layout

_MOST = 256
"""Person-years of a year that the counts in a lane have room for."""


class VectorTables(NamedTuple):
    """SlotTables as lanes fetch them.

    ``scores``: uint32 by grade, as many as grades can be told apart; ``pairs``: uint64 by cell of the cost table,
    truncated dollars and, from bit ``shift``, dollars, so that ``slots`` of them can be summed in one word, and a last
    entry of nothing; ``recoveries``: uint64 likewise.
    """

    scores: NDArray[np.uint32]
    pairs: NDArray[np.uint64]
    recoveries: NDArray[np.uint64]
    shift: int
    slots: int


def prepared(tables: SlotTables, lanes: int) -> VectorTables:
    """Tables for vectors of ``lanes``."""
    cells = int(tables.recoveries) or len(tables.costs)
    dollars = tables.costs[:cells].astype(np.uint64)
    recoveries = tables.costs[cells:].astype(np.uint64)
    truncated = np.minimum(dollars, np.uint64(tables.truncation))
    shared = (64 - int(dollars.max()).bit_length() - int(truncated.max()).bit_length()) // 2
    of_a_lane = min(_MOST, (2**32 - 1) // max(1, layout.YEAR_UNITS * int(tables.scores.max())))
    slots = min(1 << shared, lanes * of_a_lane)
    shift = (slots * int(truncated.max())).bit_length()
    return VectorTables(
        np.append(tables.scores, np.zeros(1 << GRADE_BITS, np.uint32))[: 1 << GRADE_BITS],
        np.append(dollars << np.uint64(shift) | truncated, np.uint64(0)),
        np.append(recoveries, np.uint64(0)),
        shift,
        slots,
    )
