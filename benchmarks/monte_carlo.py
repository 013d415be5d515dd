"""Replicates of the mean annual cost of 15,000 independent people, lognormal: drawing costs and nothing else.

The same law for everybody: the kernel (one year, dollars alone), NumPy at its best (a fast generator, single precision,
nothing allocated), a compiled loop with numba's random numbers, R, and GEMAct's Monte Carlo.
"""

# ruff: noqa: NPY002 -- numba's own generator is the point
from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numba import njit

from benchmarks.panel_mean import CV, LAW, MEAN, PEOPLE, FloatArray
from benchmarks.rounds import Comparison, Job, best_of
from simdce.kernel.machine_code import kernel
from simdce.kernel.tables import packed
from simdce.kernel.words import keys_of_worlds

SCALE = float(np.sqrt(np.log1p(CV**2)))
LOCATION = float(np.log(MEAN) - 0.5 * SCALE**2)
INSTALL = {"R": "apt-get install r-base-core", "GEMAct": "pip install gemact"}


def by_kernel(replicates: int) -> FloatArray:
    tables, edges = packed(LAW), np.array([0, PEOPLE])
    totals = np.zeros((replicates, 1, 1, 1), np.uint64)
    kernel(1, ("dollars",)).simulate(keys_of_worlds(1, replicates, 0, 1), tables, edges, PEOPLE, totals)
    return totals[:, 0, 0, 0] / PEOPLE


def by_numpy(replicates: int) -> FloatArray:
    random, costs, found = np.random.Generator(np.random.SFC64(1)), np.empty(PEOPLE, np.float32), np.empty(replicates)
    for number in range(replicates):
        random.standard_normal(dtype=np.float32, out=costs)
        costs *= np.float32(SCALE)
        np.exp(costs, out=costs)
        found[number] = costs.mean(dtype=np.float64) * np.exp(LOCATION)
    return found


@njit
def _means(replicates, people, location, scale):  # type: ignore[no-untyped-def]
    np.random.seed(1)
    found = np.empty(replicates)
    for number in range(replicates):
        total = 0.0
        for _ in range(people):
            total += np.random.lognormal(location, scale)
        found[number] = total / people
    return found


def by_numba(replicates: int) -> FloatArray:
    return np.asarray(_means(replicates, PEOPLE, LOCATION, SCALE))


def by_gemact(replicates: int) -> FloatArray:
    from gemact import Frequency, LossModel, Severity, lossmodel  # type: ignore[import-not-found, unused-ignore]
    from twiggy import levels  # type: ignore[import-not-found, unused-ignore]

    lossmodel.logger.min_level = levels.WARNING
    severity = Severity(dist="lognormal", par={"shape": SCALE, "scale": float(np.exp(LOCATION))})
    everybody = Frequency(dist="binom", par={"n": PEOPLE, "p": 1.0 - 1e-12})  # it has no fixed number
    model = LossModel(
        severity=severity, frequency=everybody, aggr_loss_dist_method="mc", n_sim=replicates, random_state=1
    )
    return np.array([model.mean(use_dist=True), model.std(use_dist=True)]) / PEOPLE


def by_r(replicates: int) -> tuple[float, FloatArray]:
    """Processor seconds by R's own clock, so that its start does not count, and the means."""
    drawn = f"vapply(1:{replicates}, function(i) mean(rlnorm({PEOPLE}, {LOCATION!r}, {SCALE!r})), 0)"
    code = f"set.seed(1); t <- system.time(m <- {drawn}); cat(t[['user.self']] + t[['sys.self']], m)"
    told = subprocess.run(["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=True).stdout
    seconds, *means = map(float, told.split())
    return seconds, np.array(means)


def sides() -> dict[str, Callable[[int], Any]]:
    """Everything installed, by name; each takes the number of replicates."""
    found: dict[str, Callable[[int], Any]] = {"simdce": by_kernel, "NumPy, best idiom": by_numpy}
    found["naive numba"] = by_numba
    if find_spec("gemact"):
        found["GEMAct"] = by_gemact
    if shutil.which("Rscript"):
        found["R"] = lambda replicates: by_r(replicates)[0]
    return found


def compare(rounds: int, quick: bool) -> Comparison:
    replicates = 20 if quick else 200
    few, many = replicates, 20 * replicates
    jobs = {}
    for name, run in sides().items():
        each = many if name == "simdce" else few
        jobs[name] = Job(lambda run=run, each=each: run(each), each * PEOPLE, own_clock=name == "R")  # type: ignore[misc]
    missing = {name: command for name, command in INSTALL.items() if name not in jobs}
    title = "Monte Carlo of the mean cost of 15,000 independent people, one thread"
    return Comparison(title, "cost drawn", "simdce", best_of(rounds, jobs), missing)
