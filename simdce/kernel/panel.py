"""Panels: blocks of slots through all years, summed as integers, over segments of slots and worlds."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types  # type: ignore[attr-defined]

from simdce.kernel.compiled_words import INLINE, inlined
from simdce.kernel.person_year import FOUND, U, person_year
from simdce.kernel.tables import SlotTables
from simdce.kernel.words import GAMMA

Q = np.uint64


def panels(years: int, measures: tuple[str, ...]) -> Callable[..., None]:
    """The driver for panels of ``years`` years, in Python around compiled blocks; arguments as in ``machine_code``."""
    slots_through_years = _block_of_slots(years, measures)

    def simulate(keys: Any, tables: Any, edges: Any, block: Any, totals: Any) -> None:
        for world in range(keys.shape[0]):
            for segment in range(edges.size - 1):
                first = edges[segment]
                while first < edges[segment + 1]:
                    last = min(first + block, edges[segment + 1])
                    slots_through_years(keys, world, segment, first, last, tables, totals)
                    first = last

    return simulate


def compiled(years: int, measures: tuple[str, ...]) -> Any:
    """The same as a C function of flat arguments: each array its address, its length beside it where it varies."""
    simulate, counted = inlined(panels(years, measures)), len(measures)

    def entry(  # type: ignore[no-untyped-def]
        keys, worlds, costs, cells, classes, draws, scores, grades,
        decedents, recoveries, leave, drift, truncation, edges, count, block, totals,
    ) -> None:  # fmt: skip
        tables = SlotTables(
            carray(costs, (cells,)), carray(classes, (draws,)), carray(scores, (grades,)),
            decedents, recoveries, leave, drift, truncation,
        )  # fmt: skip
        sums = carray(totals, (worlds, count - 1, years, counted))
        simulate(carray(keys, (worlds, years)), tables, carray(edges, (count,)), block, sums)

    size, number = types.int64, types.uint32
    i32, u32, i64, u64 = map(types.CPointer, (types.int32, types.uint32, types.int64, types.uint64))
    arguments = (u64, size, i32, size, u32, size, u32, size, *(number,) * 5, i64, size, size, u64)
    return cfunc(types.void(*arguments), **INLINE)(entry)


def _block_of_slots(years: int, measures: tuple[str, ...]) -> Callable[..., None]:
    """A compiled function that takes slots ``first`` to ``last`` through all years and adds their totals.

    The loop over years is written out, one line a year, because only then do the running sums live in registers and
    the loop over slots turn into vector instructions (a loop is 7 times slower). The text below is all there is to it.
    """
    found = ", ".join(FOUND)
    year_lines = [
        f"person, kind, {found} = person_year(keys{y}, counter, person, kind, tables)\n"
        + "".join(f"sum_{name}{y} = U(sum_{name}{y} + {name})\n" for name in measures)
        for y in range(years)
    ]
    source = (
        "def slots_through_years(keys, world, segment, first, last, tables, totals):\n"
        + "".join(f"    sum_{name}{y} = U(0)\n" for y in range(years) for name in measures)
        + "".join(f"    keys{y} = keys[world, {y}]\n" for y in range(years))
        + "    for slot in range(Q(first), Q(last)):\n"
        + "        counter = slot * GAMMA; person = U(0); kind = U(0)\n"
        + "".join(textwrap.indent(lines, "        ") for lines in year_lines)
        + "".join(
            f"    totals[world, segment, {y}, {m}] += Q(sum_{name}{y})\n"
            for y in range(years)
            for m, name in enumerate(measures)
        )
    )
    names: dict[str, Any] = {"U": U, "Q": Q, "GAMMA": GAMMA, "person_year": inlined(person_year)}
    exec(source, names)
    apart: Callable[..., None] = njit(forceinline=False, error_model="numpy")(names["slots_through_years"])
    return apart  # inlined into the driver its sums would no longer fit the registers
