"""How fast is a beneficiary-year? The kernel against what it could be compared with, side by side in one run.

    python benchmarks/kernel.py [--rounds 15] [--worlds 20]

Job W2: six years, 25% turnover, persistence, deaths, part-year exposure, truncated and untruncated dollars, twelve
nested panels to 100,000 people; once with one category (the job as defined), once as users run it: four categories and
risk scores. By vectors and by the plain loop; beside them the same integers by hand in C (``yardstick.c``; its totals
must be the kernel's), in vectorised NumPy, the job as one would first write it (``naive.py``), and the hash of the
random words alone, which no kernel can beat. ``NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES=`` compiles the kernels for a
processor that has AVX2 and no AVX-512.
Times of one machine mean little; the ratios of one run are what to quote. Rounds are interleaved, minima are compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import naive
import numpy as np
import yardstick
from numba import njit

import simdce
from simdce.kernel import machine_code
from simdce.kernel.compiled_words import mix
from simdce.kernel.tables import packed
from simdce.kernel.words import GAMMA, keys_of_worlds, mixed
from simdce.population import slots_by_category
from simdce.slot_law import layout
from simdce.slots import slot_laws
from simdce.worlds import MEASURED

SIZES = (1000, 2000, 3000, 5000, 7500, 10000, 15000, 20000, 30000, 50000, 75000, 100000)
YEARS = 6
Simulate = Callable[..., None]
W2 = ("dollars", "truncated_dollars", "absent_units", "deaths", "departures")


def scenario(mix_of_categories: dict[str, float] | None) -> simdce.Scenario:
    panel: dict[str, object] = {"sizes": list(SIZES)}
    if mix_of_categories is not None:
        panel["mix"] = mix_of_categories
    chosen = [{"name": "mssp_track_1"}]
    return simdce.build_scenario({"title": "W2", "panel": panel, "arrangements": chosen})


def kernel_job(model: simdce.Scenario, threads: int, run: Simulate, measures: tuple[str, ...]) -> Callable[[int], Any]:
    """The kernel alone on every category, worlds split over threads; the job returns the totals of each share."""
    slots = slots_by_category(SIZES, model.mix)
    parts = []
    for number, (name, law) in enumerate(slot_laws(model).items()):
        edges = np.union1d([0], slots[:, list(model.mix).index(name)])
        parts.append((number, packed(law), edges))

    def share(worlds: tuple[int, int]) -> list[Any]:
        found = []
        for number, tables, edges in parts:
            totals = np.zeros((worlds[1] - worlds[0], len(edges) - 1, YEARS, len(measures)), np.uint64)
            run(keys_of_worlds(1, len(totals), number, YEARS, worlds[0]), tables, edges, SIZES[-1], totals)
            found.append(totals)
        return found

    def job(worlds: int) -> Any:
        cuts = [worlds * t // threads for t in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(share, pairwise(cuts)))

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


def by_all(model: simdce.Scenario, name: str, measures: tuple[str, ...]) -> dict[str, Callable[[int], Any]]:
    """Vectors and the plain loop, on one thread and on two."""
    found = {}
    for path, run in (
        ("vectors", machine_code._vector(YEARS, measures)),
        ("plain loop", machine_code._plain(YEARS, measures)),
    ):
        for threads in (1, 2):
            found[f"{name}, {path}, {threads} thread{'s' * (threads - 1)}"] = kernel_job(model, threads, run, measures)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--worlds", type=int, default=20)
    options = parser.parse_args()
    single, full = scenario({"aged_non_dual": 1.0}), scenario(None)
    fast = by_all(single, "W2", W2) | by_all(full, "default model", MEASURED)
    by_hand = {f"W2, C: {n}": kernel_job(single, 1, run, W2) for n, run in yardstick.compiled().items()}
    for name, job in by_hand.items():
        same = np.array_equal(job(2)[0][0], fast["W2, vectors, 1 thread"](2)[0][0])
        print(f"{name:36s} {'the same totals' if same else 'OTHER TOTALS'}")
    slow: dict[str, Callable[[int], Any]] = {
        "the same in NumPy": numpy_job(single),
        "naive NumPy": naive.numpy_job(SIZES),
        "naive numba, 1 thread": naive.numba_job(SIZES, 1),
        "naive numba, 2 threads": naive.numba_job(SIZES, 2),
    }
    jobs = {
        name: (job, options.worlds) for name, job in (fast | by_hand | {"hash of the words alone": hash_job}).items()
    }
    jobs |= {name: (job, 2) for name, job in slow.items()}
    best = dict.fromkeys(jobs, float("inf"))
    for job, _ in jobs.values():
        job(2)
    for _ in range(options.rounds):
        for name, (job, worlds) in jobs.items():
            begin = time.perf_counter()
            job(worlds)
            spent = time.perf_counter() - begin
            best[name] = min(best[name], spent / (worlds * SIZES[-1] * YEARS))
    base = best["W2, vectors, 1 thread"]
    for name, seconds in best.items():
        print(
            f"{name:36s} {seconds * 1e9:8.3f} ns per beneficiary-year   x{seconds / base:7.2f} of W2, vectors, 1 thread"
        )


if __name__ == "__main__":
    main()
