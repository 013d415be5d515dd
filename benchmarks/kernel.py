"""How fast is a beneficiary-year? The kernel against what it could be compared with.

Job W2: six years, 25% turnover, persistence, deaths, part-year exposure, truncated and untruncated dollars, twelve
nested panels to 100,000 people; once with one category (the job as defined), once as users run it: four categories and
risk scores. By vectors and by the plain loop; beside them the same integers by hand in C (``yardstick.c``; its totals
must be the kernel's), in vectorised NumPy, the job as one would first write it (``naive.py``), and the hash of the
random words alone, which no kernel can beat. ``NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES=`` compiles the kernels for a
processor that has AVX2 and no AVX-512.
Two threads are timed by the wall, which other programs move; "cores free" is by the processor seconds they take.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit

import simdce
from benchmarks import naive, yardstick
from benchmarks.rounds import Comparison, Job, best_of
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
    """The kernel alone on every category, worlds split over threads; totals (world, segment, year, measure) of each."""
    years, slots = model.years.total, slots_by_category(model.panel.sizes, model.mix)
    parts = []
    for name, law in slot_laws(model).items():
        number = list(model.mix).index(name)
        parts.append((number, packed(law), np.union1d([0], slots[:, number])))

    def share(worlds: tuple[int, int]) -> list[Any]:
        found = []
        for number, tables, edges in parts:
            totals = np.zeros((worlds[1] - worlds[0], len(edges) - 1, years, len(measures)), np.uint64)
            run(keys_of_worlds(1, len(totals), number, years, worlds[0]), tables, edges, int(edges[-1]), totals)
            found.append(totals)
        return found

    def job(worlds: int) -> list[Any]:
        cuts = [worlds * t // threads for t in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            shares = list(pool.map(share, pairwise(cuts)))
        return [np.concatenate(of_category) for of_category in zip(*shares, strict=True)]

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


def numpy_job(model: simdce.Scenario) -> Callable[[int], Any]:
    """The same integers in vectorised NumPy, one category; dollars and truncated dollars (world, size, year)."""
    ((name, law),) = slot_laws(model).items()
    number = list(model.mix).index(name)
    rows, slots = law.costs.reshape(2, -1), np.arange(SIZES[-1], dtype=np.uint64) * GAMMA
    places = np.array(SIZES) - 1

    def world(keys: Any, totals: Any) -> None:
        person = np.zeros(SIZES[-1], np.int64)
        kind = np.zeros(SIZES[-1], np.int64)
        for year in range(YEARS):
            with np.errstate(over="ignore"):
                word = mixed(keys[year] + slots)
            drawn = law.classes[np.minimum(kind, 2), (word >> np.uint64(38)).astype(np.int64) & 2047]
            person = np.where(kind == layout.KEEP, person, drawn)
            fate = ((word >> np.uint64(24)).astype(np.int64) & 0x3F00) | (word & np.uint64(0xFF)).astype(np.int64)
            died = fate < law.death_thresholds[person]
            rank = ((word >> np.uint64(8)).astype(np.int64) & 0xFFFFFF) | 1
            exponent = np.frexp(rank.astype(float))[1] - 1
            cell = (exponent << 3) + ((rank << 3) >> exponent) - 8
            dollars = rows[died.astype(np.int64), person * layout.CELLS + cell].astype(np.int64)
            move = (word >> np.uint64(49)).astype(np.int64)
            left = ~died & (move < law.leave_threshold)
            absent = np.where(died, 31 - 2 * (move >> 11), 0)
            for measure, values in enumerate((dollars, np.minimum(dollars, law.truncation), absent, died, left)):
                totals[:, year, measure] = np.cumsum(values)[places]
            kind = np.where(died | left, 2, np.where(move < law.drift_threshold, 1, layout.KEEP))

    def job(worlds: int) -> Any:
        totals = np.zeros((worlds, len(SIZES), YEARS, len(W2)), np.int64)
        for keys, of_world in zip(keys_of_worlds(1, worlds, number, YEARS), totals, strict=True):
            world(keys, of_world)
        return totals

    return job


def by_all(model: simdce.Scenario, name: str, measures: tuple[str, ...]) -> dict[str, tuple[Callable[[int], Any], int]]:
    """Vectors and the plain loop, on one thread and on two."""
    paths = (("vectors", machine_code._vector(YEARS, measures)), ("plain loop", machine_code._plain(YEARS, measures)))
    return {
        f"{name}, {path}, {threads} thread{'s' * (threads - 1)}": (kernel_job(model, threads, run, measures), threads)
        for path, run in paths
        for threads in (1, 2)
    }


def by_hand(model: simdce.Scenario) -> dict[str, Callable[[int], Any]]:
    """The drivers in C that this machine can compile and run."""
    return {name: kernel_job(model, 1, run, W2) for name, run in yardstick.compiled().items()}


def compare(rounds: int, quick: bool) -> Comparison:
    single, full = scenario({"aged_non_dual": 1.0}), scenario(None)
    fast = by_all(single, "W2", W2) | by_all(full, "default model", MEASURED)
    fast |= {f"W2, C: {name}": (job, 1) for name, job in by_hand(single).items()}
    fast["hash of the words alone"] = (hash_job, 1)
    slow: dict[str, tuple[Callable[[int], Any], int]] = {
        "the same integers in NumPy": (numpy_job(single), 1),
        "naive NumPy": (naive.numpy_job(SIZES), 1),
        "naive numba, 1 thread": (naive.numba_job(SIZES, 1), 1),
        "naive numba, 2 threads": (naive.numba_job(SIZES, 2), 2),
    }
    jobs = {}
    for found, worlds in ((fast, 4 if quick else 20), (slow, 2)):
        for name, (job, threads) in found.items():
            jobs[name] = Job(partial(job, worlds), worlds * SIZES[-1] * YEARS, threads)
    seconds = best_of(rounds, jobs)
    ratios = {}
    for name in ("W2, vectors", "W2, plain loop", "default model, vectors"):
        both = {n: Job(jobs[f"{name}, {n}"].run) for n in ("1 thread", "2 threads")}
        alone = best_of(rounds, both, warm=False)
        ratios[f"{name}: two threads faster by, cores free"] = 2 * alone["1 thread"] / alone["2 threads"]
    missing = {} if any("C:" in name for name in jobs) else {"C": "apt-get install gcc"}
    title = "A beneficiary-year: job W2, six years, twelve panels to 100,000 people"
    return Comparison(title, "beneficiary-year", "W2, vectors, 1 thread", seconds, missing, ratios)
