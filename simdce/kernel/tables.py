"""The frozen slot as the kernel reads it, and how a person is packed into one 32-bit word."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simdce.slot_law import SlotLaw, layout

ROW_BITS, GRADE_BITS = 12, 5
DEATH_SHIFT = ROW_BITS + GRADE_BITS
"""Of a packed person, from the lowest: row of the cost table, grade of the score; the rest is the death threshold."""


class SlotTables(NamedTuple):
    """The frozen slot of one category as the kernel reads it.

    ``costs``: int32, flat (cost or recovery, living or decedent, class, cell), without recoveries where there is no
    stop-loss; ``classes``: uint32, flat (kind, draw), each the offset of the class's row in ``costs`` and, above it,
    the grade of the risk score and the death threshold, and zeros that KEEP reads to no effect; ``scores``: uint32 by
    grade; ``decedents`` and ``recoveries``: offsets of those rows.
    """

    costs: NDArray[np.int32]
    classes: NDArray[np.uint32]
    scores: NDArray[np.uint32]
    decedents: np.uint32
    recoveries: np.uint32
    leave_threshold: np.uint32
    drift_threshold: np.uint32
    truncation: np.uint32


def packed(law: SlotLaw) -> SlotTables:
    """A frozen slot in the kernel's layout."""
    rows = np.arange(law.costs.shape[1]) * law.costs.shape[2]
    grades = np.where(law.coded, law.classes + 1, 0)
    people = (law.death_thresholds << ROW_BITS + GRADE_BITS | rows)[law.classes] | grades << ROW_BITS
    rows_of = [law.costs]
    if law.recoveries is not None:
        rows_of.append(law.recoveries)
    return SlotTables(
        np.stack(rows_of).ravel(),
        np.append(people.astype(np.uint32).ravel(), np.zeros(1 << layout.CLASS_BITS, np.uint32)),
        law.scores.astype(np.uint32),
        np.uint32(law.costs.shape[1] * law.costs.shape[2]),
        np.uint32(0 if law.recoveries is None else law.costs.size),  # nobody sums recoveries that are not there
        np.uint32(law.leave_threshold),
        np.uint32(law.drift_threshold),
        np.uint32(law.truncation),
    )


def largest_block(tables: SlotTables) -> int:
    """Slots that can be summed in 32 bits before anything could overflow, whoever holds them (a power of two)."""
    largest = max(int(tables.costs.max()), layout.YEAR_UNITS * int(tables.scores.max()), layout.YEAR_UNITS)
    return 1 << max(0, ((2**32 - 1) // largest).bit_length() - 1)
