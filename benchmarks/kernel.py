"""How fast is a beneficiary-year? The kernel against what it could be compared with, side by side in one run.

    python benchmarks/kernel.py [--rounds 7] [--worlds 40]

Job W2: six years, 25% turnover, persistence, deaths, part-year exposure, truncated and untruncated dollars, twelve
nested panels to 100,000 people; once with one category (the job as defined), once as users run it: four categories and
risk scores.
Beside it: the same slots in vectorised NumPy, and the hash of the random words alone, which no kernel can beat.
Times of one machine mean little; the ratios of one run are what to quote. Rounds are interleaved, minima are compared.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numba import njit

import simdce
from simdce.kernel.compiled_words import mix
from simdce.kernel.machine_code import kernel as kernel_of
from simdce.kernel.tables import largest_block, packed
from simdce.kernel.words import GAMMA, keys_of_worlds, mixed
from simdce.population import slots_by_category
from simdce.slot_law import layout
from simdce.slots import slot_laws
from simdce.worlds import MEASURED

SIZES = (1000, 2000, 3000, 5000, 7500, 10000, 15000, 20000, 30000, 50000, 75000, 100000)
YEARS = 6
W2 = ("dollars", "truncated_dollars", "absent_units", "deaths", "departures")


def scenario(mix_of_categories: dict[str, float] | None) -> simdce.Scenario:
    panel: dict[str, object] = {"sizes": list(SIZES)}
    if mix_of_categories is not None:
        panel["mix"] = mix_of_categories
    chosen = [{"name": "mssp_track_1"}]
    return simdce.build_scenario({"title": "W2", "panel": panel, "arrangements": chosen})


def kernel_job(model: simdce.Scenario, threads: int, measures: tuple[str, ...]) -> Callable[[int], None]:
    """The kernel alone on every category, worlds split over threads."""
    slots = slots_by_category(SIZES, model.mix)
    run = kernel_of(YEARS, measures).simulate
    parts = []
    for number, (name, law) in enumerate(slot_laws(model).items()):
        column = list(model.mix).index(name)
        tables = packed(law)
        parts.append((number, tables, np.union1d([0], slots[:, column]), largest_block(tables)))

    def share(worlds: tuple[int, int]) -> None:
        for number, tables, edges, block in parts:
            totals = np.zeros((worlds[1] - worlds[0], len(edges) - 1, YEARS, len(measures)), np.uint64)
            run(keys_of_worlds(1, len(totals), number, YEARS, worlds[0]), tables, edges, block, totals)

    def job(worlds: int) -> None:
        cuts = [worlds * t // threads for t in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(share, pairwise(cuts)))

    return job


@njit(nogil=True)
def _hash_only(keys, slots):  # type: ignore[no-untyped-def]
    total = np.uint64(0)
    for of_world in keys:
        for key in of_world:
            for slot in range(np.uint64(slots)):
                total += mix(key + slot * GAMMA)
    return total


def hash_job(worlds: int) -> None:
    """One 64-bit word per beneficiary-year and nothing else."""
    _hash_only(keys_of_worlds(1, worlds, 0, YEARS), SIZES[-1])


def numpy_job(model: simdce.Scenario) -> Callable[[int], None]:
    """The same integer specification in vectorised NumPy, one category, cumulated for the nested panels."""
    (law,) = slot_laws(model).values()
    rows, slots = law.costs.reshape(2, -1), np.arange(SIZES[-1], dtype=np.uint64) * GAMMA
    places = np.array(SIZES) - 1

    def world(number: int) -> None:
        person = np.zeros(SIZES[-1], np.int64)
        kind = np.zeros(SIZES[-1], np.int64)
        for year in range(YEARS):
            with np.errstate(over="ignore"):
                key = mixed(np.uint64(number * YEARS + year + 1) * GAMMA)
                word = mixed(key + slots)
            drawn = law.classes[np.minimum(kind, 2), (word >> np.uint64(38)).astype(np.int64) & 2047]
            person = np.where(kind == layout.KEEP, person, drawn)
            fate = ((word >> np.uint64(24)).astype(np.int64) & 0x3F00) | (word & np.uint64(0xFF)).astype(np.int64)
            died = fate < law.death_thresholds[person]
            rank = ((word >> np.uint64(8)).astype(np.int64) & 0xFFFFFF) | 1
            exponent = np.frexp(rank.astype(float))[1] - 1
            cell = (exponent << 3) + ((rank << 3) >> exponent) - 8
            dollars = rows[died.astype(np.int64), person * layout.CELLS + cell].astype(np.int64)
            np.cumsum(dollars)[places], np.cumsum(np.minimum(dollars, law.truncation))[places]
            move = (word >> np.uint64(49)).astype(np.int64)
            left = ~died & (move < law.leave_threshold)
            kind = np.where(died | left, 2, np.where(move < law.drift_threshold, 1, layout.KEEP))

    def job(worlds: int) -> None:
        for number in range(worlds):
            world(number)

    return job


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--worlds", type=int, default=40)
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    single, full = scenario({"aged_non_dual": 1.0}), scenario(None)
    jobs = {
        "W2, 1 thread": (kernel_job(single, 1, W2), options.worlds),
        f"W2, {cores} threads": (kernel_job(single, cores, W2), options.worlds),
        "default model, 1 thread": (kernel_job(full, 1, MEASURED), options.worlds),
        f"default model, {cores} threads": (kernel_job(full, cores, MEASURED), options.worlds),
        "hash of the words alone, 1 thread": (hash_job, options.worlds),
        "NumPy, 1 thread": (numpy_job(single), max(1, options.worlds // 20)),
    }
    best = dict.fromkeys(jobs, float("inf"))
    for job, _ in jobs.values():
        job(1)
    for _ in range(options.rounds):
        for name, (job, worlds) in jobs.items():
            begin = time.perf_counter()
            job(worlds)
            spent = time.perf_counter() - begin
            best[name] = min(best[name], spent / (worlds * SIZES[-1] * YEARS))
    base = best["W2, 1 thread"]
    for name, seconds in best.items():
        print(f"{name:36s} {seconds * 1e9:8.3f} ns per beneficiary-year   x{seconds / base:7.2f} of W2, 1 thread")


if __name__ == "__main__":
    main()
