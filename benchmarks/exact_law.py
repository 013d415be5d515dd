"""What the exact law costs: 121 chances of a savings rate cold and warm, and every arrangement at fifty sizes.

Cold: a new model with nothing kept. Warm: the same model at a panel size it has not seen. The grid: the law of the
payment under each arrangement in the folder at each of fifty sizes, beside as many cold models as it has cells.
"""

from __future__ import annotations

from itertools import count

import numpy as np
from numpy.typing import NDArray

import simdce
from benchmarks.rounds import Comparison, Job, best_of
from simdce import arrangements
from simdce.exact import ExactModel

FloatArray = NDArray[np.float64]
KEY, SIZE, POINTS = "mssp_enhanced", 15_000, np.linspace(-0.1, 0.1, 121)


def scenario(names: tuple[str, ...]) -> simdce.Scenario:
    years = {"performance": 1}
    chosen = [{"name": name} for name in names]
    return simdce.build_scenario({"title": "law", "panel": {"sizes": [SIZE]}, "years": years, "arrangements": chosen})


def law(model: ExactModel, size: int = SIZE) -> FloatArray:
    return np.asarray(model.savings_rate(KEY, size).cdf(POINTS))


def grid(names: tuple[str, ...], sizes: list[int]) -> FloatArray:
    """Mean net payment in dollars (arrangement, size)."""
    model = ExactModel(scenario(names))
    return np.array([[model.payment(name, size).mean_dollars for size in sizes] for name in names])


def compare(rounds: int, quick: bool) -> Comparison:
    names = tuple(arrangements.names())
    sizes = np.geomspace(1_000, 100_000, 3 if quick else 50).round().astype(int).tolist()
    alone = scenario((KEY,))
    model, other_sizes = ExactModel(alone), count(SIZE)
    table = f"{len(names)} arrangements x {len(sizes)} sizes, a cell"
    jobs = {
        "121 points, cold": Job(lambda: law(ExactModel(alone))),
        "121 points, warm": Job(lambda: law(model, next(other_sizes))),
        table: Job(lambda: grid(names, sizes), len(names) * len(sizes)),
    }
    several = {name: job for name, job in jobs.items() if name != table}
    seconds = best_of(rounds, several) | best_of(1, {table: jobs[table]})
    return Comparison("The exact law of a contract", "law", "121 points, cold", seconds)
