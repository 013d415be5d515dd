"""A command watched from its start to its end: the clock, all its processors, and the memory it holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep
from typing import NamedTuple

BETWEEN_LOOKS = 0.01
"""Seconds."""


class Spent(NamedTuple):
    """Seconds by the clock and of all processors; bytes held at most."""

    waited: float
    worked: float
    memory: float


def watched(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Spent:
    """Runs a command to its end, its output thrown away; raises CalledProcessError where it fails.

    Without /proc the memory is the peak of the largest process, or of this one where that is larger.
    """
    begun, most, ended = perf_counter(), 0, 0
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not ended:
        most = max(most, held(running.pid))
        sleep(BETWEEN_LOOKS)
        ended, status, used = os.wait4(running.pid, os.WNOHANG)
    waited, running.returncode = perf_counter() - begun, os.waitstatus_to_exitcode(status)
    if status:
        raise subprocess.CalledProcessError(running.returncode, command)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Spent(waited, used.ru_utime + used.ru_stime, most or peak)


def held(process: int) -> int:
    """Bytes that a process and its children hold: all that is their own, and the most that is mapped from files."""
    own, mapped = 0, 0
    with suppress(OSError):
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for each in (str(process), *children):
            status = dict(line.split(":", 1) for line in Path(f"/proc/{each}/status").read_text().splitlines())
            named = (status.get(f"Rss{kind}", "0") for kind in ("Anon", "File"))  # none of a process that has ended
            anonymous, file = (1024 * int(size.split()[0]) for size in named)
            own, mapped = own + anonymous, max(mapped, file)
    return own + mapped
