"""What runs were said to need over what they took: ``python -m benchmarks.resources [SCENARIO ...]``.

Each scenario (default: all of the folder) runs as a process of its own on one thread; memory is its peak, time its
processor time, which other programs disturb least. Constants of simdce/resources/costs.toml are fitted to these.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from simdce.resources import needs
from simdce.resources.machine import speed
from simdce.scenario import read_scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def taken(path: Path) -> tuple[float, float]:
    """Bytes and seconds of processor time of ``simdce run``."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simdce", "run", str(path), "--out", folder, "--threads", "1", "--json"]
        quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        _, status, used = os.wait4(os.posix_spawn(command[0], command, os.environ, file_actions=quiet), 0)
    if status:
        raise SystemExit(f"{path}: ended with {status}")
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024), used.ru_utime + used.ru_stime


def main() -> None:
    chosen = [Path(name) for name in sys.argv[1:]] or sorted(SCENARIOS.glob("*.toml"))
    print(f"{'scenario':40} {'MB':>6} {'said/taken':>10} {'s':>7} {'said/taken':>10}")
    for path in chosen:
        scenario = read_scenario(path)
        said = needs(scenario, speed(scenario, 1), 1)
        memory, time = taken(path)
        print(f"{path.stem:40} {memory / 1e6:6.0f} {said.memory / memory:10.2f} {time:7.1f} {said.time / time:10.2f}")


if __name__ == "__main__":
    main()
