"""What runs were said to need over what they took: ``python -m benchmarks.resources [--threads 2] [SCENARIO ...]``.

Each scenario (default: all of the folder) runs as a process of its own, with a second beside it unless ``--threads 1``.
Memory is the most that both hold at once, pages of libraries counted once; without /proc the peak of the larger. Time
is processor time, which other programs disturb least, of runs on one thread, and else by the clock. Constants of
simdce/resources/costs.toml are fitted to these.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep

from simdce.resources import needs
from simdce.resources.machine import speed
from simdce.scenario import read_scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"
BETWEEN_LOOKS = 0.01
"""Seconds."""


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


def taken(path: Path, threads: int) -> tuple[float, float]:
    """Bytes, and seconds, of ``simdce run``."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simdce", "run", str(path), "--out", folder, "--threads", str(threads)]
        begun, most = perf_counter(), 0
        running = subprocess.Popen([*command, "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ended = 0
        while not ended:
            most = max(most, held(running.pid))
            sleep(BETWEEN_LOOKS)
            ended, status, used = os.wait4(running.pid, os.WNOHANG)
        waited, running.returncode = perf_counter() - begun, os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"{path}: ended with {running.returncode}")
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return most or peak, used.ru_utime + used.ru_stime if threads == 1 else waited


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print(f"{'scenario':40} {'MB':>6} {'said/taken':>10} {'s':>7} {'said/taken':>10}")
    for path in options.scenarios or sorted(SCENARIOS.glob("*.toml")):
        scenario = read_scenario(path)
        said = needs(scenario, speed(scenario, options.threads), options.threads)
        memory, time = taken(path, options.threads)
        print(f"{path.stem:40} {memory / 1e6:6.0f} {said.memory / memory:10.2f} {time:7.1f} {said.time / time:10.2f}")


if __name__ == "__main__":
    main()
