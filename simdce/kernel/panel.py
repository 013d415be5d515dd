"""Panels: blocks of slots through all years, summed as integers, over segments of slots and a range of worlds."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit

from simdce.kernel.person_year import SlotTables, U, person_year
from simdce.kernel.words import GAMMA, stream_key
from simdce.slot_law import layout

Q = np.uint64

MEASURES = (
    "dollars",
    "truncated_dollars",
    "absent_units",
    "deaths",
    "departures",
    "score_units",
    "recovered_dollars",
)
"""What can be summed over slots, in the order of person_year; a run takes those it needs."""


def largest_block(tables: SlotTables) -> int:
    """Slots that can be summed in 32 bits before anything could overflow, whoever holds them (a power of two)."""
    largest = max(int(tables.costs.max()), layout.YEAR_UNITS * int(tables.scores.max()), layout.YEAR_UNITS)
    return 1 << max(0, ((2**32 - 1) // largest).bit_length() - 1)


@cache
def simulate_worlds(years: int, measures: tuple[str, ...]) -> Callable[..., None]:
    """The driver for panels of ``years`` years, compiled once for each number of years and choice of MEASURES.

    Its arguments: ``worlds`` (first, last) int64; ``key`` (seed, purpose) uint64; ``tables``; ``edges`` int64, the
    rising slot numbers between which totals are wanted; ``block`` slots; ``totals`` uint64 (world, segment, year,
    measure of ``measures``), added to from row 0 for the first world.
    """
    slots_through_years = _block_of_slots(years, measures)

    @njit(nogil=True)
    def simulate(worlds: Any, key: Any, tables: Any, edges: Any, block: Any, totals: Any) -> None:
        keys = np.empty(years, np.uint64)
        for world in range(worlds[0], worlds[1]):
            for year in range(years):
                keys[year] = stream_key(key[0], Q(world), key[1], Q(year))
            for segment in range(edges.size - 1):
                first = edges[segment]
                while first < edges[segment + 1]:
                    last = min(first + block, edges[segment + 1])
                    slots_through_years(keys, first, last, tables, totals[world - worlds[0], segment])
                    first = last

    return simulate


def _block_of_slots(years: int, measures: tuple[str, ...]) -> Callable[..., None]:
    """A compiled function that takes slots ``first`` to ``last`` through all years and adds their totals.

    The loop over years is written out, one line a year, because only then do the running sums live in registers and
    the loop over slots turn into vector instructions (a loop is 7 times slower). The text below is all there is to it.
    """
    found = ", ".join(MEASURES)
    year_lines = [
        f"person, kind, {found} = person_year(keys{y}, counter, person, kind, tables)\n"
        + "".join(f"sum_{name}{y} = U(sum_{name}{y} + {name})\n" for name in measures)
        for y in range(years)
    ]
    source = (
        "def slots_through_years(keys, first, last, tables, totals):\n"
        + "".join(f"    sum_{name}{y} = U(0)\n" for y in range(years) for name in measures)
        + "".join(f"    keys{y} = keys[{y}]\n" for y in range(years))
        + "    for slot in range(Q(first), Q(last)):\n"
        + "        counter = slot * GAMMA; person = U(0); kind = U(0)\n"
        + "".join(textwrap.indent(lines, "        ") for lines in year_lines)
        + "".join(
            f"    totals[{y}, {m}] += Q(sum_{name}{y})\n" for y in range(years) for m, name in enumerate(measures)
        )
    )
    names: dict[str, Any] = {"U": U, "Q": Q, "GAMMA": GAMMA, "person_year": person_year}
    exec(source, names)
    return njit(error_model="numpy")(names["slots_through_years"])
