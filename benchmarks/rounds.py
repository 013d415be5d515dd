"""Jobs timed in turns within one process, the best round of each: what is left are ratios a busy machine spares."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Job:
    """``run`` does ``units`` of work on ``threads`` threads; where ``own_clock``, it returns its processor seconds."""

    run: Callable[[], Any]
    units: float = 1.0
    threads: int = 1
    own_clock: bool = False


@dataclass(frozen=True)
class Comparison:
    """What was timed side by side: seconds per unit of work of each job.

    Processor seconds for jobs on one thread, which other programs leave alone; wall seconds for jobs on several.
    ``base``: the job that others are held against; ``missing``: what is not installed, and the command that would
    bring it; ``found``: figures that are not times, as fitted exponents and errors; ``curves``: by what grows, seconds
    by how far it has grown.
    """

    title: str
    unit: str
    base: str
    seconds: Mapping[str, float]
    missing: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Mapping[int, float]] = field(default_factory=dict)

    def ratio(self, name: str) -> float:
        """Time of a job in units of that of the base."""
        return self.seconds[name] / self.seconds[self.base]


def best_of(rounds: int, jobs: Mapping[str, Job], warm: bool = True) -> dict[str, float]:
    """Seconds per unit of each job: run once to warm up unless they are warm, then in turns; the least counts."""
    for job in jobs.values() if warm else ():
        job.run()
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(rounds):
        for name, job in jobs.items():
            gc.collect()
            clock = time.process_time if job.threads == 1 else time.perf_counter
            begun = clock()
            told = job.run()
            spent = float(told) if job.own_clock else clock() - begun
            best[name] = min(best[name], spent / job.units)
    return best
