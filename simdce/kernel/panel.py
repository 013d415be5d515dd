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

Q = np.uint64

MEASURES = ("dollars", "truncated_dollars", "absent_units", "deaths", "departures")
"""What is summed over slots: the last axis of the totals."""


def largest_block(tables: SlotTables) -> int:
    """Slots that can be summed in 32 bits before anything could overflow, whoever holds them (a power of two)."""
    return 1 << max(0, ((2**32 - 1) // max(int(tables.costs.max()), 64)).bit_length() - 1)


@cache
def simulate_worlds(years: int) -> Callable[..., None]:
    """The driver for panels of ``years`` years, compiled once for each number of years.

    Its arguments: ``worlds`` (first, last) int64; ``key`` (seed, purpose) uint64; ``tables``; ``edges`` int64, the
    rising slot numbers between which totals are wanted; ``block`` slots; ``totals`` uint64 (world, segment, year,
    measure), added to from row 0 for the first world.
    """
    slots_through_years = _block_of_slots(years)

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


def _block_of_slots(years: int) -> Callable[..., None]:
    """A compiled function that takes slots ``first`` to ``last`` through all years and adds their totals.

    The loop over years is written out, one line a year, because only then do the running sums live in registers and
    the loop over slots turn into vector instructions (a loop is 7 times slower). The text below is all there is to it.
    """
    year_lines = [
        f"p, kind, d, t, a, died, left = person_year(keys{y}, counter, p, kind, tables)\n" for y in range(years)
    ]
    sum_lines = [
        f"dollars{y} = U(dollars{y} + d); capped{y} = U(capped{y} + t); absent{y} = U(absent{y} + a)\n"
        f"deaths{y} = U(deaths{y} + died); departures{y} = U(departures{y} + left)\n"
        for y in range(years)
    ]
    sums = ("dollars", "capped", "absent", "deaths", "departures")
    source = (
        "def slots_through_years(keys, first, last, tables, totals):\n"
        + "".join(f"    {name}{y} = U(0)\n" for y in range(years) for name in sums)
        + "".join(f"    keys{y} = keys[{y}]\n" for y in range(years))
        + "    for slot in range(Q(first), Q(last)):\n"
        + "        counter = slot * GAMMA; p = U(0); kind = U(0)\n"
        + "".join(textwrap.indent(year + total, "        ") for year, total in zip(year_lines, sum_lines, strict=True))
        + "".join(f"    totals[{y}, {m}] += Q({name}{y})\n" for y in range(years) for m, name in enumerate(sums))
    )
    names: dict[str, Any] = {"U": U, "Q": Q, "GAMMA": GAMMA, "person_year": person_year}
    exec(source, names)
    return njit(error_model="numpy")(names["slots_through_years"])
