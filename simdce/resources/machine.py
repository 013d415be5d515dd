"""What this machine has: memory that may still be used, its speed on a few milliseconds of a scenario's own work."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from simdce.scenario import Scenario

_SLOT_YEARS = 10_000_000
"""Work that the kernel is timed on: 3 to 20 ms."""

_GROUPS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Limit, usage and reclaimable part in the files of version 2 and version 1 of control groups."""


@dataclass(frozen=True)
class Speed:
    """Seconds of an undisturbed machine: the kernel's for a beneficiary-year, all threads at it; of ``yardstick``."""

    beneficiary_year: float
    yardstick: float


def speed(scenario: Scenario, threads: int | None = None) -> Speed:
    """This machine's, on the scenario's own tables; raises InputError as ``slot_laws`` does.

    By processor time, which other programs disturb least.
    """
    from simdce.worlds import simulate

    cores = os.cpu_count() or 1
    people = min(scenario.panel.sizes[-1], 20_000)
    worlds = max(1, _SLOT_YEARS // (people * scenario.years.total))
    panel = scenario.panel.model_copy(update={"sizes": (people,)})

    def simulated(worlds: int) -> float:
        few = scenario.model_copy(update={"worlds": worlds, "panel": panel})
        begun = process_time()
        simulate(few, threads=1)
        return process_time() - begun

    fixed = simulated(1)  # the kernel is loaded
    fixed = min(fixed, simulated(1))
    each = max(min(simulated(worlds) for _ in range(2)) - fixed, 0.0) / (worlds * people * scenario.years.total)
    return Speed(each / min(threads or cores, cores), yardstick())


def yardstick() -> float:
    """Seconds for arithmetic, a comparison and a sort of 50,000 numbers: the fastest of twenty."""
    numbers = np.sin(np.arange(50_000.0))

    def once() -> float:
        begun = process_time()
        np.sort(np.where(numbers > 0.5, numbers * 0.75, numbers + 0.1))
        return process_time() - begun

    return min(once() for _ in range(20))


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that a new process may use: what the system has left, or less where a control group or ulimit says so.

    None where the system does not tell (no /proc, no psutil).
    """
    known = [*_of_system(root), *_of_groups(root), *_of_process()]
    return max(0, min(known)) if known else None


def _of_system(root: Path) -> Iterator[int]:
    with suppress(OSError, StopIteration, ValueError):
        lines = (root / "proc/meminfo").read_text().splitlines()
        yield int(next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))) * 1024
        return
    with suppress(ImportError):
        import psutil  # type: ignore[import-untyped, unused-ignore]

        yield int(psutil.virtual_memory().available)


def _of_groups(root: Path) -> Iterator[int]:
    """What is left in this process's control group and those around it, as containers are limited."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            top = root / "sys/fs/cgroup" / controllers
            here = top / path.lstrip("/")
            for folder in (here, *(each for each in here.parents if each == top or top in each.parents)):
                yield from _of_group(folder)


def _of_group(folder: Path) -> Iterator[int]:
    for limit, usage, reclaimable in _GROUPS:
        with suppress(OSError, ValueError):  # "max": no limit
            left = int((folder / limit).read_text()) - int((folder / usage).read_text())
            counted = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            yield left + int(counted.get(reclaimable, 0))


def _of_process() -> Iterator[int]:
    """What is left under ``ulimit -v``."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            yield limit - pages * resource.getpagesize()


def returned() -> None:
    """Give freed memory back to the system where the allocator would keep it (glibc); elsewhere nothing.

    Measured: 10,000 worlds of 12 panel sizes under 13 contracts peak 60 MB lower.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
