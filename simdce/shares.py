"""The work of a simulation cut into calls of the kernel, the same whatever the threads, and done on a pool of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce.scenario import Scenario

SLOT_YEARS_A_CALL = 20_000_000
"""About 20 ms of work, so that Ctrl-C, progress and threads all answer at once."""

MOST_WORLDS_A_CALL = 512  # bounds the memory of a call where a category has few slots


LONG = 1e9
"""Beneficiary-years of a run long enough for a second process to make exact laws of its own."""


def is_long(scenario: Scenario) -> bool:
    """Whether a second process takes part in more than drawing."""
    return scenario.worlds * scenario.panel.sizes[-1] * scenario.years.total > LONG


@dataclass(frozen=True)
class Share:
    """Worlds ``first`` to ``last`` of one category, the work of a call; ``where`` finds each panel among ``edges``."""

    category: int
    tables: Any
    edges: NDArray[np.int64]
    where: NDArray[np.int64]
    block: int
    first: int
    last: int

    @property
    def work(self) -> float:
        """Slots to simulate."""
        return float((self.last - self.first) * self.edges[-1])


def shares_of(
    scenario: Scenario, tables: Any, slots: NDArray[np.int64], category: int, slots_per_block: int | None
) -> Iterator[Share]:
    """The work of one category cut into calls."""
    edges = np.union1d([0], slots[:, category])
    where = np.searchsorted(edges, slots[:, category])
    block = max(1, slots_per_block or int(edges[-1]))
    step = SLOT_YEARS_A_CALL // max(1, int(edges[-1]) * scenario.years.total)
    step = min(max(1, step), MOST_WORLDS_A_CALL)
    for first in range(0, scenario.worlds, step):
        yield Share(category, tables, edges, where, block, first, min(first + step, scenario.worlds))


def run_all(
    simulate_share: Callable[[int, Share], None],
    shares: Sequence[Share],
    done: NDArray[np.bool_],
    threads: int,
    progress: Callable[[float], None] | None,
) -> None:
    """Every share that is not done on a pool of threads; on Ctrl-C or an error those not yet begun are dropped."""
    total = sum(share.work for share in shares) or 1.0
    left = [number for number in range(len(shares)) if not done[number]]
    finished_work = total - sum(shares[number].work for number in left)
    pool = ThreadPoolExecutor(threads)
    try:
        work = {pool.submit(simulate_share, number, shares[number]): shares[number].work for number in left}
        pending: set[Future[None]] = set(work)
        while pending:
            finished, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
                finished_work += work[future]
            if progress is not None:
                progress(finished_work / total)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
