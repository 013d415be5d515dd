"""How cost grows with people, worlds, years, sizes and arrangements, and how it falls with threads.

Each is doubled a few times, all else fixed; the exponent is the slope of the logarithms. A kernel costs what it
simulates: exponent 1 in people, worlds and years. Sizes are nested and arrangements settle the same worlds, so whole
answers (simulated, settled, every question asked) should grow by less than they do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

import simdce
from benchmarks.kernel import kernel_job
from benchmarks.rounds import Comparison, Job, best_of
from simdce import arrangements, exact
from simdce.kernel.machine_code import kernel
from simdce.run import answer
from simdce.worlds import MEASURED

STEPS = (1, 2, 4, 8)


def scenario(
    worlds: int = 500, people: int = 25_000, years: int = 3, sizes: int = 1, rules: int = 1
) -> simdce.Scenario:
    """Sizes rise evenly to ``people``; ``years``: performance years, after three of baseline."""
    nested = [people * (n + 1) // sizes for n in range(sizes)]
    chosen = [{"name": name} for name in arrangements.names()[:rules]]
    asked = {"panel": {"sizes": nested}, "years": {"performance": years}, "arrangements": chosen}
    return simdce.build_scenario({"title": "growth of cost", "worlds": worlds, **asked})


def simulated(worlds: int = 256, threads: int = 1, **asked: int) -> Callable[[], Any]:
    made = scenario(**asked)
    run = kernel(made.years.total, MEASURED).simulate
    return partial(kernel_job(made, threads, run, MEASURED), worlds)


def answered(**asked: int) -> Callable[[], Any]:
    def anew() -> Any:
        exact._KEPT.clear()  # exact laws of the answer before
        return answer(scenario(people=10_000, **asked), threads=1)

    return anew


def exponent(curve: Mapping[int, float]) -> float:
    """Slope of the logarithm of cost by that of what grows."""
    return float(np.polyfit(np.log(list(curve)), np.log(list(curve.values())), 1)[0])


def kernels(steps: Sequence[int]) -> dict[str, dict[int, Job]]:
    """By what grows and how far."""
    return {
        "people, kernel": {n * 12_500: Job(simulated(people=n * 12_500)) for n in steps},
        "worlds, kernel": {n * 128: Job(simulated(worlds=n * 128)) for n in steps},
        "years, kernel": {3 + n: Job(simulated(years=n)) for n in steps},
        "sizes, kernel": {n: Job(simulated(sizes=n)) for n in steps},
    }


def answers(steps: Sequence[int]) -> dict[str, dict[int, Job]]:
    return {
        "sizes, whole answers": {n: Job(answered(sizes=n)) for n in steps},
        "arrangements, whole answers": {n: Job(answered(rules=n)) for n in steps},
    }


def compare(rounds: int, quick: bool) -> Comparison:
    steps = STEPS[:3] if quick else STEPS
    answered()()  # warms whatever the first answer of a process pays for
    curves = {}
    for grown, several in ((kernels(steps), rounds), (answers(steps[: 2 if quick else 4]), 1)):
        for name, jobs in grown.items():
            best = best_of(several, {str(n): job for n, job in jobs.items()}, warm=several > 1)
            curves[name] = dict(zip(jobs, best.values(), strict=True))
    threads = {f"{n} thread{'s' * (n > 1)}": Job(simulated(threads=n), 1.0, 2) for n in (1, 2)}  # by the wall
    found = {f"exponent of {name}": exponent(curve) for name, curve in curves.items()}
    return Comparison("Growth of cost", "job", "1 thread", best_of(rounds, threads), {}, found, curves)
