"""What a run needs against what this machine has: told, or refused with what would fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from simdce.errors import InputError
from simdce.interrupts import interrupts_deferred
from simdce.resources import Needs, memory, needs, size_text
from simdce.resources.machine import available_memory, speed
from simdce.scenario import Scenario

LEAST_WORLDS = 100
BYTES_A_GB = 1e9


def admitted(scenario: Scenario, threads: int | None, most: float | None) -> Needs:
    """What the run needs; raises InputError with what would fit where that is more than ``most`` GB, or than there is.

    Where the system does not tell what is available, every run is admitted.
    """
    there = available_memory() if most is None else round(most * BYTES_A_GB)
    needed = memory(scenario, threads)
    if there is not None and needed > there:
        raise InputError(
            f"needs about {size_text(needed)} of memory, and {size_text(there)} "
            f"{'is available' if most is None else 'is allowed'}; {_what_fits(scenario, threads, there)}"
        )
    return needed_here(scenario, threads)


def needed_here(scenario: Scenario, threads: int | None = None) -> Needs:
    """What the run needs on this machine, whether or not it is there; errors as ``slot_laws``."""
    with interrupts_deferred():  # while the kernel is made
        return needs(scenario, speed(scenario, threads), threads)


def _what_fits(scenario: Scenario, threads: int | None, there: int) -> str:
    """Fewer worlds, panel sizes or processes with which the run fits, and how to run it all the same."""
    sizes = scenario.panel.sizes

    def with_worlds(count: int) -> Scenario:
        return scenario.model_copy(update={"worlds": count})

    def with_sizes(count: int) -> Scenario:
        panel = scenario.panel.model_copy(update={"sizes": sizes[-count:]})
        return scenario.model_copy(update={"panel": panel})

    def fits(found: Scenario) -> bool:
        return memory(found, threads) <= there

    worlds = _largest(range(LEAST_WORLDS, scenario.worlds), lambda count: fits(with_worlds(count)))
    fewer = _largest(range(1, len(sizes)), lambda count: fits(with_sizes(count)))
    ways = [f"--worlds {worlds - worlds % LEAST_WORLDS}"] if worlds else []
    ways += [f"only {fewer} of its {len(sizes)} panel sizes"] if fewer else []
    ways += ["--threads 1"] if memory(scenario, 1) <= there else []  # a single process
    advice = f"it fits with {' or '.join(ways)}" if ways else f"not even {LEAST_WORLDS} worlds fit"
    return f"{advice}; --memory allows more"


def _largest(counts: Sequence[int], fits: Callable[[int], Any]) -> int | None:
    """The largest count that fits, where every smaller one does too."""
    low, high = 0, len(counts)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if fits(counts[middle]) else (low, middle)
    return counts[low - 1] if low else None
