"""A small job whose digest every kernel must give: the page ``person_year.py`` read by NumPy says what it is.

It takes a millisecond or two, so that each process can ask before it trusts code compiled here or kept by another:
people of every class and score, all kinds of draws, deaths and departures, dear and truncated years, segments that
are empty, of one slot and of odd lengths, and more slots than may be summed at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from simdce.kernel.person_year import FOUND, person_year
from simdce.kernel.tables import DEATH_SHIFT, ROW_BITS, SlotTables
from simdce.kernel.words import GAMMA, keys_of_worlds, mixed
from simdce.slot_law import layout

Simulate = Callable[..., None]

_CLASSES, _DEAREST, _HIGHEST_SCORE = 16, 1 << 23, 20_000
_EDGES = (0, 1, 33, 33, 64, 197)
_BLOCK = 101


def in_numpy(years: int, measures: tuple[str, ...]) -> Simulate:
    """The driver for arrays of slots; arguments as in ``machine_code``."""
    places = [FOUND.index(name) for name in measures]

    def simulate(keys: Any, tables: SlotTables, edges: Any, block: int, totals: Any) -> None:
        slots = np.arange(edges[0], edges[-1]).astype(np.uint64)
        with np.errstate(over="ignore"):
            for world, segment_totals in zip(keys, totals, strict=True):
                person, kind = np.zeros(len(slots), np.uint32), np.zeros(len(slots), np.uint32)
                for year in range(years):
                    person, kind, *found = person_year(world[year], slots * GAMMA, person, kind, tables)
                    for measure, place in enumerate(places):
                        summed = np.append(np.uint64(0), found[place].cumsum(dtype=np.uint64))
                        segment_totals[:, year, measure] += np.diff(summed[edges - edges[0]])

    return simulate


def digest(simulate: Simulate, years: int, measures: tuple[str, ...]) -> str:
    """SHA-256 of the totals that a driver gives for the job."""
    edges = np.array(_EDGES, np.int64)
    totals = np.zeros((2, len(edges) - 1, years, len(measures)), np.uint64)
    with np.errstate(over="ignore"):  # interpreted hashes wrap too
        simulate(keys_of_worlds(2**63 - 1, len(totals), 0, years), _tables(), edges, _BLOCK, totals)
    return hashlib.sha256(totals.astype("<u8").tobytes()).hexdigest()


def agrees(simulate: Simulate, years: int, measures: tuple[str, ...]) -> bool:
    """Whether a driver gives the digest of the page."""
    return digest(simulate, years, measures) == digest(in_numpy(years, measures), years, measures)


def _tables() -> SlotTables:
    """Of a category that nobody has, drawn from words."""
    draws = 1 << layout.CLASS_BITS
    size = 2 * _CLASSES * layout.CELLS
    costs = _words(2 * size, 1) % _DEAREST
    costs[size:] //= np.uint64(7)
    drawn = _words(3 * draws, 2)
    of_class, coded = drawn % _CLASSES, drawn >> np.uint64(60) & np.uint64(1)
    dying = (of_class + np.uint64(1)) ** np.uint64(3)
    people = dying << np.uint64(DEATH_SHIFT) | coded * (of_class + np.uint64(1)) << np.uint64(ROW_BITS)
    return SlotTables(
        costs.astype(np.int32),
        np.append(people + of_class * layout.CELLS, np.zeros(draws)).astype(np.uint32),
        (_words(_CLASSES + 1, 3) % _HIGHEST_SCORE).astype(np.uint32),
        decedents=np.uint32(_CLASSES * layout.CELLS),
        recoveries=np.uint32(size),
        leave_threshold=np.uint32(0.2 * 2**layout.MOVE_BITS),
        drift_threshold=np.uint32(0.4 * 2**layout.MOVE_BITS),
        truncation=np.uint32(_DEAREST // 3),
    )


def _words(count: int, stream: int) -> Any:
    with np.errstate(over="ignore"):
        return mixed((np.arange(count, dtype=np.uint64) << np.uint64(2)) + np.uint64(stream))
